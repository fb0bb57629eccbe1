"""Reading conversations back: in parts, whatever shape they come in, and never with what Meta puts into its addresses."""

import logging
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.errors import MessageGone, NotFound, PermissionMissing, RateLimited, Rejected, TokenInvalid, Unavailable
from graph.events import MediaReceived
from graph.networks import Login, Network
from graph.threads import ConversationSummary, ThreadMessage, events_of, reactions_of

from .meta import IG, IGSID, KINDS, PAGE, PSID, SHOP, STUDIO, STUDIO_THROUGH_PAGE, TOKEN, Meta, Script, client, error

NEXT = f"https://graph.facebook.com/v26.0/{PAGE}/conversations?access_token={TOKEN}&after=QVFJ"
ANN, SHOP_ITSELF = {"name": "Ann Example", "id": PSID}, {"name": "My Shop", "id": PAGE}
GONE = error(9000001)
CONVERSATION = "t_10210000000000001"


def when(second: int) -> datetime:
    return datetime(2026, 11, 20, 9, 15, second, tzinfo=UTC)


def told(second: int) -> str:
    return f"2026-11-20T09:15:{second:02}+0000"


def conversation(number: int, *people: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": f"t_{number}", "updated_time": told(number), "participants": {"data": list(people or (ANN, SHOP_ITSELF))}, **more}


def part(*found: Any, after: str = "") -> dict[str, Any]:
    return {"data": list(found), "paging": {"cursors": {"before": "QVFI", "after": after or "QVFJ"}} | ({"next": NEXT} if after else {})}


def thread(*messages: Any, people: tuple[str, ...] = (PAGE, PSID)) -> dict[str, Any]:
    return {"participants": {"data": [{"id": each} for each in people]}, "messages": {"data": list(messages)}}


def said(number: int, **more: Any) -> dict[str, Any]:
    return {"id": f"m_{number}", "created_time": told(number), "from": {"id": PAGE}, **more}


# Conversations


@pytest.mark.parametrize(("account", "platform"), [(SHOP, "messenger"), (STUDIO_THROUGH_PAGE, "instagram"), (STUDIO, "instagram")])
def test_conversations_are_asked_for_in_parts(account: dict[str, Any], platform: str) -> None:
    meta = Meta({"data": []})
    page = client(meta, account).conversations(after="QVFJ==&limit=1", limit=7)
    assert (page.conversations, page.after) == ((), "")
    params = meta.request.url.params
    assert meta.paths == [f"/{account['node']}/conversations"]
    assert (params["platform"], params["limit"], params["after"]) == (platform, "7", "QVFJ==&limit=1")
    assert ("unread_count" in params["fields"]) is (account["login"] is Login.FACEBOOK)


def test_a_conversation_is_told_in_our_words() -> None:
    meta = Meta(part(conversation(2, unread_count=3, can_reply=True), conversation(1, can_reply=False)))
    assert client(meta).conversations().conversations == (
        ConversationSummary("t_2", when(2), PSID, "Ann Example", "", unread_count=3, can_reply=True),
        ConversationSummary("t_1", when(1), PSID, "Ann Example", "", can_reply=False),
    )


def test_there_is_another_part_only_where_meta_says_so() -> None:
    assert client(Meta(part(conversation(1), after="QVFK"))).conversations().after == "QVFK"
    assert client(Meta(part(conversation(1)))).conversations().after == ""


def test_every_conversation_follows_the_cursor_and_never_the_address() -> None:
    meta = Script(part(conversation(3), after="QVFK"), part(conversation(2), after="QVFL"), part(conversation(1)))
    assert [each.id for each in client(meta).every_conversation()] == ["t_3", "t_2", "t_1"]
    assert [request.url.params.get("after") for request in meta.requests] == [None, "QVFK", "QVFL"]
    assert not [request for request in meta.requests if TOKEN in str(request.url)]


def test_a_cursor_that_comes_again_ends_the_list() -> None:
    meta = Script(part(conversation(3), after="QVFK"), part(conversation(2), after="QVFK"))
    assert len(list(client(meta).every_conversation())) == 2


def test_what_did_not_change_since_is_left_out_and_ends_the_list() -> None:
    meta = Script(part(conversation(5), after="QVFK"), part(conversation(4), conversation(3), after="QVFL"))
    assert [each.id for each in client(meta).every_conversation(since=when(4))] == ["t_5", "t_4"]
    assert meta.answers == []


def test_a_conversation_without_a_time_is_kept() -> None:
    page = client(Meta(part({"id": 12}, conversation(5), after="QVFK"))).conversations(since=when(1))
    assert page.conversations[0] == ConversationSummary("12", None, "", "", "")
    assert page.after == "QVFK"


def test_half_as_many_are_asked_for_where_meta_cannot_answer() -> None:
    meta = Script(*[error(1)] * 4, part(conversation(2), after="QVFK"), error(2, 0), part(conversation(1)))
    graph = client(meta)
    page = graph.conversations()
    assert (page.limit, page.after) == (1, "QVFK")
    assert [request.url.params["limit"] for request in meta.requests] == ["20", "10", "5", "2", "1"]
    graph.conversations(limit=2)
    assert meta.requests[-1].url.params["limit"] == "1"


def test_the_smaller_size_is_kept_for_the_parts_that_follow() -> None:
    meta = Script(error(1), part(conversation(2), after="QVFK"), part(conversation(1)))
    assert len(list(client(meta).every_conversation())) == 2
    assert [request.url.params["limit"] for request in meta.requests] == ["20", "10", "10"]


def test_one_that_meta_cannot_answer_is_its_error() -> None:
    with pytest.raises(Unavailable):
        client(Meta(error(1), status=500)).conversations(limit=1)
    meta = Meta(b"<html>", status=502)
    with pytest.raises(Unavailable):
        client(meta).conversations()
    assert len(meta.requests) == 1


@pytest.mark.parametrize(
    ("account", "me", "us"),
    [
        (SHOP, {}, {"id": int(PAGE)}),
        (STUDIO_THROUGH_PAGE, {"id": PAGE, "instagram_business_account": {"id": IG, "username": "studio"}}, {"id": IG, "username": "studio"}),
        (STUDIO, {}, {"id": IG, "username": "studio"}),
        (STUDIO, {"id": "111", "user_id": IG}, {"id": "111", "username": "studio"}),
        (STUDIO, {}, {"id": "222", "user_id": IG}),
        (STUDIO, {"id": "111", "user_id": IG, "username": "studio"}, {"id": "222", "username": "studio"}),
    ],
)
@pytest.mark.parametrize("first", [0, 1])
def test_the_contact_is_the_one_who_is_not_the_account(account: Any, me: dict[str, Any], us: dict[str, Any], first: int) -> None:
    people = [us, {"id": IGSID, "username": "ann.example"}]
    listed = part(conversation(1, *people[first:], *people[:first]))
    meta = Script(listed, me) if me else Script(listed)
    (found,) = client(meta, account).conversations().conversations
    assert (found.contact_id, found.contact_username) == (IGSID, "ann.example")
    assert meta.answers == []


def test_the_account_is_asked_for_once() -> None:
    people = ({"id": "111"}, {"id": IGSID})
    meta = Script(part(conversation(2, *people), conversation(1, *people)), {"id": "111", "user_id": IG}, part(conversation(2, *people)))
    graph = client(meta, STUDIO)
    assert {each.contact_id for page in (graph.conversations(), graph.conversations()) for each in page.conversations} == {IGSID}


@pytest.mark.parametrize("people", [[], [{"id": PAGE}], [{"id": "1"}, {"id": "2"}, {"id": PAGE}], [None, 7]])
def test_nobody_is_taken_for_the_contact_where_it_is_not_certain(people: list[Any]) -> None:
    meta = Script(part({"id": "t_1", "participants": {"data": people}}))
    (found,) = client(meta).conversations().conversations
    assert found.contact_id == ""


def test_a_conversation_with_itself_has_no_contact() -> None:
    meta = Script(part(conversation(1, {"id": IG})), {"id": PAGE, "instagram_business_account": {"id": IG}})
    (found,) = client(meta, STUDIO_THROUGH_PAGE).conversations().conversations
    assert found.contact_id == ""


def test_a_field_that_an_account_does_not_have_is_asked_for_once() -> None:
    meta = Script(error(100), part(conversation(1)), part(conversation(1)))
    graph = client(meta, STUDIO_THROUGH_PAGE, node=PAGE)
    assert graph.conversations().conversations[0].unread_count is None
    graph.conversations()
    assert ["unread_count" in request.url.params["fields"] for request in meta.requests] == [True, False, False]


def test_a_question_that_is_refused_in_any_form_is_refused() -> None:
    meta = Script(error(100), error(100), error(100))
    with pytest.raises(Rejected):
        client(meta).conversations()
    with pytest.raises(Rejected):
        client(meta, STUDIO).conversations()
    assert meta.answers == []


@pytest.mark.parametrize(
    ("answer", "kind"), [(error(190, 463), TokenInvalid), (error(10), PermissionMissing), (error(80006), RateLimited), (error(100, 33), NotFound)]
)
def test_other_errors_are_told_at_once(answer: Any, kind: type[Exception]) -> None:
    meta = Script(answer)
    with pytest.raises(kind):
        client(meta).conversations()


# Messages


@pytest.mark.parametrize("account", KINDS)
def test_the_messages_of_a_conversation_are_asked_for_by_its_id(account: dict[str, Any]) -> None:
    meta = Meta(thread(said(1), said(2)))
    assert [message.mid for message in client(meta, account).messages("aWdfZAG06MTpJR0==")] == ["m_2", "m_1"]
    assert meta.request.url.raw_path.startswith(b"/v26.0/aWdfZAG06MTpJR0%3D%3D?")
    assert meta.request.url.params["fields"].startswith("messages.limit(20){id,created_time,from,")


def test_messages_come_newest_first_and_at_most_twenty() -> None:
    newest = [f"m_{number}" for number in range(29, 9, -1)]
    assert [message.mid for message in client(Meta(thread(*map(said, range(30))))).messages(CONVERSATION)] == newest
    assert [message.mid for message in client(Meta({"data": [thread(*map(said, range(30)))]})).recent_messages(PSID).messages] == newest


def test_messages_of_one_second_stay_in_metas_order() -> None:
    answer = thread(said(1), {**said(2), "created_time": told(1)}, {**said(3), "created_time": told(1)})
    assert [message.mid for message in client(Meta(answer)).messages(CONVERSATION)] == ["m_1", "m_2", "m_3"]


def test_what_meta_lists_without_opening_is_opened_by_itself() -> None:
    bare = {"id": "m_1", "created_time": told(1)}
    meta = Script(thread(said(2, message="Hi"), bare, {"id": "m_0", "created_time": told(0)}), said(1, message="Hello"), GONE)
    found = client(meta).messages(CONVERSATION)
    assert [(message.mid, message.text) for message in found] == [("m_2", "Hi"), ("m_1", "Hello")]
    assert meta.paths == [f"/{CONVERSATION}", "/m_1", "/m_0"]


def test_a_conversation_with_a_message_that_cannot_be_opened_is_read_around_it() -> None:
    listed = thread({"id": "m_2", "created_time": told(2)}, {"id": "m_1", "created_time": told(1)})
    meta = Script(GONE, listed, GONE, said(1, message="Hello"))
    assert [message.text for message in client(meta).messages(CONVERSATION)] == ["Hello"]


def test_an_id_that_no_address_can_hold_is_not_opened() -> None:
    meta = Script(thread({"id": "../me", "created_time": told(2)}, said(1)))
    assert [message.mid for message in client(meta).messages(CONVERSATION)] == ["m_1"]


@pytest.mark.parametrize("empty", [{}, {"id": CONVERSATION}, {"messages": None}, {"messages": {"data": []}}, {"messages": {"data": {}}}])
def test_a_conversation_without_messages_has_none(empty: dict[str, Any]) -> None:
    assert client(Meta(empty)).messages(CONVERSATION) == []


@pytest.mark.parametrize(
    ("mid", "path"),
    [
        ("m_Ex02uTq8Yc-Vw_", b"m_Ex02uTq8Yc-Vw_"),
        ("aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlEO==", b"aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlEO%3D%3D"),
        ("mid.$cAAEAbCdE-f_1", b"mid.%24cAAEAbCdE-f_1"),
        ("mid.1457764197618:41d102a3e1ae206a38", b"mid.1457764197618%3A41d102a3e1ae206a38"),
        ("mid...", b"mid..."),
    ],
)
def test_a_message_is_found_by_its_id_in_every_form(mid: str, path: bytes) -> None:
    meta = Meta({**said(1), "id": mid})
    found = client(meta).message(mid)
    assert found is not None
    assert found.mid == mid
    assert meta.request.url.raw_path.startswith(b"/v26.0/" + path + b"?")


BAD_IDS = [
    *("", ".", "..", "me", "me/accounts", "debug_token", "access_token", "7300000000000011"),
    *("m_1?x", "m_1#x", "m_1/x", "m_1%2Fx", "mid./..", "m_ 1", "m_1\n"),
]


@pytest.mark.parametrize("bad", [*BAD_IDS, "t_1", "m_" + "1" * 999])
def test_no_message_id_reaches_another_endpoint(bad: str) -> None:
    meta = Meta({})
    with pytest.raises(ValueError, match="id at Meta"):
        client(meta).message(bad)
    assert meta.requests == []


@pytest.mark.parametrize("bad", [*BAD_IDS, "m_1", "mid.$c1", "t_" + "1" * 999])
def test_no_conversation_id_reaches_another_endpoint(bad: str) -> None:
    meta = Meta({})
    with pytest.raises(ValueError, match="id at Meta"):
        client(meta).messages(bad)
    assert meta.requests == []


def test_a_message_that_meta_does_not_open_is_none() -> None:
    assert client(Script(GONE)).message("m_1") is None


def test_a_message_without_id_or_time_is_no_answer() -> None:
    for strange in ({}, {"id": "m_1"}, {"id": "m_1", "created_time": "yesterday"}):
        with pytest.raises(Unavailable):
            client(Meta(strange)).message("m_1")


def test_a_message_that_is_not_shown_to_this_account_is_an_error() -> None:
    with pytest.raises(NotFound):
        client(Script(error(100, 33))).message("m_1")
    with pytest.raises(MessageGone):
        client(Script(GONE, GONE)).messages(CONVERSATION)


def test_fewer_fields_are_asked_for_where_an_account_lacks_some() -> None:
    meta = Script(error(100), said(1), said(2))
    graph = client(meta)
    graph.message("m_1")
    graph.message("m_2")
    assert ["story" in request.url.params["fields"] for request in meta.requests] == [True, False, False]


@pytest.mark.parametrize("account", KINDS)
def test_a_thread_is_asked_for_by_its_contact(account: dict[str, Any]) -> None:
    meta = Meta({"data": []})
    assert client(meta, account).recent_messages(PSID).messages == ()
    assert meta.paths == [f"/{account['node']}/conversations"]
    assert (meta.request.url.params["platform"], meta.request.url.params["user_id"]) == (account["network"], PSID)


def test_another_persons_thread_and_unreadable_messages_are_left_out() -> None:
    strange = [7, {}, {"id": "m_1"}, {"id": "m_1", "created_time": "yesterday"}]
    answer = {"data": [thread(said(1), people=(PAGE, "999")), thread(*strange), None]}
    assert client(Meta(answer)).recent_messages(PSID).messages == ()


# What a message holds


def read(**message: Any) -> ThreadMessage:
    found = ThreadMessage.read(said(1, **message))
    assert found is not None
    return found


def test_a_message_is_read_whole() -> None:
    story = {"reply_to": {"link": "https://lookaside.fbsbx.com/s", "id": 1807}}
    message = read(message="Nice shot", story=story, reply_to={"mid": "m_0", "is_self_reply": False}, is_unsupported=True)
    assert message == ThreadMessage(
        mid="m_1",
        sent_at=when(1),
        from_id=PAGE,
        text="Nice shot",
        reply_to_mid="m_0",
        story_url="https://lookaside.fbsbx.com/s",
        story_id="1807",
        is_unsupported=True,
    )


@pytest.mark.parametrize(
    ("attachment", "kind", "url", "title"),
    [
        ({"mime_type": "image/jpeg", "name": "a.jpg", "image_data": {"url": "https://a.test"}}, "image", "https://a.test", "a.jpg"),
        ({"image_data": {"url": "https://a.test", "render_as_sticker": True}}, "sticker", "https://a.test", ""),
        ({"image_data": {"animated_gif_url": "https://a.test"}}, "image", "https://a.test", ""),
        ({"video_data": {"url": "https://a.test"}}, "video", "https://a.test", ""),
        ({"audio_data": {"url": "https://a.test"}}, "audio", "https://a.test", ""),
        ({"file_url": "https://a.test"}, "file", "https://a.test", ""),
        ({"file_url": "https://a.test", "mime_type": "audio/mpeg"}, "audio", "https://a.test", ""),
        ({"file_url": "https://a.test", "mime_type": "application/pdf", "name": "a.pdf"}, "file", "https://a.test", "a.pdf"),
        ({"generic_template": {"title": "Order", "cta": {"url": "https://a.test"}}}, "card", "https://a.test", "Order"),
        ({"generic_template": {"title": "Order", "media_url": "https://a.test"}}, "card", "https://a.test", "Order"),
        ({"name": "Media not available due to new privacy rules in Europe."}, "unsupported", "", "Media not available due to new privacy rules in Europe."),
        ({"mime_type": "video/mp4", "video_data": {}}, "unsupported", "", ""),
        (None, "unsupported", "", ""),
    ],
)
def test_an_attachment_is_told_as_a_webhook_would(attachment: Any, kind: str, url: str, title: str) -> None:
    (media,) = read(attachments={"data": [attachment]}).attachments
    assert (media.kind, media.url, media.title) == (kind, url, title)


def test_what_was_shared_counts_as_no_attachment_of_its_own() -> None:
    message = read(message="See https://a.test", shares={"data": [{"link": "https://a.test", "name": "A"}, {"link": "https://www.instagram.com/p/X/"}]})
    assert [(media.kind, media.url, media.title) for media in message.attachments] == [
        ("link", "https://a.test", "A"),
        ("post", "https://www.instagram.com/p/X/", ""),
    ]
    assert message.attachment_count == 0


def test_a_sticker_and_a_mention_are_attachments() -> None:
    assert read(sticker="https://a.test/s.png").attachments == (MediaReceived(kind="sticker", url="https://a.test/s.png"),)
    (mention,) = read(story={"mention": {"link": "https://a.test/m", "id": "1"}}).attachments
    assert (mention.kind, mention.url) == ("story_mention", "https://a.test/m")


def test_the_same_thing_is_told_once() -> None:
    same = "https://a.test/s.png"
    message = read(sticker=same, attachments={"data": [{"image_data": {"url": same, "render_as_sticker": True}}]})
    assert ([media.kind for media in message.attachments], message.attachment_count) == (["sticker"], 1)


json_values = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3), max_leaves=5)
inside = st.sampled_from(["data", "url", "link", "reply_to", "mention", "id", "users", "reaction"])
anything = st.recursive(json_values, lambda inner: st.dictionaries(inside, inner, max_size=3))
keys = [
    "id", "created_time", "from", "to", "message", "attachments", "shares", "story", "reply_to", "is_unsupported", "sticker", "reactions",
    "participants", "messages",
]  # fmt: skip


