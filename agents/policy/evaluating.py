"""Judges one call by one document. All rules that match count, and the strictest wins; the order of the document never matters."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from agents.policy.checking import check, pointer
from agents.policy.language import EVERY_TOOL, WINDOWS, Call, Facts, Kind, Limit, Verdict

_STRICTEST_FIRST = list(Kind)


def evaluate(document: Any, call: Call, facts: Facts) -> Verdict:
    """What `document` says about `call`. No document, or one that cannot be read, denies.

    Args:
        document: a policy's JSON; None where there is no policy.
        call: what is asked, under all of its names.
        facts: how much there is of everything that `limits_of` names.
    """
    if document is None:
        return Verdict(Kind.DENY, "", _("No policy is in force for this agent, so everything is denied."))
    if check(document):
        return Verdict(Kind.DENY, "", _("The policy of this agent cannot be read, so everything is denied."))
    found = [*_hidden(document, call), *_actions(document, call), *_exceeded(document, call, facts)]
    return min(found, key=_strictness)


def limits_of(document: Any, call: Call) -> list[Limit]:
    """The limits that count for this call; none where the document cannot be read."""
    if document is None or check(document):
        return []
    return list(_limits(document, call))


def hides(document: Any, name: str) -> bool:
    """Whether an agent under `document` must not even see the tool of this name. What cannot be read hides everything."""
    if document is None or check(document):
        return True
    return bool({name, EVERY_TOOL} & set(document.get("hide", [])))


def _hidden(document: dict[str, Any], call: Call) -> Iterator[Verdict]:
    if {*call.names, EVERY_TOOL} & set(document.get("hide", [])):
        yield Verdict(Kind.DENY, "/hide", _("The policy hides this tool."))


def _actions(document: dict[str, Any], call: Call) -> list[Verdict]:
    """What the matching rules say; what the default says where none does.

    A named tool without an action is allowed, as in PolicyLayer; "*" lists nothing unless it has an action of its own.
    """
    said = [
        _said(name, rules)
        for name, rules in _matching(document, call)
        if name != EVERY_TOOL or "action" in rules
    ]  # fmt: skip
    return said or [Verdict(Kind(document["default"]), "/default", _default_reason(document["default"]))]


def _matching(document: dict[str, Any], call: Call) -> Iterator[tuple[str, dict[str, Any]]]:
    tools = document.get("tools", {})
    for name in dict.fromkeys((*call.names, EVERY_TOOL)):
        if name in tools:
            yield name, tools[name]


def _said(name: str, rules: dict[str, Any]) -> Verdict:
    kind = Kind(rules.get("action", "allow"))
    rule = pointer("tools", name, "action") if "action" in rules else pointer("tools", name)
    return Verdict(kind, rule, rules.get("reason") or _reason(kind))


def _reason(kind: Kind) -> str:
    return {
        Kind.DENY: _("The policy denies this."),
        Kind.REQUIRE_APPROVAL: _("The policy asks for a person here."),
        Kind.ALLOW: _("The policy allows this."),
    }[kind]


def _default_reason(default: str) -> str:
    if default == "allow":
        return _("The policy allows what it does not mention.")
    return _("The policy does not mention this, and denies what it does not mention.")


def _limits(document: dict[str, Any], call: Call) -> Iterator[Limit]:
    for name, rules in _matching(document, call):
        subject = "" if name == EVERY_TOOL else name
        for limit in rules.get("limits", []):
            yield from _limit(pointer("tools", name, "limits"), limit, subject, call)
        if rate := rules.get("rate_limit"):
            yield Limit(pointer("tools", name, "rate_limit"), "calls", rate["max"], "grant", rate["window"], subject)
    for limit in document.get("all_tools", {}).get("limits", []):
        yield from _limit("/all_tools/limits", limit, "", call)


def _limit(path: str, limit: dict[str, Any], subject: str, call: Call) -> Iterator[Limit]:
    """The counters of messages hold back what sends, and nothing else."""
    counter, scope = limit["counter"], limit["scope"]
    if counter == "calls":
        rule = f"{path}/calls-per-{limit['window']}" + ("" if scope == "grant" else f"-and-{scope}")
        yield Limit(rule, counter, limit["max"], scope, WINDOWS[limit["window"]], subject)
    elif call.sends:
        yield Limit(f"{path}/{counter}-per-{scope}", counter, limit["max"], scope)


def _exceeded(document: dict[str, Any], call: Call, facts: Facts) -> Iterator[Verdict]:
    for limit in _limits(document, call):
        count = facts[limit]
        if count.number >= limit.max:
            yield Verdict(Kind.LIMIT, limit.rule, _limit_reason(limit), count.frees_at)


def _limit_reason(limit: Limit) -> str:
    numbers = {"max": limit.max, "seconds": limit.seconds}
    if limit.counter == "calls":
        return ngettext("At most %(max)s call in %(seconds)s seconds.", "At most %(max)s calls in %(seconds)s seconds.", limit.max) % numbers
    if limit.counter == "unanswered_sends":
        return (
            ngettext(
                "At most %(max)s message may go without an answer. Wait until the contact writes.",
                "At most %(max)s messages may go without an answer. Wait until the contact writes.",
                limit.max,
            )
            % numbers
        )
    return (
        ngettext(
            "At most %(max)s proposal may wait for a decision here. Read what becomes of it before you propose again.",
            "At most %(max)s proposals may wait for a decision here. Read what becomes of them before you propose again.",
            limit.max,
        )
        % numbers
    )


def _strictness(verdict: Verdict) -> tuple[int, float, str, str]:
    """Strictest first; among limits the one that frees last, and what no clock frees before that."""
    frees = verdict.retry_at.timestamp() if verdict.retry_at else float("inf")
    return _STRICTEST_FIRST.index(verdict.kind), -frees, verdict.rule, verdict.reason
