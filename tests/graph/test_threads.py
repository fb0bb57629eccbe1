"""Conversations together with their newest messages, as history is read: in one call where Meta manages it, and never given up for one of them."""

from datetime import UTC, datetime
from typing import Any

import pytest

from graph.errors import RateLimited, Rejected, Unavailable
from graph.threads import Thread

from .meta import IG, IGSID, PAGE, PSID, SHOP, STUDIO, Meta, Script, client, error

ANN, SHOP_ITSELF = {"name": "Ann Example", "id": PSID}, {"name": "My Shop", "id": PAGE}
TOO_MUCH, GONE = error(1, 99), error(9000001)


def told(second: int) -> str:
    return f"2026-11-20T09:15:{second:02}+0000"


def when(second: int) -> datetime:
    return datetime(2026, 11, 20, 9, 15, second, tzinfo=UTC)


def said(number: int, by: str = PSID, **more: Any) -> dict[str, Any]:
    return {"id": f"m_{number}", "created_time": told(number), "from": {"id": by}, "message": f"Words {number}", **more}


def conversation(number: int, *messages: Any, **more: Any) -> dict[str, Any]:
    known = {"id": f"t_{number}", "updated_time": told(number), "participants": {"data": [ANN, SHOP_ITSELF]}, **more}
    return known | ({"messages": {"data": list(messages)}} if messages else {})


def part(*found: Any, after: str = "") -> dict[str, Any]:
    return {"data": list(found), "paging": {"cursors": {"after": after}} | ({"next": "https://x.test/"} if after else {})}


def texts(thread: Thread) -> list[str]:
    return [message.text for message in thread.messages]


def test_conversations_come_with_their_newest_messages_in_one_call() -> None:
    meta = Meta(part(conversation(9, said(8), said(9)), conversation(5), after="QVFK"))
    page = client(meta).threads(after="QVFJ", limit=7)
    assert [(thread.summary.id, thread.summary.contact_id, texts(thread)) for thread in page.threads] == [
        ("t_9", PSID, ["Words 9", "Words 8"]),
        ("t_5", PSID, []),
    ]
    assert (page.after, page.limit, all(thread.is_whole for thread in page.threads)) == ("QVFK", 7, True)
    asked = meta.request.url.params
    assert (meta.paths, asked["limit"], asked["after"], asked["platform"]) == ([f"/{PAGE}/conversations"], "7", "QVFJ", "messenger")
    assert "messages.limit(20){id,created_time,from,to,message,attachments,shares,story,reply_to,is_unsupported,sticker,reactions}" in asked["fields"]


@pytest.mark.parametrize(("account", "asks"), [(SHOP, True), (STUDIO, False)])
def test_instagrams_own_host_is_not_asked_for_what_it_does_not_know(account: dict[str, Any], asks: bool) -> None:
    meta = Meta(part())
    client(meta, account).threads()
    names = meta.request.url.params["fields"].partition(",messages")[0].split(",")
    assert names == ["id", "updated_time", "participants", *(["unread_count", "can_reply"] if asks else [])]


def test_an_instagram_conversation_is_read_alike() -> None:
    people = {"data": [{"username": "ann", "id": IGSID}, {"username": "studio", "id": IG}]}
    thread = {"id": "aWdfZAG06MTpJR01", "updated_time": told(1), "participants": people, "messages": {"data": [said(1, by=IGSID)]}}
    (found,) = client(Meta(part(thread)), STUDIO).threads().threads
    assert (found.summary.contact_id, found.summary.contact_username, texts(found)) == (IGSID, "ann", ["Words 1"])


def test_half_as_many_are_asked_for_where_it_is_too_much_and_the_caller_learns_how_many() -> None:
    meta, paces = Script(TOO_MUCH, error(2), part(conversation(1, said(1)), after="QVFK")), list[None]()
    page = client(meta).threads(limit=20, pace=lambda: paces.append(None))
    assert [request.url.params["limit"] for request in meta.requests] == ["20", "10", "5"]
    assert (page.limit, page.after, len(paces)) == (5, "QVFK", 2)


def test_one_that_is_too_much_alone_is_read_by_itself() -> None:
    meta = Script(TOO_MUCH, TOO_MUCH, part(conversation(1), after="QVFK"), {"id": "t_1", "messages": {"data": [said(1)]}})
    page = client(meta).threads(limit=2)
    assert [texts(thread) for thread in page.threads] == [["Words 1"]]
    assert (page.limit, page.after) == (1, "QVFK")
    assert meta.paths == [f"/{PAGE}/conversations"] * 3 + ["/t_1"]


def test_one_whose_messages_are_too_much_together_has_them_opened_one_by_one() -> None:
    listed = {"id": "t_1", "messages": {"data": [{"id": "m_1", "created_time": told(1)}, {"id": "m_2", "created_time": told(2)}]}}
    meta = Script(TOO_MUCH, part(conversation(1)), TOO_MUCH, listed, said(2), said(1))
    (thread,) = client(meta).threads(limit=1).threads
    assert (texts(thread), thread.is_whole) == (["Words 2", "Words 1"], True)


