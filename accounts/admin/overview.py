"""One page that answers: are all accounts well, and were they?"""

import hashlib
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.functional import Promise, cached_property
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.admin.account_list import TONES as STATE_TONES
from accounts.admin.account_list import pause_words
from accounts.admin.health_strip import Strip, strips
from accounts.admin.health_words import alone
from accounts.admin.permissions import managed_accounts, manages_something, person
from accounts.checklist import checklist, expiry_words, verdict
from accounts.models import Account, AccountCheck, User
from core.clock import now

# Each row needs a month of checks.
ON_A_PAGE = 25
FAR = datetime.max.replace(tzinfo=UTC)
OUT_OF_USE = "disconnected"
Verdict = AccountCheck.Verdict
# Worst first.
KINDS: dict[str, str | Promise] = {
    Verdict.BAD: gettext_lazy("broken"), Verdict.CARE: gettext_lazy("need care"), Verdict.UNKNOWN: gettext_lazy("not known"),
    Verdict.WELL: gettext_lazy("well"), OUT_OF_USE: gettext_lazy("disconnected"),
}  # fmt: skip
WORDS = {kind: gettext_lazy("needs care") if kind == Verdict.CARE else words for kind, words in KINDS.items()}
TONES = {Verdict.BAD: "bad", Verdict.CARE: "care", Verdict.UNKNOWN: "quiet", Verdict.WELL: "good", OUT_OF_USE: "quiet"}


@dataclass(frozen=True)
class Row:
    """One account: how it is now, and how it was."""

    account: Account
    kind: str
    trouble: str
    expiry: tuple[str, str]
    paused: str
    strip: Strip | None = None

    @property
    def words(self) -> str | Promise:
        return WORDS[self.kind]

    @property
    def tone(self) -> str:
        return TONES[self.kind]

    @property
    def state_tone(self) -> str:
        return STATE_TONES[Account.State(self.account.state)]

    @property
    def rank(self) -> tuple[int, datetime, str]:
        """Worst first; among equals, whose token ends soonest."""
        return list(KINDS).index(self.kind), self.account.token_expires_at or FAR, self.account.name.casefold()


@dataclass(frozen=True)
class Choice:
    """One way to narrow the list down."""

    value: str
    words: str | Promise
    number: int
    is_chosen: bool


class Overview:
    """The accounts of one person, worst first, with their last thirty days."""

    def __init__(self, user: User, asked: str, number: str, at: datetime) -> None:
        self.asked, self._number, self.at = asked if asked in KINDS else "", number, at
        self._accounts = managed_accounts(user).select_related("meta_app").defer("meta_app__secret", "meta_app__verify_token")

    @cached_property
    def rows(self) -> list[Row]:
        """All of them, without their history: what decides the order comes from the accounts alone."""
        return sorted((self._row(account) for account in self._accounts), key=lambda row: row.rank)

    @cached_property
    def page(self) -> Page[Row]:
        """Those that are shown."""
        chosen = [row for row in self.rows if self.asked in ("", row.kind)]
        return Paginator(chosen, ON_A_PAGE).get_page(self._number)

    @cached_property
    def drawn(self) -> list[Row]:
        """The same with their history."""
        found = strips([row.account for row in self.page], self._labels)
        return [replace(row, strip=found[row.account.pk]) for row in self.page]

    @property
    def choices(self) -> list[Choice]:
        counted = Counter(row.kind for row in self.rows)
        everything = Choice("", _("all"), len(self.rows), not self.asked)
        return [everything, *(Choice(kind, words, counted[kind], kind == self.asked) for kind, words in KINDS.items() if counted[kind] or kind == self.asked)]

    @property
    def sentence(self) -> str:
        """The answer, before the rows."""
        counted = Counter(row.kind for row in self.rows)
        if bad := counted[Verdict.BAD]:
            return ngettext("%d account is broken.", "%d accounts are broken.", bad) % bad
        if care := counted[Verdict.CARE]:
            return ngettext("%d account needs care.", "%d accounts need care.", care) % care
        if counted[Verdict.UNKNOWN]:
            return _("Not every account has been looked at yet.")
        return _("All accounts are well.") if counted[Verdict.WELL] else _("No account is in use.")

    @property
    def tone(self) -> str:
        return TONES[min((row.kind for row in self.rows), key=list(KINDS).index, default=OUT_OF_USE)]

    @property
    def mails_leave(self) -> bool:
        return bool(settings.MAILS_LEAVE)

    @cached_property
    def mark(self) -> str:
        """The same as long as the page would look the same. Each look at an account moves `checked_at`, so the month of looks need not be read."""
        rows = [(row.account.pk, row.kind, row.trouble, row.expiry, row.paused, row.account.webhook_at, row.account.checked_at) for row in self.page]
        return hashlib.sha256(repr((self.sentence, rows, self.choices, localdate())).encode()).hexdigest()[:16]

    @cached_property
    def _labels(self) -> dict[str, str]:
        return {line.name: line.label for row in self.rows[:1] for line in checklist(row.account, at=self.at)}

    def _row(self, account: Account) -> Row:
        if account.state == Account.State.DISCONNECTED:
            return Row(account, OUT_OF_USE, account.why, ("–", "quiet"), "")
        lines = checklist(account, at=self.at)
        kind = verdict(lines)
        worst = next((alone(line) for line in lines if line.state == kind), "") if kind in (Verdict.BAD, Verdict.CARE) else ""
        return Row(account, kind, account.why or worst, expiry_words(account, self.at), pause_words(account, self.at))


class HealthPages:
    """The addresses of the page and its fresh part."""

    def __init__(self, site: AdminSite) -> None:
        self._site = site

    @property
    def urls(self) -> list[Any]:
        return [
            path("health/", self._site.admin_view(self.page), name="health"),
            path("health/now/", self._site.admin_view(self.now), name="health-now"),
        ]

    def page(self, request: HttpRequest) -> HttpResponse:
        return self._render(request, "admin/health.html", {"title": _("Health of all accounts"), "health": self._overview(request)})

    def now(self, request: HttpRequest) -> HttpResponse:
        """The fresh part; nothing where it would look the same."""
        health = self._overview(request)
        if request.GET.get("mark") == health.mark:
            return HttpResponse(status=204)
        return self._render(request, "admin/_health.html", {"health": health})

    def _overview(self, request: HttpRequest) -> Overview:
        if not (person(request).is_superuser or manages_something(request)):
            raise PermissionDenied
        return Overview(person(request), request.GET.get("state", ""), request.GET.get("page", ""), now())

    def _render(self, request: HttpRequest, template: str, context: dict[str, Any]) -> TemplateResponse:
        request.current_app = self._site.name
        return TemplateResponse(request, template, self._site.each_context(request) | context)
