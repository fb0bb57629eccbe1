"""What the tests about looking after accounts have in common."""

from accounts.models import Account
from core.clock import now
from inbox.work import work_until_idle


def fresh(account):
    """The account as it is in the database."""
    return Account.objects.select_related("meta_app").get(pk=account.pk)


def tend(*accounts):
    """The turn of these accounts, or of everybody, has come."""
    rows = Account.objects.filter(pk__in=[account.pk for account in accounts]) if accounts else Account.objects.all()
    rows.exclude(check_due_at=None).update(check_due_at=now())
    work_until_idle("tend")


def reads(cast, path):
    """How often Meta was asked for addresses that end like this."""
    return len([request for request in cast.simulator.requests() if request["path"].endswith(path)])
