"""Compares three records: what was intended, what Meta has, and what our database says. Plain values, so that the check itself can be tested."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from tests.chaos.ledger import Intent

T = TypeVar("T")
NOT_AT_META = ("queued", "failed", "cancelled")
# Everything that keeps a message from leaving in a storm: what people did, what the contact did meanwhile, what Meta was told to answer, its thread.
CAUSES = {
    "cancelled": ("taken_back", "stale", "they_wrote"),
    "failed": ("window_closed", "contact_unavailable", "thread_held", "rejected", "not_there"),
}
# Agents' words go stale, and only what is scheduled waits for whether the contact writes.
BELONGS_TO = {"stale": "proposal", "they_wrote": "scheduled"}


@dataclass(frozen=True)
class AtMeta:
    """A message in the simulator's record.

    Args:
        is_told: of one from a contact: whether our door took it with 200.
        is_answered: of one to a contact of a blind account: whether Meta certainly said plainly that it has it.
    """

    token: str
    mid: str
    account: str
    contact: str
    is_inbound: bool = False
    is_told: bool = True
    is_answered: bool = False


@dataclass(frozen=True)
class Ours:
    """A row of our database.

    Args:
        source: countersign, elsewhere or contact.
        dispatch, state, reason: of its dispatch; empty where it has none.
        was_unknown: whether it ever was.
        calls: the attempts, in words.
    """

    token: str
    public_id: str
    mid: str
    account: str
    contact: str
    source: str = "countersign"
    dispatch: str = ""
    state: str = ""
    reason: str = ""
    was_unknown: bool = False
    calls: str = ""


@dataclass(frozen=True)
class Storm:
    """What else is known from outside our database.

    Args:
        blind: accounts of which Meta neither tells nor lets anybody read.
        spoiled: how many calls to send got an answer there that says nothing.
        left: dispatches that a killed process had handed over and not heard of, with their accounts.
        asked_back: dispatches that somebody wanted to take back.
        taken_back: those of which our door said that they are taken back.
    """

    blind: Collection[str] = ()
    spoiled: int = 0
    left: Mapping[str, str] = field(default_factory=dict)
    asked_back: Collection[str] = ()
    taken_back: Collection[str] = ()

    @property
    def unknowable(self) -> int:
        return self.spoiled + sum(account in self.blind for account in self.left.values())


@dataclass(frozen=True)
class Trouble:
    """One thing that is wrong: duplicate, lost, false, unsettled or inbound; with everything that a person needs to find the cause."""

    kind: str
    what: str
    token: str
    ours: tuple[Ours, ...] = ()
    at_meta: tuple[AtMeta, ...] = ()

    def __str__(self) -> str:
        rows = [f"  ours: {row.public_id} dispatch {row.dispatch} {row.state} {row.reason} mid {row.mid[-12:]} calls [{row.calls}]" for row in self.ours]
        lines = [f"  Meta: {message.mid[-12:]} account {message.account} contact {message.contact}" for message in self.at_meta]
        return "\n".join([f"{self.kind}: {self.token} {self.what}", *rows, *(lines or ["  Meta: nothing"])])


@dataclass
class Verdict:
    """What the comparison came to."""

    intended: int = 0
    delivered: int = 0
    unknown_settled: int = 0
    unknown_for_people: int = 0
    unknowable: int = 0
    inbound: int = 0
    states: Counter[str] = field(default_factory=Counter)
    troubles: list[Trouble] = field(default_factory=list)

    def count(self, kind: str) -> int:
        return sum(trouble.kind == kind for trouble in self.troubles)

    @property
    def line(self) -> dict[str, int | dict[str, int]]:
        return {
            "intended": self.intended, "delivered": self.delivered, "duplicates": self.count("duplicate"), "lost": self.count("lost"),
            "false_states": self.count("false"), "unknown_settled": self.unknown_settled, "unknown_for_people": self.unknown_for_people,
            "unknowable": self.unknowable, "inbound": self.inbound, "inbound_lost": self.count("inbound"), "states": dict(self.states),
        }  # fmt: skip

    @property
    def holds(self) -> bool:
        return not self.troubles and self.unknown_for_people <= self.unknowable


def judge(intents: Iterable[Intent], at_meta: Sequence[AtMeta], ours: Sequence[Ours], storm: Storm) -> Verdict:
    """What is wrong between the records."""
    verdict = Verdict(unknowable=storm.unknowable)
    sent, rows = _by_token(m for m in at_meta if not m.is_inbound), _by_token(row for row in ours if row.source != "contact")
    known = {intent.token: intent for intent in intents}
    for token, intent in known.items():
        _judge_one(verdict, intent, rows.get(token, []), sent.get(token, []), storm)
    for token in sent.keys() - known.keys():
        verdict.troubles.append(Trouble("false", "is at Meta, and nobody meant to send it", token, tuple(rows.get(token, ())), tuple(sent[token])))
    _judge_unknown(verdict, ours, sent, storm)
    _judge_inbound(verdict, [m for m in at_meta if m.is_inbound], ours)
    return verdict


def _judge_one(verdict: Verdict, intent: Intent, rows: list[Ours], sent: list[AtMeta], storm: Storm) -> None:
    mine = [row for row in rows if row.source == "countersign"]
    if not (intent.is_accepted or mine or sent):
        return  # no door ever said yes, and nothing was written
    verdict.intended += 1
    verdict.delivered += bool(sent)
    verdict.states.update(row.state for row in mine)

    def wrong(kind: str, what: str) -> None:
        verdict.troubles.append(Trouble(kind, what, intent.token, tuple(rows), tuple(sent)))

    if not intent.may_be_out:
        wrong("false", "was let out by nobody")
    for _more in sent[1:]:
        wrong("duplicate", "is at Meta more than once")
    if not mine:
        return wrong("false" if sent else "lost", "was accepted, and has no row")
    if len(mine) > 1:
        wrong("false", "was written more than once")
    if len(rows) > len(mine):
        wrong("false", "stands there a second time, as written elsewhere")
    for row in mine:
        for kind, what in _wrong_about(row, intent, sent, storm):
            wrong(kind, what)


def _wrong_about(row: Ours, intent: Intent, sent: list[AtMeta], storm: Storm) -> Iterable[tuple[str, str]]:
    """What the row says that is not so."""
    if row.state == "sent" and not sent:
        yield "false", "is called sent and not at Meta"
    if row.state == "sent" and sent and row.mid not in [message.mid for message in sent]:
        yield "false", "has the id of another message"
    if row.state in NOT_AT_META and sent:
        yield "false", f"is called {row.state} and at Meta"
    if row.state not in (*NOT_AT_META, "sent", "unknown"):
        yield ("false" if sent else "lost"), f"is still “{row.state}” when everything is quiet"
    if row.state in CAUSES and not sent and not _is_caused(row, intent, storm):
        yield "false", f"is called {row.state} for “{row.reason}”, which nothing here has caused"
    if row.dispatch in storm.taken_back and sent:
        yield "false", "was taken back and is at Meta"
    for message in sent:
        if (message.account, message.contact) != (intent.account, intent.contact):
            yield "false", "reached somebody else"


def _is_caused(row: Ours, intent: Intent, storm: Storm) -> bool:
    if row.reason == "taken_back" and row.dispatch not in storm.asked_back:
        return False
    return row.reason in CAUSES[row.state] and intent.kind == BELONGS_TO.get(row.reason, intent.kind)


def _judge_unknown(verdict: Verdict, ours: Sequence[Ours], sent: Mapping[str, list[AtMeta]], storm: Storm) -> None:
    """Where Meta has answered or could still be asked, nothing may be left to people."""

    def unsettled(row: Ours, what: str) -> None:
        verdict.troubles.append(Trouble("unsettled", what, row.token, (row,), tuple(sent.get(row.token, ()))))

    for row in ours:
        verdict.unknown_settled += row.was_unknown and row.state != "unknown"
        verdict.unknown_for_people += row.state == "unknown"
        if row.state == "unknown" and row.account not in storm.blind:
            unsettled(row, "is left to people, though Meta could be asked")
        elif row.state == "unknown" and row.dispatch not in storm.left and any(message.is_answered for message in sent.get(row.token, ())):
            unsettled(row, "is left to people, though Meta had answered")


def _judge_inbound(verdict: Verdict, at_meta: Sequence[AtMeta], ours: Sequence[Ours]) -> None:
    """What a contact wrote is there exactly once; Meta repeats it until our door takes it."""
    rows, tokens = _grouped(ours, lambda row: row.mid), _by_token(row for row in ours if row.source == "contact")
    for message in at_meta:
        verdict.inbound += 1
        found = rows.get(message.mid, [])
        if not found:
            what = "was taken from Meta and is not there" if message.is_told else "was never taken from Meta"
            verdict.troubles.append(Trouble("inbound", what, message.token, (), (message,)))
        twice = found if len(found) > 1 else tokens.get(message.token, []) if message.token else []
        if len(twice) > 1:
            verdict.troubles.append(Trouble("inbound", "is there more than once", message.token, tuple(twice), (message,)))


def _by_token(items: Iterable[T]) -> dict[str, list[T]]:
    return _grouped(items, lambda item: str(getattr(item, "token", "")))


def _grouped(items: Iterable[T], key: Callable[[T], str]) -> dict[str, list[T]]:
    groups: dict[str, list[T]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return groups
