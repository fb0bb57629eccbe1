"""Who looks at the admin, and one row of everything that it shows and never changes."""

import hashlib

import pytest

from accounts.models import AccountCheck, AccountUsage, ConnectionRequest, Grant, Invitation, Mail
from agents.models import Agent, Decision, PolicyVersion, Proposal, ProposalPart, ToolCall, Vote
from core.clock import now
from inbox.content import Content
from inbox.models import (
    Attachment,
    Attempt,
    Backfill,
    DeletionRequest,
    KeptEvent,
    MediaFile,
    Occurrence,
    ParkedEcho,
    Reaction,
    Reading,
    RefusedDelivery,
    WebhookDelivery,
)
from inbox.noting import write_note


@pytest.fixture
def browser(cast, sign_in):
    """Root's."""
    return sign_in(cast.root)


@pytest.fixture
def dana(cast, sign_in):
    """Manages the shop alone."""
    Grant.objects.filter(user=cast.dana, account=cast.studio).delete()
    return sign_in(cast.dana)


@pytest.fixture
def history(cast):
    """A conversation in which everything happened once: a reply on its way, a reaction, a decided proposal, an odd event."""
    conversation = cast.conversation(cast.amina)
    asked = conversation.messages.get()
    reply = conversation.reply(Content(text="It is, since this morning."), by=cast.bob)
    _said_at_meta(cast, conversation, asked, reply)
    _proposed(cast.assistant, cast.alice, conversation, asked)
    write_note(conversation, "@Alice, they order every spring.", by=cast.bob)
    _wanted(cast)
    return conversation


def _said_at_meta(cast, conversation, asked, reply):
    Attempt.objects.create(dispatch=reply.dispatch, number=1, started_at=now(), request_digest="d" * 64)
    media = MediaFile.objects.create(account=cast.shop, by=cast.bob, at=now(), name="beans.png", mime="image/png", size=70)
    Attachment.objects.create(message=asked, kind="image", media=media, url="https://cdn.example/beans.png")
    Reaction.objects.create(message=asked, contact=cast.amina, emoji="♥", at=now())
    ParkedEcho.objects.create(conversation=conversation, mid="m_parked", at=now(), text="Maybe ours", parked_at=now())
    Occurrence.objects.create(conversation=conversation, kind="referral", at=now(), key="r", about={"referral": {"ref": "spring"}})
    KeptEvent.objects.create(delivery=WebhookDelivery.objects.latest("pk"), position=7, kind="comment", reason="No screen yet.", body={"a": 1}, key="k")
    RefusedDelivery.objects.create(hour=now(), reason="mis_signed", number=3, largest=812, last_at=now())
    DeletionRequest.objects.create(meta_app=cast.shop.meta_app, user_id="7300", received_at=now())
    AccountUsage.objects.create(account=cast.shop, kind="messenger", calls=80, time=5, cpu=3, at=now())
    AccountCheck.objects.create(account=cast.shop, at=now(), verdict="care", findings={"lines": {"token": "care"}})


def _wanted(cast):
    """Beside conversations: an account connected, somebody invited, an e-mail written."""
    ConnectionRequest.objects.create(by=cast.root, method="token", meta_app=cast.shop.meta_app, account=cast.shop, state="done", at=now())
    Invitation.objects.create(email="erin@example.test", digest="e" * 64, by=cast.root, at=now(), expires_at=now())
    Backfill.objects.create(account=cast.shop, by=cast.dana, at=now(), not_before=now())
    Reading.objects.create(account=cast.shop)
    Mail.objects.create(address="dana@example.test", account=cast.shop, kind="broken", key="k", subject="Broken", at=now(), not_before=now())


def _proposed(agent: Agent, approver, conversation, asked):
    version = PolicyVersion.objects.get(policy=agent.policy)
    digest = hashlib.sha256(b"shown").hexdigest()
    proposal = Proposal.objects.create(
        agent=agent, conversation=conversation, answers=asked, digest=digest, policy_version=version, created_at=now(), state="approved"
    )
    ProposalPart.objects.create(proposal=proposal, text="We have it again.")
    Vote.objects.create(proposal=proposal, by=approver, answer="approved", digest=digest, revision=1, at=now())
    Decision.objects.create(proposal=proposal, by=approver, answer="approved", at=now())
    ToolCall.objects.create(agent=agent, key=agent.keys.get(), tool="propose_message", at=now(), verdict="require_approval", policy_version=version)
