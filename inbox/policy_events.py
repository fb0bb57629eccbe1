"""Meta enforces its policies on an account: a warning is written down, a block pauses sending, an unblock lets it go on.

Source: Meta, Messenger Platform webhooks, "messaging_policy_enforcement".
"""

from datetime import datetime

from django.db.models import Q

from accounts.models import Account, Activity
from graph import events
from inbox.models import WebhookDelivery


def policy_enforced(account: Account, event: events.PolicyEnforced, delivery: WebhookDelivery) -> None:
    """The newest block or unblock holds, so that a repeated block does not undo what an admin has mended since."""
    at = event.at or delivery.received_at
    if event.action == "warning":
        return _warned(account, event, at)
    newer = Account.objects.filter(Q(policy_at=None) | Q(policy_at__lt=at), pk=account.pk)
    if not newer.update(policy_at=at):
        return
    Activity.record(f"account.policy_{event.action}", account, by=None, at=at, account=account, reason=event.reason[:200])
    if event.action == "block" and not Account.objects.filter(pk=account.pk, state=Account.State.NEEDS_RECONNECT).exists():
        # A dead token is the worse trouble; an unblock would call it mended.
        account.break_down(Account.State.RESTRICTED, reason=event.reason or "policy", at=at)
    elif event.action == "unblock" and Account.objects.filter(pk=account.pk, state=Account.State.RESTRICTED).exists():
        account.mend(at=at)


def _warned(account: Account, event: events.PolicyEnforced, at: datetime) -> None:
    """A warning changes nothing, and hides no block that was before it and comes after it."""
    if not Activity.objects.filter(account=account, verb="account.policy_warning", at=at).exists():
        Activity.record("account.policy_warning", account, by=None, at=at, account=account, reason=event.reason[:200])
