"""What opens Meta's windows, what does not, and what is known of those that an advertisement opened."""

from datetime import timedelta

import pytest

from accounts.models import Account, Grant, Right
from core.clock import now
from inbox.content import Content
from inbox.errors import WindowIsClosed
from inbox.models import Conversation, Dispatch, Message, Occurrence
from inbox.outbox import retry
from inbox.window import WindowState
from inbox.work import work_until_idle

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(params=["amina", "noor"])
def contact(request, cast):
    """Somebody who wrote a minute ago, on each network."""
    return getattr(cast, request.param)


class Phone:
    """The contact's telephone: what they do at Meta, told to us and applied."""

    def __init__(self, cast, contact) -> None:
        self._cast, self._at = cast, (contact.account.external_id, contact.external_id)

    def __getattr__(self, act):
        def do(*arguments, **more):
            result = getattr(self._cast.simulator, act)(*self._at, *arguments, **more)
            self._cast.simulator.settle()
            work_until_idle("ingest")
            return result

        return do


@pytest.fixture
def phone(cast, contact):
    return Phone(cast, contact)


@pytest.fixture
def later(clock):
    """Lets time go by, here and at Meta: the simulator looks at the same clock."""
    return clock.shift


def _said_by_us(cast, contact, text="On its way.") -> Message:
    message = cast.conversation(contact).reply(Content(text=text), by=cast.bob, hold=timedelta(0))
    cast.settle()
    message.refresh_from_db()
    return message


def _state(cast, contact) -> WindowState:
    return cast.conversation(contact).window.state(now())


def test_a_message_opens_it_for_a_day_and_a_person_has_a_week(cast, contact):
    first = cast.write(contact, "Are you open?")
    conversation = cast.conversation(contact)
    assert conversation.window_message.mid == first
    assert (conversation.window_cause, conversation.window_closes_at) == ("message", conversation.window_opened_at + DAY)
    assert conversation.human_until == conversation.window_opened_at + 7 * DAY


@pytest.mark.parametrize(("act", "cause"), [("tap", "postback"), ("follow_link", "referral")])
def test_a_tap_and_a_link_open_it_again_and_give_a_person_no_more_time(cast, contact, phone, later, act, cause):
    cast.write(contact, "Hello")
    human_until = cast.conversation(contact).human_until
    later(25 * HOUR)
    assert _state(cast, contact) == WindowState.CLOSED
    getattr(phone, act)()
    conversation = cast.conversation(contact)
    assert (conversation.window_cause, _state(cast, contact), conversation.human_until) == (cause, WindowState.OPEN, human_until)


def test_a_reaction_opens_it_and_names_the_message(cast, contact, phone, later):
    cast.write(contact, "Hello")
    ours = _said_by_us(cast, contact)
    later(25 * HOUR)
    phone.react(ours.mid)
    conversation = cast.conversation(contact)
    assert (conversation.window_cause, conversation.window_message, _state(cast, contact)) == ("reaction", ours, WindowState.OPEN)


def test_nothing_else_opens_it(cast, contact, phone, later):
    asked = cast.write(contact, "Hello")
    ours = _said_by_us(cast, contact)
    phone.react(ours.mid)
    before = _facts(cast.conversation(contact))
    later(2 * HOUR)
    phone.see()
    phone.edit(asked, "Hello there")
    phone.unreact(ours.mid)
    phone.unsend(asked)
    phone.click_ad()
    phone.answer_elsewhere("From the telephone")
    assert _facts(cast.conversation(contact)) == before


def _facts(conversation: Conversation) -> tuple:
    return conversation.window_cause, conversation.window_opened_at, conversation.window_closes_at, conversation.human_until, conversation.perhaps_until


def test_the_message_after_a_click_on_an_advertisement_opens_it_for_a_day_and_perhaps_a_week(cast, contact, phone, later):
    cast.write(contact, "Hello")
    later(30 * HOUR)
    phone.click_ad(title="Spring sale")
    assert _state(cast, contact) == WindowState.CLOSED
    cast.write(contact, "Is this still on?")
    window = cast.conversation(contact).window
    assert (window.state(now()), window.is_by_ad) == (WindowState.OPEN, True)
    assert window.perhaps_until == window.opened_at + 7 * DAY
    later(25 * HOUR)
    assert _state(cast, contact) == WindowState.PERHAPS
    later(6 * DAY)
    assert _state(cast, contact) == WindowState.CLOSED


