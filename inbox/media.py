"""Takes in what we send: an upload at once, an address by the worker. Both end as bytes of our own.

Once a file is ready its bytes never change: people decide on what they saw, and browsers are told to keep it.
"""

import hashlib
import logging
import secrets
import traceback
from collections.abc import Iterable
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import Account, Right, User
from core.clock import now
from core.fetch import FetchRefused, fetch, web_address
from core.lease import Lease, is_free, lease_time
from core.wake import wake
from graph.errors import CopyDamaged
from graph.limits import limits_for, media_kind_of, media_problems
from graph.networks import Network
from graph.payloads import MediaKind
from inbox.complaints import sentence
from inbox.errors import ContentRefused, NotAllowed
from inbox.inspecting import Found, looks_like, picture
from inbox.models import MediaFile
from inbox.models.media import media_path

RESULT = ("state", "error", "file", "mime", "size", "width", "height", "sha256")

logger = logging.getLogger("countersign.media")


def keep_upload(account: Account, file: "UploadedFile[Any]", *, by: User) -> MediaFile:
    """Keep an uploaded file.

    Raises:
        NotAllowed: `by` may not write on this account.
        ContentRefused: it is nothing that the network takes.
    """
    _check(account, by)
    content = file.read(most_bytes(account) + 1)
    found = inspect(content, account.network, claimed=file.content_type or "")
    media = MediaFile(account=account, by=by, at=now(), name=(file.name or "")[-120:])
    _take(media, content, found)
    media.save(force_insert=True)
    return media


def keep_address(account: Account, url: str, *, by: User) -> MediaFile:
    """Note the address of a file; the worker fetches it.

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
    lease = Lease(media, only=Q(state=MediaFile.State.FETCHING))
    if media.state != MediaFile.State.FETCHING or not lease.renew():
        return False
    with lease.kept():
        _fetch(media)
        return _settle(lease)


def _fetch(media: MediaFile) -> None:
    try:
        answer = fetch(media.source_url, max_bytes=most_bytes(media.account), accept="*/*")
        _take(media, answer.content, _inspect_for(media, answer.content, answer.mime))
    except (FetchRefused, ContentRefused) as error:
        _give_up(media, str(error))
    except Exception as error:
        _report(media, error)
        _give_up(media, _("Something went wrong while this was fetched. Choose another file."))


def fetch_next() -> bool:
    """Fetch the oldest noted address that nobody is fetching. False where there is none."""
    at = now()
    waiting = MediaFile.objects.filter(is_free(at), state=MediaFile.State.FETCHING, by__isnull=False)
    for media in waiting.select_related("account", "by").order_by("pk")[:20]:
        media.lease_until = at + lease_time()
        if waiting.filter(pk=media.pk).update(lease_until=media.lease_until):
            fetch_now(media)
            return True
    return False


def hold(files: Iterable[MediaFile], account: Account) -> None:
    """Lock what a message is about to refer to, until its transaction ends: nobody tidies it away meanwhile.

    Raises:
        ContentRefused: one of them is not there any more, or is another account's.
    """
    wanted = {file.pk for file in files}
    # One after the other in the order of their keys, so that two messages with the same files cannot wait for each other.
    found = MediaFile.objects.select_for_update().filter(pk__in=wanted, account=account).order_by("pk").values_list("pk", flat=True)
    if wanted and set(found) != wanted:
        raise ContentRefused([_("The file is not here any more. Choose it again.")])


def our_copy(media: MediaFile) -> bytes:
    """Its bytes, which are those that were shown.

    Raises:
        CopyDamaged: they are others by now.
        OSError: they cannot be read.
    """
    with media.file.open("rb") as file:
        content: bytes = file.read()
    if hashlib.sha256(content).hexdigest() != media.sha256:
        raise CopyDamaged("Our copy of the file is not what was shown.")
    return content


def most_bytes(account: Account) -> int:
    """The most that the network takes of anything."""
    return max(limit.max_bytes for limit in limits_for(Network(account.network)).media.values())


def inspect(content: bytes, network: str, *, claimed: str = "", only: MediaKind | None = None) -> Found:
    """What these bytes are, by their content and not by their name.

    Args:
        claimed: the media type that came with them.
        only: take nothing else.

    Raises:
        ContentRefused: too large, or nothing that the network takes.
    """
    found = looks_like(content, claimed)
    kind = media_kind_of(found.mime)
    if (only is MediaKind.IMAGE and kind is not MediaKind.IMAGE) or (claimed.startswith("image/") and kind is not MediaKind.IMAGE):
        picture(content)  # says what is wrong with it
    complaints = [sentence(problem, network) for problem in media_problems(kind, len(content), found.mime, Network(network))]
    if complaints:
        raise ContentRefused(complaints)
    return found


def _inspect_for(media: MediaFile, content: bytes, claimed: str) -> Found:
    """Agents propose pictures only. A person may name any medium, but what an address shows is most often a page about it."""
    found = inspect(content, media.account.network, claimed=claimed, only=MediaKind.IMAGE if media.by and media.by.is_agent else None)
    if media_kind_of(found.mime) is MediaKind.FILE and found.mime != "application/pdf":
        raise ContentRefused([_("This address leads to no picture, video, sound or PDF file. Download the file and choose it here instead.")])
    return found


def _take(media: MediaFile, content: bytes, found: Found) -> None:
    """Store the bytes, and note them on the row in memory. Each write has a file of its own, so none can replace another's."""
    media.mime, media.size = found.mime, len(content)
    media.width, media.height = found.width, found.height
    media.sha256 = hashlib.sha256(content).hexdigest()
    media.file = media.file.storage.save(f"{media_path(media, '')}-{secrets.token_hex(8)}", ContentFile(content))
    media.state = MediaFile.State.READY


def _give_up(media: MediaFile, why: str) -> None:
    media.state, media.error = MediaFile.State.FAILED, why


def _settle(lease: Lease[MediaFile]) -> bool:
    """Write the result, unless our lease was taken over or the row is settled already: then the stored file goes."""
    if lease.update(**{name: getattr(lease.row, name) for name in RESULT}):
        return True
    lease.row.file.delete(save=False)
    return False


def _report(media: MediaFile, error: Exception) -> None:
    """Where it broke. The error's own words may hold the address, and an address may hold a secret."""
    where = "".join(traceback.format_tb(error.__traceback__))
    logger.error("Fetching file %s broke with %s.\n%s", media.public_id, type(error).__name__, where)


def _check(account: Account, by: User) -> None:
    right = Right.PROPOSE if by.is_agent else Right.REPLY
    if not account.allows(by, right):
        raise NotAllowed
