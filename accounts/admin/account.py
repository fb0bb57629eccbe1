"""Connected accounts: their state, their switches, and their token, which can be stored and never read."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.admin.base import ProductAdmin
from accounts.admin.deeds import Deed, ReasonForm, WithDeeds
from accounts.admin.grant import GrantInline, SavesGrants
from accounts.admin.permissions import person
from accounts.admin.secrets import KeepsSecretsForm
from accounts.admin.show import badge, moment, percent, stored
from accounts.admin.usage import left
from accounts.connection import disconnect, mend
from accounts.granting import give_preset
from accounts.models import Account, AccountUsage, Activity
from core.clock import now

TONES = {Account.State.CONNECTED: "good", Account.State.NEEDS_RECONNECT: "bad", Account.State.RESTRICTED: "bad", Account.State.DISCONNECTED: "quiet"}
# What Meta counts, by its own names (Graph API, "Rate limits").
LIMITS = {"app": _("The whole app"), "page": _("The Page"), "pages": _("Page calls"), "messenger": _("Messenger"), "instagram": _("Instagram")}
# What Meta says when it enforces its policies (Messenger Platform webhooks, "messaging_policy_enforcement").
POLICY = {"warning": _("warned"), "block": _("blocked"), "unblock": _("no longer blocked")}
POLICY_TONES = {"account.policy_block": "bad", "account.policy_unblock": "good"}
# What identifies the account at Meta: history hangs on it, so it is settled once.
IDENTITY = ("network", "external_id")


class AccountForm(KeepsSecretsForm):
    class Meta:
        model = Account
        fields = (
            "network", "login", "meta_app", "name", "username", "external_id", "page_id", "token", "human_agent_feature",
            "human_agent_text", "keeps_media", "agents_may_send", "reply_hold", "approval_hold",
        )  # fmt: skip
        help_texts = {
            "reply_hold": _("How long a reply can still be taken back before it leaves."),
            "approval_hold": _("How long an approval can still be taken back before the message leaves."),
        }


def is_broken(account: Account) -> bool:
    return account.state != Account.State.CONNECTED


def is_in_use(account: Account) -> bool:
    return account.state != Account.State.DISCONNECTED


@admin.register(Account)
class AccountAdmin(SavesGrants, WithDeeds, ProductAdmin):
    account_path = "pk"
    form = AccountForm
    inlines = (GrantInline,)
    actions = ("mend_selected",)
    deeds = (
        Deed("mend", _("Mark as mended"), _("Messages that wait for this account are sent again. Do this once the cause is gone."), offered=is_broken),
        Deed(
            "disconnect", _("Disconnect"),
            _("Nothing is sent from this account any more, and its access token is erased. Its conversations stay, and so do the people's rights."),
            form=ReasonForm, offered=is_in_use, grave=True,
        ),
    )  # fmt: skip
    list_display = ("name", "network", "state_badge", "token_stored", "agents_send", "state_changed_at")
    list_filter = ("state", "network", "agents_may_send")
    list_select_related = ("meta_app",)
    search_fields = ("name", "username", "external_id", "page_id")
    readonly_fields = (
        "state_badge", "state_reason", "state_changed_at", "paused_until", "webhook_at", "policy", "limits", "token_state", "meta_user_id", "created_at",
    )  # fmt: skip
    add_fieldsets = (
        (_("Which account"), {"fields": ("network", "login", "meta_app", "name", "username", "external_id", "page_id", "token")}),
        (_("Replies"), {"fields": ("human_agent_feature", "human_agent_text", "reply_hold")}),
        (_("What contacts send"), {"fields": ("keeps_media",)}),
        (_("Agents"), {"fields": ("agents_may_send", "approval_hold")}),
    )
    fieldsets = (
        (_("State"), {"fields": ("state_badge", "state_reason", "state_changed_at", "paused_until", "webhook_at")}),
        (_("Meta's limits"), {"fields": ("limits", "policy")}),
        (_("Which account"), {"fields": ("name", "username", "network", "login", "meta_app", "external_id", "page_id", "meta_user_id", "created_at")}),
        (_("Access token"), {"fields": ("token_state", "token")}),
        (_("Replies"), {"fields": ("human_agent_feature", "human_agent_text", "reply_hold")}),
        (_("What contacts send"), {"fields": ("keeps_media",)}),
        (_("Agents"), {"fields": ("agents_may_send", "approval_hold")}),
    )

    # Who may ------------------------------------------------------------------------------------------------------
    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(person(request).is_superuser)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        settled = (*IDENTITY, *(() if person(request).is_superuser else ("login", "meta_app", "page_id")))
        return (*super().get_readonly_fields(request, obj), *(settled if obj else ()))

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return super().get_fieldsets(request, obj) if obj else self.add_fieldsets

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return super().get_inlines(request, obj) if obj else ()

    # What it shows ------------------------------------------------------------------------------------------------
    @admin.display(description=_("state"), ordering="state")
    def state_badge(self, account: Account) -> str:
        return badge(account.get_state_display(), TONES[Account.State(account.state)])

    @admin.display(description=_("token"))
    def token_stored(self, account: Account) -> str:
        return stored(account.token)

    @admin.display(description=_("stored token"))
    def token_state(self, account: Account) -> str:
        changed = Activity.objects.filter(target_type="account", target_id=account.public_id, verb="account.token_replaced").first()
        said = _("changed %(when)s by %(who)s") % {"when": moment(changed.at), "who": changed.by} if changed else ""
        return format_html("{} {}", stored(account.token), said)

    @admin.display(description=_("agents send"), ordering="agents_may_send")
    def agents_send(self, account: Account) -> str:
        return badge(_("where policy allows"), "care") if account.agents_may_send else badge(_("after review"), "quiet")

    @admin.display(description=_("left of each"))
    def limits(self, account: Account) -> str:
        """What Meta's answers told, limit by limit; nothing where it has told nothing yet."""
        rows = [(LIMITS.get(usage.kind, usage.kind), left(usage), self._told(usage)) for usage in account.usage.all()]
        if not rows:
            note = _("Meta tells it beside its answers, not beside all of them.")
            return format_html('{} <div class="help">{}</div>', badge(_("not told yet"), "quiet"), note)
        return format_html('<ul class="limits">{}</ul>', format_html_join("", "<li><strong>{}</strong> {} <span>{}</span></li>", rows))

    def _told(self, usage: AccountUsage) -> str:
        facts = {"calls": percent(usage.calls), "time": percent(usage.time), "cpu": percent(usage.cpu), "when": moment(usage.at)}
        told = _("Used: %(calls)s of the calls, %(time)s of the time, %(cpu)s of the processor time. Told %(when)s") % facts
        if usage.regained_at and usage.regained_at > now():
            return format_html("{}<br><strong>{}</strong>", told, _("Closed until %s") % moment(usage.regained_at))
        return told

    @admin.display(description=_("Meta's policies"))
    def policy(self, account: Account) -> str:
        """Meta's newest word: a warning, a block, or that it is over."""
        told = Activity.objects.filter(target_type="account", target_id=account.public_id, verb__startswith="account.policy_").first()
        if told is None:
            return str(_("Meta has not enforced any here."))
        what = POLICY.get(told.verb.removeprefix("account.policy_"), told.verb)
        return format_html("{} {} <div>{}</div>", badge(what, POLICY_TONES.get(told.verb, "care")), moment(told.at), told.details.get("reason", ""))

    # What it does -------------------------------------------------------------------------------------------------
    def save_model(self, request: HttpRequest, obj: Account, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if obj.token and "token" in form.changed_data:
            Activity.record("account.token_replaced", obj, by=person(request), at=now(), account=obj)
            if is_broken(obj):
                self.message_user(request, _("The new token is stored. Mark the account as mended to let messages leave again."), messages.WARNING)
        if not change:
            give_preset(person(request), "manager", account=obj, by=person(request), at=now())

    @admin.action(description=_("Mark as mended"))
    def mend_selected(self, request: HttpRequest, accounts: QuerySet[Account]) -> None:
        mended = sum(self._mended(request, account) for account in accounts)
        self.message_user(request, ngettext("%d account sends again.", "%d accounts send again.", mended) % mended)

    def _mended(self, request: HttpRequest, account: Account) -> bool:
        try:
            return mend(account, by=person(request), at=now())
        except ValidationError as refusal:
            self.message_user(request, f"{account}: {' '.join(refusal.messages)}", messages.ERROR)
            return False

    def do_mend(self, request: HttpRequest, account: Account) -> str:
        mend(account, by=person(request), at=now())
        return _("%(account)s sends again.") % {"account": account}

    def do_disconnect(self, request: HttpRequest, account: Account, *, reason: str) -> str:
        disconnect(account, by=person(request), at=now(), reason=reason)
        return _("%(account)s is disconnected, and its token is erased.") % {"account": account}
