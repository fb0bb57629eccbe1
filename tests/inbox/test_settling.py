"""What becomes of a message of which Meta did not say whether it arrived: found, proven not to be there, or a question for a person."""

from datetime import timedelta
from importlib import import_module
from itertools import pairwise

import httpx
import pytest
from django.apps import apps
from django.conf import settings

from accounts.models import Account, Activity
from core.clock import now
from graph.simulator import SimulatorTransport
from inbox import sending
from inbox.claiming import claim
from inbox.content import Content
from inbox.echo_mark import metadata_for
from inbox.errors import AlreadyMoved, StillFindingOut
from inbox.looking import next_look_due, settle_next
from inbox.looks import Looks, looks, next_look
from inbox.models import Attempt, Conversation, Dispatch, Message, ParkedEcho
from inbox.outbox import cancel, it_arrived, retry, send_again
from inbox.views.finding import Finding
from inbox.work import work_until_idle
from tests.inbox.browsing import HTMX, page
from tests.inbox.handing import hand_over

State = Dispatch.State
SETTLES = timedelta(seconds=180)
A_SECOND = timedelta(seconds=1)


@pytest.fixture(params=["amina", "noor"])
def contact(request, cast):
    return getattr(cast, request.param)


def _reply(cast, contact, text="It is back.") -> Dispatch:
    return cast.conversation(contact).reply(Content(text=text), by=cast.bob).dispatch


def _lost(cast, contact, kind="error_before", text="It is back.") -> Dispatch:
    """One whose call was lost: with "…_before" it did not arrive, with "…_after" it did."""
    cast.simulator.set_echo(contact.account.external_id, "never")
    cast.simulator.fault(kind, account=contact.account.external_id)
    dispatch = _reply(cast, contact, text)
    work_until_idle("dispatch")
    assert _after(dispatch).state == State.UNKNOWN
    return _after(dispatch)


def _after(dispatch: Dispatch) -> Dispatch:
    return Dispatch.objects.select_related("message").get(pk=dispatch.pk)


def _told(dispatch: Dispatch) -> tuple[str, str]:
    return _after(dispatch).state, _after(dispatch).reason


def _look(clock, *seconds: float) -> None:
    """Let so much time pass, once after the other, and have done what is due then."""
    for each in seconds:
        clock.shift(timedelta(seconds=each))
        work_until_idle("sweep", "settle")


def _echo(cast, contact, mid: str, text: str, *, at=None, metadata: str = "") -> None:
    account = contact.account.external_id
    message = {"mid": mid, "text": text, "is_echo": True} | ({"metadata": metadata} if metadata else {})
    event = {"sender": {"id": account}, "recipient": {"id": contact.external_id}, "timestamp": int((at or now()).timestamp() * 1000), "message": message}
    cast.simulator.announce(account, event)
    work_until_idle("ingest")


def _reads(cast) -> int:
    return cast.simulator.counts().get("GET conversations", 0)


def _ours(cast, contact) -> list[Message]:
    return list(cast.conversation(contact).messages.filter(direction="out").order_by("pk"))


# When ---------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("settles", [2, 5, 180, 3600])
def test_the_thread_is_read_soon_and_ever_more_rarely_and_twice_when_it_can_be_proof(settles):
    plan = Looks(timedelta(seconds=settles))
    moments = list(plan)
    before, after = [m for m in moments if m < plan.settles], [m for m in moments if m > plan.settles]
    assert moments[0] <= 5 * A_SECOND and plan.settles in moments
    assert [b - a for a, b in pairwise(before)] == sorted(b - a for a, b in pairwise(before))
    assert [b - a for a, b in pairwise(after)] == sorted(b - a for a, b in pairwise(after))
    assert plan.settles < after[0] <= plan.settles + max(A_SECOND, plan.settles / 12)
    assert timedelta(days=6) < moments[-1] <= timedelta(days=7)
    assert len(moments) < 80


def test_half_a_proof_is_completed_however_late_it_is():
    since = now()
    late = since + timedelta(days=9)
    assert next_look(since, at=late) is None
    assert next_look(since, at=late, absences=1) == late + looks().pause


