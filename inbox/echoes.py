"""Meta tells us of a message from our side: one of ours, or one written in another app of the account.

Messenger returns our `metadata`, which names the dispatch. Instagram returns nothing of ours, and its echo can come before the answer
to our call; so while one of ours is on its way an unmatched echo is parked, and settles a dispatch only when it fits no other, and there
was a call of it for every echo that fits it. Everything else is left to a person (Meta, Instagram Platform, webhooks, "message echoes").
"""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, Prefetch, Q

from accounts.models import Account, Activity
from core.clock import now
from graph import events
from graph.networks import Network
from graph.payloads import Link
from inbox import arrivals
from inbox.again import message_has_come
from inbox.arrivals import Bearer
from inbox.echo_mark import metadata_of
from inbox.looks import lost
from inbox.models import Attempt, Conversation, Dispatch, Message, ParkedEcho, WebhookDelivery
from inbox.models.contact import CLOCKS_DIFFER
from inbox.recording import record_sent
from inbox.searching import note_messages

State = Dispatch.State
# Where the call that was made last says whether it may have arrived.
_OPEN = (State.SENDING, State.UNKNOWN, State.SENT)


def message_echoed(account: Account, event: events.MessageEchoed, delivery: WebhookDelivery) -> None:
    at = event.at or delivery.received_at
    conversation = arrivals.locked_conversation(account, event.contact_id or "", at)
    known = Message.objects.filter(account=account, mid=event.mid).first()
    dispatch = _named_by(conversation, event.metadata)
    # A thread that was read names nobody, so what is one of ours may stand here as written elsewhere; the two become one.
    if known is not None and (dispatch is None or known.source != Message.Source.ELSEWHERE):
        return _confirm(conversation, known, delivery, at)
    if dispatch:
        record_sent(conversation, dispatch, mid=event.mid, at=at, how="echo")
        return arrivals.remember_delivery(Message.objects.get(pk=dispatch.message_id), delivery.pk)
    place(conversation, event, delivery, at=at)


def place(conversation: Conversation, event: events.MessageEchoed, bearer: Bearer, *, at: datetime, is_history: bool = False) -> None:
    """Find out whether a message that nothing names is one of ours; as long as that cannot be told, it stays parked."""
    is_foreign = _is_foreign(conversation.account, event)
    if not is_foreign and _may_be_erased(conversation, at):
        return _bury(conversation, event, bearer, at)
    echo = _park(conversation, event, bearer, at, is_history=is_history)
    if is_foreign:
        _keep_as_elsewhere(conversation, echo)
    settle_parked(conversation)


def may_be_ours(conversation: Conversation) -> bool:
    """Whether there is any message of ours in it whose id at Meta we do not know."""
    return conversation.dispatches.filter(message__mid="").exists()


def outgoing(conversation: Conversation, event: events.MessageEchoed, bearer: Bearer, *, at: datetime, is_history: bool) -> Message:
    """The row of a message from our side that cannot be one of ours, so it need not be parked; to be stored, and then taken in."""
    return _written_elsewhere(conversation, ParkedEcho(conversation=conversation, mid=event.mid, **_as_parked(event, bearer, at, is_history=is_history)))


def take_its_time(conversation: Conversation, message: Message, at: datetime) -> bool:
    """The message came after its own unsend: when it was written is known now. False where that was known."""
    if not message.about.get("unseen"):
        return False
    Message.objects.filter(pk=message.pk).update(at=at, about={})
    conversation.find_newest()
    return True


def settle_parked(conversation: Conversation) -> None:
    """Tell the parked echoes of this locked conversation apart, as far as the facts allow."""
    parked = list(conversation.parked_echoes.filter(settled_at=None))
    if not parked:
        return  # after nearly every send
    ours = without_mid(conversation)
    someone_is_on_the_way = any(_is_on_the_way(dispatch) for dispatch in ours)
    fitting = {echo.pk: [dispatch for dispatch in ours if fits(echo, dispatch)] for echo in parked}
    for echo in parked:
        candidates = fitting[echo.pk]
        if Message.objects.filter(account=conversation.account, mid=echo.mid).exists():
            _settle(echo, "matched")
        elif not candidates and not someone_is_on_the_way:
            _keep_as_elsewhere(conversation, echo)
        elif len(candidates) == 1 and not _is_being_called(candidates[0]) and _has_a_call_for_each(candidates[0], list(fitting.values())):
            record_sent(conversation, candidates[0], mid=echo.mid, at=echo.at, how="echo" if "delivery" in echo.about else "thread")
            arrivals.remember_delivery(Message.objects.get(pk=candidates[0].message_id), echo.about.get("delivery"))
            _settle(echo, "matched")
            # What it was is known now, and so is what the others can be.
            return settle_parked(conversation)
        else:
            _doubt(conversation, candidates)


