"""Who else looks at a conversation or types in it: asked, told every few seconds by whoever is there, and taken back when they leave."""

from datetime import UTC, datetime

from django.db.models import Exists, OuterRef
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods

from inbox.models import Conversation, Mention
from inbox.noting import see_mentions
from inbox.presence import Company, company, leave, look
from inbox.views.access import Request, person


@require_http_methods(["GET", "HEAD", "POST", "DELETE"])
def presence(request: Request, public_id: str) -> HttpResponse:
    """GET asks; POST says that one is here, with `since` and `until` between when the notes were written that one has before one's eyes, and with
    `typing=on` that one types; DELETE that one has left the page made at `seen`.
    """
    user = person(request)
    mentions = Exists(Mention.objects.filter(conversation=OuterRef("pk"), user=user, seen_at=None))
    rows = Conversation.objects.visible_to(user).only("public_id", "account_id").annotate(mentions_me=mentions)
    opened = get_object_or_404(rows, public_id=public_id)
    if request.method == "DELETE":
        leave(opened, by=user, seen=_moment(request.GET.get("seen", "")))
        return HttpResponse(status=204)
    if request.method == "POST":
        response = _shown(request, opened, look(opened, by=user, is_typing=request.POST.get("typing") == "on"))
        since, until = _moment(request.POST.get("since", "")), _moment(request.POST.get("until", ""))
        if opened.mentions_me and until and see_mentions(opened, by=user, since=since, until=until):  # type: ignore[attr-defined]
            response["Mentions-Seen"] = "yes"
        return response
    return _shown(request, opened, company(opened, to=user))


def _shown(request: Request, opened: Conversation, others: Company) -> HttpResponse:
    return render(request, "inbox/_presence.html", {"conversation": opened, "presence": others})


def _moment(milliseconds: str) -> datetime | None:
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC) if milliseconds.isascii() and milliseconds.isdigit() and len(milliseconds) < 15 else None
