"""People decide on proposals. One decision, bound to exactly what was on the screen."""

from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils.translation import gettext as _

from accounts.models import Activity, Right, User
from agents.errors import Conflict
from agents.models import Decision, Proposal, Vote
from agents.models.decision import Answer
from core.clock import now
from inbox.content import Content
from inbox.errors import ContentRefused, NotAllowed
from inbox.models import Conversation, Message
from inbox.teamwork import silence_locked


def decide(
    proposal: Proposal, *, by: User, approve: bool, digest: str, revision: int, text: str | None = None, reason: str = "", at: datetime | None = None
) -> Decision:
    """Approve or reject a proposal; an approved message goes the same way as a person's own reply.

    Args:
        digest: the digest of what was shown.
        revision: the revision of the conversation that was shown.
        text: the text as the person changed it; None leaves it as proposed.
        reason: why it is rejected; the agent reads it.

    Raises:
        NotAllowed: `by` may not approve on this account.
        Conflict: it was decided meanwhile, or something newer came in than what was shown.
        ContentRefused: a rejection without a reason, or text that Meta would not take.
        WindowIsClosed, AccountUnavailable: an approval that could not leave any more.
    """
    at = at or now()
    with transaction.atomic():
        conversation, proposal = _lock(proposal)
        _check(conversation, proposal, by, digest, revision)
        changed = _changed_text(proposal, text) if approve else ""
        if not approve and not reason.strip():
            raise ContentRefused([_("Say why, so that the agent can do better.")])
        decision = _record(proposal, by, approve, digest, revision, changed, reason.strip(), at)
        if approve:
            _send(conversation, proposal, by, changed, at)
        else:
            Conversation.touch(conversation.pk)
    return decision


def take_over(proposal: Proposal, *, by: User, text: str, digest: str, revision: int, at: datetime | None = None) -> Message:
    """Send a person's own words instead of the proposal, which is then superseded; and agents keep out of this conversation from now on.

    Raises:
        NotAllowed, Conflict, ContentRefused, WindowIsClosed, AccountUnavailable
    """
    at = at or now()
    with transaction.atomic():
        conversation, proposal = _lock(proposal)
        _check(conversation, proposal, by, digest, revision, right=Right.REPLY)
        _undo_earlier(proposal, at)
        _move(proposal, Proposal.State.SUPERSEDED)
        Activity.record("proposal.taken_over", proposal, by=by, at=at, account=conversation.account)
        silence_locked(conversation, by=by, at=at)
        return conversation.reply(Content(text=text), by=by, at=at)


def _lock(proposal: Proposal) -> tuple[Conversation, Proposal]:
    """The rows, locked in the order that everybody keeps: conversation, then proposal."""
    conversation = Conversation.objects.lock(proposal.conversation_id)
    rows = Proposal.objects.all()
    if connection.features.has_select_for_update:
        rows = rows.select_for_update(of=("self",))
    locked = rows.for_cards().get(pk=proposal.pk)
    locked.conversation = conversation
    return conversation, locked


def _check(conversation: Conversation, proposal: Proposal, by: User, digest: str, revision: int, right: str = Right.APPROVE) -> None:
    if by.is_agent or not conversation.account.allows(by, right):
        raise NotAllowed(_("You may not decide on this account."))
    if not proposal.awaits_decision:
        raise Conflict(_already(proposal))
    # What would be sent now must be what was proposed, and that is what must have been shown.
    if not digest == proposal.digest == proposal.part.content.digest(conversation):
        raise Conflict(_("The proposal is not the one that you saw. Look at it again."))
    if revision != conversation.revision:
        raise Conflict(_("The conversation went on while you were looking. Read what is new, then decide."))


def _already(proposal: Proposal) -> str:
    decision = proposal.decision
    if decision is None:
        return _("This proposal was %(state)s meanwhile.") % {"state": proposal.get_state_display()}
    return _("%(who)s has %(answer)s this already.") % {"who": decision.by, "answer": decision.get_answer_display()}


def _changed_text(proposal: Proposal, text: str | None) -> str:
    """The text where a person changed it, "" where it stands as proposed. Pictures and cards go out as they are."""
    if text is None or not proposal.part.text or _plain(text) == _plain(proposal.part.text):
        return ""
    if not text.strip():
        raise ContentRefused([_("Write something, or reject the proposal.")])
    return _plain(text)


def _plain(text: str) -> str:
    """As typed, but for the line ends, which browsers send as two characters."""
    return text.replace("\r\n", "\n")


def _record(proposal: Proposal, by: User, approve: bool, digest: str, revision: int, changed: str, reason: str, at: datetime) -> Decision:
    answer = Answer.APPROVED if approve else Answer.REJECTED
    _undo_earlier(proposal, at)
    _move(proposal, Proposal.State.APPROVED if approve else Proposal.State.REJECTED)
    Vote.objects.create(proposal=proposal, by=by, answer=answer, digest=digest, revision=revision, text=changed, reason=reason, at=at)
    decision = Decision.objects.create(proposal=proposal, answer=answer, by=by, text=changed, reason=reason, at=at)
    Activity.record(f"proposal.{answer}", proposal, by=by, at=at, account=proposal.conversation.account, changed=bool(changed))
    return decision


def _undo_earlier(proposal: Proposal, at: datetime) -> None:
    """The decision whose message was taken back unsent stays in history, no longer in force."""
    Decision.objects.filter(proposal=proposal, undone_at=None).update(undone_at=at)


def _move(proposal: Proposal, state: str) -> None:
    open_states = (Proposal.State.PENDING, Proposal.State.APPROVED)
    if not Proposal.objects.filter(pk=proposal.pk, state__in=open_states).update(state=state):
        raise Conflict(_already(proposal))
    proposal.state = state


def _send(conversation: Conversation, proposal: Proposal, by: User, changed: str, at: datetime) -> None:
    hold = timedelta(seconds=conversation.account.approval_hold)
    for part in proposal.parts.all():
        content = Content(text=changed) if changed and part.text else part.content
        message = conversation.reply(
            content, by=by, written_by=proposal.agent.user, edited_by=by if changed else None,
            expects_heard=conversation.heard, hold=hold, at=at,
        )  # fmt: skip
        part.message = message
        part.save(update_fields=["message"])
