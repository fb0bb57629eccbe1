"""How values look in lists and on pages."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

MASK = "•••"


def link(row: Any) -> str:
    """The row's name, leading to its page in the admin."""
    if row is None:
        return "–"
    return format_html('<a href="{}">{}</a>', reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk]), row)


def badge(text: Any, tone: str) -> SafeString:
    """A state in a word, coloured by what it means: good, care, bad or quiet."""
    return format_html('<span class="badge" data-tone="{}">{}</span>', tone, text)


def stored(secret: Any) -> SafeString:
    """Whether there is a secret; never which."""
    if getattr(secret, "unreadable", False):
        return badge(_("cannot be read: replace it"), "bad")
    return badge(_("stored"), "good") if secret else badge(_("missing"), "bad")


def as_json(value: Any) -> SafeString:
    """Structured data as people can read it."""
    text = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True)
    return format_html('<pre class="document" tabindex="0">{}</pre>', text)


def masked(value: Any) -> Any:
    """The same with every value hidden whose name ends in "token": who has one can act with it."""
    if isinstance(value, Mapping):
        return {name: MASK if str(name).lower().endswith("token") and part else masked(part) for name, part in value.items()}
    if isinstance(value, list):
        return [masked(part) for part in value]
    return value


def moment(at: datetime | None) -> str:
    """A time as the person's settings want it, or a dash."""
    return date_format(localtime(at), "DATETIME_FORMAT") if at else "–"


def percent(number: int) -> str:
    return _("%d %%") % number
