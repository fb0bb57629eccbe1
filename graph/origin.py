"""Where a webhook event came from: what every event has before its own content is read."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypedDict

from graph.events import NotUnderstood
from graph.networks import Network
from graph.readers import flag, mapping, moment, text_id

# Whoever keeps events counts them by kind, and what names a kind comes from outside.
_LONGEST_KIND = 100


class Common(TypedDict):
    """The fields of `Event`."""

    network: Network
    account_id: str
    contact_id: str | None
    at: datetime | None
    standby: bool
    raw: Mapping[str, Any]


@dataclass(frozen=True)
class Origin:
    """The account an event belongs to, who took part, when it was, and the piece of the body it was read from."""

    network: Network
    account_id: str
    raw: Mapping[str, Any]
    at: datetime | None = None
    standby: bool = False

    def of(self, event: object) -> "Origin":
        """The same account, for one event inside its entry. An event without a time has its entry's."""
        fields = event if isinstance(event, Mapping) else {"value": event}
        return replace(self, raw=fields, at=moment(fields.get("timestamp")) or self.at)

    @property
    def is_ours(self) -> bool:
        """Whether our side did it. A business that writes is the sender, with or without the echo's own mark."""
        return self._is_echo or (bool(self._sender) and self._sender == self.account_id)

    @property
    def contact_id(self) -> str | None:
        """The other side. People from web plugins have a `user_ref` instead of an id, and policy events nobody."""
        other = self._recipient if self.is_ours else self._sender
        return other if other != self.account_id else None

    @property
    def common(self) -> Common:
        return {
            "network": self.network,
            "account_id": self.account_id,
            "contact_id": self.contact_id or None,
            "at": self.at,
            "standby": self.standby,
            "raw": self.raw,
        }

    def not_understood(self, kind: str, reason: str) -> NotUnderstood:
        return NotUnderstood(**self.common, kind=kind[:_LONGEST_KIND], reason=reason)

    @property
    def _is_echo(self) -> bool:
        return flag(mapping(self.raw.get("message")).get("is_echo"))

    @property
    def _sender(self) -> str:
        return text_id(mapping(self.raw.get("sender")).get("id"))

    @property
    def _recipient(self) -> str:
        return text_id(mapping(self.raw.get("recipient")).get("id"))
