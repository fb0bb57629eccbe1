"""What opened Meta's window, in a sentence: who did what, and when."""

from django.utils.translation import gettext as _

from graph.readers import mapping
from inbox.models import Conversation, Message
from inbox.templatetags.times import clock
from inbox.views.context import isolated, quoted, referral_sentences


def opened(conversation: Conversation, *, in_full: bool = False) -> str:
    """The sentence, or "" where nobody knows.

    Args:
        in_full: with the emoji of a reaction, which has to be looked up.
    """
    at, message = conversation.window_opened_at, conversation.window_message
    if at is None:
        return ""
    values = {"who": isolated(str(conversation.contact)), "when": clock(at), "what": _named(message)}
    match conversation.window_cause:
        case "message":
            return _("Opened when %(who)s wrote at %(when)s.") % values + _by_which_way(message)
        case "postback":
            return (_("Opened when %(who)s tapped %(what)s at %(when)s.") if values["what"] else _("Opened when %(who)s tapped a button at %(when)s.")) % values
        case "reaction":
            return _reacted(conversation, values, in_full)
        case "referral":
            return _("Opened when %(who)s came by a link at %(when)s.") % values
    return ""


def _reacted(conversation: Conversation, values: dict[str, str], in_full: bool) -> str:
    emoji = _emoji(conversation) if in_full else ""
    if not values["what"]:
        return _("Opened when %(who)s reacted to a message at %(when)s.") % values
    if emoji:
        return _("Opened when %(who)s reacted %(emoji)s to %(what)s at %(when)s.") % (values | {"emoji": emoji})
    return _("Opened when %(who)s reacted to %(what)s at %(when)s.") % values


def _emoji(conversation: Conversation) -> str:
    """It may have come along."""
    if hasattr(conversation, "window_emoji"):
        return conversation.window_emoji or ""
    message = conversation.window_message
    return message.reactions.values_list("emoji", flat=True).first() or "" if message else ""


def _named(message: Message | None) -> str:
    """The message in its own words. Others are too long a way to say which one it was."""
    return quoted(message.words) if message and message.words and not message.removed_at else ""


def _by_which_way(message: Message | None) -> str:
    referral = mapping(message.about.get("referral")) if message else {}
    return "".join(f" {sentence}." for sentence in referral_sentences(referral)) if referral else ""
