"""Every body that Meta is known to send becomes the right events, and no body at all breaks the parser."""

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.events import (
    Commented,
    Delivered,
    Event,
    MessageEchoed,
    MessageEdited,
    MessageReceived,
    MessageUnsent,
    NotUnderstood,
    PostbackReceived,
    Reacted,
    Read,
    Referral,
    ReferralFollowed,
    TestReceived,
    ThreadControlChanged,
)
from graph.networks import Network
from graph.webhooks import BadBody, parse

HERE = Path(__file__).parent
EXPECTED: dict[str, dict[str, list[str]]] = json.loads((HERE / "expected_events.json").read_text())
EXAMPLES, CAPTURED = EXPECTED["examples"], EXPECTED["captured"]
BODIES: dict[str, Any] = json.loads((HERE / "webhook_examples.json").read_text())
WRAPPED = sorted(name for name, body in BODIES.items() if "object" in body)
PAGE, AMINA, INSTAGRAM_AMINA = "104857600000001", "7300000000000011", "990000000000077"


def events(name: str) -> list[Event]:
    return parse(json.dumps(BODIES[name]).encode())


def only(name: str) -> Any:
    (event,) = events(name)
    return event


def page(*messaging: Any, entry: dict[str, Any] | None = None) -> list[Event]:
    fields = {"id": PAGE, "time": 1794700000123, "messaging": list(messaging)} if entry is None else entry
    return parse(json.dumps({"object": "page", "entry": [fields]}).encode())


def from_amina(**content: Any) -> dict[str, Any]:
    return {"sender": {"id": AMINA}, "recipient": {"id": PAGE}, "timestamp": 1794700001000, **content}


def test_every_example_is_expected_and_every_expectation_has_an_example() -> None:
    assert set(EXAMPLES) == set(BODIES)
    assert len(BODIES) == 123
    assert set(CAPTURED) == {path.stem for path in (HERE / "captured").glob("*.json")}
    assert len(CAPTURED) == 23


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_body_becomes_the_expected_events(name: str) -> None:
    assert [type(event).__name__ for event in events(name)] == EXAMPLES[name]


@pytest.mark.parametrize("name", CAPTURED)
def test_a_captured_body_becomes_the_expected_events(name: str) -> None:
    found = parse((HERE / "captured" / f"{name}.json").read_bytes())
    assert [type(event).__name__ for event in found] == CAPTURED[name]


@pytest.mark.parametrize("name", EXAMPLES)
def test_ids_are_strings_and_times_are_aware_in_every_example(name: str) -> None:
    for event in events(name):
        for field in ("account_id", "mid", "app_id", "reply_to_mid"):
            assert isinstance(getattr(event, field, ""), str)
        assert event.contact_id is None or (isinstance(event.contact_id, str) and event.contact_id)
        assert event.at is None or event.at.tzinfo is UTC


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_network_is_that_of_the_object(name: str) -> None:
    expected = Network.MESSENGER if name.startswith("page.") else Network.INSTAGRAM
    assert {event.network for event in events(name)} == {expected}


def test_a_message_tells_who_wrote_what_to_whom_and_when() -> None:
    event = only("page.message.unicode")
    assert isinstance(event, MessageReceived)
    assert (event.account_id, event.contact_id, event.standby) == (PAGE, AMINA, False)
    assert event.text == "Caf\u00e9 \U0001f600 \u20ac5 https://example.test/a"
    assert event.at == datetime(2026, 11, 14, 23, 46, 42, tzinfo=UTC)


def test_a_quick_reply_a_reply_and_a_story_reply_keep_what_they_answer() -> None:
    assert only("page.message.quick_reply").quick_reply == "CONFIRM_YES"
    assert only("page.message.reply_to").reply_to_mid == only("page.message.text").mid
    assert only("ig.message.reply_to_story").story_url.startswith("https://lookaside.fbsbx.com/")


def test_a_message_from_an_ad_carries_its_referral() -> None:
    referral = only("page.message.referral_ad").referral
    assert (referral.is_ad, referral.ad_title) == (True, "Spring sale")
    assert only("page.message.referral_product").referral == Referral(product_id="5001")
    assert only("page.message.text").referral is None


