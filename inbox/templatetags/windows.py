"""The countdown of Meta's windows in words: the same words as `static/js/countdown.js`, which keeps them ticking."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django import template
from django.utils.translation import gettext as _

from core.clock import now
from inbox.models import Conversation
from inbox.templatetags.times import clock, when
from inbox.views.opening import opened
from inbox.window import MessagingWindow, WindowState

register = template.Library()

SOON = timedelta(hours=4)
LAST = timedelta(hours=1)
BY_THE_SECOND = timedelta(minutes=10)


@dataclass(frozen=True)
class Countdown:
    """One window as the screen shows it now.

    Args:
        closes_ms: end of what is certain: 0 where Meta itself has called it closed, None where nobody knows.
        perhaps_ms: end of what an advertisement may have opened.
    """

    tone: str
    words: str
    title: str
    closes_ms: int | None
    human_ms: int | None
    perhaps_ms: int | None


@register.simple_tag
def countdown_words() -> dict[str, str]:
    """The sentences between which the countdown changes, for the browser."""
    return {
        "open": _("Reply: %(left)s"), "soon": _("Reply: %(left)s · soon"), "last": _("Reply: %(left)s · last hour"),
        "by_ad": _("Reply: %(left)s, perhaps %(perhaps)s"), "human": _("Human reply only: %(left)s"), "perhaps": _("Perhaps open: %(left)s"),
        "closed": _("Window closed"), "unknown": _("Window unknown"),
        "days": _("%(d)s d"), "days_hours": _("%(d)s d %(h)s h"), "hours": _("%(h)s h %(m)s m"), "minutes": _("%(m)s m"),
        "seconds": _("%(m)s m %(s)s s"), "hold": _("Leaves in %(s)s s"), "leaving": _("Leaving now"),
    }  # fmt: skip


@register.simple_tag
def server_time() -> int:
    """Milliseconds, so that the browser counts by our clock and not by its own."""
    return _milliseconds(now()) or 0


@register.inclusion_tag("inbox/_window.html")
def window_chip(conversation: Conversation) -> dict[str, Any]:
    return {"window": countdown(conversation.window, now(), opened=opened(conversation))}


@register.simple_tag
def window_story(conversation: Conversation) -> list[str]:
    """Everything there is to say about the window of the conversation that is open."""
    return explain(conversation.window, now(), opened(conversation, in_full=True))


def countdown(window: MessagingWindow, at: datetime, *, opened: str = "") -> Countdown:
    """The window at this moment.

    Args:
        opened: who opened it, by what and when, in a sentence.
    """
    words, tone = countdown_words(), tone_of(window, at)
    left = window.time_left(at)
    text = words[_key(window, tone, at)] % _values(window, left, at, words)
    refused = window.is_refused
    closes, perhaps = (None if window.closes_at is None else 0, None) if refused else (_milliseconds(window.closes_at), _milliseconds(window.perhaps_until))
    return Countdown(tone, text, " ".join(explain(window, at, opened)), closes, _milliseconds(window.human_until), perhaps)


def tone_of(window: MessagingWindow, at: datetime) -> str:
    state, left = window.state(at), window.time_left(at)
    if state == WindowState.OPEN and left is not None and left < SOON:
        return "last" if left < LAST else "soon"
    return str(state.value)


def _key(window: MessagingWindow, tone: str, at: datetime) -> str:
    """Which words: behind a window that an advertisement opened there may be more time than is certain."""
    return "by_ad" if window.is_by_ad and window.state(at) == WindowState.OPEN else tone


def _values(window: MessagingWindow, left: timedelta | None, at: datetime, words: dict[str, str]) -> dict[str, str]:
    perhaps = window.perhaps_until - at if window.perhaps_until else None
    return {name: spell(time, words) if time is not None else "" for name, time in (("left", left), ("perhaps", perhaps))}


def spell(left: timedelta, words: dict[str, str]) -> str:
    """Time left in two units at most."""
    minutes, s = divmod(int(left.total_seconds()), 60)
    hours, m = divmod(minutes, 60)
    d, h = divmod(hours, 24)
    if d:
        return words["days" if d > 1 or not h else "days_hours"] % {"d": d, "h": h}
    if h:
        return words["hours"] % {"h": h, "m": m}
    return words["seconds" if left < BY_THE_SECOND else "minutes"] % {"m": m, "s": s}


def explain(window: MessagingWindow, at: datetime, opened: str = "") -> list[str]:
    """The absolute times and the cause, a sentence each."""
    if window.closes_at is None and not window.is_refused:
        return [_("The contact has done nothing since this account was connected, so Meta alone knows whether its window is open.")]
    parts = [_standing(window, at)]
    if window.human_until and at < window.human_until:
        parts.append(_("A person's own words: until %s.") % when(window.human_until))
    if window.is_by_ad and window.perhaps_until and at < window.perhaps_until and not window.is_refused:
        parts.append(_("An advertisement may have opened it for longer: perhaps until %s.") % when(window.perhaps_until))
    if cause := opened or causes().get(window.cause):
        parts.append(cause)
    return parts


def _standing(window: MessagingWindow, at: datetime) -> str:
    if window.is_refused and window.refused_at:
        return _("Meta called the window closed at %s.") % clock(window.refused_at)
    assert window.closes_at
    if window.state(at) == WindowState.PERHAPS:
        return _("Certainly open until %s.") % when(window.closes_at)
    return (_("Open until %s.") if at < window.closes_at else _("Closed since %s.")) % when(window.closes_at)


def causes() -> dict[str, str]:
    return {
        "message": _("It opened when the contact wrote."), "postback": _("It opened when the contact tapped a button."),
        "reaction": _("It opened when the contact reacted to a message."), "referral": _("It opened when the contact came by a link."),
    }  # fmt: skip


def _milliseconds(moment: datetime | None) -> int | None:
    return int(moment.timestamp() * 1000) if moment else None