def test_one_reading_serves_all_that_is_unknown_in_a_conversation(cast, contact, clock):
    for text in ("One", "Two"):
        _lost(cast, contact, text=text)
        clock.shift(timedelta(seconds=61))
    before = _reads(cast)
    assert settle_next()
    assert _reads(cast) == before + 1
    assert set(Dispatch.objects.values_list("thread_matches", "looks")) == {(0, 1)}


def test_a_second_conversation_of_an_account_waits_for_metas_pace_and_another_account_does_not(cast, clock):
    zoe = cast.simulator.add_contact(cast.shop.external_id, "Zoe", username="zoe")
    cast.simulator.write(cast.shop.external_id, zoe, text="Hello?")
    work_until_idle("ingest")
    for contact in (cast.amina, Conversation.objects.get(contact__external_id=zoe).contact, cast.noor):
        _lost(cast, contact)
    clock.move_to(now() + timedelta(seconds=6), tick=False)
    assert [settle_next(), settle_next(), settle_next()] == [True, True, False]
    assert set(Dispatch.objects.filter(looks=1).values_list("account", flat=True)) == {cast.shop.pk, cast.studio.pk}
    assert next_look_due(now()) == now() + timedelta(seconds=0.5)
    clock.shift(timedelta(seconds=0.5))
    assert settle_next()
    assert not Dispatch.objects.filter(looks=0).exists()


def test_while_one_account_is_read_nobody_else_reads_it(cast, clock):
    _lost(cast, cast.amina)
    clock.shift(timedelta(seconds=6))
    Account.objects.filter(pk=cast.shop.pk).update(read_free_at=now() + timedelta(seconds=15))
    assert not settle_next()
    clock.shift(timedelta(seconds=16))
    assert settle_next()


def test_the_sweep_never_talks_to_meta(cast, contact, clock):
    _lost(cast, contact)
    before = len(cast.simulator.requests())
    clock.shift(timedelta(hours=1))
    work_until_idle("sweep")
    assert len(cast.simulator.requests()) == before


def test_a_broken_account_is_not_read_and_goes_on_once_it_is_mended(cast, contact, clock):
    dispatch = _lost(cast, contact, "drop_after")
    account = Account.objects.get(pk=contact.account_id)
    account.break_down(Account.State.NEEDS_RECONNECT, reason="token_dead", at=now())
    before = _reads(cast)
    _look(clock, 6, 600, 8 * 86_400)
    assert (_reads(cast), _after(dispatch).state) == (before, State.UNKNOWN)
    account.mend(at=now())
    work_until_idle("settle")
    assert _after(dispatch).state == State.SENT


def test_a_look_with_a_dead_token_is_made_once_there_is_another(cast, contact, clock):
    dispatch = _lost(cast, contact, "drop_after")
    cast.simulator.fault("token_dead", route="conversations", account=contact.account.external_id)
    _look(clock, 6)
    assert Account.objects.get(pk=contact.account_id).state == Account.State.NEEDS_RECONNECT
    assert _after(dispatch).look_due_at <= now() + timedelta(seconds=15)
    Account.objects.get(pk=contact.account_id).mend(at=now())
    _look(clock, 16)
    assert _after(dispatch).state == State.SENT


# Found ----------------------------------------------------------------------------------------------------------------
def test_two_different_messages_that_are_both_there_are_both_found(cast, contact, clock):
    first = _lost(cast, contact, "drop_after", "One")
    clock.shift(timedelta(seconds=61))
    second = _lost(cast, contact, "drop_after", "Two")
    _look(clock, 6)
    assert [_after(each).state for each in (first, second)] == [State.SENT, State.SENT]
    assert [message.mid for message in _ours(cast, contact)] == [message["mid"] for message in cast.received(contact)]


