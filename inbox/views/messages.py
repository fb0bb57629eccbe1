"""What was said, as a fragment that keeps itself fresh, and the reply. Without scripts what was said earlier is a page of its own."""

from dataclasses import replace
from datetime import datetime

from django.contrib import messages as notices
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods
from django_htmx.http import trigger_client_event

from core.clock import now
from inbox.errors import AlreadyMoved, ContentRefused, KeyIsSpent, NotAllowed, ProposalsWait, Refused
from inbox.models import Conversation, Dispatch, Message
from inbox.templatetags.times import moment_ahead
from inbox.views.access import Request, conversation_for, person, shown_revision
from inbox.views.composer import Composer, Piece
from inbox.views.conversation import conversation_page, mark_seen
from inbox.views.conversations import Page
from inbox.views.linked import linked_of
from inbox.views.plain_forms import is_kept, left_over, plain_form, recognised, what_stays
from inbox.views.thread import Thread

STATUS: dict[type[Refused], int] = {NotAllowed: 403, AlreadyMoved: 409, KeyIsSpent: 409, ProposalsWait: 409}


@require_http_methods(["GET", "HEAD", "POST"])
def messages(request: Request, public_id: str) -> HttpResponse:
    opened = conversation_for(request, public_id)
    return _reply(request, opened) if request.method == "POST" else _thread(request, opened)


def _thread(request: Request, opened: Conversation) -> HttpResponse:
    """Earlier messages, or the newest; nothing where the page shows the newest already."""
    if before := request.GET.get("before"):
        return _earlier(request, opened, _seen(request, Thread(opened, before=before)))
    if not request.htmx:
        return redirect(opened)
    shown = request.GET.get("screen"), request.GET.get("window"), request.GET.get("late", ""), request.GET.get("also", "")
    late, also = "late" if opened.account.is_delayed else "", linked_of(opened).mark
    if shown == (str(opened.screen), Composer(opened, person(request)).window, late, also) and not _asks_now(request):
        return HttpResponse(status=204)
    return thread_fragment(request, opened, since=request.GET.get("since", ""))


def _earlier(request: Request, opened: Conversation, thread: Thread) -> HttpResponse:
    context = {"conversation": opened, "thread": thread}
    if request.htmx:
        return render(request, "inbox/_earlier.html", context)
    request.list_comes_later = True
    return render(request, "inbox/earlier.html", context | {"page": Page.asked_by(request, open=opened.public_id)})


def _asks_now(request: Request) -> bool:
    """Whether the moment has come, since the page was made, from which on a person is asked what became of a message."""
    asks_ms = request.GET.get("asks", "")
    return asks_ms.isdecimal() and len(asks_ms) < 16 and int(asks_ms) <= now().timestamp() * 1000


def thread_fragment(request: Request, opened: Conversation, *, since: str = "", status: int = 200, **more: object) -> HttpResponse:
    """The messages, with what else on the page depends on them."""
    thread = _seen(request, Thread.asked_by(request, opened, since=since))
    context = {"conversation": opened, "thread": thread, "composer": Composer(opened, person(request)), "fresh": True} | more
    return render(request, "inbox/_thread.html", context, status=status)


def _seen(request: Request, thread: Thread) -> Thread:
    """The same, marked as read: only what an answer shows has been seen."""
    mark_seen(thread, by=person(request))
    return thread


def _reply(request: Request, opened: Conversation) -> HttpResponse:
    form = plain_form(request, opened)
    composer = Composer(opened, person(request), typed=form.typed, chosen=form.chosen, named=request.POST.getlist("waiting"), errors=form.errors)
    if form.errors or form.waits:
        if form.waits:
            notices.info(request, form.waits)
        return conversation_page(request, opened, composer, status=422 if form.errors else 200)
    if not form.came_along:
        return _send_all(request, opened, composer)
    with transaction.atomic():
        # Of two clicks the second one looks once the first one has sent.
        Conversation.objects.lock(opened.pk)
        try:
            return _send_all(request, opened, recognised(composer))
        except KeyIsSpent as refused:
            return _refused(request, composer, [(None, refused)], sent=[])


