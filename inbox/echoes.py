"""Meta tells us of a message from our side: one of ours, or one written in another app of the account.

Messenger returns our `metadata`, which names the dispatch. Instagram returns nothing of ours, and its echo can come before the answer
to our call; so while one of ours is on its way an unmatched echo is parked, and settles a dispatch only when exactly one fits exactly
one. Everything else is left to a person (Meta, Instagram Platform, webhooks, "message echoes").
"""

from datetime import datetime, timedelta
from typing import Any

from accounts.models import Account
from core.clock import now
from graph import events
from graph.networks import Network
from graph.payloads import Link
from inbox import arrivals
from inbox.again import message_has_come
from inbox.arrivals import Bearer
from inbox.echo_mark import metadata_of
from inbox.models import Conversation, Dispatch, Message, ParkedEcho, WebhookDelivery
from inbox.recording import record_sent

# Meta's clock and ours differ a little, and a call that timed out may have been carried out late.
EARLIER, LATER = timedelta(minutes=1), timedelta(minutes=3)


def message_echoed(account: Account, event: events.MessageEchoed, delivery: WebhookDelivery) -> None:
    at = event.at or delivery.received_at
    conversation = arrivals.locked_conversation(account, event.contact_id or "", at)
    known = Message.objects.filter(account=account, mid=event.mid).first()
    dispatch = _named_by(conversation, event.metadata)
    # A thread that was read names nobody, so what is one of ours may stand here as written elsewhere; the two become one.
    if known is not None and (dispatch is None or known.source != Message.Source.ELSEWHERE):
        return _confirm(conversation, known, delivery, at)
    if dispatch:
        record_sent(conversation, dispatch, mid=event.mid, at=at)
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
    ours = _without_mid(conversation)
    someone_is_on_the_way = any(_is_on_the_way(dispatch) for dispatch in ours)
    fitting = {echo.pk: [dispatch for dispatch in ours if fits(echo, dispatch)] for echo in parked}
    for echo in parked:
        candidates = fitting[echo.pk]
        if Message.objects.filter(account=conversation.account, mid=echo.mid).exists():
            _settle(echo, "matched")
        elif not candidates and not someone_is_on_the_way:
            _keep_as_elsewhere(conversation, echo)
        elif len(candidates) == 1 and candidates[0].state != Dispatch.State.SENDING and _is_only_echo_of(candidates[0], fitting):
            record_sent(conversation, candidates[0], mid=echo.mid, at=echo.at)
            arrivals.remember_delivery(Message.objects.get(pk=candidates[0].message_id), echo.about.get("delivery"))
            _settle(echo, "matched")


def fits(echo: ParkedEcho, dispatch: Dispatch) -> bool:
    """Whether this echo could be this dispatch: what was said, and when."""
    if dispatch.handed_over_at is None:
        # Its call has not begun, so Meta cannot have told of it.
        return False
    in_time = dispatch.handed_over_at - EARLIER <= echo.at <= dispatch.handed_over_at + LATER
    return in_time and looks_like(dispatch.message, text=echo.text, kinds=[each["kind"] for each in echo.attachments])


def looks_like(message: Message, *, text: str, kinds: list[str]) -> bool:
    """Whether an echo or a line of the thread with this text and these attachments can be this message of ours."""
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
    return erased.filter(handed_over_at__gte=at - LATER, handed_over_at__lte=at + EARLIER).exists()


def _bury(conversation: Conversation, event: events.MessageEchoed, bearer: Bearer, at: datetime) -> None:
    """Leave a tombstone: better a line without words too many than the words of somebody who was forgotten."""
    message = Message.objects.create(
        account=conversation.account, conversation=conversation, direction=Message.Direction.OUT, source=Message.Source.ELSEWHERE, mid=event.mid,
        at=at, received_at=now(), removed_at=now(), about={"erased": True},
    )  # fmt: skip
    arrivals.remember_delivery(message, bearer.pk)
    conversation.add(message)
    message_has_come(conversation.account, event.mid)


def _without_mid(conversation: Conversation) -> list[Dispatch]:
    """Ours that Meta may have and whose id we do not know: on their way, unknown, or called arrived by a person."""
    rows = conversation.dispatches.select_related("message").filter(message__mid="")
    return list(rows.filter(state__in=(Dispatch.State.SENDING, Dispatch.State.UNKNOWN, Dispatch.State.SENT)))


def _is_on_the_way(dispatch: Dispatch) -> bool:
    """Whether Meta may still tell of this one: being called, or unknown for no longer than an echo takes."""
    fresh = dispatch.unknown_since is not None and dispatch.unknown_since + LATER > now()
    return dispatch.state == Dispatch.State.SENDING or (dispatch.state == Dispatch.State.UNKNOWN and fresh)


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


def _is_only_echo_of(dispatch: Dispatch, fitting: dict[int, list[Dispatch]]) -> bool:
    return sum(dispatch in candidates for candidates in fitting.values()) == 1


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
