"""Stopping agents from any page: the sheet, the stop itself, and lifting it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.contrib import messages as notices
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import trigger_client_event

from accounts.models import Account, User
from accounts.stops import MayNotLift, MayNotStop, NoReason, Standing, act_of, agents_on, lift, standing, stop_agents, stoppable
from core.clock import now

ALL = "all"


@dataclass(frozen=True)
class Sheet:
    """What somebody can stop and lift.

    Args:
        conversation: public id of the conversation that is open beside it, or "".
        way_back: where the page leads afterwards, where there is no script.
    """

    user: User
    conversation: str = ""
    way_back: str = ""
    errors: Sequence[str] = field(default_factory=list)

    @cached_property
    def standing(self) -> Standing:
        return standing(self.user)

    @cached_property
    def accounts(self) -> list[Account]:
        return list(stoppable(self.user).order_by("name", "pk"))

    @cached_property
    def agents(self) -> list[User]:
        return list(agents_on(stoppable(self.user)))

    @cached_property
    def has_conversation(self) -> bool:
        return bool(self.conversation) and stoppable(self.user).filter(conversations__public_id=self.conversation).exists()

    @property
    def all_of_them(self) -> str:
        if self.user.is_superuser:
            return _("Everywhere")
        return _("All my accounts (%s)") % len(self.accounts) if len(self.accounts) > 1 else str(self.accounts[0])

    @property
    def reasons(self) -> list[str]:
        """Those of one tap."""
        return [_("It says something wrong"), _("Too many messages"), _("The wrong tone"), _("I want to look at it first")]

    @property
    def lift_reasons(self) -> list[str]:
        return [_("It is mended"), _("It was a false alarm"), _("I have looked at it")]


@require_http_methods(["GET", "HEAD", "POST"])
def stops(request: HttpRequest) -> HttpResponse:
    """What is stopped, and the place to stop agents. `shown` asks for the strip of every page instead, where it is not that already."""
    if request.method == "POST":
        return _place(request)
    if "shown" in request.GET:
        return _strip(request, unless=request.GET["shown"])
    return _sheet(request, Sheet(_person(request), request.GET.get("conversation", ""), _way_back(request)))


@require_POST
def stop(request: HttpRequest, public_id: str) -> HttpResponse:
    """Lift it, with a reason."""
    user = _person(request)
    act = act_of(user, public_id)
    if act is None:
        raise Http404
    try:
        lifted = lift(act, by=user, reason=_reason(request), at=now()) if act.first.lifted_at is None else False
    except NoReason as refused:
        return _sheet(request, Sheet(user, way_back=_way_back(request), errors=[str(refused)]), status=422)
    except MayNotLift as refused:
        return _sheet(request, Sheet(user, way_back=_way_back(request), errors=[str(refused)]), status=403)
    if not lifted:
        return _sheet(request, Sheet(user, way_back=_way_back(request), errors=[_("Somebody lifted it before you.")]), status=409)
    return _done(request, _("The stop is lifted. Agents go on where nothing else stops them."))


def _place(request: HttpRequest) -> HttpResponse:
    user, typed = _person(request), request.POST
    sheet = Sheet(user, typed.get("conversation", ""), _way_back(request))
    (kind, _colon, public_id), agent = typed.get("where", ALL).partition(":"), _agent(user, typed.get("agent", ""))
    conversation = public_id if kind == "conversation" else ""
    try:
        stop_agents(by=user, reason=_reason(request), at=now(), accounts=_accounts(user, kind, public_id), conversation=conversation, agent=agent)
    except NoReason as refused:
        return _sheet(request, Sheet(user, sheet.conversation, sheet.way_back, [str(refused)]), status=422)
    except MayNotStop as refused:
        return _sheet(request, Sheet(user, sheet.conversation, sheet.way_back, [str(refused)]), status=403)
    return _done(request, _("Agents are stopped."))


def _accounts(user: User, kind: str, public_id: str) -> list[Account] | None:
    """The accounts that are meant; None is everywhere. What somebody may not read is not there."""
    if kind == ALL:
        return None if user.is_superuser else list(stoppable(user))
    by = {"account": "public_id", "conversation": "conversations__public_id"}.get(kind)
    found = list(Account.objects.visible_to(user).defer("token", "parting_token").filter(**{by: public_id})) if by else []
    if not found:
        raise Http404
    return found


def _agent(user: User, public_id: str) -> User | None:
    if not public_id:
        return None
    found = agents_on(Account.objects.visible_to(user)).filter(public_id=public_id).first()
    if found is None:
        raise Http404
    return found


def _reason(request: HttpRequest) -> str:
    """In one's own words where there are any: Enter in their box presses the first of the ready-made ones."""
    return (request.POST.get("own", "").strip() or request.POST.get("reason", ""))[:500]


def _done(request: HttpRequest, words: str) -> HttpResponse:
    if _wants_fragment(request):
        return trigger_client_event(_strip(request), "announce", {"words": words})
    notices.info(request, words)
    return redirect(_way_back(request) or reverse("stops"))


def _strip(request: HttpRequest, *, unless: str = "") -> HttpResponse:
    """What stands on every page; nothing where that is on it already."""
    now_standing = standing(_person(request))
    if now_standing.mark == unless:
        return HttpResponse(status=204)
    return render(request, "_stop.html", {"stops": now_standing, "fresh": True})


def _sheet(request: HttpRequest, sheet: Sheet, *, status: int = 200) -> HttpResponse:
    template = "accounts/_stops.html" if _wants_fragment(request) else "accounts/stops.html"
    return render(request, template, {"sheet": sheet}, status=status)


def _way_back(request: HttpRequest) -> str:
    """Where somebody came from, as far as it is one of our own pages."""
    wanted = request.POST.get("next", "") or request.GET.get("next", "")
    return wanted if url_has_allowed_host_and_scheme(wanted, None) and wanted.startswith("/") else ""


def _wants_fragment(request: HttpRequest) -> bool:
    return bool(getattr(request, "htmx", False))


def _person(request: HttpRequest) -> User:
    user = request.user
    assert isinstance(user, User)
    return user