def test_identical_messages_are_left_to_a_person_who_is_told_how_many_there_are(cast, contact, clock):
    both = []
    for kind in ("error_before", "drop_after"):
        both.append(_lost(cast, contact, kind, "Same words"))
        clock.shift(timedelta(seconds=61))
    _look(clock, 0, 200, 20)
    assert [(each.state, each.thread_matches) for each in map(_after, both)] == [(State.UNKNOWN, 1), (State.UNKNOWN, 1)]
    it_arrived(both[0], by=cast.bob)
    _look(clock, 600, 600)
    assert _after(both[1]).state == State.UNKNOWN


# Proven not to be there -------------------------------------------------------------------------------------------------
def test_what_two_readings_do_not_show_once_meta_cannot_deliver_it_did_not_arrive(cast, contact, clock):
    dispatch = _lost(cast, contact)
    _look(clock, 6, 60, 100)
    assert (_told(dispatch), _after(dispatch).absences) == ((State.UNKNOWN, "no_answer"), 0)
    _look(clock, 15)
    assert (_told(dispatch), _after(dispatch).absences) == ((State.UNKNOWN, "no_answer"), 1)
    _look(clock, 16)
    assert _told(dispatch) == (State.FAILED, "not_there")
    after = _after(dispatch)
    assert (after.look_due_at, after.unknown_since, after.absences) == (None, None, 2)
    assert after.attempts.get().outcome == Attempt.Outcome.NOT_SENT
    assert Activity.objects.filter(verb="message.failed", details__reason="not_there").count() == 1


@pytest.mark.parametrize("seconds", [5, 30])
def test_everything_is_quick_where_meta_settles_quickly(cast, contact, clock, settings, seconds):
    settings.SETTLE_SECONDS = seconds
    dispatch = _lost(cast, contact)
    _look(clock, *[0.5] * 2 * (seconds + 4))
    assert _told(dispatch) == (State.FAILED, "not_there")


def _from_elsewhere(cast, contact, text):
    """In the thread, and no webhook has told of it yet."""
    cast.simulator.answer_elsewhere(contact.account.external_id, contact.external_id, text)


def _many_lines(cast, contact):
    for number in range(20):
        cast.simulator.write(contact.account.external_id, contact.external_id, text=f"Line {number}")
    work_until_idle("ingest")


def _not_heard(cast, contact):
    """The contact wrote meanwhile, and the thread is one of before that."""
    message = cast.conversation(contact).messages.first()
    Message.objects.create(
        account=contact.account, conversation=message.conversation, direction="in", source="contact", mid="m_notinthethread1", at=now(), received_at=now(),
        text="And?", opens_as="message",
    )  # fmt: skip


def _parked(cast, contact):
    known = {"conversation": cast.conversation(contact), "mid": "m_1parked", "parked_at": now()}
    ParkedEcho.objects.create(at=now() + timedelta(hours=1), text="it is back in stock", **known)
    # Somebody is on the way, so it stays.
    other = _reply(cast, contact, "Other")
    Dispatch.objects.filter(pk=other.pk).update(state=State.SENDING, handed_over_at=now(), lease_until=now() + timedelta(days=1))


SPEAKS_AGAINST_IT = {
    "other signs": lambda cast, contact: _from_elsewhere(cast, contact, "it is BACK in stock"),
    "cut off": lambda cast, contact: _from_elsewhere(cast, contact, "It is back in stock. And more than before"),
    "not so far back": _many_lines,
    "not up to date": _not_heard,
    "parked": _parked,
}  # fmt: skip


@pytest.mark.parametrize("what", SPEAKS_AGAINST_IT)
def test_in_doubt_nothing_is_proven(cast, contact, clock, what):
    dispatch = _lost(cast, contact, text="It is back in stock")
    clock.shift(timedelta(seconds=2))
    SPEAKS_AGAINST_IT[what](cast, contact)
    _look(clock, 180, 16, 16, 600)
    assert (_after(dispatch).state, _after(dispatch).absences) == (State.UNKNOWN, 0)


