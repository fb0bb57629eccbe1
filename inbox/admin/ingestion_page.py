"""The whole page on what comes in: beside the numbers, the accounts one by one, and lists of what failed, waits, is kept or was turned away."""

from typing import Any

from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext_lazy

from accounts.models import Account
from inbox import incoming
from inbox.admin.ingestion_now import Now
from inbox.admin.refused_delivery import TONES as REFUSAL_TONES
from inbox.admin.waits import what_it_waits_for
from inbox.models import DeletionRequest, KeptEvent, RefusedDelivery, WebhookDelivery

SHORTEST_SEARCH = 4

Reason = RefusedDelivery.Reason
ADVICE: dict[str, str | Promise] = {
    Reason.UNSIGNED: gettext_lazy("Not Meta: it signs everything. Nothing needs to be done."),
    Reason.MIS_SIGNED: gettext_lazy("If these are Meta's, the app secret that is stored here is not the app's. Compare it in Meta's dashboard."),
    Reason.TOO_LARGE: gettext_lazy("Meta's bodies are far smaller. If something before this server joins them together, let it stop."),
    Reason.NOT_JSON: gettext_lazy("Signed with your app's secret, so it is Meta's, and still not readable. Meta delivers it again; if it lasts, ask Meta."),
    Reason.BROKEN_OFF: gettext_lazy("The connection ended before the body was whole. Meta delivers it again."),
    Reason.WRONG_TOKEN: gettext_lazy("Somebody pressed Verify with another verify token than the one stored here."),
    Reason.CALLBACK: gettext_lazy("If it was Meta, the app secret that is stored here is not the app's, or the call came more than an hour late."),
}


class Page(Now):
    """All of it: what keeps itself fresh, and the lists below."""

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """Account by account."""
        copies, kept = incoming.copies(self.accounts), self._kept_by_account
        return [
            {
                "account": account, "copies": copies.get(account.pk), "different": sum(row["different"] for row in kept.get(account.pk, [])),
            }
            for account in incoming.with_last_message(self.accounts)
        ]  # fmt: skip

    @cached_property
    def choices(self) -> list[Account]:
        """The accounts among which the person may choose one."""
        return list(self.managed.defer("token"))

    @cached_property
    def kept(self) -> list[dict[str, Any]]:
        names = {account.pk: account for account in self.choices}
        return [row | {"account": names.get(row["account"])} for row in self._kept]

    @cached_property
    def waiting(self) -> list[tuple[KeptEvent, str]]:
        return [(kept, what_it_waits_for(kept)) for kept in incoming.waiting(self.kept_events)[: incoming.SHOWN]]

    @cached_property
    def failed(self) -> list[WebhookDelivery]:
        return list(incoming.failed()[: incoming.SHOWN]) if self.sees_all else []

    @property
    def failed_number(self) -> int:
        return self._failed if self.sees_all else 0

    @cached_property
    def refused(self) -> list[dict[str, Any]]:
        if not self.sees_all:
            return []
        return [row | {"name": Reason(row["reason"]).label, "tone": REFUSAL_TONES[row["reason"]], "advice": ADVICE[row["reason"]]} for row in self.refusals]

    @cached_property
    def found(self) -> list[WebhookDelivery]:
        return incoming.find(self.asked.text) if self.is_search else []

    @property
    def is_search(self) -> bool:
        return self.sees_all and len(self.asked.text) >= SHORTEST_SEARCH

    @cached_property
    def deletions(self) -> list[DeletionRequest]:
        return incoming.deletion_requests() if self.sees_all else []

    @cached_property
    def _kept(self) -> list[dict[str, Any]]:
        return incoming.kept(self.kept_events)

    @cached_property
    def _kept_by_account(self) -> dict[int, list[dict[str, Any]]]:
        found: dict[int, list[dict[str, Any]]] = {}
        for row in self._kept:
            found.setdefault(row["account"], []).append(row)
        return found
