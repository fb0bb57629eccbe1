"""When something was, as short as its place wants it."""

from datetime import datetime, timedelta

from django import template
from django.utils.formats import date_format
from django.utils.timezone import localdate, localtime
from django.utils.translation import gettext as _

from core.clock import now

register = template.Library()


@register.filter
def ago(moment: datetime) -> str:
    """"now", "5 m", "3 h", "yesterday", "12 Mar"."""
    passed = now() - moment
    if passed < timedelta(minutes=1):
        return _("now")
    if passed < timedelta(hours=1):
        return _("%s m") % (passed.seconds // 60)
    if passed < timedelta(hours=12):
        return _("%s h") % (passed.seconds // 3600)
    return _by_day(moment)


@register.filter
def day_name(moment: datetime) -> str:
    """"Today", "Yesterday", "Tomorrow", "Monday, 3 March"."""
    days = (localdate() - localtime(moment).date()).days
    if days in (-1, 0, 1):
        return {-1: _("Tomorrow"), 0: _("Today"), 1: _("Yesterday")}[days]
    return date_format(localtime(moment), _("l, j F") if days < 300 else _("j F Y"))


@register.filter
def is_today(moment: datetime) -> bool:
    return localtime(moment).date() == localdate()


def when(moment: datetime) -> str:
    """"12 Mar, 10:14"."""
    return date_format(localtime(moment), _("j M, H:i"))


@register.filter
def moment_ahead(moment: datetime) -> str:
    """"today at 18:00", "tomorrow, 21 Nov, at 09:00", "on Monday, 24 Nov, at 09:00"."""
    local = localtime(moment)
    values = {"weekday": date_format(local, "l"), "day": date_format(local, _("j M")), "time": date_format(local, "H:i")}
    match (local.date() - localdate()).days:
        case 0:
            return _("today at %(time)s") % values
        case 1:
            return _("tomorrow, %(day)s, at %(time)s") % values
    return _("on %(weekday)s, %(day)s, at %(time)s") % values


@register.filter
def clock(moment: datetime) -> str:
    """The time alone where it was today."""
    return date_format(localtime(moment), "H:i") if localtime(moment).date() == localdate() else when(moment)


def exactly(moment: datetime | None) -> str:
    """"12 Mar 2026, 10:14:03.120", or a dash."""
    at = localtime(moment) if moment else None
    return f"{date_format(at, _('j M Y, H:i:s'))}.{at.microsecond // 1000:03}" if at else "–"


def _by_day(moment: datetime) -> str:
    days = (localdate() - localtime(moment).date()).days
    if days == 0:
        return date_format(localtime(moment), "H:i")
    return _("yesterday") if days == 1 else date_format(localtime(moment), _("j M") if days < 300 else _("j M Y"))
