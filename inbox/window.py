"""Until when, and as whom, we may write: Meta's messaging windows as facts.

Source: Meta, Messenger Platform "Send a message" and policy page; Instagram Platform "Messaging API". The standard window is 24 hours
after the person's last qualifying action; the Human Agent tag lets a person answer until 7 days after the person's last message. The
first message after an advertisement "may" open it for up to 7 days (policy page of 28 September 2026), and nothing tells for how long.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

STANDARD = timedelta(hours=24)
HUMAN = timedelta(days=7)
PERHAPS = timedelta(days=7)


class WindowState(StrEnum):
    """What may be written now."""

    OPEN = "open"  # anything, by anybody who may reply
    HUMAN = "human"  # a person's own words, where the account has the Human Agent feature
    PERHAPS = "perhaps"  # opened by an advertisement: a person may let Meta decide
    CLOSED = "closed"
    UNKNOWN = "unknown"  # the contact has not acted since we listen; Meta decides


@dataclass(frozen=True)
class MessagingWindow:
    """The facts of one conversation's window.

    Args:
        closes_at: end of the standard window; None where no opening event was seen.
        human_until: end of the time for a human agent; None where the contact has not written, or the account lacks the feature.
        cause: what opened it ("message", "postback", "reaction", "referral"), or "".
        perhaps_until: end of what an advertisement may have opened; None where there was none.
        opened_at: when it was opened.
        refused_at: when Meta last said that it is closed, which outweighs our facts until the contact acts again.
    """

    closes_at: datetime | None
    human_until: datetime | None
    cause: str = ""
    perhaps_until: datetime | None = None
    opened_at: datetime | None = None
    refused_at: datetime | None = None

    def state(self, now: datetime) -> WindowState:
        if self.closes_at is None:
            return WindowState.CLOSED if self.is_refused else WindowState.UNKNOWN
        if now < self.closes_at and not self.is_refused:
            return WindowState.OPEN
        if self.human_until and now < self.human_until:
            return WindowState.HUMAN
        return WindowState.PERHAPS if self.perhaps_until and now < self.perhaps_until and not self.is_refused else WindowState.CLOSED

    @property
    def is_refused(self) -> bool:
        """Whether Meta itself called the window closed since the contact last did something."""
        return self.refused_at is not None and (self.opened_at is None or self.refused_at > self.opened_at)

    @property
    def is_by_ad(self) -> bool:
        """Whether the present window is one that an advertisement may have opened for longer."""
        return self.perhaps_until is not None and self.closes_at is not None and self.perhaps_until > self.closes_at

    def ends_at(self, now: datetime) -> datetime | None:
        """When the present state ends; None where it does not end by itself."""
        ends = {WindowState.OPEN: self.closes_at, WindowState.HUMAN: self.human_until, WindowState.PERHAPS: self.perhaps_until}
        return ends.get(self.state(now))

    def time_left(self, now: datetime) -> timedelta | None:
        ends_at = self.ends_at(now)
        return ends_at - now if ends_at else None

    def needs_human_tag(self, now: datetime) -> bool:
        return self.state(now) == WindowState.HUMAN
