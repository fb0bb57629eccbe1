"""Writes down what a look at an account found."""

from datetime import datetime, timedelta

from django.db import transaction

from accounts.checklist import checklist, verdict
from accounts.models import Account, AccountCheck, Activity
from accounts.reasons import TOKEN_REASONS
from accounts.tending.looking import Findings
from accounts.tending.notices import warn_in_time
from accounts.tending.token_dead import lose_token
from accounts.tending.troubles import Troubles, merged
from core.live import Change, publish

KEPT_FOR = timedelta(days=90)
# A token that dies again so soon after it had come to life by itself waits for a person, or it would go on like that.
HEALS_ONCE_IN = timedelta(days=1)


def note(account: Account, found: Findings, *, at: datetime) -> Account | None:
    """Write down what was found about `account` as it was when Meta was asked. None, and nothing written, where another token is stored by now."""
    with transaction.atomic():
        row = Account.objects.select_for_update().get(pk=account.pk)
        if row.token != account.token or row.state == Account.State.DISCONNECTED:
            return None
        row.meta_app = account.meta_app
        _write(row, found, at)
        if found.dead:
            lose_token(row, found.dead, at=at)
        elif "token" in found.known:
            _heal(row, at)
        row.refresh_from_db(fields=["state", "state_reason", "state_changed_at", "paused_until"])
        _keep(row, found, at)
        warn_in_time(row, at=at)
        publish(Change(account=row.pk))
    return row


def _write(row: Account, found: Findings, at: datetime) -> None:
    values = found.values | {"troubles": _troubles(row, found)}
    if found.dead or "token" in found.known:
        values["checked_at"] = at
    for name, value in values.items():
        setattr(row, name, value)
    Account.objects.filter(pk=row.pk).update(**values)


def _troubles(row: Account, found: Findings) -> Troubles:
    """What a look settles is nobody's trouble any more; nor is that an earlier token could not be refreshed."""
    settled = found.looked_at | ({"subscribe"} if found.values.get("subscribed_fields") else set())
    troubles = merged(row.troubles, looked_at=settled, found=found.troubles, known_at=row.checked_at)
    stored_at = row.token_stored_at.isoformat() if row.token_stored_at else ""
    return {name: trouble for name, trouble in troubles.items() if name != "refresh" or trouble.get("since") == stored_at}


def _heal(row: Account, at: datetime) -> None:
    """The token works although it was dead: whoever connected it has logged in again, confirmed who they are, got their role back."""
    if row.state != Account.State.NEEDS_RECONNECT or row.state_reason not in TOKEN_REASONS:
        return
    healed = Activity.objects.filter(target_type="account", target_id=row.public_id, verb="account.healed", at__gt=at - HEALS_ONCE_IN)
    if not healed.exists() and row.mend(at=at):
        Activity.record("account.healed", row, by=None, at=at, account=row)


def _keep(row: Account, found: Findings, at: datetime) -> None:
    lines = checklist(row, at=at)
    codes = found.troubles | ({"token": found.dead} if found.dead else {})
    findings = {"lines": {line.name: line.state for line in lines}, "codes": codes}
    AccountCheck.objects.create(account=row, at=at, verdict=verdict(lines), findings=findings)
    # Its own alone: those of all accounts have no index, and their rows may be another worker's.
    AccountCheck.objects.filter(account=row, at__lt=at - KEPT_FOR).delete()