def test_what_meta_shows_only_in_its_own_apps_is_marked_as_unsupported() -> None:
    assert only("ig.message.is_unsupported").unsupported
    assert not only("ig.message.ephemeral").unsupported
    assert page(from_amina(message={"mid": "m_1"}))[0].unsupported  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("page.message.two_images", ["image", "image"]),
        ("page.message.sticker_old", ["sticker"]),
        ("page.message.fallback_bare", ["link"]),
        ("ig.message.like_heart", ["heart"]),
        ("ig.message.share_and_ig_post", ["post"]),
        ("ig.message.share", ["post"]),
        ("ig.message.ig_reel", ["reel"]),
        ("page.message.reel", ["reel"]),
        ("ig.message.ig_story", ["story"]),
        ("ig.message.story_mention", ["story_mention"]),
        ("ig.message.ephemeral", ["view_once"]),
        ("ig.message.unsupported_type", ["unsupported"]),
        ("page.echo.template", ["card"]),
        ("page.message.location_legacy", ["location"]),
    ],
)
def test_each_attachment_is_counted_once(name: str, kinds: list[str]) -> None:
    assert [media.kind for media in only(name).attachments] == kinds


def test_the_image_that_comes_beside_its_own_sticker_is_dropped() -> None:
    sticker = {"type": "sticker", "payload": {"url": "https://cdn.test/s.png", "sticker_id": 369239263222822}}
    (event,) = page(from_amina(message={"mid": "m_1", "attachments": [{**sticker, "type": "image"}, sticker]}))
    assert isinstance(event, MessageReceived)
    assert [media.kind for media in event.attachments] == ["sticker"]


def test_an_attachment_finds_its_address_wherever_meta_puts_it() -> None:
    assert only("page.message.fallback_legacy").attachments[0].url == "https://example.test/"
    assert only("ig.message.ig_story").attachments[0].url.startswith("https://lookaside")
    assert only("page.message.fallback").attachments[0].title == "A post"


def test_an_echo_belongs_to_the_contact_who_received_it() -> None:
    event = only("page.echo.own_with_metadata")
    assert isinstance(event, MessageEchoed)
    assert (event.contact_id, event.app_id, event.metadata) == (AMINA, "1200000000000001", "out:4f1c")


def test_an_instagram_echo_has_neither_app_nor_metadata() -> None:
    event = only("ig.echo.text")
    assert (event.contact_id, event.app_id, event.metadata) == (INSTAGRAM_AMINA, "", "")


def test_what_the_account_itself_sent_is_an_echo_even_without_the_mark() -> None:
    (event,) = page({"sender": {"id": PAGE}, "recipient": {"id": AMINA}, "message": {"mid": "m_1", "text": "Hi"}})
    assert isinstance(event, MessageEchoed)
    assert event.contact_id == AMINA


def test_an_unsend_tells_which_side_took_it_back() -> None:
    ours = {"sender": {"id": PAGE}, "recipient": {"id": AMINA}, "message": {"mid": "m_1", "is_deleted": True}}
    assert only("ig.message.is_deleted").by_contact
    assert page(ours)[0] == MessageUnsent(
        network=Network.MESSENGER,
        account_id=PAGE,
        contact_id=AMINA,
        at=datetime(2026, 11, 14, 23, 46, 40, 123000, tzinfo=UTC),
        raw=ours,
        mid="m_1",
        by_contact=False,
    )


def test_an_edit_has_its_new_words_and_its_number() -> None:
    event = only("page.message_edit.string_count")
    assert isinstance(event, MessageEdited)
    assert (event.text, event.number) == ("Hi, red?", 2)


@pytest.mark.parametrize("name", ["ig.message_edit.zero", "ig.message_edit.zero_no_sender"])
def test_an_edit_numbered_zero_is_no_edit(name: str) -> None:
    event = only(name)
    assert isinstance(event, NotUnderstood)
    assert event.kind == "message_edit"
    assert event.reason


def test_a_reaction_and_its_removal_name_the_message() -> None:
    added, removed = only("page.reaction.react"), only("ig.reaction.unreact")
    assert isinstance(added, Reacted)
    assert isinstance(removed, Reacted)
    assert (added.name, added.removed) == ("love", False)
    assert (removed.emoji, removed.removed) == ("", True)


def test_a_reaction_of_our_own_is_not_taken_for_the_contacts() -> None:
    reaction = {"mid": "m_1", "action": "react", "emoji": "\u2764"}
    (event,) = page({"sender": {"id": PAGE}, "recipient": {"id": AMINA}, "reaction": reaction})
    assert isinstance(event, NotUnderstood)


def test_a_postback_keeps_its_payload_and_where_it_came_from() -> None:
    event = only("page.postback.referral_mme")
    assert isinstance(event, PostbackReceived)
    assert (event.title, event.payload, event.referral) == ("Get Started", "GET_STARTED", Referral(ref="qr-7", source="SHORTLINK"))


