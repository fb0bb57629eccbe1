"""Takes in the pictures that we send: an upload at once, an address by the worker. Both end as bytes of our own.

Once a picture is ready its bytes never change: people decide on what they saw, and browsers are told to keep it.
"""

import hashlib
import io
import logging
import re
import secrets
import traceback
import warnings
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Q
from django.utils.translation import gettext as _
from PIL import Image

from accounts.models import Account, Right, User
from core.clock import now
from core.fetch import FetchRefused, fetch, web_address
from core.wake import wake
from graph.limits import image_problems, limits_for
from graph.networks import Network
from inbox.content import sentence
from inbox.errors import ContentRefused, NotAllowed
from inbox.models import MediaFile
from inbox.models.media import media_path

# Telephones write JPEG files that hold a second view; Pillow calls these MPO.
MIME = {"PNG": "image/png", "JPEG": "image/jpeg", "MPO": "image/jpeg", "GIF": "image/gif"}
# What Meta takes is all that Pillow may read: each further reader is one more that a stranger's bytes could break.
READERS = ("PNG", "JPEG", "GIF")
# Pictures that Meta does not take, known by how they begin, so that we can say so.
OTHERS = {"image/webp": rb"RIFF.{4}WEBP", "image/heic": rb".{4}ftyp(heic|heix|mif1|msf1)", "image/avif": rb".{4}ftypavi[fs]", "image/tiff": rb"II\*\0|MM\0\*"}
MOST_PIXELS = 85_000_000
# Longer than a fetch can take: meanwhile nobody else begins it.
LEASE = timedelta(minutes=1)
RESULT = ("state", "error", "file", "mime", "size", "width", "height", "sha256")

logger = logging.getLogger("countersign.media")


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
    _take(media, picture)
    media.save(force_insert=True)
    return media


def keep_address(account: Account, url: str, *, by: User) -> MediaFile:
    """Note the address of a picture; the worker fetches it.

    Raises:
        NotAllowed: `by` may not write on this account.
        ContentRefused: this is not a web address.
    """
    _check(account, by)
    check_address(url)
    media = MediaFile.objects.create(account=account, by=by, at=now(), state=MediaFile.State.FETCHING, source_url=url.strip())
    wake("fetch")
    return media


def check_address(url: str) -> None:
    """Whether this can be an address at all; where it leads is seen when it is fetched.

    Raises:
        ContentRefused: it cannot.
    """
    try:
        web_address(url)
    except FetchRefused as error:
        raise ContentRefused([str(error)]) from error


def fetch_now(media: MediaFile) -> bool:
    """Fetch a noted address. The row ends READY with its bytes, or FAILED with a sentence, whatever the other side does.

    Returns:
        False where the row was not, or no longer, ours to settle: whoever took it over decides what it shows, and our bytes go.
    """
    if media.state != MediaFile.State.FETCHING:
        return False
    try:
        answer = fetch(media.source_url, max_bytes=limits_for(Network(media.account.network)).image_bytes)
        _take(media, inspect(answer.content, media.account.network))
    except (FetchRefused, ContentRefused) as error:
        _give_up(media, str(error))
    except Exception as error:
        _report(media, error)
        _give_up(media, _("Something went wrong while this picture was fetched. Choose another one."))
    return _settle(media)


def fetch_next() -> bool:
    """Fetch the oldest noted address that nobody is fetching. False where there is none."""
    at = now()
    waiting = MediaFile.objects.filter(Q(lease_until=None) | Q(lease_until__lt=at), state=MediaFile.State.FETCHING)
    for media in waiting.select_related("account").order_by("pk")[:20]:
        media.lease_until = at + LEASE
        if waiting.filter(pk=media.pk).update(lease_until=media.lease_until):
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
            with Image.open(io.BytesIO(content), formats=READERS) as image:
                kind, width, height = image.format or "", *image.size
                image.verify()
    except Exception as error:  # Broken bytes lead Pillow's readers into almost any error.
        if mime := _other_kind(content):
            return Picture(content, mime, 0, 0)
        raise ContentRefused([_("This is not a picture that can be read.")]) from error
    if width * height > MOST_PIXELS:
        raise ContentRefused([_("This picture has too many pixels.")])
    return Picture(content, MIME.get(kind, f"image/{kind.lower()}"), width, height)


def _other_kind(content: bytes) -> str:
    return next((mime for mime, beginning in OTHERS.items() if re.match(beginning, content, re.DOTALL)), "")


def _take(media: MediaFile, picture: Picture) -> None:
    """Store the bytes, and note them on the row in memory. Each write has a file of its own, so none can replace another's."""
    media.mime, media.size = picture.mime, len(picture.content)
    media.width, media.height = picture.width, picture.height
    media.sha256 = hashlib.sha256(picture.content).hexdigest()
    media.file = media.file.storage.save(f"{media_path(media, '')}-{secrets.token_hex(8)}", ContentFile(picture.content))
    media.state = MediaFile.State.READY


def _give_up(media: MediaFile, why: str) -> None:
    media.state, media.error = MediaFile.State.FAILED, why


def _settle(media: MediaFile) -> bool:
    """Write the result, unless our lease was taken over or the row is settled already: then the stored file goes."""
    ours = MediaFile.objects.filter(pk=media.pk, state=MediaFile.State.FETCHING, lease_until=media.lease_until)
    if ours.update(**{name: getattr(media, name) for name in RESULT}):
        return True
    media.file.delete(save=False)
    return False


def _report(media: MediaFile, error: Exception) -> None:
    """Where it broke. The error's own words may hold the address, and an address may hold a secret."""
    where = "".join(traceback.format_tb(error.__traceback__))
    logger.error("Fetching picture %s broke with %s.\n%s", media.public_id, type(error).__name__, where)


def _check(account: Account, by: User) -> None:
    right = Right.PROPOSE if by.is_agent else Right.REPLY
    if not account.allows(by, right):
        raise NotAllowed
