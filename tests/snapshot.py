"""The cast as it stood a moment ago, put back at once: making it anew takes longer than most tests."""

import copy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from core.keyring import keys
from graph.simulator import Simulator
from tests.standing import Rows, everything

# Older than this, "a moment ago" would no longer be true of when the contacts wrote.
FRESH = timedelta(seconds=20)
# The last are mere wake-ups, for workers that no such test has; their tables fill one another.
LEFT_OUT = {"django_migrations", "procrastinate_jobs", "procrastinate_events", "procrastinate_periodic_defers", "procrastinate_workers"}


@dataclass(frozen=True)
class Snapshot:
    """What one step added to the database and to the simulated Meta, which knew nothing before.

    Args:
        made: what the step returned, without the simulator.
        rows: those that came, by table.
        meta: the simulator after the step, of which only the memory is used.
        keys: those it is encrypted with; with others nobody could read it.
    """

    made: dict[str, Any]
    rows: dict[str, Rows]
    meta: Simulator
    keys: list[str]
    taken_at: datetime

    @classmethod
    def of(cls, made: dict[str, Any], before: dict[str, Rows], simulator: Simulator) -> "Snapshot":
        added = {table: rows.without(before.get(table)) for table, rows in everything(without=LEFT_OUT).items()}
        meta = Simulator()
        simulator.store.copy_to(meta.store)
        return cls(copy.deepcopy(made), {table: rows for table, rows in added.items() if rows.values}, meta, keys(), datetime.now(UTC))

    @property
    def is_fresh(self) -> bool:
        return timedelta(0) <= datetime.now(UTC) - self.taken_at < FRESH and self.keys == keys()

    def put_back(self, simulator: Simulator) -> dict[str, Any] | None:
        """What the step would have returned, or None where somebody stands in its place already."""
        try:
            with transaction.atomic():
                for table, rows in self.rows.items():
                    rows.put(table)
        except IntegrityError:
            return None
        self.meta.store.copy_to(simulator.store)
        return copy.deepcopy(self.made)
