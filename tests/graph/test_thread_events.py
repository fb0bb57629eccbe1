"""A message that is read becomes what a webhook would have told of it."""

from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import pytest

from graph.client import GraphClient
from graph.events import Event, MessageEchoed, MessageReceived, Reacted
from graph.networks import Network
from graph.simulator import Simulator, SimulatorTransport
from graph.simulator.media import picture
from graph.threads import ThreadMessage, events_of, reactions_of
from graph.webhooks import parse

from .meta import IG, IGSID, PAGE, PSID
from .test_graph_at_simulator import APP, HARBOUR, HOSTS, LINKED, NOON, SECRET, SHOP, STUDIO, STUDIOS

AT = datetime(2026, 11, 20, 9, 15, 2, tzinfo=UTC)
MESSENGER, INSTAGRAM = Network.MESSENGER, Network.INSTAGRAM


def message(**more: Any) -> ThreadMessage:
    told = {"id": "m_1", "created_time": "2026-11-20T09:15:02+0000", "from": {"id": PSID}, "to": {"data": [{"id": PAGE}]}, "message": "Hello", **more}
    found = ThreadMessage.read(told)
    assert found
    return found


def test_what_the_contact_wrote_is_a_message_received() -> None:
    assert events_of(message(), PAGE, MESSENGER, PSID) == MessageReceived(
        network=MESSENGER, account_id=PAGE, contact_id=PSID, at=AT, mid="m_1", text="Hello",
        raw={"sender": {"id": PSID}, "recipient": {"id": PAGE}, "timestamp": 1795166102000, "message": {"mid": "m_1", "text": "Hello"}},
    )  # fmt: skip


def test_what_our_side_wrote_is_an_echo_that_names_no_app_and_no_mark() -> None:
    ours = message(**{"from": {"id": PAGE}, "to": {"data": [{"id": PSID}]}})
    event = events_of(ours, PAGE, MESSENGER, PSID)
    assert event == MessageEchoed(
        network=MESSENGER, account_id=PAGE, contact_id=PSID, at=AT, mid="m_1", text="Hello",
        raw={"sender": {"id": PAGE}, "recipient": {"id": PSID}, "timestamp": 1795166102000, "message": {"mid": "m_1", "text": "Hello", "is_echo": True}},
    )  # fmt: skip
    assert isinstance(event, MessageEchoed)
    assert (event.app_id, event.metadata) == ("", "")


def test_an_account_may_stand_there_under_another_id() -> None:
    ours = message(**{"from": {"id": "27000000000000001"}, "to": {"data": [{"id": IGSID}]}})
    assert isinstance(events_of(ours, IG, INSTAGRAM, IGSID), MessageEchoed)


def test_where_meta_does_not_say_who_wrote_the_one_who_got_it_tells() -> None:
    assert isinstance(events_of(message(**{"from": None}), PAGE, MESSENGER, PSID), MessageReceived)
    assert isinstance(events_of(message(**{"from": {}, "to": {"data": [{"id": PSID}]}}), PAGE, MESSENGER, PSID), MessageEchoed)


def test_where_nothing_tells_who_wrote_it_becomes_nothing() -> None:
    assert events_of(message(**{"from": {}, "to": {}}), PAGE, MESSENGER, PSID) is None


def test_what_meta_shows_only_in_its_own_apps_is_marked_as_in_a_webhook() -> None:
    for told in ({"is_unsupported": True}, {"message": ""}, {"message": None}):
        event = events_of(message(**told), PAGE, MESSENGER, PSID)
        assert isinstance(event, MessageReceived)
        assert event.unsupported
    plain = events_of(message(), PAGE, MESSENGER, PSID)
    assert isinstance(plain, MessageReceived)
    assert not plain.unsupported


@pytest.mark.parametrize(
    ("told", "emoji", "name"),
    [("love", "❤️", "love"), ("sad", "😢", "sad"), ("👍", "👍", "like"), ("🦄", "🦄", "other"), ("sparkle", "", "sparkle"), (None, "", "")],
)
def test_a_reaction_is_told_by_its_sign_or_by_metas_word_for_it(told: str | None, emoji: str, name: str) -> None:
    reacted = message(reactions={"data": [{"reaction": told, "users": [{"id": PSID}, {"id": PAGE}]}]})
    (event,) = reactions_of(reacted, PAGE, MESSENGER, PSID)
    assert (event.mid, event.emoji, event.name, event.removed) == ("m_1", emoji, name, False)


