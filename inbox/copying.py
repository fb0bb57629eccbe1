"""Copies what contacts send, before Meta's addresses die: within days for most, with the message or the signature on Instagram.

Not copied are stories and shared posts, whose owners decide how long they are seen (Meta, Instagram Platform, "Webhooks", story
mentions and replies: "may not be stored"), and everything on accounts that keep no copies.
"""

import hashlib
import logging
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.core.files.base import ContentFile
from django.db.models import Q

from core.clock import now
from core.fetch import FetchRefused, fetch
from core.lease import Lease, is_free, lease_time
from core.wake import wake
from inbox.inspecting import looks_like
from inbox.models import Attachment, Conversation, MediaFile, Message
from inbox.models.media import media_path

KINDS = ("image", "video", "audio", "file", "sticker")
# Meta takes up to 25 MB from businesses; what people send each other may be larger.
LARGEST = 64 * 1024 * 1024
TOTAL_SECONDS = 60.0
# An address lives for days; after the last of these nobody asks for it again.
PAUSES = tuple(timedelta(seconds=seconds) for seconds in (10, 60, 600, 3_600, 6 * 3_600, 24 * 3_600))
DEAD = {403, 404, 410}
Turn = MediaFile.Turn

logger = logging.getLogger("countersign.media")


def note_copy(attachment: Attachment) -> MediaFile | None:
    """Note that this received attachment has to be copied; the worker does it. None where it may not, or cannot, be copied."""
    account = attachment.message.account
    if attachment.kind not in KINDS or not attachment.url.startswith(("https://", "http://")) or not account.keeps_media:
        return None
    at, turn = now(), Turn.HISTORY if attachment.message.is_history else Turn.NEWS
    if turn == Turn.NEWS:
        wake("upkeep")  # for history a sweep is soon enough, and a wake-up for each of thousands too much
    return MediaFile.objects.create(
        account=account, at=at, state=MediaFile.State.FETCHING, source_url=attachment.url, name=attachment.title[:120], turn=turn
    )


def copy_at_once(messages: Iterable[Message]) -> None:
    """What was noted as history turned out to be news."""
    noted = MediaFile.objects.filter(pk__in=Attachment.objects.filter(message__in=messages).values("media"), turn=Turn.HISTORY)
    if noted.update(turn=Turn.NEWS):
        wake("upkeep")


def copy_next_of_history() -> bool:
    """Copy the oldest noted attachment of what was read back. Nobody waits for it, so it comes after everything else."""
    return copy_next(Turn.HISTORY)


def copy_next(turn: int = Turn.NEWS) -> bool:
    """Copy the oldest noted attachment whose turn it is. False where there is none."""
    at = now()
    due = MediaFile.objects.filter(
        is_free(at), Q(not_before=None) | Q(not_before__lte=at), state=MediaFile.State.FETCHING, turn=turn, by=None
    )
    for media in due.select_related("account").order_by("pk")[:20]:
        media.lease_until = at + lease_time()
        if due.filter(pk=media.pk).update(lease_until=media.lease_until, attempts=media.attempts + 1):
            _copy(media, at)
            return True
    return False


def next_copy_due(at: datetime) -> datetime | None:
    """When the next copy that waits for its time becomes due."""
    waiting = MediaFile.objects.filter(state=MediaFile.State.FETCHING, by=None, not_before__gt=at)
    return waiting.order_by("not_before").values_list("not_before", flat=True).first()


def _copy(media: MediaFile, at: datetime) -> None:
    lease = Lease(media, only=Q(state=MediaFile.State.FETCHING))
    with lease.kept():
        _copy_held(lease, at)


def _copy_held(lease: Lease[MediaFile], at: datetime) -> None:
    media = lease.row
    try:
        answer = fetch(media.source_url, max_bytes=LARGEST, accept="*/*", total_seconds=TOTAL_SECONDS)
    except FetchRefused as error:
        return _try_later(lease, str(error), at, is_dead=error.status in DEAD)
    except Exception as error:
        # The error's own words may hold the address, and an address may hold a secret.
        logger.error("Copying %s broke with %s.", media.public_id, type(error).__name__)
        return _try_later(lease, type(error).__name__, at, is_dead=False)
    _keep(lease, answer.content, answer.mime)


def _keep(lease: Lease[MediaFile], content: bytes, claimed: str) -> None:
    media, found = lease.row, looks_like(content, claimed)
    name = media.file.storage.save(f"{media_path(media, '')}-{secrets.token_hex(8)}", ContentFile(content))
    kept = _settle(
        lease, state=MediaFile.State.READY, file=name, mime=found.mime, size=len(content), width=found.width, height=found.height,
        sha256=hashlib.sha256(content).hexdigest(), error="",
    )  # fmt: skip
    if not kept:
        # It was unsent meanwhile, or another worker has it.
        media.file.storage.delete(name)


def _try_later(lease: Lease[MediaFile], why: str, at: datetime, *, is_dead: bool) -> None:
    media = lease.row
    if is_dead:
        _settle(lease, state=MediaFile.State.GONE, error=why)
    elif media.attempts >= len(PAUSES):
        _settle(lease, state=MediaFile.State.FAILED, error=why)
    else:
        again_at = at + PAUSES[media.attempts]
        _settle(lease, error=why, not_before=again_at)
        wake("upkeep", at=again_at)


def _settle(lease: Lease[MediaFile], **result: object) -> bool:
    """Write the result, unless our lease was taken over or the row is gone, and have the screens that show it look again."""
    if not lease.update(lease_until=None, **result):
        return False
    for conversation in Conversation.objects.filter(messages__attachments__media=lease.row).values_list("pk", flat=True):
        Conversation.touch(conversation)
    return True
