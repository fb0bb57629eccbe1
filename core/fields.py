"""Model fields that every app shares."""

import secrets
from typing import TYPE_CHECKING, Any

from django import forms
from django.db import models

from core.secret import Secret

# Django's fields take type arguments in the stubs only.
if TYPE_CHECKING:
    _Words = models.CharField[str, str]
    _Text = models.TextField[Any, Any]
else:
    _Words, _Text = models.CharField, models.TextField

_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def new_public_id() -> str:
    """A random id of 16 characters (93 bits), without letters that people confuse."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(16))


class PublicIdField(_Words):
    """The id that leaves the database: in URLs, events and MCP results. Inside, rows keep integer keys."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs |= {"max_length": 16, "default": new_public_id, "unique": True, "editable": False}
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        for key in ("max_length", "default", "unique", "editable"):
            kwargs.pop(key, None)
        return name, path, args, kwargs


class EncryptedField(_Text):
    """Text that is encrypted in the database and a `Secret` in memory. It cannot be searched or ordered by."""

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Secret | None:
        return None if value is None else Secret.stored(value) if value else Secret("")

    def to_python(self, value: Any) -> Secret | None:
        return value if value is None or isinstance(value, Secret) else Secret(str(value))

    def get_prep_value(self, value: Any) -> str | None:
        if value is None:
            return None
        secret = value if isinstance(value, Secret) else Secret(str(value))
        return secret.to_store()

    def value_to_string(self, obj: models.Model) -> str:
        # dumpdata must not write a secret in the clear.
        return str(self.get_prep_value(self.value_from_object(obj)) or "")

    def formfield(self, **kwargs: Any) -> forms.Field | None:
        return super().formfield(**{"form_class": WriteOnlyField, **kwargs})


class WriteOnlyInput(forms.PasswordInput):
    """A password box that is always blank, whatever is stored."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"autocomplete": "new-password", "spellcheck": "false"} | (attrs or {}), render_value=False)

    def format_value(self, value: Any) -> None:
        return None


class WriteOnlyField(forms.CharField):
    """Form field of an `EncryptedField`: leaving it blank keeps what is stored."""

    widget = WriteOnlyInput

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["widget"] = WriteOnlyInput()
        super().__init__(*args, **kwargs)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(data)

    def clean(self, value: Any) -> Any:
        return super().clean(value)
