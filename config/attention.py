"""What needs an admin's attention now, in sentences with a way to the rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.admin.permissions import managed_accounts
from accounts.models import Account, MetaApp, Stop, User
from core.clock import now
from inbox.incoming import DAY
from inbox.models import Dispatch, RefusedDelivery, WebhookDelivery

BROKEN = {
    Account.State.NEEDS_RECONNECT: gettext_lazy("%(account)s sends nothing: it needs to be reconnected."),
    Account.State.RESTRICTED: gettext_lazy("%(account)s sends nothing: Meta has restricted it."),
}


@dataclass(frozen=True)
class Line:
    """One thing to look at."""

    sentence: str
    address: str
    tone: str = "care"


def attention(request: HttpRequest) -> list[Line]:
    """The lines for this person: what is theirs to mend, worst first."""
    user = cast(User, request.user)
    lines = [*_accounts(user), *_dispatches(user), *_stops(user)]
    return lines + list(_installation()) if user.is_superuser else lines


def _accounts(user: User) -> Iterator[Line]:
    for account in managed_accounts(user).filter(state__in=BROKEN):
        yield Line(BROKEN[Account.State(account.state)] % {"account": account}, reverse("admin:accounts_account_change", args=[account.pk]), "bad")


def _dispatches(user: User) -> Iterator[Line]:
    number = Dispatch.objects.filter(account__in=managed_accounts(user), state=Dispatch.State.UNKNOWN).count()
    if number:
        sentence = ngettext("Of %d message nobody knows whether it arrived.", "Of %d messages nobody knows whether they arrived.", number) % number
        yield Line(sentence, reverse("admin:inbox_dispatch_changelist") + "?state__exact=unknown")


def _stops(user: User) -> Iterator[Line]:
    stops = Stop.objects.in_force() if user.is_superuser else Stop.objects.in_force().filter(account__in=managed_accounts(user))
    number = stops.count()
    if number:
        sentence = ngettext("%d stop keeps agents from sending.", "%d stops keep agents from sending.", number) % number
        yield Line(sentence, reverse("admin:accounts_stop_changelist") + "?state=in-force")


def _installation() -> Iterator[Line]:
    number = WebhookDelivery.objects.filter(state=WebhookDelivery.State.FAILED).count()
    if number:
        sentence = ngettext("%d webhook delivery could not be applied.", "%d webhook deliveries could not be applied.", number) % number
        yield Line(sentence, reverse("admin:ingestion") + "#failed", "bad")
    yield from _refusals()
    if not MetaApp.objects.exists():
        yield Line(_("There is no Meta app yet. Accounts are connected through one."), reverse("admin:accounts_metaapp_add"))
    elif not Account.objects.exists():
        yield Line(_("No account is connected yet."), reverse("admin:accounts_account_add"))


def _refusals() -> Iterator[Line]:
    """What looks like Meta and was turned away all the same, in the last day."""
    told = {
        RefusedDelivery.Reason.NOT_JSON: (_("Meta signed something today that nobody can read."), "bad"),
        RefusedDelivery.Reason.MIS_SIGNED: (_("Deliveries with a wrong signature were turned away today. Is the app secret right?"), "care"),
    }
    seen = set(RefusedDelivery.objects.filter(hour__gte=now() - DAY, reason__in=told).values_list("reason", flat=True))
    for reason, (sentence, tone) in told.items():
        if reason in seen:
            yield Line(sentence, reverse("admin:ingestion") + "#refused", tone)
