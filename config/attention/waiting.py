"""What waits for somebody: proposals, messages of which nobody knows, stops, and history that is being read."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.admin.permissions import managed_accounts
from accounts.models import Account, Right, Stop, User
from agents.models import Proposal
from config.attention.line import Line
from inbox.models import Backfill, Dispatch

# A count stops here: one that says "500" must not cost more than one that says 3.
COUNTED = 500
TOLD = 5
# What failed longer ago is not news.
RECENT = timedelta(days=14)


def waiting(user: User, at: datetime) -> Iterator[Line]:
    yield from _proposals(user)
    yield from _dispatches(user, at)
    yield from _stops(user)
    yield from _backfills(user, at)


def _proposals(user: User) -> Iterator[Line]:
    decided_by_them = Proposal.objects.awaiting_decision().filter(conversation__account__in=Account.objects.where(user, Right.APPROVE))
    number = decided_by_them.order_by()[:COUNTED].count()
    if number:
        sentence = ngettext("%d proposal waits for your decision.", "%d proposals wait for your decision.", number) % number
        yield Line(sentence, reverse("agents:queue"))


def _dispatches(user: User, at: datetime) -> Iterator[Line]:
    """Those about which a person is asked, and those of which Countersign still finds out what became."""
    unknown = Dispatch.objects.filter(account__in=managed_accounts(user), state=Dispatch.State.UNKNOWN).order_by()
    address = reverse("admin:inbox_dispatch_changelist") + "?state__exact=unknown"
    asking = unknown.asking(at)
    if number := asking[:COUNTED].count():
        sentence = ngettext(
            "Of %d message nobody knows whether it arrived; somebody has to look.",
            "Of %d messages nobody knows whether they arrived; somebody has to look.",
            number,
        )
        yield Line(sentence % number, address)
    if number := unknown.exclude(pk__in=asking.values("pk"))[:COUNTED].count():
        sentence = ngettext("Countersign is finding out whether %d message arrived.", "Countersign is finding out whether %d messages arrived.", number)
        yield Line(sentence % number, address, "calm")


def _stops(user: User) -> Iterator[Line]:
    stops = Stop.objects.in_force() if user.is_superuser else Stop.objects.in_force().filter(account__in=managed_accounts(user))
    number = stops.count()
    if number:
        sentence = ngettext("%d stop keeps agents from sending.", "%d stops keep agents from sending.", number) % number
        yield Line(sentence, reverse("admin:accounts_stop_changelist") + "?state=in-force")


def _backfills(user: User, at: datetime) -> Iterator[Line]:
    """Those under way, and those that failed and were not followed by another one."""
    newer = Backfill.objects.filter(account=OuterRef("account"), pk__gt=OuterRef("pk"))
    failed = Q(~Exists(newer), state=Backfill.State.FAILED, finished_at__gte=at - RECENT)
    rows = Backfill.objects.filter(failed | Q(finished_at=None), account__in=managed_accounts(user)).select_related("account").defer("account__token")
    for backfill in rows[:TOLD]:
        address = reverse("admin:inbox_backfill_change", args=[backfill.pk])
        if backfill.finished_at:
            yield Line(_("Reading back the history of %(account)s failed.") % {"account": backfill.account}, address)
        else:
            yield Line(_sentence(backfill), address, "calm")


def _sentence(backfill: Backfill) -> str:
    facts = {"account": backfill.account, "read": backfill.conversations, "total": backfill.total}
    if backfill.total:
        return _("The history of %(account)s is being read: %(read)s of %(total)s conversations.") % facts
    return _("The history of %(account)s is being read.") % facts