@settings(max_examples=200, deadline=None, database=None)
@given(st.dictionaries(st.sampled_from(keys), anything), st.lists(anything, max_size=3))
def test_nothing_that_meta_may_answer_breaks_the_reading(strange: dict[str, Any], listed: list[Any]) -> None:
    meta = Meta({"id": PAGE, **strange, "data": [strange, *listed], "paging": strange})
    assert all(each.id for each in client(meta).conversations().conversations)
    assert all(message.mid for message in client(meta).recent_messages(PSID).messages)
    message = ThreadMessage.read({**strange, "id": "m_1", "created_time": told(1)})
    assert message
    event = events_of(message, PAGE, Network.MESSENGER, PSID)
    assert event is None or (event.mid, event.contact_id) == ("m_1", PSID)
    assert all(each.mid == "m_1" for each in reactions_of(message, PAGE, Network.MESSENGER, PSID))
    assert all(thread.summary.id for thread in client(meta).threads().threads)


# Secrets


def test_the_address_of_the_next_part_is_neither_kept_nor_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    meta = Meta(part(conversation(1, link=NEXT), after="QVFK"))
    page = client(meta).conversations(after="cursor-of-before")
    assert TOKEN not in repr(page)
    assert not [secret for secret in (TOKEN, "cursor-of-before", "QVFK", "access_token") if secret in caplog.text]


def test_pages_are_listed_to_the_end_and_hide_their_tokens() -> None:
    linked = {"instagram_business_account": {"id": int(IG), "username": "my.shop"}}
    first = {"id": PAGE, "name": "My Shop", "access_token": "EAApagetoken", "tasks": ["MESSAGING", 7], **linked}
    meta = Script(part(first, after="QVFK"), part({"id": 7, "access_token": "EAAother"}, {}, None))
    shop, other = client(meta, node="me").pages()
    assert (shop.id, shop.name, shop.token, shop.tasks) == (PAGE, "My Shop", "EAApagetoken", ("MESSAGING",))
    assert (shop.instagram_id, shop.instagram_username) == (IG, "my.shop")
    assert (other.id, other.instagram_id) == ("7", "")
    assert "EAA" not in repr([shop, other])
    assert set(meta.paths) == {"/me/accounts"}
    assert [request.url.params.get("after") for request in meta.requests] == [None, "QVFK"]


def test_a_person_without_pages_has_none() -> None:
    assert client(Meta({"data": []}), node="me").pages() == []
