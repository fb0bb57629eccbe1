"""What an error of a look at Meta is called in rows; the sentences are in `accounts.reasons`."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from graph import errors

# First match wins.
_CODES: tuple[tuple[type[errors.GraphError], str], ...] = (
    (errors.NotSent, "not_reached"),
    (errors.NoAnswer, "unavailable"),
    (errors.RateLimited, "throttled"),
    (errors.Unavailable, "unavailable"),
    (errors.AppRefused, "app_secret"),
    (errors.TokenInvalid, "token_dead"),
    (errors.PermissionMissing, "permission_missing"),
)
# These pass by themselves.
PASSING = frozenset({"not_reached", "unavailable", "throttled"})

Troubles = dict[str, dict[str, str]]


def trouble_code(error: errors.GraphError) -> str:
    """The code for this error."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), "refused")


def merged(before: Troubles, *, looked_at: Iterable[str], found: Mapping[str, str], known_at: datetime | None) -> Troubles:
    """What is not known now, each with the moment since when: when it was known last."""
    since = known_at.isoformat() if known_at else ""
    after = {name: trouble for name, trouble in before.items() if name not in looked_at}
    return after | {name: {"code": code, "since": before.get(name, {}).get("since", since)} for name, code in found.items()}
