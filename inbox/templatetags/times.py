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
    """"Today", "Yesterday", "Monday, 3 March"."""
    days = (localdate() - localtime(moment).date()).days
    if days in (0, 1):
        return _("Yesterday") if days else _("Today")
    return date_format(localtime(moment), "l, j F" if days < 300 else "j F Y")


def when(moment: datetime) -> str:
    """"12 Mar, 10:14"."""
    return date_format(localtime(moment), "j M, H:i")


@register.filter
def clock(moment: datetime) -> str:
    """The time alone where it was today."""
    return date_format(localtime(moment), "H:i") if localtime(moment).date() == localdate() else when(moment)


def _by_day(moment: datetime) -> str:
    days = (localdate() - localtime(moment).date()).days
    if days == 0:
        return date_format(localtime(moment), "H:i")
    return _("yesterday") if days == 1 else date_format(localtime(moment), "j M" if days < 300 else "j M Y")
