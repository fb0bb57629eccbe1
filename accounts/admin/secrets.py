"""Forms in which a secret can be stored and never read."""

from typing import Any

from accounts.admin.base import AnyModelForm
from core.fields import EncryptedField


class KeepsSecretsForm(AnyModelForm):
    """A form whose secrets are always blank; leaving one blank keeps what is stored."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self._secrets():
            field = self.fields[name]
            field.required = field.required and not getattr(self.instance, name)
            # "new-password" is what keeps a browser from filling in the password of whoever is signed in.
            field.widget.attrs |= {"autocomplete": "new-password", "class": "vTextField"}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for name in self._secrets():
            if name not in self.errors:
                cleaned[name] = cleaned.get(name) or getattr(self.instance, name)
        return cleaned

    def _secrets(self) -> list[str]:
        fields = self._meta.model._meta.fields
        return [field.name for field in fields if isinstance(field, EncryptedField) and field.name in self.fields]
