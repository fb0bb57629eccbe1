"""When a call is made again, as a value: how long to wait after which try, and after which there is no other."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Retry:
    """Waits that double.

    Args:
        first: the wait after the first try.
        longest: no wait is longer.
        tries: how many calls are made at most; 1 is never again.
    """

    first: timedelta = timedelta(seconds=2)
    longest: timedelta = timedelta(minutes=15)
    tries: int = 100

    def after(self, tries: int, *, told: float | None = None) -> timedelta | None:
        """How long to wait after so many tries; None where there is no other.

        Args:
            told: in how many seconds Meta takes the call again, by its own word. That is waited for at least.
        """
        if tries >= self.tries:
            return None
        return max(self.wait(tries), timedelta(seconds=told)) if told else self.wait(tries)

    def wait(self, tries: int) -> timedelta:
        """How long to wait after so many tries, however many there may be."""
        return min(self.longest, self.first * int(2 ** min(max(tries, 1) - 1, 20)))


NEVER = Retry(tries=1)
