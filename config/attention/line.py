"""One thing to look at, and how bad it is."""

from dataclasses import dataclass

TONES = ("bad", "care", "calm")


@dataclass(frozen=True)
class Line:
    """One thing to look at.

    Args:
        sentence: what is so.
        address: where it can be mended, or seen.
        tone: bad, care, or calm for what only wants to be known.
    """

    sentence: str
    address: str
    tone: str = "care"

    @property
    def rank(self) -> int:
        """Worst first."""
        return TONES.index(self.tone)
