"""The page on which connecting begins: the three ways, for whom each is, and what to write down at Meta first."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin.copying import to_copy
from accounts.admin.permissions import managed_accounts
from accounts.connecting.setup import Entry, setup_of
from accounts.models import Account, ConnectionRequest, MetaApp, User
from core.fields import WriteOnlyField
from graph.networks import Login

Method = ConnectionRequest.Method


if TYPE_CHECKING:
    ChoiceOfApp = forms.ModelChoiceField[MetaApp]
else:
    ChoiceOfApp = forms.ModelChoiceField


class AppField(ChoiceOfApp):
    """One of our apps at Meta, by its public id."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(queryset=MetaApp.objects.order_by("name", "pk"), to_field_name="public_id", label=gettext_lazy("Meta app"), **kwargs)


class LoginForm(forms.Form):
    """Through which app somebody logs in."""

    app = AppField()


class TokenForm(forms.Form):
    """A token, and perhaps for which app it was made."""

    token = WriteOnlyField(label=gettext_lazy("Access token"))
    app = AppField(required=False, empty_label=gettext_lazy("Find out by itself"))


@dataclass(frozen=True)
class Setup:
    """What has to be written down at Meta for one app."""

    app: MetaApp

    @property
    def entries(self) -> list[tuple[Entry, SafeString]]:
        """Each with its text and the button that copies it."""
        return [(entry, to_copy(entry.text, id=f"{entry.name}-{self.app.pk}", label=_("Copy: %s") % entry.label)) for entry in setup_of(self.app)]


class Start:
    """What the page shows to one person.

    Args:
        account: the one that is reconnected; None where new ones are connected.
    """

    def __init__(self, by: User, *, app: str, account: str) -> None:
        self._by, self._app = by, app
        self.account = _asked(managed_accounts(by).select_related("meta_app"), account)

    @cached_property
    def apps(self) -> list[MetaApp]:
        return list(MetaApp.objects.defer("secret", "verify_token").order_by("name", "pk"))

    @property
    def may_connect_new(self) -> bool:
        return self._by.is_superuser

    @cached_property
    def accounts(self) -> list[Account]:
        """What somebody who manages accounts may reconnect."""
        return list(managed_accounts(self._by).defer("token"))

    def of_kind(self, kind: str) -> list[MetaApp]:
        """The apps for this login, the one that was asked for first."""
        if self.account:
            return [self.account.meta_app] if self.account.login == kind else []
        return sorted((app for app in self.apps if app.kind == kind), key=lambda app: app.public_id != self._app)

    @property
    def facebook_apps(self) -> list[MetaApp]:
        return self.of_kind(Login.FACEBOOK)

    @property
    def instagram_apps(self) -> list[MetaApp]:
        return self.of_kind(Login.INSTAGRAM)

    @cached_property
    def setups(self) -> list[Setup]:
        return [Setup(app) for app in self.apps] if self.may_connect_new else []

    @property
    def is_private(self) -> bool:
        """Whether Meta will not send anybody back to our address."""
        return not (settings.HTTPS or settings.DEMO)

    @property
    def public_url(self) -> str:
        return settings.PUBLIC_URL


def _asked(accounts: QuerySet[Account], asked: str) -> Account | None:
    """By its public id; links from lists name the row."""
    return accounts.filter(Q(public_id=asked) | Q(pk=int(asked) if asked.isdecimal() and len(asked) < 15 else None)).first() if asked else None
