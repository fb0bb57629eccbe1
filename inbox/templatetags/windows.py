"""The countdown of Meta's windows in words: the same words as `static/js/countdown.js`, which keeps them ticking."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django import template
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from core.clock import now
from inbox.models import Conversation
from inbox.window import MessagingWindow, WindowState

register = template.Library()

SOON = timedelta(hours=4)
LAST = timedelta(hours=1)
BY_THE_SECOND = timedelta(minutes=10)


@dataclass(frozen=True)
class Countdown:
    """One window as the screen shows it now."""

    tone: str
    words: str
    title: str
    closes_ms: int | None
    human_ms: int | None


@register.simple_tag
def countdown_words() -> dict[str, str]:
    """The sentences between which the countdown changes, for the browser."""
    return {
        "open": _("Reply: %(left)s"), "soon": _("Reply: %(left)s · soon"), "last": _("Reply: %(left)s · last hour"),
        "human": _("Human reply only: %(left)s"), "closed": _("Window closed"), "unknown": _("Window unknown"),
        "days": _("%(d)s d"), "days_hours": _("%(d)s d %(h)s h"), "hours": _("%(h)s h %(m)s m"), "minutes": _("%(m)s m"),
        "seconds": _("%(m)s m %(s)s s"), "hold": _("Leaves in %(s)s s"), "leaving": _("Leaving now"),
    }  # fmt: skip


@register.simple_tag
def server_time() -> int:
    """Milliseconds, so that the browser counts by our clock and not by its own."""
    return _milliseconds(now()) or 0


@register.inclusion_tag("inbox/_window.html")
def window_chip(conversation: Conversation) -> dict[str, Any]:
    return {"window": countdown(conversation.window, now())}


def countdown(window: MessagingWindow, at: datetime) -> Countdown:
    words, tone = countdown_words(), tone_of(window, at)
    left = window.time_left(at)
    text = words[tone] % {"left": spell(left, words)} if left is not None else words[tone]
    return Countdown(tone, text, explain(window, at), _milliseconds(window.closes_at), _milliseconds(window.human_until))


def tone_of(window: MessagingWindow, at: datetime) -> str:
    state, left = window.state(at), window.time_left(at)
    if state == WindowState.OPEN and left is not None and left < SOON:
        return "last" if left < LAST else "soon"
    return str(state.value)


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


def explain(window: MessagingWindow, at: datetime) -> str:
    """The absolute times and the cause, for whoever hovers."""
    if window.closes_at is None:
        return _("The contact has done nothing since this account was connected, so Meta alone knows whether its window is open.")
    parts = [(_("Open until %s.") if at < window.closes_at else _("Closed since %s.")) % when(window.closes_at)]
    if window.human_until:
        parts.append(_("A person's own words: until %s.") % when(window.human_until))
    if cause := causes().get(window.cause):
        parts.append(cause)
    return " ".join(parts)


def causes() -> dict[str, str]:
    return {
        "message": _("It opened when the contact wrote."), "postback": _("It opened when the contact tapped a button."),
        "reaction": _("It opened when the contact reacted to a message."), "referral": _("It opened when the contact came by a link or an ad."),
    }  # fmt: skip


def when(moment: datetime) -> str:
    return date_format(localtime(moment), "j M, H:i")


def _milliseconds(moment: datetime | None) -> int | None:
    return int(moment.timestamp() * 1000) if moment else None
