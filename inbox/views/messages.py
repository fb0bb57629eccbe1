"""What was said, as a fragment that keeps itself fresh, and the reply."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from django_htmx.http import trigger_client_event

from inbox.errors import AlreadyMoved, ContentRefused, NotAllowed, Refused
from inbox.models import Conversation
from inbox.views.access import Request, conversation_for, person
from inbox.views.composer import Composer
from inbox.views.conversation import conversation_page, mark_seen
from inbox.views.thread import Thread

STATUS: dict[type[Refused], int] = {NotAllowed: 403, AlreadyMoved: 409}


@require_http_methods(["GET", "HEAD", "POST"])
def messages(request: Request, public_id: str) -> HttpResponse:
    opened = conversation_for(request, public_id)
    return _reply(request, opened) if request.method == "POST" else _thread(request, opened)


def _thread(request: Request, opened: Conversation) -> HttpResponse:
    """Earlier messages, or the newest; nothing where the page shows the newest already."""
    if before := request.GET.get("before"):
        return render(request, "inbox/_earlier.html", {"conversation": opened, "thread": _seen(request, Thread(opened, before=before))})
    if request.GET.get("screen") == str(opened.screen):
        return HttpResponse(status=204)
    return thread_fragment(request, opened, since=request.GET.get("since", ""))


def thread_fragment(request: Request, opened: Conversation, *, since: str = "", status: int = 200) -> HttpResponse:
    """The messages, with what else on the page depends on them."""
    thread = _seen(request, Thread(opened, since=since))
    context = {"conversation": opened, "thread": thread, "composer": Composer(opened, person(request)), "fresh": True}
    return render(request, "inbox/_thread.html", context, status=status)


def _seen(request: Request, thread: Thread) -> Thread:
    """The same, marked as read: only what an answer shows has been seen."""
    mark_seen(thread, by=person(request))
    return thread


def _reply(request: Request, opened: Conversation) -> HttpResponse:
    composer = Composer(opened, person(request), typed=request.POST.dict())
    try:
        opened.reply(composer.content(), by=person(request), idempotency_key=request.POST.get("key", "")[:64])
    except Refused as refused:
        return _refused(request, opened, composer, refused)
    return _accepted(request, opened)


def _accepted(request: Request, opened: Conversation) -> HttpResponse:
    if not request.htmx:
        return redirect(opened)
    opened = conversation_for(request, opened.public_id)
    thread = _seen(request, Thread(opened, since=request.POST.get("since", "")))
    context = {"conversation": opened, "composer": Composer(opened, person(request)), "thread": thread, "sent": True}
    response = render(request, "inbox/_composer.html", context)
    return trigger_client_event(response, "announce", {"words": _("Your reply is in the outbox.")})


def _refused(request: Request, opened: Conversation, composer: Composer, refused: Refused) -> HttpResponse:
    """The same form with the same words in it, and why they did not go out."""
    sentences = refused.sentences if isinstance(refused, ContentRefused) else [refused.sentence]
    again = Composer(opened, composer.user, typed=composer.typed, errors=sentences)
    status = STATUS.get(type(refused), 422)
    if request.htmx:
        return render(request, "inbox/_composer.html", {"conversation": opened, "composer": again}, status=status)
    return conversation_page(request, opened, again, status=status)

