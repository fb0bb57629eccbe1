"""Until when, and as whom, we may write: Meta's messaging windows as facts.

Source: Meta, Messenger Platform "Send a message" and policy page; Instagram Platform "Messaging API". The standard window is 24 hours
after the person's last qualifying action; the Human Agent tag lets a person answer until 7 days after the person's last message.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

STANDARD = timedelta(hours=24)
HUMAN = timedelta(days=7)


class WindowState(StrEnum):
    """What may be written now."""

    OPEN = "open"  # anything, by anybody who may reply
    HUMAN = "human"  # a person's own words, where the account has the Human Agent feature
    CLOSED = "closed"
    UNKNOWN = "unknown"  # the contact has not acted since we listen; Meta decides


@dataclass(frozen=True)
class MessagingWindow:
    """The facts of one conversation's window.

    Args:
        closes_at: end of the standard window; None where no opening event was seen.
        human_until: end of the time for a human agent; None where the contact has not written, or the account lacks the feature.
        cause: what opened it ("message", "postback", "reaction", "referral"), or "".
    """

    closes_at: datetime | None
    human_until: datetime | None
    cause: str = ""

    def state(self, now: datetime) -> WindowState:
        if self.closes_at is None:
            return WindowState.UNKNOWN
        if now < self.closes_at:
            return WindowState.OPEN
        return WindowState.HUMAN if self.human_until and now < self.human_until else WindowState.CLOSED

    def ends_at(self, now: datetime) -> datetime | None:
        """When the present state ends; None where it does not end by itself."""
        ends = {WindowState.OPEN: self.closes_at, WindowState.HUMAN: self.human_until}
        return ends.get(self.state(now))

    def time_left(self, now: datetime) -> timedelta | None:
        ends_at = self.ends_at(now)
        return ends_at - now if ends_at else None

    def needs_human_tag(self, now: datetime) -> bool:
        return self.state(now) == WindowState.HUMAN