@pytest.mark.parametrize("kind", ["error_before", "drop_before", "html", "not_json", "rate_limited"])
def test_a_thread_that_cannot_be_read_proves_nothing_and_says_why(cast, contact, clock, kind):
    dispatch = _lost(cast, contact)
    _look(clock, 181)
    assert _after(dispatch).absences == 1
    cast.simulator.fault(kind, route="conversations", account=contact.account.external_id, seconds=1)
    _look(clock, 16)
    assert (_after(dispatch).state, _after(dispatch).absences) == (State.UNKNOWN, 0)
    assert _after(dispatch).thread_trouble in ("unavailable", "not_reached", "throttled")
    _look(clock, 40, 60, 60)
    assert _told(dispatch) == (State.FAILED, "not_there")


class Lines(httpx.BaseTransport):
    """The simulator with threads as `change` makes them."""

    def __init__(self, simulator, change):
        self.below, self.change = SimulatorTransport(simulator), change

    def handle_request(self, request):
        response = self.below.handle_request(request)
        if request.url.path.endswith("/conversations"):
            told = response.json()
            for thread in told["data"]:
                thread["messages"]["data"] = self.change(thread["messages"]["data"], thread)
            return httpx.Response(200, json=told)
        return response


def _line(**fields):
    return {"id": "m_ofunknownorigin1", "created_time": now().strftime("%Y-%m-%dT%H:%M:%S+0000")} | fields


def _account_of(thread):
    return thread["participants"]["data"][1]


THREADS = {
    "empty": lambda lines, thread: [],
    "nobody said who wrote it": lambda lines, thread: [_line(message="It is back"), *lines],
    "media": lambda lines, thread: [_line(**{"from": _account_of(thread), "message": "", "is_unsupported": True}), *lines],
    "clock behind": lambda lines, thread: [
        _line(**{"from": _account_of(thread), "message": "it is back", "created_time": (now() - timedelta(seconds=250)).strftime("%Y-%m-%dT%H:%M:%S+0000")}),
        *lines,
    ],
    "a line without an id": lambda lines, thread: [{"message": "?"}, *lines],
}  # fmt: skip


@pytest.mark.parametrize("how", THREADS)
def test_a_thread_that_may_hide_it_proves_nothing(cast, contact, clock, settings, how):
    dispatch = _lost(cast, contact, text="It is back")
    settings.GRAPH_TRANSPORT = Lines(cast.simulator, THREADS[how])
    _look(clock, 181, 20, 20)
    assert (_after(dispatch).state, _after(dispatch).absences) == (State.UNKNOWN, 0)
    settings.GRAPH_TRANSPORT = SimulatorTransport(cast.simulator)
    _look(clock, 60, 60, 60)
    assert _told(dispatch) == (State.FAILED, "not_there")


def test_other_words_from_elsewhere_are_no_doubt(cast, contact, clock):
    dispatch = _lost(cast, contact)
    cast.simulator.answer_elsewhere(contact.account.external_id, contact.external_id, "A colleague says hello to you")
    work_until_idle("ingest")
    _look(clock, 181, 16)
    assert _told(dispatch) == (State.FAILED, "not_there")


def test_what_messenger_says_that_another_app_wrote_is_no_doubt(cast, clock):
    dispatch = _lost(cast, cast.amina)
    cast.simulator.answer_elsewhere(cast.shop.external_id, cast.amina.external_id, "it is back")
    work_until_idle("ingest")
    _look(clock, 181, 16)
    assert _told(dispatch) == (State.FAILED, "not_there")


def test_a_second_call_that_is_not_there_does_not_hide_a_first_that_is(cast, contact, clock):
    """The first call arrived, its line was cut off by the time of the second."""
    dispatch = _lost(cast, contact, "drop_after")
    clock.shift(timedelta(minutes=20))
    send_again(dispatch, by=cast.bob)
    cast.simulator.fault("error_before", account=contact.account.external_id)
    work_until_idle("dispatch")
    _look(clock, 6)
    assert (_told(dispatch), len(cast.received(contact))) == ((State.SENT, ""), 1)


