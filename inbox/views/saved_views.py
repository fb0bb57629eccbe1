"""Ways of looking at the list that somebody keeps under a name."""

from django.contrib import messages as notices
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from django_htmx.http import trigger_client_event

from inbox.errors import ContentRefused, Refused
from inbox.models import SavedView
from inbox.views.access import Request, person
from inbox.views.asked import Asked

MOST = 50


@require_http_methods(["GET", "HEAD", "POST"])
def saved_views(request: Request) -> HttpResponse:
    """Those of this person; or the way in which they look at the list now is kept."""
    if request.method != "POST":
        return _menu(request, Asked.beside(request))
    asked = Asked.written(request.POST.get("query", ""))
    try:
        view = _save(SavedView(user=person(request), query=asked.query, name=_name(request)))
    except Refused as refused:
        return _refused(request, refused, asked)
    return _done(request, _("Kept as “%s”.") % view, asked)


@require_http_methods(["POST", "DELETE"])
def saved_view(request: Request, public_id: str) -> HttpResponse:
    """Another name for it; or it goes. Plain forms say `method=delete`."""
    view = get_object_or_404(SavedView, public_id=public_id, user=person(request))
    asked = Asked.written(view.query)
    if request.method == "DELETE" or request.POST.get("method") == "delete":
        view.delete()
        values = {"name": view.name, "query": view.query}
        return _done(request, _("“%s” is forgotten.") % view, asked, back={"address": reverse("inbox:saved-views"), "method": "POST", "values": values})
    before, view.name = view.name, _name(request)
    try:
        _save(view)
    except Refused as refused:
        return _refused(request, refused, asked, renaming=public_id)
    address = reverse("inbox:saved-view", args=[public_id])
    return _done(request, _("It is called “%s” now.") % view, asked, back={"address": address, "method": "POST", "values": {"name": before}})


def _name(request: HttpRequest) -> str:
    return " ".join(request.POST.get("name", "").split())


def _save(view: SavedView) -> SavedView:
    """Keep it.

    Raises:
        ContentRefused: the name is none, or taken; or there are too many.
    """
    if view.pk is None and SavedView.objects.filter(user=view.user).count() >= MOST:
        raise ContentRefused([_("You keep %s views, which is as many as there can be. Forget one of them.") % MOST])
    try:
        view.full_clean()
        with transaction.atomic():
            view.save()
    except ValidationError as error:
        raise ContentRefused(error.messages) from None
    except IntegrityError:
        raise ContentRefused([_("You have a view of this name already.")]) from None
    return view


def _menu(request: Request, asked: Asked, status: int = 200, **more: object) -> HttpResponse:
    context = {"asked": asked, "views": person(request).saved_views.all()} | more
    return render(request, "inbox/_saved_views.html" if request.htmx else "inbox/saved_views.html", context, status=status)


def _done(request: Request, words: str, asked: Asked, back: dict[str, object] | None = None) -> HttpResponse:
    if not request.htmx:
        notices.info(request, words)
        return redirect(asked.address)
    # The way in which the list is looked at is that of the page, not of the view that was changed.
    return trigger_client_event(_menu(request, Asked.beside(request)), "announce", {"words": words} | ({"back": back} if back else {}))


def _refused(request: Request, refused: Refused, asked: Asked, renaming: str = "") -> HttpResponse:
    more = {"errors": refused.sentences if isinstance(refused, ContentRefused) else [refused.sentence], "typed": _name(request), "renaming": renaming}
    return _menu(request, asked, status=422, **more)