def test_one_that_cannot_be_read_at_all_stands_in_the_way_of_no_other() -> None:
    meta = Script(TOO_MUCH, part(conversation(1), after="QVFK"), TOO_MUCH, TOO_MUCH)
    page = client(meta).threads(limit=1)
    assert [(thread.summary.id, thread.messages, thread.is_whole) for thread in page.threads] == [("t_1", (), False)]
    assert page.after == "QVFK"


def test_an_outage_is_no_reason_to_leave_anything_out() -> None:
    with pytest.raises(Unavailable):
        client(Meta(error(2), status=500)).threads(limit=1)
    with pytest.raises(Unavailable):
        client(Script(TOO_MUCH, part(conversation(1)), b"<html>")).threads(limit=1)
    html = Meta(b"<html>", status=502)
    with pytest.raises(Unavailable):
        client(html).threads()
    assert len(html.requests) == 1


def test_a_throttle_and_a_refusal_are_passed_on() -> None:
    throttled = Meta(error(613), status=400)
    with pytest.raises(RateLimited):
        client(throttled).threads()
    assert len(throttled.requests) == 1
    with pytest.raises(Rejected):
        client(Meta(error(100), status=400)).threads(after="no cursor")


def test_a_message_that_is_gone_costs_its_neighbours_nothing() -> None:
    meta = Script(
        GONE, part(conversation(9), conversation(5)), {"messages": {"data": [said(9)]}}, GONE,
        {"messages": {"data": [{"id": "m_5", "created_time": told(5)}, {"id": "m_4", "created_time": told(4)}]}}, GONE, said(4),
    )  # fmt: skip
    paces = list[None]()
    page = client(meta).threads(pace=lambda: paces.append(None))
    assert [texts(thread) for thread in page.threads] == [["Words 9"], ["Words 4"]]
    assert len(paces) == len(meta.requests) - 1


def test_what_is_listed_without_being_opened_is_opened_one_by_one_and_at_metas_pace() -> None:
    bare = [{"id": "m_2", "created_time": told(2)}, {"id": "m_1", "created_time": told(1)}]
    meta, paces = Script(part(conversation(3, said(3), *bare)), said(2), GONE), list[None]()
    (thread,) = client(meta).threads(pace=lambda: paces.append(None)).threads
    assert texts(thread) == ["Words 3", "Words 2"]
    assert meta.paths == [f"/{PAGE}/conversations", "/m_2", "/m_1"]
    assert len(paces) == 2


def test_what_did_not_change_since_is_left_out_and_ends_the_list() -> None:
    page = client(Meta(part(conversation(9, said(9)), conversation(5, said(5)), after="QVFK"))).threads(since=when(7))
    assert ([thread.summary.id for thread in page.threads], page.after) == (["t_9"], "")
    on_time = client(Meta(part(conversation(9), conversation(7), after="QVFK"))).threads(since=when(7))
    assert ([thread.summary.id for thread in on_time.threads], on_time.after) == (["t_9", "t_7"], "QVFK")


def test_a_field_that_meta_names_as_unknown_is_left_out_alone_and_from_then_on() -> None:
    unknown = {"error": {"message": "(#100) Champ inexistant (reactions) sur le type (Message)", "code": 100}}
    meta = Script(unknown, part(conversation(1, said(1))), part())
    graph = client(meta)
    assert graph.threads().threads
    graph.threads()
    fields = [request.url.params["fields"] for request in meta.requests]
    assert ["reactions" in asked for asked in fields] == [True, False, False]
    assert all("sticker}" in asked and "unread_count" in asked for asked in fields[1:])


def test_where_meta_names_no_field_only_what_every_account_has_is_asked_for() -> None:
    meta = Script(error(100), part(conversation(1, said(1))), part())
    graph = client(meta)
    graph.threads()
    graph.threads()
    narrow = "id,updated_time,participants,messages.limit(20){id,created_time,from,to,message,attachments}"
    assert [request.url.params["fields"] for request in meta.requests[1:]] == [narrow, narrow]


def test_counting_asks_for_ids_and_times_only() -> None:
    meta = Meta(part({"id": "t_2", "updated_time": told(2)}, {"id": "t_1", "updated_time": told(1)}, after="QVFK"))
    page = client(meta, STUDIO).listed(since=when(1))
    assert ([each.id for each in page.conversations], page.after, page.limit) == (["t_2", "t_1"], "QVFK", 100)
    assert (meta.request.url.params["fields"], meta.request.url.params["limit"]) == ("id,updated_time", "100")


def test_counting_takes_smaller_steps_too() -> None:
    meta = Script(TOO_MUCH, part({"id": "t_2", "updated_time": told(2)}))
    assert client(meta).listed().limit == 50