# Told late ----------------------------------------------------------------------------------------------------------------
def _not_there(cast, contact, clock, text="It is back.") -> Dispatch:
    dispatch = _lost(cast, contact, text=text)
    _look(clock, 181, 16)
    assert _told(dispatch) == (State.FAILED, "not_there")
    return _after(dispatch)


def _called_at(dispatch):
    return dispatch.attempts.order_by("number").first().started_at + A_SECOND


def test_the_echo_of_what_was_not_there_still_finds_it(cast, contact, clock):
    dispatch = _not_there(cast, contact, clock)
    _echo(cast, contact, "m_late1", "It is back.", at=_called_at(dispatch))
    assert (_told(dispatch), [each.mid for each in _ours(cast, contact)]) == ((State.SENT, ""), ["m_late1"])
    assert dispatch.attempts.get().outcome == Attempt.Outcome.ACCEPTED


def test_an_echo_after_the_retry_keeps_it_from_leaving_twice(cast, contact, clock):
    dispatch = _not_there(cast, contact, clock)
    retry(dispatch, by=cast.bob)
    _echo(cast, contact, "m_late1", "It is back.", at=_called_at(dispatch))
    work_until_idle("dispatch")
    assert (_told(dispatch), cast.received(contact)) == ((State.SENT, ""), [])


def test_both_echoes_of_a_retry_are_two_messages(cast, contact, clock):
    dispatch = _not_there(cast, contact, clock)
    retry(dispatch, by=cast.bob)
    cast.settle()
    sent = cast.received(contact)[0]
    _echo(cast, contact, "m_late1", "It is back.", at=_called_at(dispatch))
    _echo(cast, contact, sent["mid"], "It is back.")
    _look(clock, 200)
    assert {each.mid for each in _ours(cast, contact)} == {"m_late1", sent["mid"]}
    assert not ParkedEcho.objects.filter(settled_at=None).exists()


def test_both_echoes_of_two_lost_calls_are_two_messages(cast, contact, clock):
    dispatch = _not_there(cast, contact, clock)
    retry(dispatch, by=cast.bob)
    cast.simulator.fault("drop_after", account=contact.account.external_id)
    work_until_idle("dispatch")
    assert _after(dispatch).state == State.UNKNOWN
    sent = cast.received(contact)[0]
    for mid, at in (("m_late1", _called_at(dispatch)), (sent["mid"], now())):
        _echo(cast, contact, mid, "It is back.", at=at)
    _look(clock, 200)
    assert (_told(dispatch), {each.mid for each in _ours(cast, contact)}) == ((State.SENT, ""), {"m_late1", sent["mid"]})


def test_one_late_echo_for_two_that_were_not_there_asks_a_person_again(cast, clock):
    both = []
    for _number in range(2):
        both.append(_lost(cast, cast.noor, text="Same words"))
        clock.shift(timedelta(seconds=61))
    _look(clock, 130, 16, 60, 60)
    assert [_told(each) for each in both] == [(State.FAILED, "not_there")] * 2
    _echo(cast, cast.noor, "ig_late1", "Same words", at=_called_at(both[0]) + timedelta(seconds=30))
    assert [_after(each).state for each in both] == [State.UNKNOWN] * 2
    it_arrived(both[1], by=cast.bob)
    assert all(_after(each).asks(now()) for each in both[:1])


def test_a_message_of_which_the_first_echo_was_ours_keeps_the_second_as_its_own_line(cast, contact, clock):
    """An answer that comes after the echo of an earlier call must not swallow the line of the second."""
    dispatch = _lost(cast, contact)
    clock.shift(SETTLES)
    send_again(dispatch, by=cast.bob)
    claimed = claim("worker", at=now())
    attempt = hand_over(claimed)
    _echo(cast, contact, "m_first1", "It is back.", at=_called_at(dispatch), metadata=metadata_for(dispatch.public_id))
    if contact == cast.amina:
        _echo(cast, contact, "m_second1", "It is back.", metadata=metadata_for(dispatch.public_id))
    sending._record_accepted(claimed, attempt, sending.Sent("m_second1", "", ""))
    if contact == cast.noor:
        _echo(cast, contact, "m_second1", "It is back.")
    work_until_idle("sweep")
    assert {each.mid for each in _ours(cast, contact)} == {"m_first1", "m_second1"}


