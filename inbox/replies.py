"""Writing to a contact: the one way from a person's reply, an approved proposal or an allowed send into the outbox."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Account, Activity, Right, User
from accounts.pacing import pace_for
from core.clock import now
from core.wake import wake
from inbox.beside import Beside
from inbox.content import Content
from inbox.drafting import forget_draft
from inbox.errors import AccountUnavailable, AlreadyMoved, ContactUnavailable, ContentRefused, KeyIsSpent, NotAllowed, WindowIsClosed
from inbox.media import hold
from inbox.models import Attachment, Conversation, Dispatch, Message
from inbox.schedule import A_MINUTE, check_schedule, is_now
from inbox.searching import note_messages
from inbox.window import WindowState

# What a message needs to leave before the window closes.
TO_LEAVE = timedelta(minutes=1)


def reply(
    conversation: Conversation,
    content: Content,
    *,
    by: User,
    written_by: User | None = None,
    edited_by: User | None = None,
    expects_heard: int | None = None,
    idempotency_key: str = "",
    hold: timedelta | None = None,
    scheduled_for: datetime | None = None,
    unless_they_write: bool = False,
    revision: int | None = None,
    beside: Beside | None = None,
    at: datetime | None = None,
) -> Message:
    """Write a message and put it in the outbox, in one transaction.

    Args:
        content: what to say.
        by: who lets it out: a person who may reply, or the agent itself where the account lets agents send without review.
        written_by: whose words they are; None is `by`.
        edited_by: the person who changed an agent's words before letting them out.
        expects_heard: what the conversation had heard when an agent's words were let out; if the contact has written, edited or taken
            back anything by the time of sending, they do not go out. Ignored for a person's own words.
        idempotency_key: the same key in the same conversation returns the message written before.
        hold: how long it can still be taken back; None is the account's own setting.
        scheduled_for: when a person's own words leave, without any further hold; None, or less than a minute ahead, is now.
        unless_they_write: whether it stays here if the contact writes before it is due.
        revision: the revision of the conversation that was shown; `unless_they_write` needs it where something may have come since.
        beside: what the person says of proposals that wait here; None where that is no question.
        at: the present moment.

    Raises:
        NotAllowed: `by` may not write on this account.
        AccountUnavailable: the account is disconnected.
        WindowIsClosed: Meta's window does not let it out.
        ContentRefused: Meta would not take the content on this network.
        MomentRefused: it cannot wait for that moment.
        KeyIsSpent: the idempotency key was used for other content, or for what was cancelled.
        AlreadyMoved: it was used for another moment; or what was said since `revision` has not been read; or a proposal was approved meanwhile.
        ProposalsWait: proposals wait here, and the person has not said what becomes of them.
    """
    author, at = written_by or by, at or now()
    waits_for = None if scheduled_for is None or is_now(scheduled_for, at) else scheduled_for
    with transaction.atomic():
        conversation = Conversation.objects.lock(conversation.pk)
        check_release(conversation.account, by, author=author)
        if earlier := _written_before(conversation, content, idempotency_key, waits_for):
            return earlier
        check_reply(conversation, content, by=by, author=author, edited_by=edited_by, at=at)
        if scheduled_for:
            check_schedule(conversation, scheduled_for, by=by, author=author, at=at)
        if waits_for and unless_they_write and revision is not None:
            check_has_read(conversation, revision)
        if beside:
            beside.settle(conversation, by=by, at=at)
        if idempotency_key:
            forget_draft(conversation, by=author, key=idempotency_key)
        message = _write(conversation, content, author, edited_by, idempotency_key, at)
        if not author.is_agent:
            expects_heard = conversation.heard if waits_for and unless_they_write else None
        dispatch = _queue(conversation, message, content, by, expects_heard, waits_for, at + _hold(conversation, hold, at))
        conversation.add(message)
        verb, moment = ("message.scheduled", {"scheduled_for": waits_for.isoformat()}) if waits_for else ("message.written", {})
        Activity.record(verb, message, by=by, at=at, account=conversation.account, dispatch=dispatch.public_id, **moment)
        wake("dispatch", at=dispatch.not_before)
    return message


def check_release(account: Account, by: User, *, author: User) -> None:
    """Whether `by` may let words of this author out on this account.

    Raises:
        NotAllowed
    """
    if not (by.is_active and author.is_active):
        raise NotAllowed(_("Who is not active any more sends nothing."))
    if by.is_agent:
        if not (account.agents_may_send and account.allows(by, Right.PROPOSE)):
            raise NotAllowed(_("Agents may not send on this account without review."))
    elif not account.allows(by, Right.APPROVE if author.is_agent else Right.REPLY):
        raise NotAllowed


def check_reply(conversation: Conversation, content: Content, *, by: User, author: User, edited_by: User | None, at: datetime) -> None:
    """Whether this content may go out in this conversation now, let out by `by`.

    Raises:
        AccountUnavailable, WindowIsClosed, ContactUnavailable, ContentRefused
    """
    if conversation.account.state == Account.State.DISCONNECTED:
        raise AccountUnavailable(_("This account is disconnected. Connect it again to write."))
    check_window(conversation, by=by, author=author, edited_by=edited_by, at=at)
    check_contact(conversation, by=by)
    if complaints := content.complaints(conversation.account.network):
        raise ContentRefused(complaints)


def check_has_read(conversation: Conversation, revision: int | None) -> None:
    """Whether the conversation is as it was shown.

    Raises:
        AlreadyMoved: it is not, or nobody says what was shown.
    """
    if revision != conversation.revision:
        raise AlreadyMoved(_("The conversation went on while you were looking. Read what is new, then decide."))


def check_contact(conversation: Conversation, *, by: User) -> None:
    """Whether it makes sense to write to the contact: after Meta's refusal a person may try again, an agent may not.

    Raises:
        ContactUnavailable
    """
    if by.is_agent and conversation.contact.unavailable_since:
        raise ContactUnavailable(_("Meta did not hand on the last message to this contact. Wait until they write again, or ask a person to try."))


def check_window(conversation: Conversation, *, by: User, author: User, edited_by: User | None, at: datetime) -> None:
    """Whether Meta's window lets text of this author out at this moment. In doubt, after an advertisement, a person may let Meta decide.

    Raises:
        WindowIsClosed
    """
    state = conversation.window.state(at)
    if state == WindowState.CLOSED:
        raise WindowIsClosed(_("Meta's messaging window is closed. You can write again once the contact has written."))
    if by.is_agent and state != WindowState.OPEN:
        raise WindowIsClosed(_("Agents alone send only inside Meta's 24 hours; from then on only a person may let it out."))
    if state == WindowState.HUMAN and not counts_as_human(conversation.account, author, edited_by):
        raise WindowIsClosed(_("After 24 hours Meta lets only a person's own words through. Take the text over as your own reply."))


def counts_as_human(account: Account, author: User, edited_by: User | None) -> bool:
    """Whether Meta's Human Agent tag would be truthful for text of this author, by the account's own rule."""
    if not author.is_agent:
        return True
    if edited_by is not None:
        return account.human_agent_text in (Account.HumanAgentText.EDITED, Account.HumanAgentText.APPROVED)
    return account.human_agent_text == Account.HumanAgentText.APPROVED


def _written_before(conversation: Conversation, content: Content, key: str, scheduled_for: datetime | None) -> Message | None:
    earlier = conversation.messages.filter(idempotency_key=key).select_related("dispatch").first() if key else None
    if earlier is None:
        return None
    if earlier.dispatch.content_digest != content.digest(conversation):
        raise KeyIsSpent(_("What you sent before from here had other content. Look for it in the conversation; send once more to send this as well."))
    if earlier.dispatch.state == Dispatch.State.CANCELLED:
        raise KeyIsSpent(_("This was cancelled before it left. Send once more if it is to leave after all."))
    if not _is_same_moment(earlier.dispatch.scheduled_for, scheduled_for):
        raise AlreadyMoved(_("This was sent before, for another moment. Look for it in the conversation, and change it there."))
    return earlier


def _is_same_moment(one: datetime | None, other: datetime | None) -> bool:
    """Moments like "in three hours" are counted anew at each try."""
    return one is other or (one is not None and other is not None and abs(one - other) < A_MINUTE)


def _write(conversation: Conversation, content: Content, author: User, edited_by: User | None, key: str, at: datetime) -> Message:
    hold(content.enclosed, conversation.account)
    message = Message.objects.create(
        account=conversation.account, conversation=conversation, direction=Message.Direction.OUT, source=Message.Source.COUNTERSIGN,
        at=at, received_at=at, text=content.text, link=content.link_fields, reply_to_mid=content.reply_to_mid,
        written_by=author, edited_by=edited_by, idempotency_key=key,
    )  # fmt: skip
    Attachment.objects.bulk_create(
        Attachment(message=message, position=position, kind=file.kind, media=file, title=file.name) for position, file in enumerate(content.enclosed)
    )
    note_messages([message], are_bare=not content.enclosed)
    return message


def _queue(
    conversation: Conversation, message: Message, content: Content, by: User, heard: int | None, scheduled_for: datetime | None, leaves_at: datetime
) -> Dispatch:
    return Dispatch.objects.create(
        message=message, conversation=conversation, account=conversation.account, not_before=scheduled_for or leaves_at, scheduled_for=scheduled_for,
        released_by=by, pace=pace_for(content.kind), content_digest=content.digest(conversation),
        expects_heard=heard, checks_newest=message.is_by_agent or heard is not None,
    )  # fmt: skip


def _hold(conversation: Conversation, hold: timedelta | None, at: datetime) -> timedelta:
    """The time in which it can be taken back: so short, where the window closes soon, that it still leaves in time."""
    wanted = timedelta(seconds=conversation.account.reply_hold) if hold is None else hold
    left = conversation.window.time_left(at)
    return wanted if left is None else max(timedelta(0), min(wanted, left - TO_LEAVE))