def without_mid(conversation: Conversation) -> list[Dispatch]:
    """Ours that Meta may have and whose id we do not know, each with its `calls`: on their way, unknown, called arrived by a person, not found in the
    thread, or about to be sent once more."""
    called = Attempt.objects.may_have_arrived()
    rows = conversation.dispatches.filter(Q(state__in=_OPEN) | Exists(called.filter(dispatch=OuterRef("pk"))), message__mid="")
    return list(rows.select_related("message").prefetch_related("message__attachments", Prefetch("attempts", queryset=called, to_attr="calls")))


def calls_of(dispatch: Dispatch) -> list[datetime]:
    """When it was handed to Meta, each time that it may have arrived; of one of `without_mid`."""
    calls = {call.started_at for call in getattr(dispatch, "calls", ())}
    return sorted(calls | {dispatch.handed_over_at} if dispatch.handed_over_at and dispatch.state in _OPEN else calls)


def fits(echo: ParkedEcho, dispatch: Dispatch) -> bool:
    """Whether this echo could be this dispatch: what was said, and when."""
    return is_in_time(echo.at, dispatch) and looks_like(dispatch.message, text=echo.text, kinds=[each["kind"] for each in echo.attachments])


def is_in_time(at: datetime, dispatch: Dispatch) -> bool:
    """Whether Meta may have got it then. Before a call has begun it cannot tell of it."""
    return any(call - CLOCKS_DIFFER <= at <= call + _late() for call in calls_of(dispatch))


def _late() -> timedelta:
    """A call that was lost may be carried out late."""
    return timedelta(seconds=settings.SETTLE_SECONDS) + CLOCKS_DIFFER


def looks_like(message: Message, *, text: str, kinds: list[str]) -> bool:
    """Whether an echo or a line of the thread with this text and these attachments can be this message of ours."""
    if message.removed_at:
        return False
    if message.link:
        link = Link(**message.link)
        return text.strip() == link.words.strip() if link.plain else not text and (not kinds or "card" in kinds)
    if message.text:
        return text.strip() == message.text.strip() and not kinds
    ours = [attachment.kind for attachment in message.attachments.all()]
    return not text and sorted(kinds) == sorted(ours)


def _named_by(conversation: Conversation, metadata: str) -> Dispatch | None:
    """The dispatch whose mark Messenger returned. Only one of this conversation counts: others' apps can write metadata too."""
    public_id = metadata_of(metadata)
    # One that has its id at Meta already is another copy: shown as what it is, a second message.
    rows = Dispatch.objects.select_related("message").filter(conversation=conversation, public_id=public_id, message__mid="")
    return rows.first() if public_id else None


def _is_foreign(account: Account, event: events.MessageEchoed) -> bool:
    """Messenger names the app that sent; another one's message is none of ours, whatever it says."""
    return account.network == Network.MESSENGER and event.app_id not in ("", account.meta_app.app_id)


def _may_be_erased(conversation: Conversation, at: datetime) -> bool:
    """Whether this may be one of ours that was erased before Meta told its id. Its words are gone, so nothing can be compared."""
    erased = conversation.dispatches.filter(message__mid="", message__removed_at__isnull=False)
    return erased.filter(handed_over_at__gte=at - _late(), handed_over_at__lte=at + CLOCKS_DIFFER).exists()


def _bury(conversation: Conversation, event: events.MessageEchoed, bearer: Bearer, at: datetime) -> None:
    """Leave a tombstone: better a line without words too many than the words of somebody who was forgotten."""
    message = Message.objects.create(
        account=conversation.account, conversation=conversation, direction=Message.Direction.OUT, source=Message.Source.ELSEWHERE, mid=event.mid,
        at=at, received_at=now(), removed_at=now(), about={"erased": True},
    )  # fmt: skip
    arrivals.remember_delivery(message, bearer.pk)
    conversation.add(message)
    message_has_come(conversation.account, event.mid)


def _is_on_the_way(dispatch: Dispatch) -> bool:
    """Whether Meta may still tell of this one: being called, or unknown for no longer than an echo takes."""
    return dispatch.state == State.SENDING or (dispatch.asks_at is not None and dispatch.asks_at > now())


