"""Ways of looking at the list that somebody keeps under a name, for themselves or for their colleagues too."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from django.contrib import messages as notices
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from django_htmx.http import trigger_client_event

from accounts.models import Account, Activity, User
from core.clock import now
from inbox.errors import ContentRefused, Refused
from inbox.models import SavedView
from inbox.unnaming import UNNAMED
from inbox.views.access import Request, person
from inbox.views.asked import Asked

# So many somebody keeps; of those that colleagues share so many are shown.
MOST = 50
MOST_SHARED = 200
# For so long its owner is told that a view has lost the words that named somebody who was erased.
TOLD_FOR = timedelta(days=30)


@require_http_methods(["GET", "HEAD", "POST"])
def saved_views(request: Request) -> HttpResponse:
    """Those that this person sees; or the way in which they look at the list now is kept."""
    if request.method != "POST":
        return _menu(request, Asked.beside(request))
    asked = Asked.written(request.POST.get("query", ""))
    view = SavedView(user=_owner(request), query=asked.query, name=_name(request), shared_at=now() if request.POST.get("shared") else None)
    try:
        _save(view, by=person(request))
    except Refused as refused:
        return _refused(request, refused, asked, keeping=asked)
    return _done(request, _("Kept as “%s”.") % view, asked, touched=view)


@require_http_methods(["POST", "DELETE"])
def saved_view(request: Request, public_id: str) -> HttpResponse:
    """Another name for it; or it goes. Plain forms say `method=delete`."""
    view, user = _changed(request, public_id), person(request)
    asked = Asked.written(view.query)
    if request.method == "DELETE" or request.POST.get("method") == "delete":
        _forget(view, by=user)
        values = {"name": view.name, "query": view.query} | ({"shared": "on"} if view.shared_at else {})
        values |= {"owner": view.user.public_id} if view.user != user else {}
        return _done(request, _("“%s” is forgotten.") % view, asked, back=_back(reverse("inbox:saved-views"), values))
    before, view.name = view.name, _name(request)
    try:
        _save(view, by=user)
    except Refused as refused:
        return _refused(request, refused, asked, renaming=public_id)
    back = _back(reverse("inbox:saved-view", args=[public_id]), {"name": before})
    return _done(request, _("It is called “%s” now.") % view, asked, back=back, touched=view)


@require_http_methods(["POST", "DELETE"])
def sharing(request: Request, public_id: str) -> HttpResponse:
    """Colleagues see it; or they do not any more. Plain forms say `method=delete`."""
    view, user = _changed(request, public_id), person(request)
    ends = request.method == "DELETE" or request.POST.get("method") == "delete"
    moved = view.unshare(by=user, at=now()) if ends else view.share(by=user, at=now())
    words = (_("“%s” is shared no longer.") if ends else _("“%s” is shared with colleagues.")) % view
    back = _back(reverse("inbox:sharing", args=[public_id]), {} if ends else {"method": "delete"})
    return _done(request, words, Asked.written(view.query), back=back if moved else None, touched=view, opened=public_id)


def views_for(user: User) -> list[SavedView]:
    """What this person sees, their own first; with `was_unnamed`, whether it lost words lately."""
    shown = SavedView.objects.visible_to(user).select_related("user").annotate(was_unnamed=_was_unnamed(now()))
    return list(shown.filter(user=user)) + _knowable(user, shown.exclude(user=user)[:MOST_SHARED])


def view_for(user: User, public_id: str) -> SavedView | None:
    """One of those that this person sees."""
    view = SavedView.objects.visible_to(user).filter(public_id=public_id).first()
    return view if view and (view.user_id == user.pk or _knowable(user, [view])) else None


def _was_unnamed(at: datetime) -> Exists:
    lines = Activity.objects.filter(target_type="savedview", target_id=OuterRef("public_id"), verb=UNNAMED, at__gt=at - TOLD_FOR)
    return Exists(lines)


def _knowable(user: User, shared: Iterable[SavedView]) -> list[SavedView]:
    """Without those that filter by an account of which this person may not know."""
    on = {view: Asked.written(view.query).account for view in shared}
    named = set(on.values()) - {""}
    known = set(Account.objects.visible_to(user).filter(public_id__in=named).values_list("public_id", flat=True)) if named else set()
    return [view for view, account in on.items() if account in known | {""}]


def _changed(request: Request, public_id: str) -> SavedView:
    return get_object_or_404(SavedView.objects.changeable_by(person(request)).select_related("user"), public_id=public_id)


def _owner(request: Request) -> User:
    """Whose the view becomes: one's own. Only a superuser gives a colleague back what they took."""
    user, owner = person(request), request.POST.get("owner", "")
    if not owner:
        return user
    if not user.is_superuser:
        raise Http404
    return get_object_or_404(User, public_id=owner, is_agent=False)


