"""Facts of Meta's that we rely on and that no other test holds; docs/meta.md names each."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from graph.apps import app_name
from graph.events import Commented, Event, MessageEchoed, MessageReceived, PolicyEnforced, PostbackReceived
from graph.webhooks import parse
from tests.inbox.webhook_bodies import KNOWN

PAGE, PSID = "104857600000001", "7300000000000011"


def _events(network: str, *entries: dict[str, Any]) -> list[Event]:
    return parse(json.dumps({"object": network, "entry": list(entries)}).encode())


def _known(name: str) -> Any:
    (event,) = parse(json.dumps(KNOWN[name]).encode())
    return event


def test_an_event_belongs_to_the_account_of_its_entry() -> None:
    """`recipient` names the same account, and is left out or is somebody else at times."""
    for recipient in ({"id": PAGE}, {"id": "999"}, {}):
        event = {"sender": {"id": PSID}, "recipient": recipient, "timestamp": 1794700000001, "message": {"mid": "m_1", "text": "Hi"}}
        (found,) = _events("page", {"id": PAGE, "time": 1794700000123, "messaging": [event]})
        assert (found.account_id, found.contact_id) == (PAGE, PSID)


def test_the_time_of_an_entry_is_in_seconds_for_comments_and_in_milliseconds_for_messages() -> None:
    change = {"field": "comments", "value": {"id": "1801", "text": "price?"}}
    event = {"sender": {"id": PSID}, "message": {"mid": "m_1", "text": "Hi"}}
    (comment,) = _events("instagram", {"id": "178", "time": 1794700000, "changes": [change]})
    (message,) = _events("instagram", {"id": "178", "time": 1794700000000, "messaging": [event]})
    assert comment.at == message.at == datetime(2026, 11, 14, 23, 46, 40, tzinfo=UTC)


def test_a_single_change_may_stand_in_the_entry_itself() -> None:
    flat, wrapped = _known("ig.comment.flat_form"), _known("ig.comment")
    assert isinstance(flat, Commented)
    assert (flat.comment_id, flat.contact_id, flat.text, flat.post_id) == (wrapped.comment_id, wrapped.contact_id, wrapped.text, wrapped.post_id)


def test_a_tap_in_standby_comes_without_its_payload() -> None:
    tap = _known("page.standby.postback")
    assert isinstance(tap, PostbackReceived)
    assert (tap.standby, tap.title, tap.payload, tap.mid) == (True, "Get Started", "", "")


def test_an_echo_from_metas_own_inbox_in_standby_is_an_echo() -> None:
    echo = _known("page.standby.echo_inbox")
    assert isinstance(echo, MessageEchoed)
    assert (echo.standby, app_name(echo.app_id)) == (True, "Meta Business Suite")


@pytest.mark.parametrize("app_id", ["263902037430900", "26390203743090"])
def test_the_page_inbox_is_known_by_both_spellings_of_its_id(app_id: str) -> None:
    assert app_name(app_id) == "Meta Business Suite"
    assert app_name("1200000000000001") == app_name("") == ""


def test_an_app_is_named_by_a_number_or_by_text() -> None:
    for app_id in (1200000000000001, "1200000000000001"):
        message = {"mid": "m_1", "text": "x", "is_echo": True, "app_id": app_id}
        (echo,) = _events("page", {"id": PAGE, "messaging": [{"sender": {"id": PAGE}, "recipient": {"id": PSID}, "message": message}]})
        assert isinstance(echo, MessageEchoed)
        assert echo.app_id == "1200000000000001"


def test_a_policy_event_has_no_sender() -> None:
    event = _known("page.policy.warning")
    assert isinstance(event, PolicyEnforced)
    assert event.contact_id is None


def test_a_shared_reel_is_a_page_to_look_at_and_may_lack_its_host() -> None:
    reel = {"type": "reel", "payload": {"url": "/reel/1790000000000001/", "title": "Latte art", "reel_video_id": 1790000000000001}}
    event = {"sender": {"id": PSID}, "message": {"mid": "m_1", "attachments": [reel]}}
    (found,) = _events("page", {"id": PAGE, "messaging": [event]})
    assert isinstance(found, MessageReceived)
    (media,) = found.attachments
    assert (media.kind, media.url, media.title, found.unsupported) == ("reel", "/reel/1790000000000001/", "Latte art", False)


def test_a_shared_comment_is_an_empty_card() -> None:
    (media,) = _known("ig.message.template_empty_shared_comment").attachments
    assert (media.kind, media.url, media.title) == ("card", "", "")


def test_text_and_an_attachment_come_in_one_message() -> None:
    message = _known("ig.message.text_and_image")
    assert (bool(message.text), [media.kind for media in message.attachments]) == (True, ["image"])


def test_a_reaction_may_come_without_its_message_or_its_sign() -> None:
    (without_mid,) = _events("page", {"id": PAGE, "messaging": [{"sender": {"id": PSID}, "reaction": {"action": "react", "emoji": "x"}}]})
    assert type(without_mid).__name__ == "NotUnderstood"
    assert (_known("ig.reaction.unreact").emoji, _known("ig.reaction.unreact").name) == ("", "")


def test_two_networks_name_their_account_in_the_same_place() -> None:
    assert _known("ig.message.text").account_id == "17841400000000042"
    assert _known("page.message.text").account_id == PAGE
