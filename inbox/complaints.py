"""Why Meta would refuse a message, in words for whoever wrote it."""

from django.conf import settings
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from graph.limits import Problem
from graph.networks import Network


def sentence(problem: Problem, network: str) -> str:
    """One problem in words: what is wrong, and what the limit is."""
    numbers = {"limit": problem.limit, "actual": problem.actual}
    if (problem.field, problem.code) == ("text", "too_long"):
        if network == Network.INSTAGRAM:
            return _("Instagram takes 1,000 bytes of text; this is %(actual)s. An emoji counts four.") % numbers
        return _("Messenger takes %(limit)s characters; this is %(actual)s.") % numbers
    if problem.code == "too_large":
        return _("This is %(actual)s; Meta takes %(limit)s.") % {name: filesizeformat(size) for name, size in numbers.items()}
    if problem.code == "too_long":
        fields = {"title": _("title"), "subtitle": _("subtitle"), "button": _("button")}
        return _("The %(field)s takes %(limit)s characters; this is %(actual)s.") % (numbers | {"field": fields.get(problem.field, problem.field)})
    if problem.field == "album":
        return _album(problem) % numbers
    if problem.field == "picture":
        return _picture(problem)
    if problem.code == "wrong_type":
        return _types(problem.field, network)
    return _sentences(problem.field).get(problem.code, _("Meta would not take this message."))


def _album(problem: Problem) -> str:
    return {
        "unsupported": _("Messenger takes one picture a message. Send them one by one."),
        "too_many": _("Instagram takes %(limit)s pictures in one message; these are %(actual)s."),
        "too_few": _("Choose at least two pictures, or send the one by itself."),
    }.get(problem.code, _("Only pictures can be sent together."))


def _picture(problem: Problem) -> str:
    unreachable = _(
        "Meta fetches the picture of a card from here, and %s is no public https address. Set PUBLIC_URL to one, or send the card without a picture."
    )
    return {
        "unsupported": _("Only a card shows a picture. Send the link as a card, or without the picture."),
        "unreachable": unreachable % settings.PUBLIC_URL,
    }.get(problem.code, _("The picture of a card is a PNG or a JPEG."))


def _types(kind: str, network: str) -> str:
    if network != Network.INSTAGRAM:
        return _("Messenger takes PNG, JPEG and GIF pictures.")
    return {
        "image": _("Instagram takes PNG and JPEG pictures; Messenger takes GIF as well."),
        "video": _("Instagram takes videos as MP4, MOV, WebM, OGG or AVI."),
        "audio": _("Instagram takes sound as AAC, M4A, MP4 or WAV."),
    }.get(kind, _("Instagram takes PDF files only."))


def _sentences(field: str) -> dict[str, str]:
    empty = {
        "text": _("Write something first."), "title": _("A link card needs a title."), "image": _("Choose a file first."),
        "url": _("Write the address of the link."),
    }  # fmt: skip
    return {
        "empty": empty.get(field, _("This file is empty.") if field in ("video", "audio", "file") else _("Something is missing.")),
        "bad_address": _("This is not a web address. Write it in full, with https://."),
        "needs_https": _("The address must begin with https://."),
        "too_many": _("Send text, a file or a link, one at a time."),
        "not_unicode": _("The text holds a character that cannot be sent. Type it again."),
        "not_ready": _("The file is not ready. Wait a moment, or choose it again."),
    }