def test_a_guest_without_an_id_belongs_to_no_conversation() -> None:
    assert only("page.postback.guest").contact_id is None


def test_both_networks_spell_the_source_of_a_link_alike() -> None:
    messenger, instagram = only("page.referral.mme"), only("ig.referral.igme")
    assert isinstance(messenger, ReferralFollowed)
    assert messenger.referral.source == instagram.referral.source == "SHORTLINK"


def test_a_click_on_an_advertisement_is_told_from_a_link() -> None:
    ad, link = only("page.referral.ad"), only("page.referral.mme")
    assert (ad.referral.is_ad, ad.referral.ad_title, link.referral.is_ad) == (True, "Spring sale", False)


def test_receipts_reach_up_to_a_time_or_a_message() -> None:
    delivered, read, seen = only("page.delivery"), only("page.read"), only("ig.seen")
    assert isinstance(delivered, Delivered)
    assert isinstance(read, Read)
    assert len(delivered.mids) == 1
    assert delivered.until == read.until
    assert seen.mid
    assert seen.until is None


def test_an_event_without_a_time_has_that_of_its_entry() -> None:
    assert only("page.delivery").at == datetime.fromtimestamp(BODIES["page.delivery"]["entry"][0]["time"] / 1000, UTC)


def test_standby_is_marked_and_read_like_the_rest() -> None:
    first, second = events("page.batch.messaging_and_standby")
    assert (first.standby, second.standby) == (False, True)


@pytest.mark.parametrize("name", [name for name in EXAMPLES if "dashboard_test" in name])
def test_the_dashboards_button_creates_no_conversation(name: str) -> None:
    event = only(name)
    assert isinstance(event, TestReceived)
    assert event.contact_id is None
    assert event.text


def test_a_dashboard_test_has_its_time_in_text_of_seconds() -> None:
    assert only("ig.dashboard_test.changes").at == datetime(2018, 5, 27, 22, 23, 44, tzinfo=UTC)


def test_both_spellings_of_a_policy_event_have_one_kind() -> None:
    assert only("page.policy.warning").action == "warning"
    assert only("page.policy.block_hyphen_key").action == "block"
    (other,) = page({"recipient": {"id": PAGE}, "policy_enforcement": {"action": "hug"}})
    assert isinstance(other, NotUnderstood)


def test_thread_control_tells_who_holds_the_thread_from_now_on() -> None:
    passed, idle, taken, asked = (only(f"page.thread.{name}") for name in ("pass", "pass_from_idle", "take", "request"))
    assert isinstance(passed, ThreadControlChanged)
    assert (passed.change, passed.owner_app_id, passed.previous_app_id) == ("passed", "1200000000000001", "263902037430900")
    assert (idle.previous_app_id, taken.change, taken.owner_app_id) == ("", "taken", "263902037430900")
    assert (asked.change, asked.owner_app_id) == ("requested", "1200000000000001")


def test_a_comment_tells_what_was_done_to_which_comment_below_which_post() -> None:
    added, answered, removed = only("page.feed.comment_add"), only("page.feed.comment_reply"), only("page.feed.comment_remove")
    assert isinstance(added, Commented)
    assert (added.comment_id, added.verb, added.parent_id, added.text, added.author) == ("55_900", "add", "", "How much?", "Ann Example")
    assert (bool(answered.parent_id), removed.verb, removed.contact_id) == (True, "remove", None)


def test_a_comment_on_an_ad_belongs_to_the_original_post() -> None:
    assert only("ig.comment.ad").post_id == only("ig.comment").post_id == "17890000000000020"


def test_a_comment_of_our_own_and_one_without_words_are_told_as_such() -> None:
    assert (only("ig.comment.own").ours, only("ig.comment").ours) == (True, False)
    assert only("ig.comment.no_text").text == ""


def test_an_opt_in_and_its_end_have_their_kind_and_their_status() -> None:
    assert (only("page.optin.marketing").kind, only("page.optin.marketing").title) == ("notification_messages", "News")
    assert only("page.optin.marketing_stop").status == "STOP NOTIFICATIONS"
    assert only("page.optin.checkbox").contact_id is None


def test_a_card_is_called_what_its_first_element_is_called() -> None:
    assert only("page.message.template_product").attachments[0].title == "Mug"


def test_a_message_tells_by_which_plugin_its_writer_came() -> None:
    assert only("page.message.prior_message").came_by == "checkbox_plugin"
    assert only("ig.message.is_self").to_self


