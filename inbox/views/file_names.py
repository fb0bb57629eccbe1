"""What a file is called, for people and for their disks."""

import mimetypes
import unicodedata
from urllib.parse import unquote, urlsplit

from django.utils.translation import gettext as _

from inbox.models import MediaFile

LONGEST = 100


def file_name(media: MediaFile) -> str:
    """The name it came with, or the end of its address, which on Messenger is the name on the contact's own disk; "" where neither is one."""
    return _plain(media.name) or _plain(_named_in(media.source_url))


def download_name(media: MediaFile) -> str:
    """A name to save it under, whatever it came with."""
    name = file_name(media) or str(_("file"))
    ending = mimetypes.guess_extension(media.mime) or ""
    return name if "." in name or not ending else f"{name}{ending}"


def _named_in(address: str) -> str:
    """The last part of the path, where it looks like the name of a file."""
    try:
        last = unquote(urlsplit(address).path).rsplit("/", 1)[-1]
    except ValueError:
        return ""
    stem, dot, ending = last.rpartition(".")
    return last if dot and stem and 0 < len(ending) <= 5 and ending.isalnum() else ""


def _plain(name: str) -> str:
    """Without folders, and without characters that turn, end or hide a name."""
    shown = "".join(letter for letter in name.replace("\\", "/").rsplit("/", 1)[-1] if unicodedata.category(letter)[0] != "C")
    return shown.strip(" .")[-LONGEST:]
