"""A string that does not show itself, and the keys that encrypt it at rest."""

from functools import lru_cache

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings


class Secret:
    """A secret in memory: prints as dots, compares by value, opens only by `reveal()`."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return "••••••" if self._text else ""

    __str__ = __repr__


def encrypt(text: str) -> str:
    """Fernet token of `text` under the first of `ENCRYPTION_KEYS`."""
    return _cipher(tuple(settings.ENCRYPTION_KEYS)).encrypt(text.encode()).decode()


def decrypt(token: str) -> str:
    """The text behind `token`, under whichever of `ENCRYPTION_KEYS` made it.

    Raises:
        cryptography.fernet.InvalidToken: no key fits.
    """
    return _cipher(tuple(settings.ENCRYPTION_KEYS)).decrypt(token.encode()).decode()


@lru_cache(maxsize=4)
def _cipher(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])
