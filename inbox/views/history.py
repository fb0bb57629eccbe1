"""What people and agents did with a conversation, in sentences."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from graph.readers import words
from inbox.templatetags.times import when

if TYPE_CHECKING:
    from inbox.views.between import Row

# Without a name of whoever did it: the contact, or Meta.
COUNTERSIGN = "Countersign"


@dataclass(frozen=True)
class Did:
    """One line of a history."""

    words: str
    at: datetime


def history_of(rows: "Sequence[Row]") -> list[Did]:
    return [Did(sentence, row.at) for row in rows if (sentence := _sentence(row))]


def _sentence(row: "Row") -> str:
    if row.key == "conversation.reopened" and not row.by:
        return _("Reopened, because they wrote")
    who = row.who or COUNTERSIGN
    values = {"who": who, "whom": row.words, "label": words(row.about.get("label")), "until": _moment(row)}
    return _own(row) % values if _own(row) else ""


def _own(row: "Row") -> str:
    if row.key == "conversation.assigned" and row.words == row.who:
        return _("%(who)s took it")
    return {
        "conversation.assigned": _("%(who)s assigned it to %(whom)s"),
        "conversation.unassigned": _("%(who)s assigned it to nobody"),
        "conversation.closed": _("%(who)s closed it"),
        "conversation.reopened": _("%(who)s reopened it"),
        "conversation.snoozed": _("%(who)s snoozed it until %(until)s"),
        "conversation.woken": _("%(who)s ended the snooze"),
        "conversation.labelled": _("%(who)s put on “%(label)s”"),
        "conversation.unlabelled": _("%(who)s took off “%(label)s”"),
        "conversation.agents_off": _("%(who)s switched agents off"),
        "conversation.agents_on": _("%(who)s switched agents on"),
        "conversation.noted": _("%(who)s left a note"),
        "conversation.note_removed": _("%(who)s took a note away"),
        "proposal.made": _("%(who)s proposed a message"),
        "proposal.approved": _("%(who)s approved a proposal"),
        "proposal.rejected": _("%(who)s rejected a proposal"),
        "proposal.taken_over": _("%(who)s answered in their own words"),
        "proposal.answered": _("%(who)s sent their own words instead, and closed a proposal"),
        "proposal.superseded": _("%(who)s proposed something else"),
        "proposal.withdrawn": _("A proposal was withdrawn"),
    }.get(row.key, "")


def _moment(row: "Row") -> str:
    moment = parse_datetime(words(row.about.get("until")))
    return when(moment) if moment else ""