# Nothing else can send it again -------------------------------------------------------------------------------------------
def test_it_is_not_sent_again_before_meta_cannot_deliver_it_any_more(cast, contact, clock):
    dispatch = _lost(cast, contact)
    with pytest.raises(StillFindingOut):
        send_again(dispatch, by=cast.bob)
    clock.shift(SETTLES)
    send_again(dispatch, by=cast.bob)
    assert _after(dispatch).state == State.QUEUED


@pytest.mark.parametrize("verb", [retry, cancel])
def test_no_other_verb_moves_what_nobody_knows(cast, contact, clock, verb):
    dispatch = _lost(cast, contact)
    clock.shift(SETTLES)
    with pytest.raises(AlreadyMoved):
        verb(dispatch, by=cast.bob)
    assert _after(dispatch).state == State.UNKNOWN


def test_what_does_not_leave_a_second_time_is_as_unknown_as_before(cast, contact, clock):
    """Cancelled, refused or stale, the second call says nothing about the first."""
    dispatch = _lost(cast, contact, "drop_after")
    first = dispatch.attempts.get()
    for end in ("cancelled", "refused", "window"):
        clock.shift(SETTLES)
        send_again(dispatch, by=cast.bob)
        if end == "cancelled":
            cancel(dispatch, by=cast.bob)
        elif end == "refused":
            cast.simulator.fault("unavailable", account=contact.account.external_id)
        else:
            Conversation.objects.update(window_refused_at=now() + timedelta(minutes=1))
        work_until_idle("dispatch")
        after = _after(dispatch)
        assert (after.state, after.handed_over_at, after.asks(now())) == (State.UNKNOWN, first.started_at, True)
    work_until_idle("settle")
    assert (_told(dispatch), len(cast.received(contact))) == ((State.SENT, ""), 1)


def test_a_dead_workers_message_is_unknown_before_half_a_minute_is_over(cast, contact, clock):
    _reply(cast, contact)
    dispatch = claim("a worker that dies", at=now())
    hand_over(dispatch)
    clock.shift(timedelta(seconds=settings.LEASE_SECONDS + 5))
    work_until_idle("sweep")
    assert _told(dispatch) == (State.UNKNOWN, "crashed")
    assert _after(dispatch).look_due_at == _after(dispatch).unknown_since + 5 * A_SECOND


# The screen -----------------------------------------------------------------------------------------------------------------
def test_until_then_the_page_says_that_it_is_being_found_out(cast, contact, clock, sign_in):
    dispatch, bob = _lost(cast, contact, "error_before"), sign_in(cast.bob)
    opened = cast.conversation(contact)
    shown = page(bob, opened.get_absolute_url())
    assert "Countersign is finding out." in shown and "has not been read yet" in shown
    assert ">It arrived<" in shown and ">Send again<" not in shown
    _look(clock, 6)
    shown = page(bob, opened.get_absolute_url())
    assert "No message like this was in it." in shown and "The last call to Meta began at" in shown
    address = f"/dispatches/{dispatch.public_id}/settlement/"
    refused = bob.post(address, {"outcome": "again"}, headers=HTMX)
    assert refused.status_code == 422 and "still finding out" in refused.headers["HX-Trigger"]


def test_the_page_looks_again_when_a_person_is_asked(cast, contact, clock, sign_in):
    dispatch, bob = _lost(cast, contact), sign_in(cast.bob)
    opened = cast.conversation(contact)
    asks_ms = int(dispatch.asks_at.timestamp() * 1000)
    assert f'data-asks="{asks_ms}"' in page(bob, opened.get_absolute_url())
    address = f"{opened.get_absolute_url()}messages/?screen={opened.screen}&window=open&asks={asks_ms}"
    assert bob.get(address, headers=HTMX).status_code == 204
    clock.shift(SETTLES)
    shown = page(bob, address, headers=HTMX)
    assert ">Send again<" in shown and "data-asks" not in shown


