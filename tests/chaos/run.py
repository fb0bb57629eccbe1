"""One run on one engine: set up, the storm, calm, and the comparison."""

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.chaos import records
from tests.chaos.course import Course, Size
from tests.chaos.faults import Weather, never_met, spoiled_at
from tests.chaos.killer import Killer
from tests.chaos.ledger import Ledger
from tests.chaos.machine import Machine, machine
from tests.chaos.people import Admin, Agent, Clerk, Contacts
from tests.chaos.proof import Proof
from tests.chaos.verdict import Storm, Verdict, judge
from tests.chaos.world import BLIND, SITES, World

PATIENCE = 120.0


@dataclass(frozen=True)
class Result:
    """What came of it: the line for stdout, and what is wrong."""

    line: dict[str, Any]
    complaints: list[str]

    @property
    def holds(self) -> bool:
        return not self.complaints


class Run:
    """
    Args:
        say: tells somebody how far it is.
    """

    def __init__(self, engine: str, size: Size, seed: int, folder: Path, *, say: Callable[[str], None]) -> None:
        self._engine, self._size, self._seed, self._folder, self._say = engine, size, seed, folder, say
        self._world, self._ledger = World.of(size.conversations), Ledger()

    def go(self, postgres: str) -> Result:
        began = time.monotonic()
        with machine(self._engine, self._folder, self._world, clerks=self._size.clerks, postgres=postgres) as built:
            self._say(f"set up in {time.monotonic() - began:.0f} s")
            self._meet_everybody(built)
            course = Course(self._size, self._ledger, self._seed)
            weather = Weather(built.meta, course)
            with ExitStack() as people:
                admin = Admin(built, {site.id: site.token for site in SITES})
                people.callback(admin.close)
                self._storm(built, course, weather, admin, people)
                self._say(self._progress(built, course))
                restless = self._become_quiet(built, weather, admin)
            verdict, met = self._compare(built, course), weather.met
            proof = Proof(
                verdict, self._size, course.kills, course.kills_while_sending, len(self._ledger.asked_back), course.broken, restless,
                records.undelivered(built.meta), never_met(met),
            )  # fmt: skip
        return self._result(proof, met.total(), time.monotonic() - began)

    def _meet_everybody(self, built: Machine) -> None:
        """The first message of every contact has come in."""
        until = time.monotonic() + PATIENCE
        while len(known := built.records.conversations()) < len(self._world.conversations):
            if time.monotonic() > until:
                raise RuntimeError(f"Only {len(known)} of {len(self._world.conversations)} conversations came in.")
            time.sleep(0.1)
        for each in self._world.conversations:
            each.public_id = known[each.site.id, each.contact]

    def _storm(self, built: Machine, course: Course, weather: Weather, admin: Admin, people: ExitStack) -> None:
        everybody = self._world.conversations
        contacts = Contacts(built, course, everybody)
        number = self._size.clerks
        clerks = [Clerk(built, course, f"clerk{each}", everybody[each::number], contacts) for each in range(number)]
        agent = Agent(built, course, [each for each in everybody if not each.site.is_blind])
        killers = [Killer(built, service, course, weather) for service in built.services]
        for close in [*(clerk.close for clerk in clerks), agent.close]:
            people.callback(close)
        weather.begin()
        course.began_at = time.monotonic()
        work: list[Callable[[], None]] = [contacts.chat, *(clerk.work for clerk in clerks), agent.work, weather.blow, *(killer.hunt for killer in killers)]
        threads = [threading.Thread(target=self._guarded, args=(course, each), name=each.__qualname__, daemon=True) for each in work]
        for thread in threads:
            thread.start()
        self._watch(built, course, admin)
        for thread in threads:
            thread.join(PATIENCE)
            if thread.is_alive():
                raise RuntimeError(f"{thread.name} does not end.")

    def _guarded(self, course: Course, work: Callable[[], None]) -> None:
        """Nobody falls silent without a word."""
        try:
            work()
        except Exception as error:
            course.fail(f"{work.__qualname__}: {type(error).__name__}: {error}")

    def _watch(self, built: Machine, course: Course, admin: Admin) -> None:
        told_at = time.monotonic()
        while not course.is_over:
            admin.mend()
            if time.monotonic() - told_at > 10:
                told_at = time.monotonic()
                self._say(self._progress(built, course))
            time.sleep(0.3)

    def _become_quiet(self, built: Machine, weather: Weather, admin: Admin) -> dict[str, int]:
        """No fault is added, nobody dies, and everything on its way arrives. Returns what is still on its way when patience ends."""
        weather.calm()
        began = told_at = time.monotonic()
        while time.monotonic() - began < self._size.drain:
            admin.mend()
            built.meta.post("settle")
            left = self._left(built)
            if not left:
                self._say(f"quiet after {time.monotonic() - began:.0f} s")
                return left
            if time.monotonic() - told_at > 10:
                told_at = time.monotonic()
                self._say(f"not quiet: {left}")
            time.sleep(0.3)
        return self._left(built)

    def _left(self, built: Machine) -> dict[str, int]:
        """What may still become something else, by state and account."""
        states = {
            f"{state} at {account}": number
            for (state, account), number in built.records.states().items()
            if state in ("queued", "sending") or (state == "unknown" and account not in BLIND)
        }
        webhooks = {"webhooks at Meta": int(built.meta.get("health")["waiting"]), "webhooks to apply": built.records.to_apply}
        return states | {what: number for what, number in webhooks.items() if number}

    def _compare(self, built: Machine, course: Course) -> Verdict:
        ours, at_meta = records.ours(built.records, self._ledger), records.at_meta(built.meta, self._ledger)
        spoiled = spoiled_at(BLIND, built.meta.faults)
        return judge(self._ledger, at_meta, ours, Storm(BLIND, spoiled, course.left, self._ledger.asked_back, self._ledger.taken_back))

    def _progress(self, built: Machine, course: Course) -> str:
        states: dict[str, int] = {}
        for (state, _account), number in built.records.states().items():
            states[state] = states.get(state, 0) + number
        return f"{course.seconds:4.0f} s, {self._ledger.accepted} accepted, {course.kills} kills ({course.kills_while_sending} while sending), {states}"

    def _result(self, proof: Proof, met: int, seconds: float) -> Result:
        facts = {"kills": proof.kills, "kills_while_sending": proof.kills_while_sending, "taken_back": len(self._ledger.taken_back)}
        line = {"engine": self._engine} | proof.verdict.line | facts | {"faults": met, "seed": self._seed, "seconds": round(seconds)}
        return Result(line, proof.complaints)
