"""What happens beside what is said: it is told once, stands at its time, and makes nothing stale."""

from typing import Any

import pytest

from core.clock import now
from inbox.models import Contact, Conversation, KeptEvent, Message, Occurrence, Reaction
from inbox.work import work_until_idle

Kind, Control = Occurrence.Kind, Conversation.Control
SUITE = "263902037430900"


def _tell(cast, contact, content: dict[str, Any], *, sender: str = "", key: str = "messaging", at: int | None = None) -> None:
    event = {"sender": {"id": sender or contact.external_id}, "recipient": {"id": contact.account.external_id}, "timestamp": at or _ms()} | content
    cast.simulator.announce(contact.account.external_id, event, key=key)
    work_until_idle("ingest")


def _ms() -> int:
    return int(now().timestamp() * 1000)


def _kinds(conversation: Conversation) -> list[str]:
    return list(conversation.occurrences.values_list("kind", flat=True))


LINK = {"referral": {"source": "SHORTLINK", "type": "OPEN_THREAD", "ref": "promo"}}
AD = {"referral": {"source": "ADS", "type": "OPEN_THREAD", "ad_id": "1202", "ads_context_data": {"ad_title": "Spring sale"}}}
TAKEN = {"take_thread_control": {"previous_owner_app_id": "1200000000000001", "new_owner_app_id": SUITE, "metadata": "mine"}}


@pytest.fixture(params=["amina", "noor"])
def contact(request, cast):
    return getattr(cast, request.param)


@pytest.mark.parametrize(("content", "kind"), [(LINK, Kind.REFERRAL), (AD, Kind.AD), (TAKEN, Kind.CONTROL)])
def test_what_is_told_twice_happened_once(cast, contact, content, kind):
    at = _ms()
    for key in ("messaging", "messaging", "standby"):
        _tell(cast, contact, content, key=key, at=at)
    assert _kinds(cast.conversation(contact)) == [kind]


def test_two_clicks_are_two(cast, contact):
    at = _ms()
    for later in (0, 1):
        _tell(cast, contact, AD, at=at + later)
    assert _kinds(cast.conversation(contact)) == [Kind.AD, Kind.AD]


@pytest.mark.parametrize("content", [LINK, AD, TAKEN, {"reaction": {"mid": "m_before", "emoji": "x"}}])
def test_it_makes_nothing_stale_and_every_screen_looks_again(cast, contact, content):
    before = cast.conversation(contact)
    _tell(cast, contact, content)
    after = cast.conversation(contact)
    assert (after.revision, after.heard, after.last_message) == (before.revision, before.heard, before.last_message)
    assert after.screen > before.screen


def test_it_keeps_what_meta_tells_of_it(cast, contact):
    for content in (LINK, AD, TAKEN):
        _tell(cast, contact, content)
    link, ad, control = cast.conversation(contact).occurrences.all()
    assert link.about["referral"] == {"source": "SHORTLINK", "ref": "promo"}
    assert ad.about["referral"] == {"source": "ADS", "ad_id": "1202", "ad_title": "Spring sale"}
    assert control.about == {"change": "taken", "owner": SUITE, "previous": "1200000000000001", "note": "mine"}


@pytest.mark.parametrize(("content", "kind"), [(LINK, Kind.REFERRAL), (AD, Kind.AD), (TAKEN, Kind.CONTROL)])
def test_what_comes_before_the_first_message_of_a_contact_waits_for_it(cast, contact, content, kind):
    """A link or a click alone makes no conversation: nobody has said anything."""
    _tell(cast, contact, content, sender="7300000000009999")
    assert not Contact.objects.filter(external_id="7300000000009999").exists()
    assert KeptEvent.objects.get().waits_for
    _tell(cast, contact, {"message": {"mid": "m_first", "text": "Hello"}}, sender="7300000000009999")
    assert _kinds(Message.objects.get(mid="m_first").conversation) == [kind]
    assert not KeptEvent.objects.exists()


# Thread control ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("key", "owner", "control"),
    [
        ("take_thread_control", SUITE, Control.ELSEWHERE), ("pass_thread_control", SUITE, Control.ELSEWHERE),
        ("pass_thread_control", "1200000000000001", Control.HERE), ("pass_thread_control", 1200000000000001, Control.HERE),
        ("pass_thread_control", None, Control.HERE),
    ],
)  # fmt: skip
def test_the_newest_change_tells_who_holds_the_thread(cast, contact, key, owner, control):
    _tell(cast, contact, {key: {"new_owner_app_id": owner}})
    assert cast.conversation(contact).control == control


def test_who_asks_for_the_thread_has_it_not(cast, contact):
    before = cast.conversation(contact).control
    _tell(cast, contact, {"request_thread_control": {"requested_owner_app_id": SUITE}})
    assert cast.conversation(contact).control == before
    assert _kinds(cast.conversation(contact)) == [Kind.CONTROL]


def test_where_a_message_arrives_tells_who_holds_the_thread(cast, contact):
    _tell(cast, contact, {"message": {"mid": "m_1", "text": "To the other app"}}, key="standby")
    assert cast.conversation(contact).control == Control.ELSEWHERE
    _tell(cast, contact, {"message": {"mid": "m_2", "text": "To us"}}, at=_ms() + 1000)
    assert cast.conversation(contact).control == Control.HERE


# Reactions to what is not here ------------------------------------------------------------------------------------
def test_a_reaction_to_a_message_from_before_is_shown_and_opens_the_window(cast, contact):
    _tell(cast, contact, {"reaction": {"mid": "m_before", "action": "react", "emoji": "\U0001f44d"}}, at=_ms() + 1000)
    conversation = cast.conversation(contact)
    assert (_kinds(conversation), conversation.occurrences.get().about) == ([Kind.REACTION], {"emoji": "\U0001f44d"})
    assert conversation.window_cause == "reaction"


def test_a_reaction_is_enough_for_a_conversation(cast, contact):
    _tell(cast, contact, {"reaction": {"mid": "m_before", "emoji": "x"}}, sender="7300000000009999")
    conversation = Conversation.objects.get(contact__external_id="7300000000009999")
    assert (conversation.last_message, conversation.window_cause) == (None, "reaction")


def test_the_newest_reaction_to_it_stands(cast, contact):
    at = _ms()
    for later, emoji in ((2, "y"), (1, "x")):
        _tell(cast, contact, {"reaction": {"mid": "m_before", "emoji": emoji}}, at=at + later)
    assert cast.conversation(contact).occurrences.get().about == {"emoji": "y"}
    _tell(cast, contact, {"reaction": {"mid": "m_before", "action": "unreact"}}, at=at + 3)
    assert cast.conversation(contact).occurrences.get().about["removed"] is True


def test_it_takes_its_place_at_its_message_once_that_is_here(cast, contact):
    _tell(cast, contact, {"reaction": {"mid": "m_late", "emoji": "x"}})
    _tell(cast, contact, {"message": {"mid": "m_late", "text": "Late"}}, at=_ms() - 5000)
    assert _kinds(cast.conversation(contact)) == []
    assert Reaction.objects.get(message__mid="m_late").emoji == "x"
    assert cast.conversation(contact).window_message.mid == "m_late"
