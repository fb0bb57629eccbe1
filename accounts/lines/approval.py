"""What Meta, and the account's owner, let the app do."""

from datetime import datetime

from django.utils.translation import gettext as _

from accounts.lines.found import Found, app_page, not_looked_at, stale
from accounts.models import Account, MetaApp
from graph.networks import Login, Network
from graph.scopes import NEEDED_SCOPES


def access_level(account: Account, at: datetime) -> Found:
    app, Level = account.meta_app, MetaApp.AccessLevel
    unapproved = [scope for scope in NEEDED_SCOPES[Login(account.login), Network(account.network)] if (app.permissions or {}).get(scope) == "unapproved"]
    if unapproved:
        says = _("Meta has not approved for this app: %s. Only people with a role on the app are heard.") % ", ".join(unapproved)
        return Found("care", says, _("Ask for Advanced Access in Meta's App Review."), app_page(app), for_superusers=True)
    if app.access_level == Level.ADVANCED:
        return Found("done", _("Advanced Access, as an admin has noted: Meta delivers what anybody writes."))
    if app.access_level == Level.STANDARD:
        says = _("Standard Access, as an admin has noted: only people with a role on the app are heard.")
        return Found("care", says, _("Ask for Advanced Access in Meta's App Review."), app_page(app), for_superusers=True)
    remedy = _("Look it up in Meta's dashboard, beside the messaging permissions, and note it on the app's page.")
    return Found("unknown", _("No call tells it."), remedy, app_page(app), for_superusers=True)


def human_agent(account: Account, at: datetime) -> Found:
    if not account.human_agent_feature:
        remedy = _("If Meta has approved the app for the Human Agent feature, switch it on in this account's settings.")
        return Found("unneeded", _("Switched off: after 24 hours nothing can be written until the contact writes."), remedy)
    told = (account.meta_app.permissions or {}).get("human_agent")
    if told == "unapproved":
        says = _("Switched on, but Meta has not approved this app for it, so replies after 24 hours are refused.")
        return Found("care", says, _("Ask for the Human Agent feature in Meta's App Review, or switch it off here."))
    if told == "live":
        return Found("done", _("Switched on, and Meta has approved the app for it."))
    return Found("unknown", _("Switched on. Meta does not tell whether it has approved the app; the first reply after 24 hours will."))


def messages_access(account: Account, at: datetime) -> Found:
    if account.network != Network.INSTAGRAM:
        return Found("unneeded", _("Only Instagram has this switch."))
    if account.messages_access == Account.MessagesAccess.REFUSED:
        remedy = _("In the Instagram app: Settings, Messages and story replies, Message controls, Connected tools, “Allow access to messages”.")
        return Found("bad", _("Instagram does not let apps read or send messages of this account."), remedy, action="check")
    if lost := stale(account, "messages_access"):
        return lost
    if account.messages_access == Account.MessagesAccess.ALLOWED:
        return Found("done", _("Reading a conversation worked."))
    return not_looked_at()