def test_a_reaction_is_no_newer_than_its_message_for_nobody_says_when_it_was_given() -> None:
    (event,) = reactions_of(message(reactions={"data": [{"reaction": "love", "users": {"data": [{"id": PSID}]}}]}), PAGE, MESSENGER, PSID)
    assert event.at == AT


def test_only_the_contacts_reactions_are_events() -> None:
    assert reactions_of(message(reactions={"data": [{"reaction": "love", "users": [{"id": PAGE}]}]}), PAGE, MESSENGER, PSID) == ()
    assert reactions_of(message(), PAGE, MESSENGER, PSID) == ()


# The same story, heard and read


@pytest.fixture
def heard() -> list[Event]:
    return []


@pytest.fixture
def simulator(heard: list[Event]) -> Iterator[Simulator]:
    def deliver(_url: str, body: bytes, _headers: dict[str, str]) -> int:
        heard.extend(parse(body))
        return 200

    simulator = Simulator(clock=lambda: NOON, deliver=deliver)
    simulator.add_app(APP, SECRET, "verify-me", "http://product.test/webhooks/meta/")
    simulator.add_account("messenger", PAGE, "Harbour Coffee", token=SHOP["token"], app=APP)
    simulator.add_account("instagram", LINKED, "Harbour", "harbour", token=SHOP["token"], app=APP, page_id=PAGE)
    simulator.add_account("instagram", STUDIO, "Studio", "studio", token=STUDIOS["token"], app=APP, login="instagram")
    yield simulator
    simulator.close()


@pytest.mark.parametrize(("options", "account"), [(SHOP, PAGE), (HARBOUR, LINKED), (STUDIOS, STUDIO)], ids=["shop", "harbour", "studio"])
def test_what_is_read_is_what_was_heard(simulator: Simulator, heard: list[Event], options: dict[str, Any], account: str) -> None:
    contact = simulator.add_contact(account, "Amina Okafor", "amina")
    first = simulator.write(account, contact, "Are you open?")
    simulator.answer_elsewhere(account, contact, "Until ten")
    simulator.write(account, contact, "Then I will come", reply_to=first)
    simulator.write(account, contact, media=[("image", picture()), ("image", picture())])
    simulator.send_unsupported(account, contact)
    if account != PAGE:
        simulator.reply_to_story(account, contact, "Lovely")
        simulator.mention_in_story(account, contact)
    else:
        simulator.send_sticker(account, contact)
    simulator.react(account, contact, first)
    with GraphClient(transport=SimulatorTransport(simulator), base_url=HOSTS[options["login"]], app_secret=SECRET, **options) as graph:
        (thread,) = graph.threads().threads
    read = [events_of(message, account, options["network"], thread.summary.contact_id) for message in reversed(thread.messages)]
    told = [event for event in heard if isinstance(event, MessageReceived | MessageEchoed)]
    assert [_essence(event) for event in read if event] == [_essence(event) for event in told]
    (reaction,) = [event for event in heard if isinstance(event, Reacted)]
    (again,) = [event for message in thread.messages for event in reactions_of(message, account, options["network"], contact)]
    assert (again.mid, again.emoji, again.name, again.contact_id) == (reaction.mid, reaction.emoji, reaction.name, reaction.contact_id)


def _essence(event: Event) -> dict[str, Any]:
    """All but the raw words of each road, the whole seconds in which the thread tells its times, and what only webhooks tell of an echo."""
    but_for = {"raw", "at", "attachments", "app_id", "metadata"}
    assert event.at
    known = {field.name: getattr(event, field.name) for field in fields(event) if field.name not in but_for}
    kinds = [each.kind for each in getattr(event, "attachments", ())]
    return known | {"kind": type(event), "second": int(event.at.timestamp()), "kinds": kinds}