def test_what_was_not_there_can_be_tried_again_and_shows_why(cast, contact, clock, sign_in):
    dispatch, bob = _not_there(cast, contact, clock), sign_in(cast.bob)
    shown = page(bob, cast.conversation(contact).get_absolute_url())
    assert "it did not arrive" in shown and "No message like this was in it." in shown and "Retry" in shown
    retry(dispatch, by=cast.bob)
    cast.settle()
    assert (_told(dispatch), len(cast.received(contact))) == ((State.SENT, ""), 1)


def _page(cast, contact, sign_in) -> str:
    return page(sign_in(cast.bob), cast.conversation(contact).get_absolute_url())


DOUBTS = {
    "empty": (lambda lines, thread: [], "Meta showed no messages of it."),
    "short": (lambda lines, thread: [_line(**{"from": _account_of(thread), "message": "Quite another thing"})], "does not reach back to the call."),
    "behind": (THREADS["a line without an id"], "What Meta showed of it was not complete."),
    "unclear": (lambda lines, thread: [_line(message="it is BACK!"), *lines], "Something in it may be this message in another form."),
}  # fmt: skip


@pytest.mark.parametrize("doubt", DOUBTS)
def test_what_a_reading_left_in_doubt_stays_in_doubt_when_the_next_one_fails(cast, contact, clock, settings, sign_in, doubt):
    change, sentence = DOUBTS[doubt]
    dispatch = _lost(cast, contact, text="It is back")
    settings.GRAPH_TRANSPORT = Lines(cast.simulator, change)
    _look(clock, 181)
    settings.GRAPH_TRANSPORT = SimulatorTransport(cast.simulator)
    cast.simulator.fault("drop_before", route="conversations", account=contact.account.external_id)
    _look(clock, 16)
    assert (_after(dispatch).thread_doubt, _after(dispatch).thread_trouble) == (doubt, "not_reached")
    shown = _page(cast, contact, sign_in)
    assert sentence in shown and "it could not be: Meta could not be reached." in shown
    assert "No message like this was in it." not in shown
    _look(clock, 40, 60, 60)
    assert (_told(dispatch), _after(dispatch).thread_doubt) == ((State.FAILED, "not_there"), "")


def test_a_doubt_ends_with_the_call_that_it_was_about(cast, contact, clock, settings):
    dispatch = _lost(cast, contact, text="It is back")
    settings.GRAPH_TRANSPORT = Lines(cast.simulator, THREADS["empty"])
    _look(clock, 181)
    assert _after(dispatch).thread_doubt == "empty"
    send_again(dispatch, by=cast.bob)
    assert (_after(dispatch).thread_doubt, _after(dispatch).thread_read_at) == ("", None)


def test_the_call_that_was_lost_is_told_beside_a_later_one_that_meta_did_not_take(cast, contact, clock, sign_in):
    dispatch = _lost(cast, contact)
    clock.shift(SETTLES)
    send_again(dispatch, by=cast.bob)
    cast.simulator.fault("rate_limited", account=contact.account.external_id, seconds=60)
    work_until_idle("dispatch")
    cancel(dispatch, by=cast.bob)
    assert [call.outcome for call in _after(dispatch).attempts.order_by("number")] == [Attempt.Outcome.UNKNOWN, Attempt.Outcome.NOT_SENT]
    sentences = Finding(_after(dispatch), cast.conversation(contact), now()).sentences
    assert sentences[0].startswith("An earlier call to Meta began at ") and "does not say whether Meta took it (HTTP 5" in sentences[0]
    assert sentences[1].startswith("The last call to Meta began at ") and sentences[1].endswith("; Meta did not take it (HTTP 429).")
    assert "An earlier call to Meta began at" in _page(cast, contact, sign_in)


