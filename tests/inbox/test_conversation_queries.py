"""What one conversation costs the database where it has everything that a conversation can have."""

from datetime import datetime, timedelta
from itertools import count

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Account, Stop
from agents.deciding import decide
from agents.models import Proposal
from agents.proposing import propose
from core.clock import now
from core.fields import new_public_id
from inbox.content import Content
from inbox.drafting import save_draft
from inbox.labelling import put_label
from inbox.models import Attachment, Attempt, Conversation, Dispatch, Label, MediaFile, Message, Occurrence, Reaction
from inbox.noting import write_note
from inbox.outbox import cancel
from inbox.presence import look
from inbox.teamwork import assign
from tests.inbox.browsing import HTMX, page

MOST = 8
numbers = count(1)


@pytest.fixture
def amina(cast) -> Conversation:
    return cast.conversation(cast.amina)


def picture(cast, **fields) -> MediaFile:
    return MediaFile.objects.create(account=cast.shop, at=now(), mime="image/png", width=4, height=4, name="beans.png", **fields)


def said(amina: Conversation, at: datetime, **fields) -> Message:
    number = next(numbers)
    fields = {"direction": "in", "source": "contact", "text": f"Line {number:03}.", "mid": f"m{number}"} | fields
    return Message.objects.create(account=amina.account, conversation=amina, at=at, received_at=at, **fields)


def fill(cast, amina: Conversation) -> list[Message]:
    """Everything at once, twice or more. The messages of the contact, oldest first."""
    at = now()
    lines = [said(amina, at - timedelta(hours=5, minutes=-number)) for number in range(90)]
    Message.objects.filter(pk=lines[0].pk).update(text="")
    Attachment.objects.create(message=lines[0], kind="image", media=picture(cast))
    for number, line in enumerate(lines[-10:]):
        Attachment.objects.create(message=line, kind="image", media=picture(cast))
        Attachment.objects.create(message=line, kind="audio", position=1, url="https://example.org/a.mp3")
        Message.objects.filter(pk=line.pk).update(reply_to_mid=lines[number].mid)
        Reaction.objects.create(message=line, contact=cast.amina, emoji="👍", at=at)
    Occurrence.note(amina, "control", at=at, key="taken", change="taken", owner="263902037430900")
    Conversation.objects.filter(pk=amina.pk).update(control="elsewhere", window_cause="reaction", window_message=lines[-1])
    for number in range(3):
        assign(amina, cast.bob if number % 2 else cast.alice, by=cast.alice)
        put_label(amina, Label.objects.create(name=f"Label {number}"), by=cast.alice)
        write_note(amina, f"@Bob look at {number}", by=cast.alice)
    look(amina, by=cast.alice)
    _answers(cast, amina, at)
    _proposals(cast, amina, lines)
    return lines


def _answers(cast, amina, at) -> None:
    for number, state in enumerate(("unknown", "unknown", "failed", "sent", "cancelled", "queued", "queued")):
        written_by = cast.assistant.user if state == "queued" else None
        message = amina.reply(Content(text=f"Reply {number}."), by=cast.alice, written_by=written_by, idempotency_key=f"k{number}")
        Attempt.objects.create(dispatch=message.dispatch, number=1, started_at=at, outcome="unknown", error="OutcomeUnknown")
        reason, unknown = "not_there" if state == "failed" else "", at - timedelta(hours=1) if state == "unknown" else None
        sent = at if state == "sent" else None
        Dispatch.objects.filter(pk=message.dispatch.pk).update(state=state, reason=reason, unknown_since=unknown, sent_at=sent)
    for hours in (2, 3):
        amina.reply(Content(text=f"In {hours} hours."), by=cast.bob, scheduled_for=at + timedelta(hours=hours))


def _proposals(cast, amina, lines) -> None:
    """One was approved and came back before it left; three more wait."""
    taken_back = Proposal.objects.for_cards().get(pk=propose(cast.assistant, amina, Content(text="Proposal.")).proposal.pk)
    decide(taken_back, approve=True, digest=taken_back.digest, revision=taken_back.conversation.revision, by=cast.alice)
    cancel(Dispatch.objects.order_by("pk").last(), by=cast.alice)
    made, part = taken_back, taken_back.parts.get()
    for line in lines[:3]:
        made.pk, made.public_id, made.state, made.answers = None, new_public_id(), "pending", line
        made.save()
        part.pk, part.proposal, part.message, part.text, part.media = None, made, None, "", picture(cast)
        part.save()
    Stop.place(by=cast.root, reason="Wrong prices", at=now(), account=cast.shop)
    Account.objects.filter(pk=cast.shop.pk).update(state=Account.State.NEEDS_RECONNECT, state_reason="token_dead")


def leave_a_draft(cast, amina, lines, by) -> None:
    chosen = [picture(cast, by=by).public_id for _ in range(2)]
    typed = {"text": "It is", "kind": "link", "url": "https://example.org", "picture": picture(cast, by=by).public_id, "reply_to": lines[0].public_id}
    save_draft(amina, typed, chosen, by=by)


def cost(browser, address: str, **more) -> tuple[str, list[str]]:
    with CaptureQueriesContext(connection) as asked:
        shown = page(browser, address, **more)
    return shown, [query["sql"] for query in asked.captured_queries]


@pytest.mark.parametrize("who", ["bob", "alice", "dana", "root"])
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "fragment"])
@pytest.mark.parametrize("where", ["newest", "far back"])
def test_one_conversation_costs_few_queries_whatever_the_data(cast, amina, sign_in, who, headers, where):
    lines, user = fill(cast, amina), getattr(cast, who)
    if who != "dana":
        leave_a_draft(cast, amina, lines, user)
    browser = sign_in(user)
    assert connection.features.has_json_object_function  # which is asked once in the life of a process
    address = amina.get_absolute_url() + (f"?at={lines[10].public_id}" if where == "far back" else "")
    shown, asked = cost(browser, address, headers=headers)
    assert "Not known whether it arrived" in shown or where == "far back"
    assert len(asked) <= MOST, "\n".join([f"{len(asked)}:", *(sql[:300] for sql in asked)])
