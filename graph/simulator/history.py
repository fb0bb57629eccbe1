"""Thousands of conversations from before anybody listened: made at once, and told to nobody."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from graph.simulator import events, ids, messages
from graph.simulator.store import Row
from graph.simulator.windows import DAY_MS
from graph.simulator.world import Account

if TYPE_CHECKING:
    from graph.simulator.simulator import Simulator

FIRST = ("Ada", "Ben", "Cem", "Dana", "Eli", "Fay", "Gus", "Hana", "Ivo", "Jana", "Kofi", "Lea", "Mio", "Nele", "Ole", "Pia", "Rui", "Sena", "Tom", "Uma")
LAST = ("Adler", "Brandt", "Castro", "Diallo", "Ekström", "Farah", "Gruber", "Haddad", "Ito", "Jansen", "Kowalski", "Lindner", "Moreau", "Novak")
ASKED = ("Hello, do you still have number {n}?", "And what does it cost?", "Thank you, I will think about it", "Is it open on Sunday?")
ANSWERED = ("Yes, number {n} is in stock", "I will look it up for you", "You are welcome", "From ten to four")
BETWEEN_MS = 7 * 60 * 1000
MOST, LONGEST = 100_000, 100


@dataclass(frozen=True)
class Line:
    """One message of a conversation, counted from its last."""

    back: int
    at: int
    is_theirs: bool


def add(simulator: "Simulator", account: Account, *, contacts: int, length: int, oldest_days: float, newest_hours: float) -> dict[str, int]:
    """The last words of the conversations are spread evenly over the time; in every other one the contact spoke last."""
    if not (1 <= contacts <= MOST and 1 <= length <= LONGEST and 0 <= newest_hours <= oldest_days * 24):
        raise ValueError(f"Make 1 to {MOST} contacts with 1 to {LONGEST} messages each, the newest not older than the oldest.")
    newest, oldest = simulator.now_ms() - int(newest_hours * DAY_MS / 24), simulator.now_ms() - int(oldest_days * DAY_MS)
    step = (newest - oldest) // max(contacts - 1, 1)
    with simulator.store.transaction():
        begun = simulator.world.contact_count(account.id)
        people = [(_lines(n, newest - n * step, length), begun + n + 1) for n in range(contacts)]
        rows = [_person(account, number, lines) for lines, number in people]
        simulator.store.insert_many("contact", rows)
        said = [_message(account, row, number, line) for row, (lines, number) in zip(rows, people, strict=True) for line in reversed(lines)]
        simulator.store.insert_many("message", said)
    return {"contacts": len(rows), "messages": len(said)}


def _lines(n: int, last_at: int, length: int) -> list[Line]:
    """The last one first. The two sides take turns; who writes only once is the contact."""
    return [Line(back, last_at - BETWEEN_MS * back, length == 1 or (n + back) % 2 == 0) for back in range(length)]


def _person(account: Account, number: int, lines: list[Line]) -> Row:
    first, last = FIRST[number % len(FIRST)], LAST[number // len(FIRST) % len(LAST)]
    wrote = next((line.at for line in lines if line.is_theirs), None)
    return {
        "id": ids.contact_id(account.network), "account": account.id, "name": f"{first} {last} {number}", "username": f"{first}.{number}".lower(),
        "profile": 1, "conversation": ids.conversation_id(account.network), "acted_at": wrote, "wrote_at": wrote,
        "read_to": next((line.at for line in lines if not line.is_theirs), 0),
    }  # fmt: skip


def _message(account: Account, person: Row, number: int, line: Line) -> Row:
    words = ASKED if line.is_theirs else ANSWERED
    return messages.EMPTY | {
        "mid": ids.message_id(account.network), "account": account.id, "contact": person["id"], "direction": "in" if line.is_theirs else "out",
        "at": line.at, "text": words[line.back // 2 % len(words)].format(n=number), "sent_by": "" if line.is_theirs else str(events.PAGE_INBOX_APP),
    }  # fmt: skip
