"""Gives Meta our own bytes of what is sent, once per file while it remembers them."""

import hashlib
from datetime import timedelta

from accounts.models import Account
from core.clock import now
from graph.client import GraphClient
from graph.errors import MediaRejected
from inbox.content import Content
from inbox.models import MediaFile

# Meta keeps an upload for 90 days (Meta, "Saving assets"); we let go of it a little earlier.
KEPT_FOR = timedelta(days=85)


def attachment_ids_for(content: Content, client: GraphClient, *, account: Account) -> list[str]:
    """Meta's id of each file, uploading it first where needed. Uploading sends nothing, so it may safely be repeated.

    Raises:
        graph.errors.GraphError, OSError: our copy cannot be read.
    """
    return [_attachment_id(file, client, account) for file in content.files]


def forget_uploads(content: Content) -> None:
    """Meta does not know an upload any more, whatever it promised: the next try uploads again."""
    MediaFile.objects.filter(pk__in=[file.pk for file in content.files]).update(attachment_id="", attachment_expires_at=None)


def _attachment_id(media: MediaFile, client: GraphClient, account: Account) -> str:
    at = now()
    if media.attachment_id and media.attachment_expires_at and media.attachment_expires_at > at and media.account_id == account.pk:
        return media.attachment_id
    with media.file.open("rb") as file:
        content = file.read()
    if hashlib.sha256(content).hexdigest() != media.sha256:
        raise MediaRejected("Our copy of the file is not what was shown.")
    attachment_id = client.upload(content, kind=media.kind, name=media.name or str(media.kind), mime=media.mime)
    MediaFile.objects.filter(pk=media.pk).update(attachment_id=attachment_id, attachment_expires_at=at + KEPT_FOR)
    return attachment_id
