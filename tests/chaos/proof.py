"""Whether a run proves what it says: nothing wrong between the records, everything at rest, and enough of everything."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tests.chaos.course import Size
from tests.chaos.verdict import Verdict

# Of what nobody took back so much arrives; the faults of a run keep a tenth or two from leaving.
FLOOR = 0.7


@dataclass(frozen=True)
class Proof:
    """
    Args:
        taken_back: how many messages people wanted to take back.
        broken: what the run could not go on with.
        restless: what was still on its way when patience ended, by what it is.
        undelivered: how many webhooks Meta still holds.
        never_met: kinds of fault that no call ran into.
    """

    verdict: Verdict
    size: Size
    kills: int
    kills_while_sending: int
    taken_back: int = 0
    broken: Sequence[str] = ()
    restless: Mapping[str, int] = field(default_factory=dict)
    undelivered: int = 0
    never_met: Collection[str] = ()

    @property
    def complaints(self) -> list[str]:
        return [*self.broken, *(str(trouble) for trouble in self.verdict.troubles), *self._wrong_as_a_whole(), *self._too_little()]

    def _wrong_as_a_whole(self) -> Iterator[str]:
        if self.restless:
            yield f"Not quiet after {self.size.drain:.0f} s: {dict(self.restless)}."
        if self.undelivered:
            yield f"Meta still holds {self.undelivered} webhooks."
        if self.verdict.unknown_for_people > self.verdict.unknowable:
            yield "More is left to people than nobody can know."

    def _too_little(self) -> Iterator[str]:
        for what, number, least in (
            ("messages", self.verdict.intended, self.size.messages), ("kills", self.kills, self.size.kills),
            ("kills while sending", self.kills_while_sending, self.size.sending),
        ):  # fmt: skip
            if number < least:
                yield f"Only {number} {what}, which proves too little: {least} are wanted."
        if self.verdict.delivered < FLOOR * (self.verdict.intended - self.taken_back):
            yield f"Only {self.verdict.delivered} of {self.verdict.intended} messages arrived."
        if self.size.meets_all and self.never_met:
            yield f"Nobody ran into {', '.join(sorted(self.never_met))}."
