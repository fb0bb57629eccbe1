"""Whether Meta can reach us, and does."""

from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.lines.fields import Lacking
from accounts.lines.found import Found, app_page, not_known_since
from accounts.models import Account, MetaApp
from accounts.moments import when
from accounts.reasons import trouble_sentence
from graph.networks import Network
from graph.subscription_fields import SUBSCRIBED_FIELDS


def https(account: Account, at: datetime) -> Found:
    app, Door = account.meta_app, MetaApp.Door
    if settings.DEMO:
        return Found("unneeded", _("This is the try-out: Meta is a simulator on this machine."))
    if app.door == Door.UNTOLD:
        return Found("unknown", _("Not tried yet."), _("The next check calls the address."), action="check")
    if app.door == Door.OPEN:
        return Found("done", _("%(address)s answers over HTTPS. Tried from here on %(when)s.") % {"address": settings.PUBLIC_URL, "when": _tried(app)})
    if app.door == Door.NOT_PUBLIC:
        says = _("%s is no public HTTPS address, so Meta cannot call it.") % settings.PUBLIC_URL
        remedy = _("docs/https.md shows the smallest public installation. Until then conversations are read from time to time, and shown as delayed.")
        return Found("care", says, remedy)
    return _closed_door(account, at)


def _closed_door(account: Account, at: datetime) -> Found:
    """Our own call failed. Where Meta gets through all the same, that call took another way."""
    says = {
        MetaApp.Door.CERTIFICATE: _("The certificate of %s is not valid."), MetaApp.Door.SILENT: _("%s does not answer."),
    }.get(MetaApp.Door(account.meta_app.door), _("Something else than Countersign answers at %s.")) % settings.PUBLIC_URL  # fmt: skip
    tried = _("Tried from here on %s.") % _tried(account.meta_app)
    if _heard_since(account, account.meta_app.door_at):
        return Found("care", f"{says} {tried} " + _("Meta's webhooks come in all the same."), _("Perhaps this machine reaches it by another way than Meta."))
    return Found("bad", f"{says} {tried}", _("Mend the way from the internet to this machine; docs/https.md shows one that works."))


def handshake(account: Account, at: datetime) -> Found:
    app = account.meta_app
    if app.handshake_at:
        return Found("done", _("Meta asked for this address on %s and got its answer.") % when(app.handshake_at))
    if account.webhook_at:
        return Found("done", _("Meta's question was not seen, but its webhooks come, so it knows this address."))
    says = _("Meta has not asked for this address yet.")
    if account.is_delayed:
        says += " " + _("Conversations are read from time to time instead.")
    remedy = _("Have Meta send webhooks here on the app's page, or write the callback address and the verify token into Meta's dashboard.")
    return Found("care", says, remedy, app_page(app), for_superusers=True)


def callback(account: Account, at: datetime) -> Found:
    app = account.meta_app
    if app.subscriptions is None:
        return _untold_callback(account)
    if app.trouble in ("callback_refused", "not_public"):
        return _to_mend(app, _("Asking Meta to send this app's webhooks here did not work. %s") % trouble_sentence(app.trouble))
    if app.trouble:
        lost = not_known_since(app.trouble, app.checked_at.isoformat() if app.checked_at else "")
        return Found("unknown", lost, _("It is tried again by itself."), action="check")
    about = webhook_object(account)
    told: dict[str, object] = next((each for each in app.subscriptions if each.get("object") == about), {})
    if not told:
        return _to_mend(app, _("At Meta the app sends no webhooks about “%s”.") % about)
    return _told_callback(account, told)


def _told_callback(account: Account, told: dict[str, object]) -> Found:
    app = account.meta_app
    if not is_here(address := str(told.get("callback_url") or "")):
        says = _("Meta sends this app's webhooks elsewhere: to %s.") % (_without_query(address) or "?")
        passed_on = _heard_since(account, app.checked_at)
        return _to_mend(app, says + " " + _("From there they come here."), "care") if passed_on else _to_mend(app, says)
    if not told.get("is_active", True):
        return _to_mend(app, _("Meta has switched this app's webhooks off."))
    lacking = Lacking.of(SUBSCRIBED_FIELDS[webhook_object(account)], _texts(told.get("fields")), account)
    if lacking:
        return _to_mend(app, _("Meta sends this app's webhooks here, but none of: %s.") % ", ".join(lacking.names), lacking.state)
    return Found("done", _("Meta sends this app's webhooks here."))


def _to_mend(app: MetaApp, says: str, state: str = "bad") -> Found:
    """Where there is no public address nothing can be sent here, and conversations are read instead: that is slower, and not broken."""
    state = "care" if app.door == MetaApp.Door.NOT_PUBLIC else state
    return Found(state, says, _("Have Meta send webhooks here on the app's page."), app_page(app), for_superusers=True)


def _untold_callback(account: Account) -> Found:
    app = account.meta_app
    if account.webhook_at:
        return Found("done", _("Webhooks come in, so they go here. The newest came on %s.") % when(account.webhook_at))
    says = trouble_sentence(app.trouble) if app.trouble else _("Not looked at yet.")
    remedy = _("Compare the callback address on the app's page with the one in Meta's dashboard.")
    return Found("unknown", says, remedy, app_page(app), action="check", for_superusers=True)


def callback_url() -> str:
    """Where Meta should send webhooks."""
    return f"{settings.PUBLIC_URL.rstrip('/')}/webhooks/meta/"


def is_here(address: str) -> bool:
    """In the try-out the simulator calls this machine by its number."""
    return address == callback_url() or (bool(settings.DEMO) and urlsplit(address).path == urlsplit(callback_url()).path)


def webhook_object(account: Account) -> str:
    """Meta's name for what its webhooks are about."""
    return "instagram" if account.network == Network.INSTAGRAM else "page"


def _heard_since(account: Account, moment: datetime | None) -> bool:
    """Whether a webhook came at about the time of our own call, or later."""
    return bool(account.webhook_at and moment and account.webhook_at > moment - timedelta(hours=1))


def _tried(app: MetaApp) -> str:
    return when(app.door_at) if app.door_at else "–"


def _texts(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else []


def _without_query(address: str) -> str:
    """Somebody's callback address may carry a secret behind its question mark."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.hostname}{parts.path}" if parts.hostname else ""
