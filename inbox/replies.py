"""Writing to a contact: the one way from a person's reply, an approved proposal or an allowed send into the outbox."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Account, Activity, Right, User
from core.clock import now
from core.wake import wake
from inbox.content import Content
from inbox.errors import AccountUnavailable, AlreadyMoved, ContentRefused, NotAllowed, WindowIsClosed
from inbox.models import Attachment, Conversation, Dispatch, Message
from inbox.window import WindowState


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
        at: the present moment.

    Raises:
        NotAllowed: `by` may not write on this account.
        AccountUnavailable: the account is disconnected.
        WindowIsClosed: Meta's window does not let it out.
        ContentRefused: Meta would not take the content on this network.
        AlreadyMoved: the idempotency key was used for other content.
    """
    author, at = written_by or by, at or now()
    with transaction.atomic():
        conversation = Conversation.objects.lock(conversation.pk)
        check_release(conversation.account, by, author=author)
        if earlier := _written_before(conversation, content, idempotency_key):
            return earlier
        check_reply(conversation, content, by=by, author=author, edited_by=edited_by, at=at)
        message = _write(conversation, content, author, edited_by, idempotency_key, at)
        dispatch = _queue(conversation, message, content, by, expects_heard, _hold(conversation, hold, at), at)
        conversation.add(message)
        Activity.record("message.written", message, by=by, at=at, account=conversation.account, dispatch=dispatch.public_id)
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
        AccountUnavailable, WindowIsClosed, ContentRefused
    """
    if conversation.account.state == Account.State.DISCONNECTED:
        raise AccountUnavailable(_("This account is disconnected. Connect it again to write."))
    check_window(conversation, by=by, author=author, edited_by=edited_by, at=at)
    if complaints := content.complaints(conversation.account.network):
        raise ContentRefused(complaints)


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


def _written_before(conversation: Conversation, content: Content, key: str) -> Message | None:
    earlier = conversation.messages.filter(idempotency_key=key).select_related("dispatch").first() if key else None
    if earlier and earlier.dispatch.content_digest != content.digest(conversation):
        raise AlreadyMoved(_("This reply was sent before with other content."))
    return earlier


def _write(conversation: Conversation, content: Content, author: User, edited_by: User | None, key: str, at: datetime) -> Message:
    message = Message.objects.create(
        account=conversation.account, conversation=conversation, direction=Message.Direction.OUT, source=Message.Source.COUNTERSIGN,
        at=at, received_at=at, text=content.text, link=content.link_fields, reply_to_mid=content.reply_to_mid,
        written_by=author, edited_by=edited_by, idempotency_key=key,
    )  # fmt: skip
    Attachment.objects.bulk_create(
        Attachment(message=message, position=position, kind=file.kind, media=file, title=file.name) for position, file in enumerate(content.files)
    )
    return message


def _queue(
    conversation: Conversation, message: Message, content: Content, by: User, heard: int | None, hold: timedelta, at: datetime
) -> Dispatch:
    return Dispatch.objects.create(
        message=message, conversation=conversation, account=conversation.account, not_before=at + hold, released_by=by,
        content_digest=content.digest(conversation), expects_heard=heard, checks_newest=bool(message.written_by and message.written_by.is_agent),
    )  # fmt: skip


def _hold(conversation: Conversation, hold: timedelta | None, at: datetime) -> timedelta:
    """The time in which it can be taken back: none where the window would close meanwhile."""
    wanted = timedelta(seconds=conversation.account.reply_hold) if hold is None else hold
    left = conversation.window.time_left(at)
    return timedelta(0) if left is not None and left < wanted + timedelta(minutes=1) else wanted
