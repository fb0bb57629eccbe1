"""Gives Meta our own bytes of a picture, once per picture."""

import hashlib
from datetime import timedelta

from accounts.models import Account
from core.clock import now
from graph.client import GraphClient
from graph.errors import MediaRejected
from inbox.models import MediaFile

# Meta keeps an upload for 90 days (Meta, "Saving assets"); we let go of it a little earlier.
KEPT_FOR = timedelta(days=85)


def attachment_id_for(media: MediaFile, client: GraphClient, *, account: Account) -> str:
    """Meta's id of this picture, uploading it first where needed. Uploading sends nothing, so it may safely be repeated.

    Raises:
        graph.errors.GraphError, OSError: our copy cannot be read.
    """
    at = now()
    if media.attachment_id and media.attachment_expires_at and media.attachment_expires_at > at and media.account_id == account.pk:
        return media.attachment_id
    with media.file.open("rb") as file:
        content = file.read()
    if hashlib.sha256(content).hexdigest() != media.sha256:
        raise MediaRejected("Our copy of the picture is not what was shown.")
    attachment_id = client.upload_image(content, name=media.name or "picture", mime=media.mime)
    MediaFile.objects.filter(pk=media.pk).update(attachment_id=attachment_id, attachment_expires_at=at + KEPT_FOR)
    return attachment_id
