"""An agent asks to have a message sent. Whatever it asks, the same facts are checked again under the conversation's lock."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Account, Activity, Right, Stop
from agents.calls import recorded
from agents.facts import lock_agent
from agents.judging import Judgement, judge
from agents.models import Agent, AgentKey, Decision, Proposal, ProposalPart
from agents.policy import Call, Kind, Verdict
from agents.refusals import Denied, KeyInvalid, KeyReused, NotFound, Stale, Stopped, agents_off_sentence
from core.clock import now
from inbox.content import Content
from inbox.errors import AccountUnavailable, ContentRefused, WindowIsClosed
from inbox.models import Conversation, Message
from inbox.replies import check_contact
from inbox.window import WindowState

TOOL = "propose_message"


@dataclass(frozen=True)
class Proposed:
    """What became of it.

    Args:
        proposal: the proposal; one that went out without a person is approved from the beginning.
        message: the message in the outbox; None while a person has to look.
        verdict: what the policy said; None where the agent had asked the same before.
    """

    proposal: Proposal
    message: Message | None
    verdict: Verdict | None


def propose(
    actor: AgentKey | Agent,
    conversation: Conversation,
    content: Content,
    *,
    reason: str = "",
    idempotency_key: str = "",
    answers: Message | None = None,
    at: datetime | None = None,
    arguments: Mapping[str, Any] | None = None,
) -> Proposed:
    """Ask to have `content` sent.

    Args:
        actor: the key by which the agent came, or the agent itself.
        reason: why, in the agent's words; the approver reads it.
        idempotency_key: the same key returns the same proposal.
        answers: the contact's message that it answers; it must be their newest.
        arguments: the call's arguments as they are to be kept; None describes `content`.

    Raises:
        KeyInvalid, NotFound, Denied, Limited, Stopped, Stale, KeyReused: see `agents.refusals`.
        WindowIsClosed, ContentRefused, AccountUnavailable: as for a person's reply.
    """
    at = at or now()
    agent, key = (actor.agent, actor) if isinstance(actor, AgentKey) else (actor, None)
    kept = arguments if arguments is not None else _described(conversation, content, reason, idempotency_key)
    with recorded(agent, key, TOOL, kept, at=at) as call:
        conversation = Conversation.objects.lock(conversation.pk)
        _admit(agent, key, conversation, at)
        lock_agent(agent)
        if same := _asked_before(agent, conversation, content, idempotency_key):
            call.verdict, call.outcome = Kind.REQUIRE_APPROVAL, "same"
            call.rule, call.reason, call.policy_version = same.rule, same.rule_reason, same.policy_version
            return Proposed(same, same.part.message, None)
        _check(agent, conversation, content, reason, answers, at)
        _retire_stale(agent, conversation, at)
        judgement = judge(_call(content.kind), agent=agent, key=key, conversation=conversation, at=at)
        judgement = _by_account(judgement, conversation, at)
        judgement.note_on(call)
        judgement.check()
        proposal = _store(agent, conversation, content, judgement, reason, idempotency_key, answers, at)
        message = _send(proposal, conversation, content, at) if judgement.verdict.kind == Kind.ALLOW else None
        call.outcome = "sent" if message else "pending"
        return Proposed(proposal, message, judgement.verdict)


def foresee(key: AgentKey, conversation: Conversation, kind: str, *, arguments: Mapping[str, Any], at: datetime | None = None) -> None:
    """Whether a proposal of this kind would be let in now. For what costs time before it can be proposed, such as a picture.

    Raises:
        as `propose`; only a refusal is recorded.
    """
    at = at or now()
    with recorded(key.agent, key, TOOL, arguments, at=at, keep=False) as call:
        conversation = Conversation.objects.lock(conversation.pk)
        _admit(key.agent, key, conversation, at)
        lock_agent(key.agent)
        _check_stop(key.agent, conversation)
        _check_window(conversation, key.agent, at)
        check_contact(conversation, by=key.agent.user)
        _retire_stale(key.agent, conversation, at)
        judgement = judge(_call(kind), agent=key.agent, key=key, conversation=conversation, at=at)
        judgement.note_on(call)
        judgement.check()
        # Nothing was proposed yet, so what gave way to it comes back.
        transaction.set_rollback(True)


def _call(kind: str) -> Call:
    return Call((TOOL, f"send.{kind}"))


def _described(conversation: Conversation, content: Content, reason: str, key: str) -> dict[str, Any]:
    """The call as the tool would have been called."""
    media = content.media or content.picture
    picture = (media.source_url or media.public_id) if media else ""
    said = {"text": content.text, "image_url": picture, "link": content.link_fields, "reason": reason, "idempotency_key": key}
    return {"conversation_id": conversation.public_id} | {name: value for name, value in said.items() if value}


def _admit(agent: Agent, key: AgentKey | None, conversation: Conversation, at: datetime) -> None:
    """The agent is still who it was, and may propose here."""
    valid = AgentKey.objects.valid(at).filter(pk=key.pk).exists() if key else agent.user.is_active
    if not valid:
        raise KeyInvalid
    if not conversation.account.allows(agent.user, Right.READ):
        raise NotFound(_("There is no such conversation."))
    if not conversation.account.allows(agent.user, Right.PROPOSE):
        raise Denied(_("This agent may read this account but not propose on it."), rule="/grants/propose")


def _asked_before(agent: Agent, conversation: Conversation, content: Content, key: str) -> Proposal | None:
    """The proposal that this call asks for a second time: by its key, or because the same words are waiting here already."""
    mine = Proposal.objects.filter(agent=agent).for_cards()
    digest = content.digest(conversation)
    if key and (earlier := mine.filter(idempotency_key=key).first()):
        if (earlier.conversation_id, earlier.digest) != (conversation.pk, digest):
            raise KeyReused(_("This idempotency key was used for another message. Use a new key for new content."))
        return earlier
    waiting = mine.awaiting_decision().filter(conversation=conversation, digest=digest, expects_heard=conversation.heard)
    return waiting.first()


def _check(agent: Agent, conversation: Conversation, content: Content, reason: str, answers: Message | None, at: datetime) -> None:
    _check_stop(agent, conversation)
    _check_content(conversation, content, reason)
    _check_window(conversation, agent, at)
    check_contact(conversation, by=agent.user)
    if answers and answers.conversation_id != conversation.pk:
        raise NotFound(_("There is no such message in this conversation."))
    if answers and answers.pk != conversation.newest_inbound_id:
        raise Stale(_("This is not the contact's newest message. Read the conversation again, then answer what is newest."))


def _check_stop(agent: Agent, conversation: Conversation) -> None:
    stop = Stop.objects.touching(agent=agent.user_id, account=conversation.account_id, conversation=conversation.public_id).first()
    if stop:
        raise Stopped(_("A person has stopped agents here: %s") % stop.reason, since=stop.at.isoformat(timespec="seconds"))
    if since := conversation.agents_off_at:
        raise Stopped(agents_off_sentence(), since=since.isoformat(timespec="seconds"))


def _check_content(conversation: Conversation, content: Content, reason: str) -> None:
    if complaints := content.complaints(conversation.account.network):
        raise ContentRefused(complaints)
    if "\0" in reason:
        raise ContentRefused([_("The reason holds a character that cannot be stored (NUL). Leave it out.")])


def _check_window(conversation: Conversation, agent: Agent, at: datetime) -> None:
    """Refuses what no approver could let out. Between 24 hours and 7 days that depends on whose words the account lets count."""
    if conversation.account.state == Account.State.DISCONNECTED:
        raise AccountUnavailable(_("This account is disconnected, so nothing can be sent on it."))
    state = conversation.window.state(at)
    if state == WindowState.CLOSED:
        raise WindowIsClosed(_("Meta's messaging window is closed. Nothing can be sent until the contact writes again."))
    if state == WindowState.HUMAN and conversation.account.human_agent_text == Account.HumanAgentText.OWN:
        raise WindowIsClosed(_("More than 24 hours have passed, and now only a person may answer in their own words. A person must take over."))


def _retire_stale(agent: Agent, conversation: Conversation, at: datetime) -> None:
    """What this agent proposed before the contact wrote again makes room for what it proposes now."""
    waiting = Proposal.objects.filter(agent=agent, conversation=conversation).awaiting_decision()
    for proposal in waiting.exclude(expects_heard=conversation.heard):
        Proposal.objects.filter(pk=proposal.pk).update(state=Proposal.State.SUPERSEDED)
        Decision.objects.filter(proposal=proposal, undone_at=None).update(undone_at=at)
        Activity.record("proposal.superseded", proposal, by=agent.user, at=at, account=conversation.account)


def _by_account(judgement: Judgement, conversation: Conversation, at: datetime) -> Judgement:
    """What the policy allows still needs a person, unless the account lets agents send and Meta's window is open."""
    if judgement.verdict.kind != Kind.ALLOW:
        return judgement
    if not conversation.account.agents_may_send:
        rule, reason = "/account/agents_may_send", _("The policy allows this, but on this account a person looks at every message.")
    elif conversation.window.state(at) != WindowState.OPEN:
        rule, reason = "/account/window", _("The policy allows this, but outside Meta's 24 hours a person looks at every message.")
    else:
        return judgement
    return replace(judgement, verdict=Verdict(Kind.REQUIRE_APPROVAL, rule, reason))


def _store(
    agent: Agent, conversation: Conversation, content: Content, judgement: Judgement, reason: str, key: str, answers: Message | None, at: datetime
) -> Proposal:
    proposal = Proposal.objects.create(
        agent=agent, conversation=conversation, reason=reason, answers=answers, expects_heard=conversation.heard, idempotency_key=key,
        digest=content.digest(conversation), rule=judgement.verdict.rule, rule_reason=judgement.verdict.reason, policy_version=judgement.version,
        created_at=at,
    )  # fmt: skip
    ProposalPart.objects.create(proposal=proposal, text=content.text, media=content.media or content.picture, link=content.link_fields)
    Activity.record("proposal.made", proposal, by=agent.user, at=at, account=conversation.account, rule=proposal.rule)
    Conversation.touch(conversation.pk)
    return proposal


def _send(proposal: Proposal, conversation: Conversation, content: Content, at: datetime) -> Message:
    """Out without a person: approved by the rule itself. Taken back or stale before it leaves, it waits for a person like any other."""
    message = conversation.reply(content, by=proposal.agent.user, expects_heard=conversation.heard, at=at)
    proposal.parts.update(message=message)
    proposal.state = Proposal.State.APPROVED
    proposal.save(update_fields=["state"])
    return message
