"""For how long sending is paused, and why."""

from datetime import datetime, timedelta

from django import forms
from django.utils.translation import gettext_lazy as _

LENGTHS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7), "": None}


class PauseForm(forms.Form):
    """For how long nothing is sent, and why; colleagues read it later."""

    length = forms.ChoiceField(
        label=_("For"), required=False, widget=forms.RadioSelect, initial="",
        choices=(("", _("until somebody resumes it")), ("hour", _("an hour")), ("day", _("a day")), ("week", _("a week"))),
    )  # fmt: skip
    reason = forms.CharField(label=_("Reason"), widget=forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"}))


def until(length: str, at: datetime) -> datetime | None:
    """When a pause of this length ends; None where somebody ends it."""
    passed = LENGTHS[length]
    return at + passed if passed else None
