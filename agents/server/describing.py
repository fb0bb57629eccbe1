"""Turns rows into what the tools answer: opaque ids, our words, and nothing that Meta calls anything."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import Account, Right, Stop, User
from agents.models import Agent, Decision, Proposal
from agents.models.decision import Answer
from agents.refusals import agents_off_sentence
from agents.server.results import (
    AccountOut,
    AnswerOut,
    AttachmentOut,
    ContactOut,
    ContextOut,
    ConversationOut,
    ConversationRow,
    DecisionOut,
    DeliveryOut,
    DiffOut,
    LinkOut,
    MessageOut,
    ProposalOut,
    ProposalReport,
    StopOut,
    WindowOut,
)
from agents.worddiff import word_diff
from graph.networks import Network
from inbox.models import Contact, Conversation, Dispatch, Message
from inbox.outcomes import sentence_for

DECISION_POLL_SECONDS = 15
DELIVERY_POLL_SECONDS = 5


def account_out(account: Account) -> AccountOut:
    return AccountOut(account_id=account.public_id, name=account.name, network="instagram" if account.network == Network.INSTAGRAM else "messenger")


def contact_out(contact: Contact) -> ContactOut:
    return ContactOut(untrusted_name=contact.name, untrusted_username=contact.username)


def window_out(conversation: Conversation, now: datetime) -> WindowOut:
    window = conversation.window
    left = window.time_left(now)
    return WindowOut(
        state=window.state(now).value, closes_at=window.ends_at(now), seconds_left=int(left.total_seconds()) if left is not None else None, cause=window.cause
    )


def stop_out(agent: Agent, conversation: Conversation) -> StopOut:
    stop = Stop.objects.touching(agent=agent.user_id, account=conversation.account_id, conversation=conversation.public_id).first()
    if stop:
        return StopOut(stopped=True, reason=stop.reason, since=stop.at)
    if conversation.agents_off_at:
        return StopOut(stopped=True, reason=agents_off_sentence(), since=conversation.agents_off_at)
    return StopOut(stopped=False)


def row_out(conversation: Conversation, waiting: int, now: datetime) -> ConversationRow:
    last = conversation.last_message
    theirs = last is not None and last.is_inbound
    preview = last.preview if last else ""
    return ConversationRow(
        conversation_id=conversation.public_id, account=account_out(conversation.account), contact=contact_out(conversation.contact),
        last_message_at=conversation.last_message_at, last_message_from="" if last is None else "contact" if theirs else "account",
        untrusted_preview=preview if theirs else "", preview="" if theirs else preview,
        window=window_out(conversation, now), your_pending_proposals=waiting,
    )  # fmt: skip


def conversation_out(agent: Agent, conversation: Conversation, messages: list[Message], older: bool, waiting: list[Proposal], now: datetime) -> ConversationOut:
    newest, ids = conversation.newest_inbound, {message.mid: message.public_id for message in messages if message.mid}
    return ConversationOut(
        conversation_id=conversation.public_id, account=account_out(conversation.account), contact=contact_out(conversation.contact),
        window=window_out(conversation, now), stop=stop_out(agent, conversation),
        may_propose=conversation.account.allows(agent.user, Right.PROPOSE),
        newest_contact_message_id=newest.public_id if newest else "",
        messages=[message_out(message, agent, ids) for message in messages], older_messages=older,
        your_pending_proposals=[proposal_out(proposal, now) for proposal in waiting],
    )  # fmt: skip


def message_out(message: Message, agent: Agent, ids: Mapping[str, str]) -> MessageOut:
    """One message.

    Args:
        ids: public id by Meta's id, of the messages that are told beside it.
    """
    theirs, gone = message.is_inbound, message.removed_at is not None
    text = "" if gone else message.words or str(message.about.get("title", ""))
    dispatch = getattr(message, "dispatch", None)
    reaction = next((reaction.emoji for reaction in message.reactions.all() if reaction.removed_at is None), "")
    return MessageOut(
        message_id=message.public_id, sender="contact" if theirs else "account", at=message.at,
        untrusted_text=text if theirs else "", text="" if theirs else text,
        link=_link(message.link) if message.link and not gone else None,
        attachments=[] if gone else [AttachmentOut(kind=one.kind, untrusted_title=one.title) for one in message.attachments.all()],
        context=[] if gone else list(_context(message.about)), replies_to=ids.get(message.reply_to_mid, ""), untrusted_reaction=reaction,
        written_by="" if theirs else _author(message, agent), delivery=dispatch.state if dispatch else "", edited=_was_edited(message), unsent=gone,
    )  # fmt: skip


def proposal_out(proposal: Proposal, now: datetime) -> ProposalOut:
    part = proposal.part
    message = part.message
    return ProposalOut(
        proposal_id=proposal.public_id, conversation_id=proposal.conversation.public_id,
        status="pending" if proposal.awaits_decision else proposal.state,  # type: ignore[arg-type]
        poll_after_seconds=_poll_after(proposal), stale=proposal.awaits_decision and proposal.is_stale,
        expired=proposal.awaits_decision and proposal.is_expired(now), rule=proposal.rule, rule_reason=proposal.rule_reason, created_at=proposal.created_at,
        text=part.text, image_url=part.media.source_url if part.media else "", link=_link(part.link) if part.link else None, your_reason=proposal.reason,
        decision=_decision(proposal, proposal.decision), delivery=_delivery(message) if message else None, answer=_answer(message) if message else None,
    )  # fmt: skip


def report_out(proposal: Proposal, now: datetime) -> ProposalReport:
    return ProposalReport(**dict(proposal_out(proposal, now)))


def _context(about: Mapping[str, Any]) -> Iterator[ContextOut]:
    referral = about.get("referral", {})
    if about.get("story_url") or about.get("story_id"):
        yield ContextOut(what="story_reply", untrusted_detail="")
    if about.get("quick_reply"):
        yield ContextOut(what="offered_answer", untrusted_detail=about["quick_reply"])
    if about.get("postback"):
        yield ContextOut(what="button", untrusted_detail=about["postback"])
    if referral:
        yield _referral(referral)
    if about.get("came_by"):
        yield ContextOut(what="plugin", untrusted_detail=about["came_by"])
    if about.get("to_self"):
        yield ContextOut(what="note_to_self", untrusted_detail="")
    if about.get("unsupported"):
        yield ContextOut(what="shown_only_by_meta", untrusted_detail="")


def _referral(referral: Mapping[str, str]) -> ContextOut:
    if referral.get("ad_id") or referral.get("source") == "ADS":
        return ContextOut(what="advertisement", untrusted_detail=referral.get("ad_title", ""))
    if referral.get("product_id"):
        return ContextOut(what="product", untrusted_detail=referral["product_id"])
    return ContextOut(what="link", untrusted_detail=referral.get("ref", ""))


def _link(fields: dict[str, str]) -> LinkOut:
    return LinkOut(url=fields.get("url", ""), title=fields.get("title", ""), subtitle=fields.get("subtitle", ""))


def _author(message: Message, agent: Agent) -> str:
    if message.written_by_id == agent.user_id:
        return _("you")
    return _name(message.written_by) if message.written_by else ""


def _name(user: User) -> str:
    """What agents are told of a person: never the e-mail, which stands in for a missing name on our own pages."""
    return user.name or _("a colleague")


def _was_edited(message: Message) -> bool:
    return message.removed_at is None and "edit" in message.about


def _decision(proposal: Proposal, decision: Decision | None) -> DecisionOut | None:
    if decision is None:
        return None
    before, approved = proposal.part.text, decision.answer == Answer.APPROVED
    after = decision.text or before
    return DecisionOut(
        answer="approved" if approved else "rejected", by=_name(decision.by), at=decision.at, reason=decision.reason, changed=bool(decision.text),
        text_sent=after if approved else "", diff=[DiffOut(kind=change.kind, text=change.text) for change in word_diff(before, after)] if decision.text else [],
    )  # fmt: skip


def _delivery(message: Message) -> DeliveryOut:
    dispatch, conversation = message.dispatch, message.conversation
    sent = dispatch.state == Dispatch.State.SENT
    return DeliveryOut(
        state=dispatch.state,  # type: ignore[arg-type]
        explanation=sentence_for(dispatch),
        delivered=sent and conversation.was_delivered(message),
        read=sent and conversation.was_read(message),
    )


def _answer(message: Message) -> AnswerOut | None:
    if message.dispatch.state != Dispatch.State.SENT:
        return None
    later = message.conversation.messages.filter(direction=Message.Direction.IN, at__gt=message.at).first()
    if later is None:
        return None
    return AnswerOut(message_id=later.public_id, at=later.at, untrusted_text=later.words or later.preview, edited=_was_edited(later))


def _poll_after(proposal: Proposal) -> int | None:
    if proposal.awaits_decision:
        return DECISION_POLL_SECONDS
    moving = (Dispatch.State.QUEUED, Dispatch.State.SENDING, Dispatch.State.UNKNOWN)
    return DELIVERY_POLL_SECONDS if proposal.part.dispatch_state in moving else None
