"""Apps at Meta through which nothing comes, or of which something is not known. Only superusers look after them."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Min
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.admin.health_words import about
from accounts.checklist import checklist
from accounts.models import Account, MetaApp
from config.attention.line import Line

# Lines of the checklist that are the same for all accounts of an app.
OF_THE_APP = ("https", "handshake", "callback", "access_level")
TOLD = 8


def apps(at: datetime) -> Iterator[Line]:
    """What one account of each app shows of it. The public address is one for all, so it is told once."""
    told: set[str] = set()
    for app, account in _with_an_account():
        for line in _lines(app, account, at):
            if line.sentence not in told and len(told) < TOLD:
                told.add(line.sentence)
                yield line


def _with_an_account() -> list[tuple[MetaApp, Account | None]]:
    """Each app with one of its accounts, in two queries."""
    oldest = Account.objects.exclude(state=Account.State.DISCONNECTED).order_by().values("meta_app").annotate(oldest=Min("pk")).values("oldest")
    one = {account.meta_app_id: account for account in Account.objects.filter(pk__in=oldest).select_related("meta_app")}
    return [(app, one.get(app.pk)) for app in MetaApp.objects.defer("secret", "verify_token").order_by("pk")]


def _lines(app: MetaApp, account: Account | None, at: datetime) -> Iterator[Line]:
    address = reverse("admin:accounts_metaapp_change", args=[app.pk])
    if account is None:
        if app.handshake_at is None:
            yield Line(_("No account is connected through %(app)s, and Meta has not asked for its address yet.") % {"app": app}, address, "calm")
        return
    for line in checklist(account, at=at):
        if line.name == "https" and line.state in ("bad", "care"):
            yield Line(line.says, address, line.state)
        elif line.name in OF_THE_APP and line.state in ("bad", "care"):
            yield Line(about(app, line), address, line.state)
    if app.access_level == MetaApp.AccessLevel.UNTOLD:
        yield Line(_("Nobody has said which access level %(app)s has at Meta; it decides who is heard.") % {"app": app}, address, "calm")
