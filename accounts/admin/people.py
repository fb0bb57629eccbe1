"""One page that answers: who may do what on which account? And the page on which somebody is invited."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.admin.invite import invite_page
from accounts.admin.people_grid import Asked, Change, Grid, changes, sent_changes, words_for
from accounts.admin.permissions import manages_something, person
from accounts.granting import Changed, set_preset
from accounts.models import Activity, Grant, User
from accounts.models.invitation import PRESETS
from core.clock import now


@dataclass
class Outcome:
    """What became of the changes that somebody sent: how many were saved, and what is to be said of the others."""

    saved: int = 0
    # The person or the account was there when the page was opened, and is not any more.
    lost: int = 0
    notes: dict[tuple[int, int], str] = field(default_factory=dict)
    refused: list[Change] = field(default_factory=list)
    met_somebody: bool = False

    def note(self, change: Change, sentence: str) -> None:
        self.notes[change.user.pk, change.account.pk] = sentence
        self.refused.append(change)

    @property
    def status(self) -> int:
        return 409 if self.met_somebody else 422 if self.notes else 200


class PeoplePages:
    """The addresses of the grid and of invitations."""

    def __init__(self, site: AdminSite) -> None:
        self._site = site

    @property
    def urls(self) -> list[Any]:
        return [
            path("people/", self._site.admin_view(self.grid), name="people"),
            path("people/invite/", self._site.admin_view(self.invite), name="invite"),
        ]

    def grid(self, request: HttpRequest) -> HttpResponse:
        """Show on GET; on POST save what was changed, and say what could not be."""
        _check_manages(request)
        asked = Asked.by(request)
        outcome = Outcome()
        if request.method == "POST":
            sent = list(sent_changes(request.POST))
            outcome = save(found := changes(person(request), sent), by=person(request))
            outcome.lost = len(sent) - len(found)
            _say(request, outcome)
            if not outcome.notes:
                return redirect(reverse("admin:people") + asked.address())
        grid = Grid(person(request), asked, outcome.notes)
        _say_of_others(request, outcome, grid)
        context = {"title": _("People and accounts"), "grid": grid, "asked": asked, "trouble": len(outcome.notes)}
        request.current_app = self._site.name
        return TemplateResponse(request, "admin/people/grid.html", self._site.each_context(request) | context, status=outcome.status)

    def invite(self, request: HttpRequest) -> HttpResponse:
        _check_manages(request)
        return invite_page(self._site, request)


def save(wanted: list[Change], *, by: User) -> Outcome:
    """Each change by itself: what cannot be saved keeps nothing else from being saved."""
    outcome = Outcome()
    with transaction.atomic():
        for change in wanted:
            try:
                outcome.saved += set_preset(change.user, change.preset, account=change.account, by=by, at=now(), expects=change.was)
            except Changed:
                outcome.note(change, _conflict(change))
                outcome.met_somebody = True
            except (ValidationError, PermissionDenied) as refusal:
                outcome.note(change, _refusal(refusal))
    return outcome


def _conflict(change: Change) -> str:
    present = Grant.objects.filter(user=change.user, account=change.account).values_list("right", flat=True)
    newest = Activity.objects.filter(verb__startswith="grant.", account=change.account, details__user=change.user.public_id).select_related("by").first()
    facts: Mapping[str, object] = {
        "who": newest.by if newest and newest.by else _("Somebody"), "now": words_for(present),
        "chosen": dict(PRESETS).get(change.preset, _("No access")),
    }  # fmt: skip
    return _("%(who)s changed this after you had opened the page: it is “%(now)s” now. You chose “%(chosen)s”; choose it again if it still holds.") % facts


def _refusal(refusal: ValidationError | PermissionDenied) -> str:
    if isinstance(refusal, ValidationError):
        return " ".join(refusal.messages)
    return _("You may not change this.")


def _say(request: HttpRequest, outcome: Outcome) -> None:
    if outcome.saved:
        messages.success(request, ngettext("%d change is saved.", "%d changes are saved.", outcome.saved) % outcome.saved)
    elif not (outcome.notes or outcome.lost):
        messages.info(request, _("Nothing was changed."))
    if number := len(outcome.notes):
        sentence = ngettext("%d change could not be saved; what it met stands beside it.", "%d changes could not be saved; it stands beside each.", number)
        messages.error(request, sentence % number)


    if outcome.lost:
        sentence = ngettext(
            "%d change could not be saved: the person has no access to an account of yours any more, or the account is not yours any more.",
            "%d changes could not be saved: the people have no access to an account of yours any more, or the accounts are not yours any more.",
            outcome.lost,
        )
        messages.error(request, sentence % outcome.lost)


def _say_of_others(request: HttpRequest, outcome: Outcome, grid: Grid) -> None:
    """What would stand beside a cell that is not on this page (any more): the person moved to another, or became a superuser."""
    shown = {(row.user.pk, cell.account.pk) for row in grid.rows if not row.user.is_superuser for cell in row.cells} if outcome.refused else set()
    for change in outcome.refused:
        place = (change.user.pk, change.account.pk)
        if place not in shown:
            messages.error(request, f"{change.user} · {change.account}: {outcome.notes[place]}")


def _check_manages(request: HttpRequest) -> None:
    if not (person(request).is_superuser or manages_something(request)):
        raise PermissionDenied
