"""Trouble on demand: what goes wrong, where, how often, and whether the request took effect before it did."""

from dataclasses import dataclass

from graph.simulator import errors
from graph.simulator.errors import MetaError
from graph.simulator.store import Store
from graph.simulator.world import Account

BEFORE = ("error_before", "drop_before", "html", "ok_with_error", "rate_limited", "token_dead")
AFTER = ("error_after", "drop_after", "slow")
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

    @property
    def applies_first(self) -> bool:
        return self.kind in AFTER


class Faults:
    def __init__(self, store: Store) -> None:
        self.store = store

    def add(
        self, kind: str, *, route: str, account: str | None, times: int | None, seconds: float, subcode: int | None
    ) -> int:
        if kind not in KINDS:
            raise ValueError(f"A fault is one of {', '.join(KINDS)}.")
        return self.store.insert(
            "fault", kind=kind, route=route, account=account, times=times, seconds=seconds, subcode=subcode
        )

    def take(self, route: str, account: str | None) -> Fault | None:
        """The oldest fault that fits, used up by one."""
        with self.store.transaction():
            fault = self._find(route, account)
            if fault and fault.times is not None:
                self.store.run("UPDATE fault SET times = times - 1 WHERE id = ?", fault.id)
        return fault

    def kills_token(self, account: str) -> Fault | None:
        """For /debug_token, which sees a dead token without using the fault up."""
        fault = self._find("debug_token", account, "token_dead")
        return fault or self._find("messages", account, "token_dead")

    def clear(self) -> None:
        self.store.run("DELETE FROM fault")

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
        return errors.throttled(fault.seconds)
    if fault.kind == "token_dead":
        return errors.bad_token(fault.subcode or 463)
    return errors.broken(2)


def while_sending(fault: Fault, account: Account) -> MetaError:
    """The error of a fault that belongs to one of the checks of a send."""
    if fault.kind == "restricted":
        return errors.restricted(account)
    if fault.kind == "window":
        return errors.outside_window(account)
    return errors.unavailable() if fault.kind == "unavailable" else errors.held_elsewhere(account)
