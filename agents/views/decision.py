"""People's answers to a proposal. What was shown comes back with the answer, and binds it."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages as notices
from django.http import HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST
from django_htmx.http import retarget, trigger_client_event

from agents import deciding
from agents.errors import Conflict
from agents.models import Proposal
from agents.views.card import Card
from agents.views.proposal import proposal_for
from agents.views.queue import Queue, desk_page
from core.clock import now
from inbox.errors import AlreadyMoved, NotAllowed, Refused
from inbox.models import Dispatch
from inbox.views.access import Request, conversation_for, person, shown_revision
from inbox.views.messages import thread_fragment

STATUS: dict[type[Refused], int] = {NotAllowed: 403, AlreadyMoved: 409, Conflict: 409}


@require_POST
def decision(request: Request, public_id: str) -> HttpResponse:
    """Approve, approve changed text, or reject with a reason."""
    answer, text = request.POST.get("answer"), request.POST.get("text")
    if answer not in ("approve", "reject"):
        return HttpResponseBadRequest(_("Approve it or reject it."))
    how = {"approve": answer == "approve", "text": text if answer == "approve" else None, "reason": request.POST.get("reason", "")}
    return _answer(request, public_id, deciding.decide, how, _("Approved.") if answer == "approve" else _("Rejected. The agent reads your reason."))


@require_POST
def takeover(request: Request, public_id: str) -> HttpResponse:
    """Send a person's own words in its place."""
    how = {"text": request.POST.get("text", "").replace("\r\n", "\n")}
    return _answer(request, public_id, deciding.take_over, how, _("Taken over as your own words. Agents are off here until you switch them on again."))


def _answer(request: Request, public_id: str, verb: Callable[..., Any], how: dict[str, Any], done: str) -> HttpResponse:
    proposal = proposal_for(request, public_id)
    try:
        verb(proposal, by=person(request), digest=request.POST.get("digest", ""), revision=_shown(request), **how)
    except Refused as refused:
        return _refused(request, proposal_for(request, public_id), refused)
    return _done(request, proposal_for(request, public_id), done)


def _shown(request: Request) -> int:
    """The revision that was shown; what is no number matches none."""
    revision = shown_revision(request.POST)
    return -1 if revision is None else revision


def _done(request: Request, proposal: Proposal, words: str) -> HttpResponse:
    """The next card, or the conversation as it is now, and one sentence for who cannot see that."""
    if not request.htmx:
        notices.info(request, words)
        return redirect(proposal.conversation) if _in_conversation(request) else redirect("agents:queue")
    event = {"words": words} | _undo(proposal, person(request).pk)
    if _in_conversation(request):
        opened = conversation_for(request, proposal.conversation.public_id)
        return trigger_client_event(thread_fragment(request, opened, since=request.POST.get("since", "")), "announce", event)
    waiting = Queue(person(request))
    card = waiting.card(waiting.after(proposal))
    event["words"] += " " + ngettext("%s is left.", "%s are left.", len(waiting.proposals)) % len(waiting.proposals)
    context = {"queue": waiting, "card": card, "open": card.proposal.public_id if card else "", "next": True}
    return trigger_client_event(render(request, "agents/_desk.html", context), "announce", event)


def _undo(proposal: Proposal, person: int) -> dict[str, Any]:
    """Where it can still be taken back: the public id of the message's dispatch, when it leaves, and in how many milliseconds."""
    at = now()
    held = Dispatch.objects.filter(message=proposal.part.message_id, state=Dispatch.State.QUEUED, not_before__gt=at, released_by=person).first()
    if held is None:
        return {}
    left = int((held.not_before - at).total_seconds() * 1000)
    return {"undo": held.public_id, "leaves": int(held.not_before.timestamp() * 1000), "left": left}


def _refused(request: Request, proposal: Proposal, refused: Refused) -> HttpResponse:
    """The card as it is now, with everything that was typed."""
    waiting, status, typed = Queue(person(request)), STATUS.get(type(refused), 422), request.POST.dict()
    if not request.htmx:
        return desk_page(request, waiting, waiting.card(proposal, typed=typed, errors=[refused.sentence]), status=status)
    if not _in_conversation(request):
        card = waiting.card(proposal, typed=typed, errors=[refused.sentence])
        return render(request, "agents/_desk.html", {"queue": waiting, "card": card, "open": proposal.public_id}, status=status)
    conversation = conversation_for(request, proposal.conversation.public_id)
    card = Card(proposal, conversation, person(request), "conversation", typed=typed, errors=[refused.sentence])
    response = render(request, "agents/_card.html", {"card": card}, status=status)
    return retarget(response, f"#proposal-{proposal.public_id}")


def _in_conversation(request: Request) -> bool:
    return request.POST.get("place") == "conversation"