def _send_all(request: Request, opened: Conversation, composer: Composer) -> HttpResponse:
    try:
        pieces, moment = composer.pieces(), composer.later.moment
    except Refused as refused:
        return _refused(request, composer, [(None, refused)], sent=[])
    written: list[Message] = []
    refusals: list[tuple[Piece | None, Refused]] = []
    for piece in pieces:
        # One that is refused holds none of the others up.
        try:
            written.append(_send(opened, piece, composer, moment))
        except Refused as refused:
            refusals.append((piece, refused))
    left = [piece for piece, _refusal in refusals]
    if refusals:
        return _refused(request, composer, refusals, sent=[piece for piece in pieces if piece not in left])
    return _accepted(request, composer, written)


def _send(opened: Conversation, piece: Piece, composer: Composer, moment: datetime | None) -> Message:
    when = {"scheduled_for": moment, "unless_they_write": composer.later.is_conditional, "revision": shown_revision(composer.typed)}
    return opened.reply(piece.content, by=composer.user, idempotency_key=piece.key, beside=composer.beside, **when)


def _accepted(request: Request, composer: Composer, written: list[Message]) -> HttpResponse:
    if not request.htmx:
        return _led_back(request, composer, _what_was_done(written[-1].dispatch))
    opened = conversation_for(request, composer.conversation.public_id)
    thread = _seen(request, Thread(opened, since=request.POST.get("since", "")))
    context = {"conversation": opened, "composer": replace(composer.emptied(), conversation=opened), "thread": thread, "sent": True}
    response = render(request, "inbox/_composer.html", context)
    return trigger_client_event(response, "announce", {"words": _what_was_done(written[-1].dispatch)})


def _led_back(request: Request, composer: Composer, done: str) -> HttpResponse:
    """The conversation, with what did not go out beside it as a draft or, where it cannot be one, in the place to answer."""
    left = left_over(composer)
    notices.info(request, f"{done} {what_stays(left)}" if left else done)
    if left is None or is_kept(left):
        return redirect(composer.conversation)
    return conversation_page(request, conversation_for(request, composer.conversation.public_id), left)


def _what_was_done(dispatch: Dispatch) -> str:
    """As it stands: a second click finds what the first one wrote, which may be on its way by now."""
    if dispatch.is_scheduled:
        return _("It leaves %s.") % moment_ahead(dispatch.not_before)
    if dispatch.state != Dispatch.State.QUEUED:
        return _("You sent this before. Look for it in the conversation.")
    return _("Your reply is in the outbox.")


def _refused(request: Request, composer: Composer, refusals: list[tuple[Piece | None, Refused]], *, sent: list[Piece]) -> HttpResponse:
    """The same form with what did not go out still in it, and why."""
    opened, left = composer.conversation, {file.public_id for piece, _refusal in refusals if piece for file in piece.files}
    again = Composer(
        opened, composer.user,
        # What the first message answered is answered once it is out.
        typed={name: value for name, value in composer.typed.items() if not (sent and name == "reply_to")} | _key_of(composer, refusals, sent),
        chosen=[chosen for chosen in composer.chosen if not sent or chosen in left],
        errors=[*_what_went(sent), *_sentences(refusals)],
        asks=any(isinstance(refused, ProposalsWait) for _piece, refused in refusals),
    )  # fmt: skip
    status = STATUS.get(type(refusals[0][1]), 422)
    if request.htmx:
        return render(request, "inbox/_composer.html", {"conversation": opened, "composer": again}, status=status)
    return conversation_page(request, opened, again, status=status)


def _key_of(composer: Composer, refusals: list[tuple[Piece | None, Refused]], sent: list[Piece]) -> dict[str, str]:
    """Where the old key stands for something else by now, what is sent from this form again is another message."""
    return {"key": "" if sent or any(isinstance(refused, KeyIsSpent) for _piece, refused in refusals) else composer.key}


def _what_went(sent: list[Piece]) -> list[str]:
    number = sum(len(piece.files) for piece in sent)
    if not number:
        return []
    words = ngettext("%s file is in the outbox. What is left here did not go out.", "%s files are in the outbox. What is left here did not go out.", number)
    return [words % number]


def _sentences(refusals: list[tuple[Piece | None, Refused]]) -> list[str]:
    """Each reason once; where it is about one file of several, with its name."""
    found = []
    for piece, refused in refusals:
        if isinstance(refused, ProposalsWait):
            continue  # asked below, with what can be answered
        sentences = refused.sentences if isinstance(refused, ContentRefused) else [refused.sentence]
        names = piece.name if piece and piece.files and isinstance(refused, ContentRefused) else ""
        found += [f"{names}: {sentence}" if names else sentence for sentence in sentences]
    return list(dict.fromkeys(found))