def _name(request: HttpRequest) -> str:
    return " ".join(request.POST.get("name", "").split())


def _save(view: SavedView, *, by: User) -> SavedView:
    """Keep it.

    Raises:
        ContentRefused: the name is none, or taken; or there are too many.
    """
    if view.pk is None and SavedView.objects.filter(user=view.user).count() >= MOST:
        raise ContentRefused([_("You keep %s views, which is as many as there can be. Forget one of them.") % MOST])
    try:
        view.full_clean(validate_unique=False, validate_constraints=False)
        with transaction.atomic():
            # What colleagues see is shared and unshared by verbs of its own, whoever renames it meanwhile.
            view.save(update_fields=["name"] if view.pk else None)
            if view.user != by:
                Activity.record("savedview.changed", view, by=by, at=now())
    except ValidationError as error:
        raise ContentRefused(error.messages) from None
    except IntegrityError:
        taken = _("You have a view of this name already.") if view.user == by else _("%s has a view of this name already.") % view.user
        raise ContentRefused([taken]) from None
    return view


def _forget(view: SavedView, *, by: User) -> None:
    with transaction.atomic():
        if view.user != by:
            Activity.record("savedview.forgotten", view, by=by, at=now())
        view.delete()


def _back(address: str, values: Mapping[str, str]) -> dict[str, object]:
    """What puts it back as it was."""
    return {"address": address, "method": "POST", "values": values}


def _menu(request: Request, asked: Asked, status: int = 200, **more: object) -> HttpResponse:
    user = person(request)
    views = views_for(user)
    groups = {"own": [view for view in views if view.user_id == user.pk], "shared": [view for view in views if view.user_id != user.pk]}
    context = {"asked": asked, "keeping": asked} | groups | more
    return render(request, "inbox/_saved_views.html" if request.htmx else "inbox/saved_views.html", context, status=status)


def _done(
    request: Request, words: str, asked: Asked, back: dict[str, object] | None = None, *, touched: SavedView | None = None, opened: str = ""
) -> HttpResponse:
    """The menu with what was done; focus stands on the view to which it was.

    Args:
        opened: public id of the view whose buttons stay open, so that the one that was pressed can be pressed again.
    """
    if not request.htmx:
        notices.info(request, words)
        return redirect(reverse("inbox:saved-views") + asked.suffix if opened else asked.address)
    # The way in which the list is looked at is that of the page, not of the view that was changed.
    menu = _menu(request, Asked.beside(request), touched=touched.public_id if touched else "none", opened=opened)
    return trigger_client_event(menu, "announce", {"words": words} | ({"back": back} if back else {}))


def _refused(request: Request, refused: Refused, asked: Asked, renaming: str = "", **more: object) -> HttpResponse:
    errors = refused.sentences if isinstance(refused, ContentRefused) else [refused.sentence]
    shown = Asked.beside(request) if request.htmx else asked
    return _menu(request, shown, status=422, errors=errors, typed=_name(request), renaming=renaming, **more)
