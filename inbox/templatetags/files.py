"""Files of ours as a page shows them, outside of any message."""

from collections.abc import Iterable

from django import template

from core.clock import now
from inbox.models import Attachment, MediaFile
from inbox.views.attachments import Shown, shown_of

register = template.Library()


@register.filter
def shown_files(files: Iterable[MediaFile]) -> list[Shown]:
    """What is chosen or proposed, as it will stand in the conversation."""
    at = now()
    return shown_of([Attachment(kind=file.kind, media=file, title=file.name) for file in files], at, at)


@register.filter
def shown_file(file: MediaFile) -> Shown:
    return shown_files([file])[0]
