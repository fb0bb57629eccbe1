"""What is known of one account: its token, Meta's limits, Meta's policies. Facts, never the token itself."""

from typing import Any

from django.contrib import admin
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin.base import ModelAdmin
from accounts.admin.show import badge, moment, percent, stored
from accounts.admin.usage import left
from accounts.checklist import expiry_words
from accounts.models import Account, AccountUsage, Activity
from core.clock import now

# What Meta counts, by its own names (Graph API, "Rate limits").
LIMITS = {
    "app": gettext_lazy("The whole app"), "page": gettext_lazy("The Page"), "pages": gettext_lazy("Page calls"), "messenger": gettext_lazy("Messenger"),
    "instagram": gettext_lazy("Instagram"),
}  # fmt: skip
# What Meta says when it enforces its policies (Messenger Platform webhooks, "messaging_policy_enforcement").
POLICY = {"warning": gettext_lazy("warned"), "block": gettext_lazy("blocked"), "unblock": gettext_lazy("no longer blocked")}
# How another token comes to an account.
CHANGES = ("account.reconnected", "account.token_refreshed", "account.token_replaced")
POLICY_TONES = {"account.policy_block": "bad", "account.policy_unblock": "good"}


class AccountFacts(ModelAdmin):
    """Read-only lines of an account's page."""

    @admin.display(description=gettext_lazy("stored token"))
    def token_state(self, account: Account) -> str:
        return format_html("{} {}", stored(account.token), self._when_stored(account))

    def _when_stored(self, account: Account) -> str:
        changed = Activity.objects.filter(target_type="account", target_id=account.public_id, verb__in=CHANGES).select_related("by").first()
        if changed:
            return _("changed %(when)s by %(who)s") % {"when": moment(changed.at), "who": changed.by or _("Countersign")}
        return _("since %s") % moment(account.token_stored_at) if account.token_stored_at else ""

    @admin.display(description=gettext_lazy("expires"))
    def expires(self, account: Account) -> str:
        words, tone = expiry_words(account, now())
        return format_html("{} {}", badge(words, tone), moment(account.token_expires_at) if account.token_expires_at else "")

    @admin.display(description=gettext_lazy("permissions"))
    def permissions(self, account: Account) -> str:
        return _codes(account.scopes) or _("Not told yet: the next check asks.")

    @admin.display(description=gettext_lazy("subscribed to"))
    def subscribed(self, account: Account) -> str:
        if account.subscribed_fields is None:
            return _("Not told yet: the next check asks.")
        return _codes(account.subscribed_fields) or _("Nothing: Meta sends no webhooks for this account.")

    @admin.display(description=gettext_lazy("left of each"))
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

    @admin.display(description=gettext_lazy("Meta's policies"))
    def policy(self, account: Account) -> str:
        """Meta's newest word: a warning, a block, or that it is over."""
        told = Activity.objects.filter(target_type="account", target_id=account.public_id, verb__startswith="account.policy_").first()
        if told is None:
            return _("Meta has not enforced any here.")
        what = POLICY.get(told.verb.removeprefix("account.policy_"), told.verb)
        return format_html("{} {} <div>{}</div>", badge(what, POLICY_TONES.get(told.verb, "care")), moment(told.at), told.details.get("reason", ""))


def _codes(names: Any) -> str:
    """Meta's own names, which an admin compares with what its dashboard shows."""
    return format_html_join(" ", "<code>{}</code>", ((name,) for name in sorted(names)))
