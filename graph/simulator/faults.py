"""Trouble on demand: what goes wrong, where, how often, and whether the request took effect before it did."""

from dataclasses import dataclass

from graph.simulator import errors
from graph.simulator.call import Call
from graph.simulator.errors import MetaError
from graph.simulator.store import Store
from graph.simulator.world import Account

BEFORE = ("error_before", "error", "drop_before", "html", "not_json", "ok_with_error", "rate_limited", "token_dead", "too_much")
AFTER = ("error_after", "drop_after", "slow", "html_after", "not_json_after", "ok_with_error_after")
WHILE_SENDING = ("restricted", "window", "unavailable", "held_elsewhere")
KINDS = BEFORE + AFTER + WHILE_SENDING


@dataclass(frozen=True)
class Fault:
    id: int
    kind: str
    route: str
    account: str | None
    times: int | None
    seconds: float
    subcode: int | None
    skip: int
    code: int | None
    status: int | None
    most: int | None

    @property
    def applies_first(self) -> bool:
        return self.kind in AFTER


class Faults:
    def __init__(self, store: Store) -> None:
        self.store = store

    def add(self, kind: str, **values: str | float | None) -> int:
        if kind not in KINDS:
            raise ValueError(f"A fault is one of {', '.join(KINDS)}.")
        if kind == "error" and not values["code"]:
            raise ValueError("An error needs a code.")
        return self.store.insert("fault", kind=kind, **values)

    def take(self, route: str, account: str | None, call: Call) -> Fault | None:
        """The oldest fault that fits, used up by one; one that waits for later calls lets this one pass."""
        with self.store.transaction():
            fault = self._find(route, account)
            if fault and fault.skip:
                self.store.run("UPDATE fault SET skip = skip - 1 WHERE id = ?", fault.id)
                return None
            if fault and fault.kind == "too_much" and call.number("limit", 25) <= (fault.most or 1):
                return None
            if fault and fault.times is not None:
                self.store.run("UPDATE fault SET times = times - 1 WHERE id = ?", fault.id)
        return fault

    def kills_token(self, account: str) -> Fault | None:
        """For /debug_token, which sees a dead token without using the fault up."""
        fault = self._find("debug_token", account, "token_dead")
        return fault or self._find("messages", account, "token_dead")

    def clear(self, kind: str | None = None, account: str | None = None) -> None:
        """All of them, or those of a kind, or those that were ordered for an account."""
        self.store.run("DELETE FROM fault WHERE kind = ifnull(?, kind) AND (? IS NULL OR account = ?)", kind, account, account)

    def _find(self, route: str, account: str | None, kind: str = "%") -> Fault | None:
        row = self.store.row(
            "SELECT * FROM fault WHERE route IN (?, '*') AND (account IS NULL OR account = ?)"
            " AND (times IS NULL OR times > 0) AND kind LIKE ? ORDER BY id LIMIT 1",
            route,
            account,
            kind,
        )
        return Fault(**row) if row else None


def refusal(fault: Fault) -> MetaError:
    """The error of a fault that is answered before anything is applied."""
    if fault.kind == "rate_limited":
        return errors.throttled(fault.seconds, code=fault.code or 613, status=fault.status or 429)
    if fault.kind == "token_dead":
        return errors.bad_token(fault.subcode or 463)
    if fault.kind == "too_much":
        return MetaError(fault.code or 1, "Please reduce the amount of data you're asking for, then retry your request", status=500)
    return own_error(fault) if fault.kind == "error" else errors.broken(2)


def own_error(fault: Fault, default: int = 1) -> MetaError:
    """Any code of Meta's table; without one an unknown error."""
    if fault.code is None:
        return errors.broken(default)
    return MetaError(fault.code, f"(#{fault.code}) The simulator was told to answer so.", subcode=fault.subcode, status=fault.status)


def while_sending(fault: Fault, account: Account) -> MetaError:
    """The error of a fault that belongs to one of the checks of a send."""
    if fault.kind == "restricted":
        return errors.restricted(account)
    if fault.kind == "window":
        return errors.outside_window(account)
    return errors.unavailable() if fault.kind == "unavailable" else errors.held_elsewhere(account)
