"""Takes in the pictures that we send: an upload at once, an address by the worker. Both end as bytes of our own."""

import hashlib
import io
import warnings
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Q
from django.utils.translation import gettext as _
from PIL import Image, UnidentifiedImageError

from accounts.models import Account, Right, User
from core.clock import now
from core.fetch import FetchRefused, fetch
from core.wake import wake
from graph.limits import image_problems, limits_for
from graph.networks import Network
from inbox.content import sentence
from inbox.errors import ContentRefused, NotAllowed
from inbox.models import MediaFile

MIME = {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif"}
MOST_PIXELS = 85_000_000
LEASE = timedelta(minutes=1)


@dataclass(frozen=True)
class Picture:
    """Bytes that were found to be a picture Meta takes on this network."""

    content: bytes
    mime: str
    width: int
    height: int


def keep_upload(account: Account, file: "UploadedFile[Any]", *, by: User) -> MediaFile:
    """Keep an uploaded picture.

    Raises:
        NotAllowed: `by` may not write on this account.
        ContentRefused: it is not a picture that the network takes.
    """
    _check(account, by)
    picture = inspect(file.read(limits_for(Network(account.network)).image_bytes + 1), account.network)
    media = MediaFile(account=account, by=by, at=now(), name=(file.name or "")[-120:])
    _fill(media, picture)
    return media


def keep_address(account: Account, url: str, *, by: User) -> MediaFile:
    """Note the address of a picture; the worker fetches it.

    Raises:
        NotAllowed: `by` may not write on this account.
    """
    _check(account, by)
    media = MediaFile.objects.create(account=account, by=by, at=now(), state=MediaFile.State.FETCHING, source_url=url.strip())
    wake("fetch")
    return media


def fetch_now(media: MediaFile) -> MediaFile:
    """Fetch a noted address. The row ends READY with its bytes, or FAILED with a sentence; it never raises for what the other side does."""
    try:
        answer = fetch(media.source_url, max_bytes=limits_for(Network(media.account.network)).image_bytes)
        _fill(media, inspect(answer.content, media.account.network))
    except (FetchRefused, ContentRefused) as error:
        media.state, media.error = MediaFile.State.FAILED, str(error)
        media.save(update_fields=["state", "error"])
    return media


def fetch_next() -> bool:
    """Fetch the oldest noted address that nobody is fetching. False where there is none."""
    at = now()
    waiting = MediaFile.objects.filter(Q(lease_until=None) | Q(lease_until__lt=at), state=MediaFile.State.FETCHING)
    for media in waiting.select_related("account").order_by("pk")[:20]:
        if waiting.filter(pk=media.pk).update(lease_until=at + LEASE):
            fetch_now(media)
            return True
    return False


def inspect(content: bytes, network: str) -> Picture:
    """What these bytes are, by their content and not by their name.

    Raises:
        ContentRefused: not a picture, too large, or of a type that the network does not take.
    """
    picture = _read(content)
    found = image_problems(len(content), picture.mime, Network(network))
    if found:
        raise ContentRefused(sentence(problem, network) for problem in found)
    return picture


def _read(content: bytes) -> Picture:
    try:
        with warnings.catch_warnings():
            # Pillow warns of pictures that unpack to very much; for us that is a refusal.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content)) as image:
                kind, width, height = image.format or "", *image.size
                image.verify()
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ContentRefused([_("This is not a picture that can be read.")]) from error
    if width * height > MOST_PIXELS:
        raise ContentRefused([_("This picture has too many pixels.")])
    return Picture(content, MIME.get(kind, f"image/{kind.lower()}"), width, height)


def _fill(media: MediaFile, picture: Picture) -> None:
    media.mime, media.size = picture.mime, len(picture.content)
    media.width, media.height = picture.width, picture.height
    media.sha256 = hashlib.sha256(picture.content).hexdigest()
    media.state = MediaFile.State.READY
    media.file.save(media.public_id, ContentFile(picture.content), save=False)
    media.save()


def _check(account: Account, by: User) -> None:
    right = Right.PROPOSE if by.is_agent else Right.REPLY
    if not account.allows(by, right):
        raise NotAllowed