def test_a_story_reply_names_the_story() -> None:
    assert only("ig.message.reply_to_story").story_id
    assert only("ig.echo.reply_to_story").story_id


def test_a_message_inside_changes_is_a_message() -> None:
    change = {"field": "messages", "value": from_amina(message={"mid": "m_1", "text": "Hi"})}
    (event,) = page(entry={"id": PAGE, "time": 1794700000, "changes": [change]})
    assert isinstance(event, MessageReceived)
    assert event.contact_id == AMINA


@pytest.mark.parametrize("time", [1794700001, "1794700001", 1794700001000, "1794700001000", "2026-11-14T23:46:41+0000"])
def test_times_come_in_seconds_milliseconds_and_text(time: object) -> None:
    (event,) = page(from_amina(message={"mid": "m_1", "text": "Hi"}) | {"timestamp": time})
    assert event.at == datetime(2026, 11, 14, 23, 46, 41, tzinfo=UTC)


@pytest.mark.parametrize("literal", ["17841400000000043", '"17841400000000043"', "17841400000000043.0"])
def test_a_long_id_keeps_every_digit_whatever_json_it_comes_as(literal: str) -> None:
    body = '{"object":"page","entry":[{"id":%s,"messaging":[{"sender":{"id":%s},"message":{"mid":"m","text":"x"}}]}]}'
    (event,) = parse((body % (f'"{PAGE}"', literal)).encode())
    assert event.contact_id == "17841400000000043"


def test_what_no_database_stores_is_replaced() -> None:
    (event,) = page(from_amina(message={"mid": "m_1", "text": "half \ud83d and nothing \x00"}))
    assert isinstance(event, MessageReceived)
    assert event.text == "half \ufffd and nothing \ufffd"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"null",
        b'"page"',
        b"{}",
        b'{"object":"user"}',
        b'{"object":1}',
        b"\xff\xfe",
        b"[" * 99999,
    ],
)
def test_a_body_that_is_not_metas_is_refused(body: bytes) -> None:
    with pytest.raises(BadBody):
        parse(body)


@pytest.mark.parametrize(
    "entry",
    [None, 7, "x", [], {}, {"id": PAGE}, {"id": PAGE, "messaging": {}}, {"id": PAGE, "messaging": [None]}],
)
def test_an_entry_of_another_shape_is_kept_with_a_reason(entry: object) -> None:
    found = parse(json.dumps({"object": "page", "entry": [entry]}).encode())
    assert found
    assert all(isinstance(event, NotUnderstood) and event.reason for event in found)


@pytest.mark.parametrize(
    "content", [{"message": {}}, {"message": 7}, {"reaction": {}}, {"read": {}}, {"brand_new": {}}]
)
def test_an_event_that_cannot_be_read_is_kept_with_its_kind(content: dict[str, Any]) -> None:
    (event,) = page(from_amina(**content))
    assert isinstance(event, NotUnderstood)
    assert event.kind == next(iter(content))


def test_the_raw_part_stays_out_of_the_repr() -> None:
    assert "4400000000000000001" not in repr(only("page.optin.marketing"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value inside a body."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield from places(item, (*path, key))


def replaced(value: Any, path: tuple[Any, ...], by: Any) -> Any:
    if not path:
        return by
    copy = value.copy()
    copy[path[0]] = replaced(value[path[0]], path[1:], by)
    return copy


@settings(max_examples=400, deadline=None, database=None)
@given(data=st.data(), name=st.sampled_from(WRAPPED), by=JSON)
def test_a_wrong_json_type_anywhere_never_raises(data: st.DataObject, name: str, by: Any) -> None:
    path = data.draw(st.sampled_from([place for place in places(BODIES[name]) if place not in ((), ("object",))]))
    found = parse(json.dumps(replaced(BODIES[name], path, by)).encode())
    assert all(isinstance(event.account_id, str) and event.contact_id != "" for event in found)


@settings(max_examples=200, deadline=None, database=None)
@given(st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_parsed_or_refused(body: bytes) -> None:
    with suppress(BadBody):
        parse(body)


@pytest.mark.parametrize("digits", ["1" * 5000, "1e999", "1e-999", "NaN", "-Infinity", "1.5", "-3", "true"])
def test_a_monstrous_number_never_raises(digits: str) -> None:
    body = '{"object":"page","entry":[{"id":%s,"time":%s,"messaging":[{"timestamp":%s,"read":{"watermark":%s}}]}]}'
    assert parse((body % ((digits,) * 4)).encode())
