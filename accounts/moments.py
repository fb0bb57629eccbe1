"""When something was or will be, in the words of sentences about accounts."""

from datetime import datetime

from django.utils.formats import date_format
from django.utils.timezone import localdate, localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext


def when(moment: datetime) -> str:
    """ "12 Mar, 10:14", with the year where it is another one."""
    local = localtime(moment)
    return date_format(local, _("j M, H:i") if local.year == localdate().year else _("j M Y"))


def day(moment: datetime) -> str:
    """ "12 March 2027"."""
    return date_format(localtime(moment), _("j F Y"))


def days_between(earlier: datetime, later: datetime) -> str:
    """ "3 days"; what is less than one is "1 day"."""
    number = max(1, (later - earlier).days)
    return ngettext("%d day", "%d days", number) % number
