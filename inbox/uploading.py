"""Gives Meta our own bytes of what is sent, once per file while it remembers them."""

from datetime import datetime, timedelta

from django.db import transaction

from core.clock import now
from graph.client import GraphClient, Uploaded
from graph.errors import GraphError
from inbox import calls
from inbox.content import Content
from inbox.media import our_copy
from inbox.models import Attempt, Conversation, Dispatch, MediaFile
from inbox.outcomes import outcome_of

# Meta keeps an upload for 90 days (Meta, "Saving assets"); we let go of it a little earlier.
KEPT_FOR = timedelta(days=85)


def attachment_ids_for(content: Content, client: GraphClient, *, dispatch: Dispatch) -> list[str]:
    """Meta's id of each file, uploading it first where needed. Uploading sends nothing, so it may safely be repeated.

    Raises:
        graph.errors.GraphError, OSError: our copy cannot be read.
    """
    if content.picture:
        # Nothing of it is uploaded: Meta fetches it once the card is handed over, and then it is too late to find it damaged.
        our_copy(content.picture)
    return [_attachment_id(file, client, dispatch) for file in content.files]


def forget_uploads(content: Content) -> None:
    """Meta does not know an upload any more, whatever it promised: the next try uploads again."""
    MediaFile.objects.filter(pk__in=[file.pk for file in content.files]).update(attachment_id="", attachment_expires_at=None)


def _attachment_id(media: MediaFile, client: GraphClient, dispatch: Dispatch) -> str:
    at = now()
    if media.attachment_id and media.attachment_expires_at and media.attachment_expires_at > at and media.account_id == dispatch.account_id:
        return media.attachment_id
    attachment_id = _upload(media, our_copy(media), client, dispatch).attachment_id
    MediaFile.objects.filter(pk=media.pk, account=dispatch.account_id).update(attachment_id=attachment_id, attachment_expires_at=at + KEPT_FOR)
    return attachment_id


def _upload(media: MediaFile, content: bytes, client: GraphClient, dispatch: Dispatch) -> Uploaded:
    began_at, watch = now(), calls.Watch()
    try:
        uploaded = client.upload(content, kind=media.kind, name=media.name or str(media.kind), mime=media.mime)
    except Exception as error:
        _note(dispatch, media, error, began_at, watch.milliseconds)
        raise
    _note(dispatch, media, uploaded, began_at, watch.milliseconds)
    return uploaded


def _note(dispatch: Dispatch, media: MediaFile, told: calls.Told, began_at: datetime, took: int) -> None:
    with transaction.atomic():
        Conversation.objects.lock(dispatch.conversation_id)
        calls.begin(
            dispatch, Attempt.Step.UPLOAD, started_at=began_at, finished_at=now(), duration_ms=took, outcome=_outcome(told),
            request_digest=media.sha256, **calls.facts_of(told),
        )  # fmt: skip


def _outcome(told: calls.Told) -> str:
    if isinstance(told, GraphError):
        return calls.outcome_by(outcome_of(told, was_sending=False).verdict)
    return Attempt.Outcome.NOT_SENT if isinstance(told, Exception) else Attempt.Outcome.ACCEPTED
