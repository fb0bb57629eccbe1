"""What may still be written once Meta's window is not simply open, and how to go on where nothing may."""

from datetime import datetime

from django.utils.translation import gettext as _

from inbox.models import Conversation
from inbox.templatetags.times import clock, when
from inbox.window import WindowState


def way_on(conversation: Conversation, at: datetime) -> dict[str, str]:
    """A title and a text; nothing where everything may be written."""
    match conversation.window.state(at):
        case WindowState.HUMAN:
            return {"title": _("Only a person's own words can go out now."), "text": _human(conversation)}
        case WindowState.PERHAPS:
            return {"title": _("Only Meta knows whether this window is still open."), "text": _perhaps(conversation)}
        case WindowState.CLOSED:
            return {"title": _("Meta's messaging window is closed."), "text": _closed(conversation, at)}
        case WindowState.UNKNOWN:
            text = _("%s has not written since this account was connected. You may try; Meta decides, and the answer will stand here.")
            return {"title": _("Nobody knows whether Meta's window is open."), "text": text % conversation.contact}
    return _out_of_reach(conversation)


def _out_of_reach(conversation: Conversation) -> dict[str, str]:
    """Meta's last word about the contact, until they do something."""
    since = conversation.contact.unavailable_since
    if since is None:
        return {}
    text = _("At %(when)s Meta did not hand on a message to %(contact)s: they may have blocked this account, or left. You may try again; agents wait.")
    return {"title": _("The contact could not be reached."), "text": text % {"when": when(since), "contact": conversation.contact}}


def _human(conversation: Conversation) -> str:
    refused = _refusal(conversation)
    since = refused or _("More than 24 hours have passed since the contact last acted.")
    return since + " " + _("What you write yourself reaches them until %s, marked for Meta as a person's reply.") % _when(conversation.window.human_until)


def _perhaps(conversation: Conversation) -> str:
    return _(
        "Meta keeps windows opened by an advertisement open for up to 7 days and does not say how long. You may let Meta decide until %s; "
        "a refusal costs nothing and shows here as not sent."
    ) % _when(conversation.perhaps_until)  # fmt: skip


def _closed(conversation: Conversation, at: datetime) -> str:
    """When it closed, how to go on, and what an admin could do where that would help."""
    text = (_refusal(conversation) or _("It closed on %s.") % _when(conversation.window_closes_at)) + " "
    text += _(
        "You can write again as soon as %s writes; until then use another way that they gave you, such as e-mail or telephone."
    ) % conversation.contact  # fmt: skip
    could_be_human = conversation.human_until is not None and at < conversation.human_until
    if could_be_human and not conversation.account.human_agent_feature:
        text += " " + _(
            "If Meta has approved this app for the Human Agent feature, an admin can switch it on for this account; "
            "a person could then still answer until %s."
        ) % _when(conversation.human_until)  # fmt: skip
    return text


def _refusal(conversation: Conversation) -> str:
    window = conversation.window
    return _("Meta called it closed at %s.") % clock(window.refused_at) if window.is_refused and window.refused_at else ""


def _when(moment: datetime | None) -> str:
    return when(moment) if moment else ""
