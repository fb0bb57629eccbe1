"""The picture of a card, for Meta: it has no login here, but an address that we signed."""

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from core.clock import now
from graph.errors import MediaRejected
from inbox.media import our_copy
from inbox.models import Attachment, MediaFile
from inbox.served import seconds_left
from inbox.views.formats import served_type

State = MediaFile.State


@login_not_required
@require_safe
def served(request: HttpRequest, public_id: str, proof: str) -> HttpResponse:
    """Exactly the bytes that were shown, for as long as a card holds them. Whatever is wrong, the answer is the same: not found."""
    media = MediaFile.objects.filter(public_id=public_id, state=State.READY).exclude(by=None).first()
    left = seconds_left(media, proof, now()) if media else 0
    if media is None or not left or not _is_on_a_card(media):
        raise Http404
    headers = {
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Content-Disposition": "inline",
        # A shared cache would go on serving what was erased meanwhile.
        "Cache-Control": f"private, max-age={left}, immutable",
        "X-Robots-Tag": "noindex",
    }
    return HttpResponse(_bytes_of(media), content_type=served_type(media.mime), headers=headers)


def _is_on_a_card(media: MediaFile) -> bool:
    """An unsent message, and one to somebody who was forgotten, hold nothing any more."""
    return Attachment.objects.filter(media=media, message__link__isnull=False).exists()


def _bytes_of(media: MediaFile) -> bytes:
    try:
        return our_copy(media)
    except (MediaRejected, OSError):
        raise Http404 from None