def _is_being_called(dispatch: Dispatch) -> bool:
    """Its answer says more than an echo can."""
    return dispatch.state == State.SENDING and dispatch.handed_over_at is not None


def _doubt(conversation: Conversation, candidates: list[Dispatch]) -> None:
    """One of them arrived after all, and nothing tells which: what the thread did not show is a question for a person again."""
    at = now()
    for dispatch in candidates:
        doubted = Dispatch.objects.filter(pk=dispatch.pk, state=State.FAILED, reason="not_there")
        if doubted.update(state=State.UNKNOWN, reason="no_answer", **lost(calls_of(dispatch)[-1], at=at)):
            Attempt.objects.may_have_arrived().filter(dispatch=dispatch).update(outcome=Attempt.Outcome.UNKNOWN)
            Activity.record("message.unknown", dispatch.message, by=None, at=at, account=conversation.account, reason="no_answer")


def _park(conversation: Conversation, event: events.MessageEchoed, bearer: Bearer, at: datetime, *, is_history: bool) -> ParkedEcho:
    parked = _as_parked(event, bearer, at, is_history=is_history)
    echo, made = ParkedEcho.objects.get_or_create(conversation=conversation, mid=event.mid, defaults=parked)
    if not made and bearer.pk is not None and "delivery" not in echo.about:
        # It was read from the thread first; an unsend has to find the body as well.
        echo.about["delivery"] = bearer.pk
        echo.save(update_fields=["about"])
    return echo


def _as_parked(event: events.MessageEchoed, bearer: Bearer, at: datetime, *, is_history: bool) -> dict[str, Any]:
    attachments = [{"kind": each.kind, "url": each.url, "title": each.title, "payload": dict(each.payload)} for each in event.attachments]
    about = {"app": event.app_id, "story_url": event.story_url, "story_id": event.story_id}
    how = ({} if bearer.pk is None else {"delivery": bearer.pk}) | ({"history": True} if is_history else {})
    return {
        "at": at, "text": event.text, "attachments": attachments, "reply_to_mid": event.reply_to_mid, "parked_at": bearer.received_at,
        "about": about | how,
    }  # fmt: skip


def _has_a_call_for_each(dispatch: Dispatch, fitting: list[list[Dispatch]]) -> bool:
    """Whether every echo that fits it may be one of its calls, and none may be another message's: then it has arrived, whichever it is."""
    theirs = [candidates for candidates in fitting if dispatch in candidates]
    return len(theirs) <= len(calls_of(dispatch)) and all(len(candidates) == 1 for candidates in theirs)


def _settle(echo: ParkedEcho, outcome: str) -> None:
    ParkedEcho.objects.filter(pk=echo.pk).update(settled_at=echo.parked_at, outcome=outcome)


def _confirm(conversation: Conversation, message: Message, delivery: WebhookDelivery, at: datetime) -> None:
    """We know it already; take Meta's time, by which its receipts are measured, and that of a tombstone by which it is put in order."""
    arrivals.remember_delivery(message, delivery.pk)
    if take_its_time(conversation, message, at):
        conversation.show()
    elif message.source == Message.Source.COUNTERSIGN and message.at != at:
        Message.objects.filter(pk=message.pk).update(at=at)
        conversation.move_marks(message, to=at)
        conversation.find_newest()
        conversation.show()


def _keep_as_elsewhere(conversation: Conversation, echo: ParkedEcho) -> None:
    """It is none of ours: somebody answered in Meta's own apps, or another app did."""
    message = _written_elsewhere(conversation, echo)
    message.save(force_insert=True)
    arrivals.attach(message, [events.MediaReceived(**each) for each in echo.attachments])
    note_messages([message])
    _settle(echo, "elsewhere")
    conversation.add(message)
    message_has_come(conversation.account, echo.mid)


def _written_elsewhere(conversation: Conversation, echo: ParkedEcho) -> Message:
    about = {name: value for name, value in echo.about.items() if value and name not in ("delivery", "history")}
    return Message(
        account=conversation.account, conversation=conversation, direction=Message.Direction.OUT, source=Message.Source.ELSEWHERE, mid=echo.mid,
        at=echo.at, received_at=echo.parked_at, text=echo.text, reply_to_mid=echo.reply_to_mid, about=about,
        brought_by=[echo.about["delivery"]] if "delivery" in echo.about else [], is_history="history" in echo.about,
    )  # fmt: skip
