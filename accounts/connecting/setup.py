"""What has to be written down at Meta for one of our apps, and what Meta has to allow it."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.connecting.addresses import absolute, return_address
from accounts.lines.door import callback_url
from accounts.models import MetaApp
from graph.networks import Login
from graph.scopes import ASKED_SCOPES
from graph.subscription_fields import SUBSCRIBED_FIELDS

# Meta tells webhooks by object (Graph API, "Webhooks"). One Facebook app hears of Pages and of the Instagram accounts behind them.
OBJECTS = {MetaApp.Kind.FACEBOOK: ("page", "instagram"), MetaApp.Kind.INSTAGRAM: ("instagram",)}


@dataclass(frozen=True)
class Entry:
    """One thing to write down at Meta: where, and exactly what."""

    name: str
    label: str
    text: str
    note: str


def setup_of(app: MetaApp) -> list[Entry]:
    """In the order in which one meets the places in Meta's dashboard. Of an app that is not stored yet only what depends on nothing."""
    if not app.pk:
        return [_callback()]
    return [_return(app), _callback(), *_fields(app), _permissions(app), *_farewells(app)]


def _return(app: MetaApp) -> Entry:
    note = {
        MetaApp.Kind.FACEBOOK: _("Facebook Login, Settings, Valid OAuth Redirect URIs. Letter by letter, with the last slash."),
        MetaApp.Kind.INSTAGRAM: _("Instagram, API setup with Instagram login, Set up Instagram business login, Redirect URL. Letter by letter."),
    }
    return Entry("return", _("Return address of the login"), return_address(app.kind), note[MetaApp.Kind(app.kind)])


def _callback() -> Entry:
    note = _("Webhooks, Callback URL, with the verify token that is stored here. Or press “Send webhooks here” on the page of the app.")
    return Entry("callback", _("Callback address of webhooks"), callback_url(), note)


def _fields(app: MetaApp) -> list[Entry]:
    labels = {"page": _("Webhook fields of Pages"), "instagram": _("Webhook fields of Instagram")}
    note = _("Webhooks, the fields to subscribe to.")
    return [Entry(f"fields-{each}", labels[each], ", ".join(SUBSCRIBED_FIELDS[each]), note) for each in OBJECTS[MetaApp.Kind(app.kind)]]


def _permissions(app: MetaApp) -> Entry:
    note = _("The login asks for these. Until App Review has given them Advanced Access, only people with a role on the app can be answered.")
    return Entry("permissions", _("Permissions"), ", ".join(ASKED_SCOPES[Login(app.kind)]), note)


def _farewells(app: MetaApp) -> list[Entry]:
    removed = _("In the settings of the login. Somebody who removes the app at Meta then loses their token here.")
    erased = _("Beside the one above, as a callback address. Who asks to be forgotten is erased by the worker, and gets an address that says how far it is.")
    return [
        Entry("deauthorise", _("Deauthorise callback"), absolute(reverse("inbox:deauthorisation", args=[app.public_id])), removed),
        Entry("deletion", _("Data deletion request"), absolute(reverse("inbox:deletions", args=[app.public_id])), erased),
    ]
