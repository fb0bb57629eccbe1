"""Connected accounts: how they are, and their switches. They come by connecting and are never deleted; a token has a page of its own."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.admin.account_checklist import WithChecklist
from accounts.admin.account_deeds import is_in_use
from accounts.admin.account_facts import AccountFacts
from accounts.admin.account_list import AccountList
from accounts.admin.base import AnyModelForm
from accounts.admin.grant import GrantInline, SavesGrants
from accounts.admin.permissions import person
from accounts.admin.show import moment
from accounts.models import Account
from accounts.reasons import next_try_sentence
from core.clock import now


class AccountForm(AnyModelForm):
    """What people set. What identifies the account at Meta is settled by connecting it, for its history hangs on it."""

    class Meta:
        model = Account
        fields = ("name", "username", "human_agent_feature", "human_agent_text", "keeps_media", "agents_may_send", "reply_hold", "approval_hold")
        help_texts = {
            "reply_hold": _("How long a reply can still be taken back before it leaves."),
            "approval_hold": _("How long an approval can still be taken back before the message leaves."),
        }


@admin.register(Account)
class AccountAdmin(SavesGrants, WithChecklist, AccountFacts, AccountList):
    account_path = "pk"
    form = AccountForm
    change_form_template = "admin/accounts/account/change_form.html"
    inlines = (GrantInline,)
    fieldsets = (
        (
            _("State"),
            {"fields": ("state_now", "pause", "heard", "sent_at", "subscribed", "polled_at", "checked_at", "check_due_at")},
        ),
        (_("Access token"), {"fields": ("token_state", "token_kind", "expires", "data_access_until", "permissions")}),
        (_("Which account"), {"fields": ("name", "username", "network", "login", "meta_app", "external_id", "page_id", "meta_user_id", "created_at")}),
        (_("Replies"), {"fields": ("human_agent_feature", "human_agent_text", "reply_hold")}),
        (_("Agents"), {"fields": ("agents_may_send", "approval_hold")}),
        (_("What contacts send"), {"fields": ("keeps_media",)}),
        (_("Meta's limits"), {"fields": ("limits", "policy")}),
    )

    # Who may ------------------------------------------------------------------------------------------------------
    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(person(request).is_superuser)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """An account is never typed in: it is connected."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        return redirect("admin:connect")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        shown = [name for _title, options in self.fieldsets for name in options["fields"]]
        return tuple(name for name in shown if name not in AccountForm.Meta.fields)

    # What it shows ------------------------------------------------------------------------------------------------
    @admin.display(description=_("state"))
    def state_now(self, account: Account) -> str:
        """Since when, and why, where it was ever another one."""
        since = _("since %s") % moment(account.state_changed_at) if account.state_changed_at else ""
        tried = next_try_sentence(account, now()) if account.state == Account.State.RESTRICTED else ""
        return format_html("{} {} <div>{} {}</div>", self.state_badge(account), since, account.why, tried)

    @admin.display(description=pgettext_lazy("column", "sending"))
    def pause(self, account: Account) -> str:
        """Who paused it, until when and why."""
        at = now()
        if not account.is_held(at):
            return str(_("not paused")) if not account.paused_until or account.paused_until <= at else moment(account.paused_until)
        facts = {"who": account.held_by, "when": moment(account.held_at), "reason": account.held_reason}
        return _("paused by %(who)s on %(when)s: %(reason)s") % facts

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        if account := context.get("original"):
            context |= {"ways": ways(account), "show_save_and_add_another": False}
        return super().render_change_form(request, context, *args, **kwargs)


def ways(account: Account) -> list[tuple[str | Promise, str]]:
    """Pages beside the deeds that change how the account is connected."""
    token = (_("Replace token"), reverse("admin:accounts_account_token", args=[account.pk]))
    connect = (_("Reconnect"), f"{reverse('admin:connect')}?account={account.public_id}")
    test = (_("Send a test message"), reverse("admin:accounts_account_test", args=[account.pk]))
    history = (_("Read back history"), f"{reverse('admin:inbox_backfill_add')}?account={account.pk}")
    return [token, connect, test, history] if is_in_use(account) else [connect]