def test_a_second_message_after_the_click_moves_only_the_day(cast, contact, phone, later):
    phone.click_ad()
    cast.write(contact, "Is this still on?")
    perhaps = cast.conversation(contact).perhaps_until
    later(2 * HOUR)
    cast.write(contact, "Hello?")
    conversation = cast.conversation(contact)
    assert (conversation.perhaps_until, conversation.window_closes_at) == (perhaps, conversation.window_opened_at + DAY)


def _opened_by_an_ad(cast, contact, phone, later) -> None:
    phone.click_ad()
    cast.write(contact, "Is this still on?")
    later(25 * HOUR)
    assert _state(cast, contact) == WindowState.PERHAPS


def test_a_person_may_let_meta_decide_and_meta_may_say_yes(cast, contact, phone, later):
    cast.simulator.world.set_account(contact.account.external_id, "ad_window_days", 7)
    _opened_by_an_ad(cast, contact, phone, later)
    assert _said_by_us(cast, contact, "Yes, until Sunday.").dispatch.state == Dispatch.State.SENT
    assert [each["text"] for each in cast.received(contact)] == ["Yes, until Sunday."]


def test_when_meta_says_no_it_is_closed_until_the_contact_acts_again(cast, contact, phone, later):
    _opened_by_an_ad(cast, contact, phone, later)
    dispatch = _said_by_us(cast, contact, "Yes, until Sunday.").dispatch
    assert (dispatch.state, dispatch.reason) == (Dispatch.State.FAILED, "window_closed")
    assert (_state(cast, contact), cast.conversation(contact).window.is_refused) == (WindowState.CLOSED, True)
    with pytest.raises(WindowIsClosed):
        retry(dispatch, by=cast.bob)
    later(HOUR)
    cast.write(contact, "Hello?")
    assert (_state(cast, contact), cast.conversation(contact).window.is_refused) == (WindowState.OPEN, False)


def test_an_agent_alone_may_not_let_meta_decide(cast, contact, phone, later):
    _opened_by_an_ad(cast, contact, phone, later)
    Account.objects.filter(pk=contact.account_id).update(agents_may_send=True)
    assert Grant.objects.filter(user=cast.assistant.user, account=contact.account, right=Right.PROPOSE).exists()
    with pytest.raises(WindowIsClosed, match="only a person"):
        cast.conversation(contact).reply(Content(text="Yes"), by=cast.assistant.user)
    assert cast.received(contact) == []


def test_a_person_with_the_feature_needs_no_perhaps(cast, contact, phone, later):
    Account.objects.filter(pk=contact.account_id).update(human_agent_feature=True)
    phone.click_ad()
    cast.write(contact, "Is this still on?")
    later(25 * HOUR)
    assert _state(cast, contact) == WindowState.HUMAN


def test_a_window_that_nobody_saw_open_is_closed_once_meta_says_so(cast, contact):
    Conversation.objects.filter(contact=contact).update(window_cause="", window_opened_at=None, window_message=None, window_closes_at=None, human_until=None)
    assert _state(cast, contact) == WindowState.UNKNOWN
    cast.simulator.fault("window", account=contact.account.external_id)
    _said_by_us(cast, contact)
    assert _state(cast, contact) == WindowState.CLOSED


def test_an_advertisement_inside_the_message_counts_like_a_click(cast, contact):
    cast.write(contact, "Tell me more", referral={"source": "ADS", "ad_id": "1202", "ads_context_data": {"ad_title": "Spring sale"}})
    conversation = cast.conversation(contact)
    assert conversation.window.is_by_ad
    assert Occurrence.objects.get(conversation=conversation).kind == Occurrence.Kind.AD
    assert conversation.last_message.about["referral"]["ad_title"] == "Spring sale"


def test_a_note_to_itself_opens_nothing(cast, contact):
    cast.write(contact, "Hello")
    before = _facts(cast.conversation(contact))
    event = {
        "sender": {"id": contact.external_id}, "recipient": {"id": contact.account.external_id}, "timestamp": int(now().timestamp() * 1000) + 5000,
        "message": {"mid": "m_note", "text": "Remember", "is_self": True},
    }  # fmt: skip
    cast.simulator.announce(contact.account.external_id, event)
    work_until_idle("ingest")
    assert Message.objects.get(mid="m_note").about == {"to_self": True}
    assert _facts(cast.conversation(contact)) == before
