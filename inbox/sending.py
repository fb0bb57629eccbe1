"""Hands claimed messages to Meta, one call each, and has the answer written down.

Order of the steps, and what a crash after each leaves behind: claimed (the lease ends, queued again) → files uploaded (the same) →
handed over, committed before the call (the lease ends, unknown) → called → recorded.
"""

import hashlib
import json
import logging
import os
import socket
import threading
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from accounts.graph import client_for
from core.clock import now
from core.lease import kept, lease_time
from graph.client import GraphClient, Sent
from graph.errors import CopyUnreadable, GraphError, HasNoForm, MediaExpired, OutcomeUnknown, Stalled, TokenInvalid, Unprepared
from graph.payloads import Outgoing
from inbox import calls
from inbox.claiming import claim, is_still_right, is_stopped
from inbox.content import Content
from inbox.echo_mark import metadata_for
from inbox.echoes import settle_parked
from inbox.models import Attempt, Conversation, Dispatch
from inbox.outcomes import outcome_of
from inbox.recording import record_error, record_sent
from inbox.uploading import attachment_ids_for, forget_uploads

logger = logging.getLogger("countersign.dispatch")


@dataclass(frozen=True)
class Letter:
    """One message in Meta's language, and the way there."""

    client: GraphClient
    outgoing: Outgoing
    dispatch: Dispatch
    reply_to: str

    def send(self, *, human_agent: bool) -> Sent:
        return self.client.send(self.outgoing, **self._address(human_agent))

    def digest(self, *, human_agent: bool) -> str:
        """SHA-256 of the very request: unlike the digest of the content, with the tag, our mark, and the ids of what was uploaded.

        Raises:
            ValueError: Meta has no form for it.
        """
        body = self.client.body(self.outgoing, **self._address(human_agent))
        return hashlib.sha256(json.dumps(body, sort_keys=True, ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()

    def _address(self, human_agent: bool) -> dict[str, Any]:
        to, metadata = self.dispatch.conversation.contact.external_id, metadata_for(self.dispatch.public_id)
        return {"to": to, "metadata": metadata, "human_agent": human_agent, "reply_to": self.reply_to}


def send_next() -> bool:
    """Send the next message that may leave. False where none may."""
    dispatch = claim(worker_name(), at=now())
    if dispatch is None:
        return False
    with kept(partial(_renew, dispatch)):
        _send(dispatch)
    return True


def worker_name() -> str:
    return f"{socket.gethostname()[:40]}:{os.getpid()}:{threading.get_ident()}"[:80]


def _send(dispatch: Dispatch) -> None:
    content = Content.of(dispatch.message)
    try:
        client = _client(dispatch)
        letter = Letter(client, content.outgoing(attachment_ids_for(content, client, dispatch=dispatch)), dispatch, content.reply_to_mid)
        letter.digest(human_agent=False)
    except GraphError as error:
        return _record(dispatch, None, error)
    except OSError:
        logger.exception("A file of dispatch %s cannot be read.", dispatch.public_id)
        return _record(dispatch, None, CopyUnreadable("Our copy of the file cannot be read."))
    except ValueError:
        return _record(dispatch, None, HasNoForm("The contact's id or the content cannot be one of Meta's."))
    except Exception as error:
        # Nothing was handed over, so it is tried again, with pauses and as long as the window lets it.
        logger.exception("Preparing dispatch %s broke.", dispatch.public_id)
        return _record(dispatch, None, Unprepared(type(error).__name__))
    if attempt := _hand_over(dispatch, letter):
        _call(letter, attempt)


def _client(dispatch: Dispatch) -> GraphClient:
    try:
        return client_for(dispatch.account)
    except ValueError as error:
        raise TokenInvalid(str(error)) from None


def _hand_over(dispatch: Dispatch, letter: Letter) -> Attempt | None:
    """Commit that from now on Meta may have it. None where it must not leave any more, or where it is another worker's by now.

    An upload can take half a minute, so everything is looked at once more: Stop, what the contact wrote, grants, the window.
    """
    with transaction.atomic():
        conversation, at = Conversation.objects.lock(dispatch.conversation_id), now()
        mine = Dispatch.objects.filter(
            pk=dispatch.pk, state=Dispatch.State.SENDING, worker=dispatch.worker, attempts_made=dispatch.attempts_made, handed_over_at=None
        )
        if not mine.exists() or _must_wait(conversation, dispatch, mine) or not is_still_right(conversation, dispatch, at):
            return None
        mine.update(handed_over_at=at, lease_until=at + lease_time())
        # The author counts as human wherever the tag is needed, or the window would have refused it just now.
        needs_tag = conversation.window.needs_human_tag(at)
        assert not (needs_tag and dispatch.released_by.is_agent), "An agent never passes for a human."
        digest = letter.digest(human_agent=needs_tag)
        return calls.begin(dispatch, Attempt.Step.SEND, started_at=at, request_digest=digest, human_agent=needs_tag)


def _must_wait(conversation: Conversation, dispatch: Dispatch, mine: QuerySet[Dispatch]) -> bool:
    """A Stop was placed, or the account broke or was paused since the claim: back into the queue, as it was."""
    account, at = conversation.account, now()
    if account.lets_out(dispatch.public_id) and not (account.is_held(at) or account.is_paused(at)) and not mine.filter(is_stopped()).exists():
        return False
    mine.update(state=Dispatch.State.QUEUED, lease_until=None, worker="")
    conversation.show()
    return True


def _call(letter: Letter, attempt: Attempt) -> None:
    dispatch, watch = letter.dispatch, calls.Watch()
    if now() >= attempt.started_at + lease_time():
        # We slept since the hand-over, so others may have given us up and asked a person, who may have chosen to send it again.
        return _record(dispatch, attempt, Stalled("The worker stalled before the call."))
    try:
        sent = letter.send(human_agent=attempt.human_agent)
    except GraphError as error:
        took = watch.milliseconds
        if isinstance(error, MediaExpired):
            forget_uploads(Content.of(dispatch.message))
        return _record(dispatch, attempt, error, took=took)
    except Exception as error:
        # Whatever broke, the request may have left: only people and Meta's own record can tell.
        logger.exception("Sending dispatch %s broke.", dispatch.public_id)
        return _record(dispatch, attempt, OutcomeUnknown(type(error).__name__), took=watch.milliseconds)
    _record_accepted(dispatch, attempt, sent, took=watch.milliseconds)


def _record_accepted(dispatch: Dispatch, attempt: Attempt, sent: Sent, *, took: int | None = None) -> None:
    at = now()
    with transaction.atomic():
        conversation = Conversation.objects.lock(dispatch.conversation_id)
        calls.finish(attempt, Attempt.Outcome.ACCEPTED, sent, at=at, took=took)
        is_late = not Dispatch.objects.filter(pk=dispatch.pk, state=Dispatch.State.SENDING, attempts_made=dispatch.attempts_made).exists()
        record_sent(conversation, dispatch, mid=sent.message_id, at=at, how="late_answer" if is_late else "answer")
        settle_parked(conversation)


def _record(dispatch: Dispatch, attempt: Attempt | None, error: GraphError, *, took: int | None = None) -> None:
    outcome, at = outcome_of(error, was_sending=attempt is not None, tries=calls.tries_with(error, dispatch, attempt)), now()
    facts = (type(error).__name__, error.code, error.subcode, error.trace_id)
    logger.warning("Dispatch %s: %s (%s, code %s/%s, trace %s).", dispatch.public_id, outcome.verdict, *facts)
    with transaction.atomic():
        conversation = Conversation.objects.lock(dispatch.conversation_id)
        if attempt:
            calls.finish(attempt, calls.outcome_by(outcome.verdict), error, at=at, took=took)
        record_error(conversation, dispatch, error, outcome, at=at, attempt=attempt)
        settle_parked(conversation)


def _renew(dispatch: Dispatch) -> bool:
    """Keep the lease while the call lasts; one of Meta's answers may take longer than a lease."""
    mine = Dispatch.objects.filter(pk=dispatch.pk, state=Dispatch.State.SENDING, worker=dispatch.worker, attempts_made=dispatch.attempts_made)
    return bool(mine.update(lease_until=now() + lease_time()))