def test_a_later_call_that_did_not_reach_meta_hides_no_lost_one(cast, contact, clock):
    dispatch = _lost(cast, contact)
    clock.shift(SETTLES)
    send_again(dispatch, by=cast.bob)
    cast.simulator.fault("drop_before", account=contact.account.external_id)
    work_until_idle("dispatch")
    cancel(dispatch, by=cast.bob)
    earlier, last, *_rest = Finding(_after(dispatch), cast.conversation(contact), now()).sentences
    assert earlier.startswith("An earlier call") and last.endswith("; Meta could not be reached.")
    Attempt.objects.filter(number=2).update(error="Stalled", duration_ms=None)
    only, reading, *_rest = Finding(_after(dispatch), cast.conversation(contact), now()).sentences
    assert only.startswith("The last call to Meta began at ") and "HTTP 5" in only and "has not been read yet" in reading


def test_doubts_of_earlier_versions_are_moved_to_their_own_column_and_back(cast):
    apart = import_module("inbox.migrations.0007_doubts_are_moved")
    dispatch = _lost(cast, cast.amina)
    Dispatch.objects.update(thread_read_at=now(), thread_matches=0, thread_trouble="unclear")
    apart.keep_apart(apps, None)
    assert (_after(dispatch).thread_doubt, _after(dispatch).thread_trouble) == ("unclear", "")
    apart.put_together(apps, None)
    assert _after(dispatch).thread_trouble == "unclear"
    Dispatch.objects.update(thread_doubt="", thread_trouble="not_reached")
    apart.keep_apart(apps, None)
    assert (_after(dispatch).thread_doubt, _after(dispatch).thread_trouble) == ("", "not_reached")


# Every order ------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("choice", ["", "arrived", "again"])
@pytest.mark.parametrize("read_first", [True, False], ids=["read before the echo", "read after it"])
@pytest.mark.parametrize("echo", ["never", "after", "before", "twice"])
@pytest.mark.parametrize("call", ["drop_after", "error_after", "error_before", "crash before", "crash after"])
def test_in_whatever_order_it_comes_the_end_agrees_with_what_meta_has(cast, contact, clock, call, echo, read_first, choice):
    account = contact.account.external_id
    cast.simulator.set_echo(account, echo)
    dispatch = _call(cast, contact, call)
    steps = [lambda: _look(clock, 6), lambda: (cast.simulator.settle(), work_until_idle("ingest"))]
    for step in steps if read_first else reversed(steps):
        step()
    clock.shift(SETTLES)
    chosen = _choose(cast, _after(dispatch), choice)
    cast.settle()
    _look(clock, 20, 20, 20, 200)
    cast.settle()
    at_meta = cast.received(contact)
    after = _after(dispatch)
    believed = 1 if after.state == State.SENT else 0
    shown = [message for message in _ours(cast, contact) if message.mid]
    assert not ParkedEcho.objects.filter(settled_at=None).exists()
    if chosen == "arrived":
        assert after.state == State.SENT
        return
    assert after.state in (State.SENT, State.FAILED)
    assert believed == min(1, len(at_meta))
    assert {message.mid for message in shown} <= {message["mid"] for message in at_meta}
    assert len(at_meta) <= (2 if chosen == "again" else 1)


def _call(cast, contact, call: str) -> Dispatch:
    if not call.startswith("crash"):
        cast.simulator.fault(call, account=contact.account.external_id)
        dispatch = _reply(cast, contact)
        work_until_idle("dispatch")
        return dispatch
    dispatch = _reply(cast, contact)
    claimed = claim("a worker that dies", at=now())
    hand_over(claimed)
    if call == "crash after":
        client = sending._client(claimed)
        client.send(Content.of(claimed.message).outgoing([]), to=contact.external_id, metadata=metadata_for(dispatch.public_id))
    Dispatch.objects.filter(pk=dispatch.pk).update(lease_until=now() - A_SECOND)
    work_until_idle("sweep")
    return dispatch


def _choose(cast, dispatch: Dispatch, choice: str) -> str:
    """What the person does who is asked; where nobody is, nothing."""
    if dispatch.state != State.UNKNOWN or not choice:
        return ""
    {"arrived": it_arrived, "again": send_again}[choice](dispatch, by=cast.bob)
    return choice
