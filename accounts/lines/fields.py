"""Which kinds of webhooks are missed."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from accounts.models import Account
from graph.networks import Login, Network
from graph.subscription_fields import needed_fields_for

# What Countersign keeps and does not show yet, or what Meta's pages tell differently, is nobody's trouble.
_UNMISSED = ("message_echoes", "messaging_optins")


@dataclass(frozen=True)
class Lacking:
    """What Meta does not send although it should. False where that is nothing."""

    names: tuple[str, ...]
    state: str = "care"

    @classmethod
    def of(cls, wanted: Iterable[str], told: Iterable[str], account: Account) -> Self:
        """Without what is needed the account does not work; without the rest of what concerns conversations, less is seen."""
        needed, have = needed_fields_for(Login(account.login), Network(account.network)), set(told)
        missing = [field for field in wanted if field not in have and (field in needed or _is_missed(field))]
        return cls(tuple(missing), "bad" if set(missing) & set(needed) else "care")

    def __bool__(self) -> bool:
        return bool(self.names)


def _is_missed(field: str) -> bool:
    return field.startswith("messag") and field not in _UNMISSED
