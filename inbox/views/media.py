"""Pictures on their way out: chosen, looked at, and served to those who may read the account."""

from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from inbox import media as verbs
from inbox.content import Content
from inbox.errors import ContentRefused, NotAllowed, Refused
from inbox.models import Conversation, MediaFile
from inbox.views.access import conversation_for, media_for, person
from inbox.views.composer import Composer


@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """Keep an uploaded picture, or note an address for the worker to fetch."""
    opened = conversation_for(request, request.POST.get("conversation", ""))
    try:
        return _picture(request, opened, _keep(request, opened))
    except NotAllowed as refused:
        return _picture(request, opened, None, refused, status=403)
    except Refused as refused:
        return _picture(request, opened, None, refused, status=422)


@require_safe
def status(request: HttpRequest, public_id: str) -> HttpResponse:
    """How far the fetching is; the fragment asks again by itself until there is an answer."""
    media = media_for(request, public_id)
    return _picture(request, conversation_for(request, request.GET.get("conversation", "")), media)


@require_safe
def file(request: HttpRequest, public_id: str) -> FileResponse:
    """The bytes, to those who may read the account, with the type that we found in them ourselves."""
    media = media_for(request, public_id)
    if media.state != MediaFile.State.READY:
        raise Http404
    headers = {
        "Content-Disposition": "inline", "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, max-age=86400, immutable", "Content-Security-Policy": "default-src 'none'",
    }  # fmt: skip
    return FileResponse(media.file.open("rb"), content_type=media.mime, headers=headers)


def _keep(request: HttpRequest, opened: Conversation) -> MediaFile:
    if "file" in request.FILES:
        upload = request.FILES["file"]
        assert isinstance(upload, UploadedFile)
        return verbs.keep_upload(opened.account, upload, by=person(request))
    if address := request.POST.get("address", "").strip():
        return verbs.keep_address(opened.account, address, by=person(request))
    raise ContentRefused([_("Choose a picture, or write the address of one.")])


def _picture(request: HttpRequest, opened: Conversation, media: MediaFile | None, refused: Refused | None = None, status: int = 200) -> HttpResponse:
    complaints = Content(media=media).complaints(opened.account.network) if media and media.state == MediaFile.State.READY else []
    composer = Composer(opened, person(request), typed={"media": media.public_id if media else "", "address": request.POST.get("address", "")})
    sentences = [refused.sentence] if refused else complaints
    return render(request, "inbox/_picture.html", {"conversation": opened, "composer": composer, "media": media, "sentences": sentences}, status=status)
