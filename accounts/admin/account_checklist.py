"""The checklist on an account's page: what has to be so, what is, and the button that helps. It keeps itself fresh."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.admin.account_deeds import DEEDS, AccountDeeds
from accounts.admin.account_list import TONES, pause_words
from accounts.admin.permissions import person
from accounts.checklist import Line, checklist, verdict
from accounts.models import Account, AccountCheck, Activity, User
from accounts.moments import when
from core.clock import now

# What was asked and has no answer after so long is not under way any more: the worker does not run, or Meta does not answer.
GIVEN_UP_AFTER = timedelta(minutes=3)
BUSY, IDLE = "every 1s", "every 20s"
ASKED = ("account.check_asked", "account.refresh_asked", "account.subscription_asked")
STATES = {
    "done": gettext_lazy("in order"), "care": gettext_lazy("needs care"), "bad": gettext_lazy("broken"), "unknown": gettext_lazy("not known"),
    "unneeded": gettext_lazy("not needed"),
}  # fmt: skip
Verdict = AccountCheck.Verdict
VERDICT_TONES = {Verdict.WELL: "good", Verdict.CARE: "care", Verdict.BAD: "bad", Verdict.UNKNOWN: "quiet"}


@dataclass(frozen=True)
class Way:
    """What helps: a deed that is done at once, or a page."""

    label: str | Promise
    address: str
    is_deed: bool = False


@dataclass(frozen=True)
class Shown:
    """One line as the page shows it."""

    line: Line
    state: str | Promise
    ways: Sequence[Way]


class Checklist:
    """The checklist of one account, as this person may see and use it."""

    def __init__(self, account: Account, user: User, at: datetime) -> None:
        self.account, self.user, self.at = account, user, at
        self._lines = checklist(account, at=at)

    @cached_property
    def lines(self) -> list[Shown]:
        return [Shown(line, STATES[line.state], tuple(self._ways(line))) for line in self._lines]

    @cached_property
    def tone(self) -> str:
        return "quiet" if self.is_disconnected else VERDICT_TONES[verdict(self._lines)]

    @property
    def sentence(self) -> str:
        """The answer, before the lines that lead to it."""
        if self.is_disconnected:
            return _("This account is disconnected. Connect it again to use it.")
        bad, care, unknown = (sum(line.state == state for line in self._lines) for state in ("bad", "care", "unknown"))
        if bad:
            return ngettext("%d thing is broken.", "%d things are broken.", bad) % bad
        if care:
            return ngettext("It works; %d thing needs care.", "It works; %d things need care.", care) % care
        if self.tone != "good":
            return _("Not everything is known yet.")
        if unknown:
            return ngettext("It works; %d thing is not known.", "It works; %d things are not known.", unknown) % unknown
        return _("Everything is as it should be.")

    @property
    def is_disconnected(self) -> bool:
        return self.account.state == Account.State.DISCONNECTED

    @cached_property
    def is_busy(self) -> bool:
        """Whether somebody asked for something that no worker has answered yet."""
        asked = Activity.objects.filter(target_type="account", target_id=self.account.public_id, verb__in=ASKED, at__gt=self.at - GIVEN_UP_AFTER)
        newest = asked.values_list("at", flat=True).first()
        return newest is not None and (self.account.checked_at is None or self.account.checked_at < newest)

    @property
    def state(self) -> str:
        return self.account.get_state_display()

    @property
    def state_tone(self) -> str:
        return TONES[Account.State(self.account.state)]

    @property
    def paused(self) -> str:
        return pause_words(self.account, self.at)

    @property
    def checked(self) -> str:
        return when(self.account.checked_at) if self.account.checked_at else ""

    @property
    def trigger(self) -> str:
        return BUSY if self.is_busy else IDLE

    @cached_property
    def mark(self) -> str:
        """The same as long as the list would look the same."""
        shown = repr((self._lines, self.is_busy, self.state, self.account.why, self.paused, self.account.checked_at))
        return hashlib.sha256(shown.encode()).hexdigest()[:16]

    def _ways(self, line: Line) -> Iterator[Way]:
        deed = next((deed for deed in DEEDS if deed.name == line.action), None)
        if deed and deed.offered(self.account):
            yield Way(deed.label, reverse(f"admin:accounts_account_{deed.name}", args=[self.account.pk]), is_deed=True)
        # A way that ends in a refusal helps nobody; the remedy says whose it is.
        if line.address and (self.user.is_superuser or not line.for_superusers):
            yield Way(self._name_of(line), line.address)
        if line.name == "token" and line.state == "bad" and not self.is_disconnected:
            yield Way(_("Replace the token"), reverse("admin:accounts_account_token", args=[self.account.pk]))
        if line.name == "test_send" and not self.is_disconnected:
            yield Way(_("Send a test message"), reverse("admin:accounts_account_test", args=[self.account.pk]))

    def _name_of(self, line: Line) -> str:
        names = {reverse("admin:accounts_metaapp_changelist"): _("Open the app"), reverse("admin:connect"): _("Reconnect")}
        return next((name for start, name in names.items() if line.address.startswith(start)), _("Show where"))


class WithChecklist(AccountDeeds):
    """Gives the account's page its checklist."""

    def get_urls(self) -> Any:
        return [path("<int:pk>/checklist/", self.admin_site.admin_view(self.checklist_view), name="accounts_account_checklist"), *super().get_urls()]

    def checklist_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The fresh list; nothing where it would look the same."""
        account = self.get_object(request, str(pk))
        if account is None or not self.has_view_permission(request, account):
            raise Http404
        shown = Checklist(account, person(request), now())
        if request.GET.get("mark") == shown.mark:
            return HttpResponse(status=204)
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/accounts/account/_checklist.html", {"checklist": shown})

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        if account := context.get("original"):
            context["checklist"] = Checklist(account, person(request), now())
        return super().render_change_form(request, context, *args, **kwargs)
