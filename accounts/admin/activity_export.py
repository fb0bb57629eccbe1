"""Lines of Activity as a table for a spreadsheet."""

import csv
import json
from collections.abc import Iterable, Iterator

from django.http import HttpResponse
from django.utils.translation import gettext as _

from accounts.admin.activity_words import in_words, somebody
from accounts.models import Activity
from core.redaction import conceal

# What takes a blink to write. Whoever wants more narrows it down, or asks the database.
MOST = 5_000


def as_csv(lines: Iterable[Activity]) -> HttpResponse:
    """A file to keep. Details hold no secret; should one have slipped in that this process knows, it does not leave."""
    response = HttpResponse(content_type="text/csv; charset=utf-8", headers={"Content-Disposition": 'attachment; filename="activity.csv"'})
    # Spreadsheets take a file for UTF-8 by its first bytes.
    response.write("\ufeff")
    table = csv.writer(response)
    table.writerow([_("when (UTC)"), _("who"), _("did"), _("verb"), _("to a"), _("which"), _("account"), _("details")])
    table.writerows([_cell(value) for value in row] for row in _rows(lines))
    return response


def _rows(lines: Iterable[Activity]) -> Iterator[tuple[str, ...]]:
    for line in lines:
        yield (
            line.at.strftime("%Y-%m-%d %H:%M:%S"), somebody(line.by), in_words(line.verb), line.verb, line.target_type, line.target_id,
            str(line.account or ""), conceal(json.dumps(line.details, ensure_ascii=False, sort_keys=True)) if line.details else "",
        )  # fmt: skip


def _cell(text: str) -> str:
    """A name that begins like a formula is text all the same."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
