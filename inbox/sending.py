"""Hands claimed messages to Meta, one call each, and has the answer written down.

Order of the steps, and what a crash after each leaves behind: claimed (the lease ends, queued again) → files uploaded (the same) →
handed over, committed before the call (the lease ends, unknown) → called → recorded.
"""

import logging
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.conf import settings
from django.db import close_old_connections, connection, transaction
from django.db.models import QuerySet

from accounts.graph import client_for
from core.clock import now
from graph.client import GraphClient, Sent
from graph.errors import GraphError, MediaExpired, MediaRejected, OutcomeUnknown, Rejected, TokenInvalid, Unavailable
from graph.ids import checked_number
from inbox.claiming import claim, is_still_right, is_stopped
from inbox.content import Content
from inbox.echo_mark import metadata_for
from inbox.echoes import settle_parked
from inbox.models import Attempt, Conversation, Dispatch
from inbox.outcomes import Verdict, outcome_of
from inbox.recording import finish_attempt, record_error, record_sent
from inbox.uploading import attachment_ids_for, forget_uploads

logger = logging.getLogger("countersign.dispatch")


def send_next() -> bool:
    """Send the next message that may leave. False where none may."""
    dispatch = claim(worker_name(), at=now())
    if dispatch is None:
        return False
    with _heartbeat(dispatch):
        _send(dispatch)
    return True


def worker_name() -> str:
    return f"{socket.gethostname()[:40]}:{os.getpid()}:{threading.get_ident()}"[:80]


def _send(dispatch: Dispatch) -> None:
    content = Content.of(dispatch.message)
    try:
        client = _client(dispatch)
        attachment_ids = attachment_ids_for(content, client, account=dispatch.account)
        checked_number(dispatch.conversation.contact.external_id)
    except GraphError as error:
        return _record(dispatch, None, error)
    except OSError:
        logger.exception("A file of dispatch %s cannot be read.", dispatch.public_id)
        return _record(dispatch, None, MediaRejected("Our copy of the file cannot be read."))
    except ValueError:
        return _record(dispatch, None, Rejected("The contact's id cannot be one of Meta's."))
    except Exception as error:
        # Nothing was handed over, so it is tried again, with pauses and as long as the window lets it.
        logger.exception("Preparing dispatch %s broke.", dispatch.public_id)
        return _record(dispatch, None, Unavailable(type(error).__name__))
    if attempt := _hand_over(dispatch):
        _call(client, dispatch, attempt, content, attachment_ids)


def _client(dispatch: Dispatch) -> GraphClient:
    try:
        return client_for(dispatch.account)
    except ValueError as error:
        raise TokenInvalid(str(error)) from None


def _hand_over(dispatch: Dispatch) -> Attempt | None:
    """Commit that from now on Meta may have it. None where it must not leave any more, or where it is another worker's by now.

    An upload can take half a minute, so everything is looked at once more: Stop, what the contact wrote, grants, the window.
    """
    at = now()
    with transaction.atomic():
        conversation = Conversation.objects.lock(dispatch.conversation_id)
        mine = Dispatch.objects.filter(
            pk=dispatch.pk, state=Dispatch.State.SENDING, worker=dispatch.worker, attempts_made=dispatch.attempts_made, handed_over_at=None
        )
        if not mine.exists() or _must_wait(conversation, mine) or not is_still_right(conversation, dispatch, at):
            return None
        mine.update(handed_over_at=at, lease_until=at + timedelta(seconds=settings.LEASE_SECONDS))
        # The author counts as human wherever the tag is needed, or the window would have refused it just now.
        needs_tag = conversation.window.needs_human_tag(at)
        assert not (needs_tag and dispatch.released_by.is_agent), "An agent never passes for a human."
        return Attempt.objects.create(
            dispatch=dispatch, number=dispatch.attempts_made, started_at=at, request_digest=dispatch.content_digest, human_agent=needs_tag
        )


def _must_wait(conversation: Conversation, mine: QuerySet[Dispatch]) -> bool:
    """A Stop was placed, or the account broke or was paused since the claim: back into the queue, as it was."""
    account = conversation.account
    if account.is_sending and not account.is_held(now()) and not mine.filter(is_stopped()).exists():
        return False
    mine.update(state=Dispatch.State.QUEUED, lease_until=None, worker="")
    conversation.show()
    return True


def _call(client: GraphClient, dispatch: Dispatch, attempt: Attempt, content: Content, attachment_ids: list[str]) -> None:
    try:
        sent = client.send(
            content.outgoing(attachment_ids),
            to=dispatch.conversation.contact.external_id,
            metadata=metadata_for(dispatch.public_id),
            human_agent=attempt.human_agent,
            reply_to=content.reply_to_mid,
        )
    except MediaExpired as error:
        forget_uploads(content)
        return _record(dispatch, attempt, error)
    except GraphError as error:
        return _record(dispatch, attempt, error)
    except Exception as error:
        # Whatever broke, the request may have left: only people and Meta's own record can tell.
        logger.exception("Sending dispatch %s broke.", dispatch.public_id)
        return _record(dispatch, attempt, OutcomeUnknown(type(error).__name__))
    _record_accepted(dispatch, attempt, sent)


def _record_accepted(dispatch: Dispatch, attempt: Attempt, sent: Sent) -> None:
    at = now()
    with transaction.atomic():
        conversation = Conversation.objects.lock(dispatch.conversation_id)
        finish_attempt(attempt, Attempt.Outcome.ACCEPTED, at=at, trace_id=sent.trace_id)
        record_sent(conversation, dispatch, mid=sent.message_id, at=at)
        settle_parked(conversation)


def _record(dispatch: Dispatch, attempt: Attempt | None, error: GraphError) -> None:
    outcome, at = outcome_of(error, was_sending=attempt is not None, attempts=dispatch.attempts_made), now()
    facts = (type(error).__name__, error.code, error.subcode, error.trace_id)
    logger.warning("Dispatch %s: %s (%s, code %s/%s, trace %s).", dispatch.public_id, outcome.verdict, *facts)
    words = {Verdict.UNKNOWN: Attempt.Outcome.UNKNOWN, Verdict.RETRY: Attempt.Outcome.NOT_SENT}
    with transaction.atomic():
        conversation = Conversation.objects.lock(dispatch.conversation_id)
        if attempt:
            finish_attempt(attempt, words.get(outcome.verdict, Attempt.Outcome.REFUSED), at=at, error=error)
        record_error(conversation, dispatch, error, outcome, at=at, attempt=attempt)
        settle_parked(conversation)


@contextmanager
def _heartbeat(dispatch: Dispatch) -> Iterator[None]:
    """Keep the lease alive while the call lasts; one of Meta's answers may take longer than a lease."""
    done = threading.Event()
    thread = threading.Thread(target=_beat, args=(dispatch, done), name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _beat(dispatch: Dispatch, done: threading.Event) -> None:
    leased = Dispatch.objects.filter(pk=dispatch.pk, state=Dispatch.State.SENDING, worker=dispatch.worker, attempts_made=dispatch.attempts_made)
    while not done.wait(settings.LEASE_SECONDS / 3):
        try:
            leased.update(lease_until=now() + timedelta(seconds=settings.LEASE_SECONDS))
        except Exception:
            logger.exception("The lease of a dispatch could not be renewed.")
        finally:
            close_old_connections()
    connection.close()
