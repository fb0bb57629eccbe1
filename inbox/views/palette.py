"""What the palette finds beside what stands on the page: rooms, lanes, saved views, and conversations by name and by words."""

from collections.abc import Sequence

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.models import User
from inbox.lanes import LANES
from inbox.models import Conversation
from inbox.views.access import Request, person
from inbox.views.asked import LONGEST, Asked, shown_address, without_nul
from inbox.views.found import found_for
from inbox.views.saved_views import views_for

# So many messages are found, and so many of the conversations come back that were opened last from here.
MESSAGES = 5
RECENT = 6


@require_safe
def palette(request: Request) -> HttpResponse:
    """For `q`, the conversations in which it is; without, where else one can go, with the conversations named in `recent`."""
    user, asked = person(request), _asked(request)
    q = without_nul(request.GET.get("q", "")).strip()[:LONGEST]
    if not request.htmx:
        return redirect(Asked(q=q).address)
    if q:
        found = found_for(user, q, _conversations(user), size=MESSAGES)
        return render(request, "inbox/_palette_found.html", {"found": found, "asked": asked})
    views = views_for(user)
    return render(
        request,
        "inbox/_palette_places.html",
        {
            "asked": asked,
            "lanes": [(lane, asked.to(lane.name).address) for lane in LANES.values()],
            "own": [view for view in views if view.user_id == user.pk],
            "shared": [view for view in views if view.user_id != user.pk],
            "recent": _opened_last(user, request.GET.get("recent", "").split(",")[:RECENT]),
        },
    )


def _asked(request: Request) -> Asked:
    """What the list shows beside which the palette opened; everything where there is none."""
    here = shown_address(request)
    return Asked.written(here.query) if here.path.startswith(reverse("inbox:conversations")) else Asked()


def _opened_last(user: User, ids: Sequence[str]) -> Sequence[Conversation]:
    """Those of these that this person may still read."""
    wanted = [without_nul(each)[:LONGEST] for each in ids if each]
    return list(_conversations(user).filter(public_id__in=wanted)) if wanted else []


def _conversations(user: User) -> QuerySet[Conversation]:
    return Conversation.objects.visible_to(user).select_related("account", "contact").defer("account__token", "account__parting_token")
