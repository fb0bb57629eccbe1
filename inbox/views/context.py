"""How a message came about, in short sentences that stand beside it."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from graph.readers import mapping, words
from inbox.models import Message
from inbox.views.web import host_of, web_link

PLUGIN = "CUSTOMER_CHAT_PLUGIN"
LONGEST = 80


def isolated(text: str) -> str:
    """Somebody's own words within a sentence of ours; whichever way they are written, the sentence keeps its direction."""
    short = " ".join(text.split())
    return f"\u2068{short[:LONGEST]}{'…' if len(short) > LONGEST else ''}\u2069"


def quoted(text: str) -> str:
    return f"“{isolated(text)}”"


def context_of(message: Message) -> list[str]:
    """Everything that Meta told about how this came about."""
    about, found = message.about, []
    if referral := mapping(about.get("referral")):
        found += referral_sentences(referral)
    if came_by := words(about.get("came_by")):
        found.append(_came_by(came_by))
    if about.get("postback"):
        found.append(_("Tapped a button"))
    if about.get("quick_reply"):
        found.append(_("Chose an offered answer"))
    if about.get("to_self"):
        found.append(_("A note of the account to itself"))
    return found


def referral_sentences(referral: Mapping[str, Any]) -> list[str]:
    """By which way somebody came, and about what."""
    product = words(referral.get("product_id"))
    asked = [_("Asked about product %s") % isolated(product)] if product else []
    # A product alone is no way of coming.
    way = [] if asked and not (referral.get("source") or referral.get("ref") or referral.get("ad_id")) else [_way(referral)]
    return way + asked


def _way(referral: Mapping[str, Any]) -> str:
    title, ref = words(referral.get("ad_title")), words(referral.get("ref"))
    if referral.get("source") == "ADS" or referral.get("ad_id"):
        return _("Came by the advertisement %s") % quoted(title) if title else _("Came by an advertisement")
    if referral.get("source") == PLUGIN:
        page = host_of(web_link(words(referral.get("page_url"))))
        return _("Came by the chat window on %s") % page if page else _("Came by the chat window on a website")
    return _("Came by a link (%s)") % isolated(ref) if ref else _("Came by a link")


def _came_by(source: str) -> str:
    """Meta's `prior_message`: what somebody did before there was a conversation."""
    if source == "checkbox_plugin":
        return _("Ticked the box for messages on a website")
    return _("Came by %s") % isolated(source.replace("_", " "))
