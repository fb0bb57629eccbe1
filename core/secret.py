"""A string that does not show itself, and how it is encrypted at rest."""

from typing import Any, NoReturn, Self

from cryptography.fernet import InvalidToken

from core.keyring import cipher, keys, known_keys, reread_keys
from core.redaction import MASK, remember


class Unreadable(InvalidToken, ValueError):
    """A stored secret opens with none of the encryption keys. Replace it, or bring back the key."""


class Secret:
    """A secret in memory: prints as dots, compares by value, opens only by `reveal()`, and is never written to a file or a cache."""

    __slots__ = ("_sealed", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._sealed = ""
        remember(text)

    @classmethod
    def sealed(cls, ciphertext: str) -> Self:
        """One that no key opens. It is there, and saving its row keeps it as it is: the key may come back."""
        secret = cls("")
        secret._sealed = ciphertext
        return secret

    @classmethod
    def stored(cls, ciphertext: str) -> Self:
        """The secret behind what the database holds."""
        try:
            return cls(decrypt(ciphertext))
        except Unreadable:
            return cls.sealed(ciphertext)

    @property
    def unreadable(self) -> bool:
        """Whether it is stored and opens with no key."""
        return bool(self._sealed)

    def reveal(self) -> str:
        """Raises Unreadable where no key opens it."""
        if self._sealed:
            raise Unreadable("A stored secret opens with none of the encryption keys.")
        return self._text

    def if_readable(self) -> str:
        """The text, or nothing: for what has to go on without it."""
        return self._text

    def to_store(self) -> str:
        """What the database keeps."""
        return self._sealed or (encrypt(self._text) if self._text else "")

    def __bool__(self) -> bool:
        return bool(self._text or self._sealed)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and (other._text, other._sealed) == (self._text, self._sealed)

    def __hash__(self) -> int:
        return hash((self._text, self._sealed))

    def __repr__(self) -> str:
        return MASK if self else ""

    __str__ = __repr__

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: Any) -> Self:
        return self

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("A secret is not pickled: it would lie in the clear in a cache or a queue.")


def encrypt(text: str) -> str:
    """Fernet token of `text` under the first of the keys, as they are now."""
    return cipher(keys()).encrypt(text.encode()).decode()


def decrypt(token: str) -> str:
    """The text behind `token`, under whichever of the keys made it.

    Raises:
        Unreadable: no key fits, also not in the file as it is now.
    """
    try:
        return cipher(known_keys()).decrypt(token.encode()).decode()
    except InvalidToken:
        pass
    try:
        return cipher(reread_keys()).decrypt(token.encode()).decode()
    except InvalidToken:
        raise Unreadable("It opens with none of the encryption keys.") from None
