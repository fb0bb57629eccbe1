"""Says what is wrong with a policy document before it is put in force. What it does not know, it refuses."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from django.utils.translation import gettext as _

from agents.policy.language import SCOPES, VERSION, WINDOWS

ACTIONS = ("allow", "deny", "require_approval")
DEFAULTS = ("deny", "allow")


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where (a JSON pointer), what, and what to write instead."""

    path: str
    message: str
    hint: str


def check(document: Any) -> list[Problem]:
    """Everything that is wrong with `document`; empty where it can be put in force."""
    return list(_document(document))


def pointer(*parts: str) -> str:
    """A JSON pointer (RFC 6901): the name of a rule."""
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)


def _document(document: Any) -> Iterator[Problem]:
    if not isinstance(document, dict):
        yield Problem("", _("The document is not an object."), _('Begin with {"version": "1", "default": "deny"}.'))
        return
    yield from _keys("", document, ("version", "default", "hide", "tools", "all_tools"), required=("version", "default"))
    yield from _one_of("/version", document.get("version", VERSION), (VERSION,))
    yield from _one_of("/default", document.get("default", "deny"), DEFAULTS)
    yield from _hide(document.get("hide", []))
    yield from _tools(document.get("tools", {}))
    yield from _all_tools(document.get("all_tools", {}))


def _hide(names: Any) -> Iterator[Problem]:
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        yield Problem("/hide", _("This is not a list of tool names."), _('Write names in brackets, for example ["get_conversation"], or ["*"].'))


def _tools(tools: Any) -> Iterator[Problem]:
    if not isinstance(tools, dict):
        yield Problem("/tools", _("This is not an object."), _("Write tool names, each with its rules."))
        return
    for name, rules in tools.items():
        yield from _rules(pointer("tools", str(name)), rules)


def _rules(path: str, rules: Any) -> Iterator[Problem]:
    if not isinstance(rules, dict):
        yield Problem(path, _("This is not an object."), _('Write {} to allow the tool, or for example {"action": "deny"}.'))
        return
    yield from _keys(path, rules, ("action", "reason", "limits", "rate_limit"))
    if "action" in rules:
        yield from _one_of(f"{path}/action", rules["action"], ACTIONS)
    if not isinstance(rules.get("reason", ""), str):
        yield Problem(f"{path}/reason", _("This is not text."), _("Write the sentence that the agent and the approver read."))
    yield from _limits(f"{path}/limits", rules.get("limits", []))
    if "rate_limit" in rules:
        yield from _rate_limit(f"{path}/rate_limit", rules["rate_limit"])


def _all_tools(rules: Any) -> Iterator[Problem]:
    if not isinstance(rules, dict):
        yield Problem("/all_tools", _("This is not an object."), _('Write {"limits": […]}.'))
        return
    yield from _keys("/all_tools", rules, ("limits",))
    yield from _limits("/all_tools/limits", rules.get("limits", []))


def _limits(path: str, limits: Any) -> Iterator[Problem]:
    if not isinstance(limits, list):
        yield Problem(path, _("This is not a list."), _('Write for example [{"counter": "calls", "window": "minute", "max": 30, "scope": "grant"}].'))
        return
    for position, limit in enumerate(limits):
        yield from _limit(f"{path}/{position}", limit)


def _limit(path: str, limit: Any) -> Iterator[Problem]:
    if not isinstance(limit, dict):
        yield Problem(path, _("This is not an object."), _("Write counter, max and scope; calls need a window as well."))
        return
    counter = limit.get("counter")
    window = ("window",) if counter == "calls" else ()
    yield from _keys(path, limit, ("counter", "max", "scope", *window), required=("counter", "max", "scope", *window))
    yield from _whole_number(f"{path}/max", limit.get("max", 0), least=0)
    if "counter" in limit:
        yield from _one_of(f"{path}/counter", counter, SCOPES)
    if window and "window" in limit:
        yield from _one_of(f"{path}/window", limit["window"], WINDOWS)
    if isinstance(counter, str) and counter in SCOPES and "scope" in limit:
        yield from _one_of(f"{path}/scope", limit["scope"], SCOPES[counter])


def _rate_limit(path: str, rate: Any) -> Iterator[Problem]:
    if not isinstance(rate, dict):
        yield Problem(path, _("This is not an object."), _('Write {"max": 10, "window": 60}; the window is in seconds.'))
        return
    yield from _keys(path, rate, ("max", "window"), required=("max", "window"))
    yield from _whole_number(f"{path}/max", rate.get("max", 0), least=0)
    yield from _whole_number(f"{path}/window", rate.get("window", 1), least=1)


def _keys(path: str, found: dict[Any, Any], known: Collection[str], required: Collection[str] = ()) -> Iterator[Problem]:
    for key in found:
        if key not in known:
            close = get_close_matches(str(key), known, 1)
            hint = _("Did you mean “%s”?") % close[0] if close else _("Known here: %s.") % ", ".join(known)
            yield Problem(path + pointer(str(key)), _("“%s” is not known here.") % key, hint)
    for key in required:
        if key not in found:
            yield Problem(path, _("“%s” is missing.") % key, _("Add it; nothing is assumed here."))


def _one_of(path: str, value: Any, known: Collection[str]) -> Iterator[Problem]:
    if not isinstance(value, str) or value not in known:
        yield Problem(path, _("This value is not known."), _("Write one of: %s.") % ", ".join(known))


def _whole_number(path: str, value: Any, *, least: int) -> Iterator[Problem]:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        yield Problem(path, _("This is not a whole number of at least %s.") % least, _("Write it without quotes, for example 30."))
