"""A policy's document in sentences, for people who decide what an agent may do."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from agents.policy.checking import check
from agents.policy.language import EVERY_TOOL, WINDOWS

ACTS: dict[str, str | Promise] = {
    "read.conversations": gettext_lazy("Listing conversations"),
    "read.conversation": gettext_lazy("Reading a conversation"),
    "read.proposal": gettext_lazy("Looking up a proposal"),
    "send.text": gettext_lazy("Sending text"),
    "send.image": gettext_lazy("Sending a picture"),
    "send.link": gettext_lazy("Sending a link card"),
    EVERY_TOOL: gettext_lazy("Everything"),
}
DOES: dict[str, str | Promise] = {
    "allow": gettext_lazy("allowed"),
    "require_approval": gettext_lazy("a person decides"),
    "deny": gettext_lazy("denied"),
}
PER: dict[str, str | Promise] = {
    "grant": gettext_lazy("for each key"),
    "agent": gettext_lazy("for the agent"),
    "account": gettext_lazy("on each account"),
    "conversation": gettext_lazy("in each conversation"),
    "contact": gettext_lazy("to each contact"),
}
PERIODS: dict[str, str | Promise] = {"minute": gettext_lazy("a minute"), "hour": gettext_lazy("an hour"), "day": gettext_lazy("a day")}


@dataclass(frozen=True)
class Line:
    """What the policy says of one thing."""

    about: str
    says: str
    kind: str = ""
    reason: str = ""


def in_words(document: Any) -> list[Line]:
    """The document line by line; of several that match, the strictest holds."""
    if document is None:
        return [Line(_("Everything"), _("denied"), "deny", _("No policy is in force."))]
    if check(document):
        return [Line(_("Everything"), _("denied"), "deny", _("The document cannot be read."))]
    return [*_hidden(document), *_tools(document), *_everywhere(document), *_rest(document)]


def _hidden(document: dict[str, Any]) -> Iterator[Line]:
    for name in document.get("hide", []):
        yield Line(_about(name), _("hidden from the agent"), "deny")


def _tools(document: dict[str, Any]) -> Iterator[Line]:
    for name, rules in document.get("tools", {}).items():
        # "*" without an action says nothing of its own; it only limits.
        if name != EVERY_TOOL or "action" in rules:
            action = rules.get("action", "allow")
            yield Line(_about(name), str(DOES[action]), action, rules.get("reason", ""))
        for limit in rules.get("limits", []):
            yield Line(_about(name), _limit(limit), "limit")
        if rate := rules.get("rate_limit"):
            yield Line(_about(name), _calls(rate["max"], _("%d seconds") % rate["window"], "grant"), "limit")


def _everywhere(document: dict[str, Any]) -> Iterator[Line]:
    for limit in document.get("all_tools", {}).get("limits", []):
        yield Line(_("All together"), _limit(limit), "limit")


def _rest(document: dict[str, Any]) -> Iterator[Line]:
    """What the default says; nothing where "*" has an action, which leaves nothing to it."""
    if "action" not in document.get("tools", {}).get(EVERY_TOOL, {}):
        yield Line(_("Whatever is not named here"), str(DOES[document["default"]]), document["default"])


def _about(name: str) -> str:
    return str(ACTS.get(name, _("The tool %s") % name))


def _limit(limit: dict[str, Any]) -> str:
    most, scope = limit["max"], limit["scope"]
    if limit["counter"] == "calls":
        return _calls(most, PERIODS.get(limit["window"], _("%d seconds") % WINDOWS[limit["window"]]), scope)
    if limit["counter"] == "unanswered_sends":
        sentence = ngettext("at most %(most)d message without an answer, %(per)s", "at most %(most)d messages without an answer, %(per)s", most)
    else:
        sentence = ngettext("at most %(most)d proposal waits for a decision, %(per)s", "at most %(most)d proposals wait for a decision, %(per)s", most)
    return sentence % {"most": most, "per": PER[scope]}


def _calls(most: int, period: str | Promise, scope: str) -> str:
    sentence = ngettext("at most %(most)d call in %(period)s, %(per)s", "at most %(most)d calls in %(period)s, %(per)s", most)
    return sentence % {"most": most, "period": period, "per": PER[scope]}
