"""Who may connect what: superusers anything, a manager only anew what they manage."""

from django.core.exceptions import PermissionDenied

from accounts.models import Account, Right, User


def may_connect(by: User, account: Account | None) -> bool:
    if not by.is_active or by.is_agent:
        return False
    return by.is_superuser or (account is not None and account.allows(by, Right.MANAGE))


def check_may_connect(by: User, account: Account | None) -> None:
    """Raises PermissionDenied."""
    if not may_connect(by, account):
        raise PermissionDenied
