"""Files on their way out: chosen and looked at; and every file's bytes, for those who may read the account."""

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from inbox import media as verbs
from inbox.content import Content, picture_complaints
from inbox.errors import ContentRefused, NotAllowed, Refused
from inbox.models import Conversation, MediaFile
from inbox.views.access import conversation_for, media_for, person
from inbox.views.serving import serve


@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """Keep an uploaded file, or note an address for the worker to fetch. One at a time, each with an answer of its own."""
    opened = conversation_for(request, request.POST.get("conversation", ""))
    try:
        return _chosen(request, opened, _keep(request, opened))
    except NotAllowed as refused:
        return _chosen(request, opened, None, refused, status=403)
    except Refused as refused:
        return _chosen(request, opened, None, refused, status=422)


@require_safe
def status(request: HttpRequest, public_id: str) -> HttpResponse:
    """How far the fetching is; the fragment asks again by itself until there is an answer."""
    media = media_for(request, public_id)
    return _chosen(request, conversation_for(request, request.GET.get("conversation", "")), media)


@require_safe
def file(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """The bytes, or the part of them that a player asks for. What was unsent has no row any more, so it is not found."""
    return serve(request, media_for(request, public_id))


def _keep(request: HttpRequest, opened: Conversation) -> MediaFile:
    if "file" in request.FILES:
        upload = request.FILES["file"]
        assert isinstance(upload, UploadedFile)
        return verbs.keep_upload(opened.account, upload, by=person(request))
    if address := request.POST.get("address", "").strip():
        return verbs.keep_address(opened.account, address, by=person(request))
    raise ContentRefused([_("Choose a file, or write the address of one.")])


def _chosen(request: HttpRequest, opened: Conversation, media: MediaFile | None, refused: Refused | None = None, status: int = 200) -> HttpResponse:
    box = "picture" if request.POST.get("box") == "picture" else "media"
    sentences = _sentences(opened, media, refused, is_for_card=box == "picture")
    context = {"conversation": opened, "media": media, "name": _name(request), "box": box, "sentences": sentences}
    return render(request, "inbox/_file.html", context, status=status)


def _sentences(opened: Conversation, media: MediaFile | None, refused: Refused | None, *, is_for_card: bool) -> list[str]:
    """Why it cannot go out as it is."""
    if refused:
        return refused.sentences if isinstance(refused, ContentRefused) else [refused.sentence]
    if media is None or media.state == MediaFile.State.FETCHING:
        return []
    if media.state != MediaFile.State.READY:
        return [media.error]
    network = opened.account.network
    return picture_complaints(media, network) if is_for_card else Content(media=media).complaints(network)


def _name(request: HttpRequest) -> str:
    """What it was called, for the line that says why it was refused."""
    upload = request.FILES.get("file")
    return (upload.name or "") if isinstance(upload, UploadedFile) else request.POST.get("address", "")
