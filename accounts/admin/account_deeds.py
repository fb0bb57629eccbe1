"""What can be done to an account: looked at again, mended, paused, taken out of use. Each calls a verb; nothing is ever deleted."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.admin.account_pause import PauseForm, until
from accounts.admin.deeds import Deed, ReasonForm, WithDeeds
from accounts.admin.permissions import person
from accounts.connection import disconnect, mend
from accounts.models import Account
from accounts.tending.asking import ask_check, ask_refresh, ask_subscribe, pause, resume
from core.clock import now
from graph.networks import Login

# Says how many it was done to.
Counted = Callable[[int], str]


def is_in_use(account: Account) -> bool:
    return account.state != Account.State.DISCONNECTED


def has_token(account: Account) -> bool:
    return is_in_use(account) and bool(account.token)


def is_broken(account: Account) -> bool:
    return account.state != Account.State.CONNECTED


def is_refreshable(account: Account) -> bool:
    """Only Instagram's own tokens are (Instagram Platform, "Refresh a long-lived token")."""
    return has_token(account) and account.login == Login.INSTAGRAM


def can_be_paused(account: Account) -> bool:
    return is_in_use(account) and not account.is_held(now())


def can_be_resumed(account: Account) -> bool:
    return account.is_held(now())


DEEDS = (
    Deed("check", _("Check now"), _("Meta is asked about the token, its permissions and the webhooks. This takes a few seconds."), offered=is_in_use),
    Deed("refresh", _("Refresh the token"), _("Meta is asked for a fresh token for sixty days. The present one is kept until then."), offered=is_refreshable),
    Deed("subscribe", _("Subscribe again"), _("Meta is asked once more to send everything that happens on this account."), offered=has_token),
    Deed("mend", _("Mark as mended"), _("Messages that wait for this account are sent again. Do this once the cause is gone."), offered=is_broken),
    Deed(
        "pause", _("Pause sending"), _("Nothing is sent from this account: what people and agents write waits. What contacts write still comes in."),
        form=PauseForm, offered=can_be_paused,
    ),
    Deed("resume", _("Resume sending"), _("What waits is sent, if it still may be."), offered=can_be_resumed),
    Deed(
        "disconnect", _("Disconnect"),
        _("Nothing is sent from this account any more, and its access token is erased. Its conversations stay, and so do the people's rights."),
        form=ReasonForm, offered=is_in_use, grave=True,
    ),
)  # fmt: skip


class AccountDeeds(WithDeeds):
    """The deeds of one account, and of several from the list."""

    deeds = DEEDS
    actions = ("check_selected", "refresh_selected", "subscribe_selected", "pause_selected", "resume_selected", "mend_selected")

    # One --------------------------------------------------------------------------------------------------------
    def do_check(self, request: HttpRequest, account: Account) -> str:
        ask_check(account, by=person(request), at=now())
        return _("%(account)s is being checked.") % {"account": account}

    def do_refresh(self, request: HttpRequest, account: Account) -> str:
        ask_refresh(account, by=person(request), at=now())
        return _("The token of %(account)s is being refreshed.") % {"account": account}

    def do_subscribe(self, request: HttpRequest, account: Account) -> str:
        ask_subscribe(account, by=person(request), at=now())
        return _("Meta is asked to send everything about %(account)s.") % {"account": account}

    def do_mend(self, request: HttpRequest, account: Account) -> str:
        mend(account, by=person(request), at=now())
        return _("%(account)s sends again.") % {"account": account}

    def do_pause(self, request: HttpRequest, account: Account, *, length: str, reason: str) -> str:
        at = now()
        pause(account, until=until(length, at), by=person(request), at=at, reason=reason)
        return _("Nothing is sent from %(account)s for now.") % {"account": account}

    def do_resume(self, request: HttpRequest, account: Account) -> str:
        resume(account, by=person(request), at=now())
        return _("%(account)s sends again.") % {"account": account}

    def do_disconnect(self, request: HttpRequest, account: Account, *, reason: str) -> str:
        disconnect(account, by=person(request), at=now(), reason=reason)
        return _("%(account)s is disconnected, and its token is erased.") % {"account": account}

    # Several ----------------------------------------------------------------------------------------------------
    @admin.action(description=_("Check now"))
    def check_selected(self, request: HttpRequest, accounts: QuerySet[Account]) -> None:
        self._each(request, accounts, ask_check, lambda number: ngettext("%d account is being checked.", "%d accounts are being checked.", number))

    @admin.action(description=_("Refresh the token"))
    def refresh_selected(self, request: HttpRequest, accounts: QuerySet[Account]) -> None:
        self._each(request, accounts, ask_refresh, lambda number: ngettext("%d token is being refreshed.", "%d tokens are being refreshed.", number))

    @admin.action(description=_("Subscribe again"))
    def subscribe_selected(self, request: HttpRequest, accounts: QuerySet[Account]) -> None:
        self._each(request, accounts, ask_subscribe, lambda number: ngettext("%d account is being subscribed.", "%d accounts are being subscribed.", number))

    @admin.action(description=_("Resume sending"))
    def resume_selected(self, request: HttpRequest, accounts: QuerySet[Account]) -> None:
        self._each(request, accounts, resume, lambda number: ngettext("%d account sends again.", "%d accounts send again.", number))

    @admin.action(description=_("Mark as mended"))
    def mend_selected(self, request: HttpRequest, accounts: QuerySet[Account]) -> None:
        self._each(request, accounts, mend, lambda number: ngettext("%d account sends again.", "%d accounts send again.", number))

    @admin.action(description=_("Pause sending…"))
    def pause_selected(self, request: HttpRequest, accounts: QuerySet[Account]) -> HttpResponse | None:
        """Ask first how long and why: the list posts what was chosen, and this page posts it once more."""
        form = PauseForm(request.POST if "pause" in request.POST else None)
        if not form.is_valid():
            return self._pause_page(request, accounts, form)
        at = now()

        def pause_one(account: Account, *, by: Any, at: datetime) -> bool:
            return bool(pause(account, until=until(form.cleaned_data["length"], at), by=by, at=at, reason=form.cleaned_data["reason"]))

        self._each(request, accounts, pause_one, lambda number: ngettext("%d account is paused.", "%d accounts are paused.", number), at)
        return None

    def _pause_page(self, request: HttpRequest, accounts: QuerySet[Account], form: forms.Form) -> TemplateResponse:
        request.current_app = self.admin_site.name
        context = self.admin_site.each_context(request) | {"opts": self.opts, "title": _("Pause sending"), "accounts": accounts, "form": form}
        return TemplateResponse(request, "admin/accounts/account/pause.html", context, status=422 if form.errors else 200)

    def _each(self, request: HttpRequest, accounts: QuerySet[Account], verb: Callable[..., Any], sentence: Counted, at: datetime | None = None) -> None:
        """Do it to all; what refuses says why and keeps nobody else from it."""
        number = sum(self._done(request, account, verb, at or now()) for account in accounts)
        if number:
            self.message_user(request, sentence(number) % number)

    def _done(self, request: HttpRequest, account: Account, verb: Callable[..., Any], at: datetime) -> bool:
        try:
            # A verb that only asks for something returns nothing, and has done it.
            return verb(account, by=person(request), at=at) is not False
        except ValidationError as refusal:
            self.message_user(request, f"{account}: {' '.join(refusal.messages)}", messages.ERROR)
            return False
