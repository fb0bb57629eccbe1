"""How much of its allowance an account or an app has used up, as Meta tells it beside its answers."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from graph.readers import ExactNumber, items, mapping, parse_json, whole, words

_PLAIN = {"x-app-usage": "app", "x-page-usage": "page"}
_BY_BUSINESS = "x-business-use-case-usage"
# What our calls are counted under; Meta tells of advertising and others beside it. A use without a name may be any.
_OURS = frozenset({"", "app", "page", "pages", "messenger", "instagram"})
# What a message counts under. Source: Meta, Graph API, "Rate limits", "Business Use Case Rate Limits".
_OF_SENDING = frozenset({"messenger", "instagram"})


@dataclass(frozen=True)
class UsageLine:
    """One allowance, in percent; at 100 Meta refuses calls.

    Args:
        business_id: the account that it counts for; empty for the app and for the Page of the token.
        kind: app, page, or Meta's word for the use: messenger, instagram, pages …
        calls, cpu, time: of each as much as is used up.
        regain_at_minutes: in how many minutes calls are taken again; 0 while they are.
    """

    business_id: str
    kind: str
    calls: int
    cpu: int
    time: int
    regain_at_minutes: int

    @property
    def used(self) -> int:
        """The share that is nearest to its end decides."""
        return max(self.calls, self.cpu, self.time)

    @classmethod
    def read(cls, business_id: str, kind: str, told: Mapping[str, Any]) -> Self:
        """Each host has its own spelling."""
        return cls(
            business_id=business_id,
            kind=kind,
            calls=_first(told, "call_count", "call_volume"),
            cpu=_first(told, "total_cputime", "cpu_time"),
            time=_first(told, "total_time"),
            regain_at_minutes=_first(told, "estimated_time_to_regain_access"),
        )


class Usage(tuple[UsageLine, ...]):
    """All that one answer tells; empty where it tells nothing.

    Source: Meta, Graph API, "Rate limits", "Headers".
    """

    __slots__ = ()

    @classmethod
    def read(cls, headers: Mapping[str, str]) -> Self:
        """Never raises: what cannot be read is left out."""
        lowered = {name.lower(): value for name, value in headers.items()}
        return cls([*_plain_lines(lowered), *_business_lines(lowered)])


def is_of_ours(kind: str) -> bool:
    """Whether what we ask of Meta counts against an allowance of this kind."""
    return kind in _OURS


def is_of_sending(kind: str) -> bool:
    """Whether a message counts against an allowance of this kind, and not only what we read."""
    return kind in _OF_SENDING


def _plain_lines(headers: Mapping[str, str]) -> Iterator[UsageLine]:
    for header, kind in _PLAIN.items():
        if told := _object(headers.get(header, "")):
            yield UsageLine.read("", kind, told)


def _business_lines(headers: Mapping[str, str]) -> Iterator[UsageLine]:
    for business_id, uses in _object(headers.get(_BY_BUSINESS, "")).items():
        for use in filter(None, map(mapping, items(uses))):
            yield UsageLine.read(business_id, words(use.get("type")), use)


def _object(header: str) -> Mapping[str, Any]:
    try:
        return mapping(parse_json(header.encode("utf-8", "replace")))
    except ValueError:
        return {}


def _first(told: Mapping[str, Any], *names: str) -> int:
    return next((_rounded_up(told[name]) for name in names if name in told), 0)


def _rounded_up(value: object) -> int:
    """Meta writes whole numbers; should it ever write others, a little too much is the careful reading."""
    return math.ceil(value) if isinstance(value, ExactNumber) else whole(value) or 0
