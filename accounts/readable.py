"""The accounts that whoever asks may read, fetched once a request."""

from django.http import HttpRequest

from accounts.banner import with_menders
from accounts.models import Account, User
from accounts.stops import with_stops


def readable_accounts(request: HttpRequest, user: User) -> list[Account]:
    """With what every page says of them: who can mend them, and what is stopped there. Tokens stay in the database."""
    known: list[Account] | None = getattr(request, "readable_accounts", None)
    if known is None:
        accounts = with_menders(with_stops(Account.objects.visible_to(user), user))
        known = list(accounts.select_related("held_by").defer("token", "parting_token"))
        request.readable_accounts = known  # type: ignore[attr-defined]
    return known
