"""Canned replies: words that people send again and again, with what is filled in."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin.base import AnyModelForm, ProductAdmin, asked_by
from accounts.admin.filters import AccountFilter
from accounts.admin.permissions import person
from accounts.models import Account, Activity, User
from core.clock import now
from graph.limits import limits_for
from graph.networks import Network
from inbox.canning import NETWORK_NAMES, VARIABLES, preview, too_long_for, unknown_variables
from inbox.models import CannedReply


def _known() -> str:
    return ", ".join(f"{{{{ {name} }}}}" for name in VARIABLES)


class CannedReplyForm(AnyModelForm):
    """A short name and a text, on one account; on every account, where a superuser says so."""

    by: User

    class Meta:
        model = CannedReply
        fields = ("account", "shortcut", "text")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "text" in self.fields:
            self.fields["text"].help_text = _("Filled in when it is used: %s. What is not known is left as a gap to fill in by hand.") % _known()
        if "account" in self.fields and not self.by.is_superuser:
            self.fields["account"].required = True
            self.fields["account"].help_text = ""

    def clean_text(self) -> str:
        text = str(self.cleaned_data["text"]).replace("\r\n", "\n")
        if unknown := unknown_variables(text):
            sizes = {"unknown": ", ".join(f"{{{{ {name} }}}}" for name in unknown), "known": _known()}
            raise ValidationError(_("Nothing is known by the name %(unknown)s. What can be filled in: %(known)s.") % sizes)
        return text

    def clean(self) -> dict[str, Any]:
        """Where it could be sent nowhere, it is refused; where on one network alone, the page warns."""
        cleaned = super().clean() or self.cleaned_data
        if "text" in cleaned and "account" in cleaned:
            networks = self.networks
            if len(too_long := too_long_for(cleaned["text"], networks)) == len(networks):
                self.add_error("text", " ".join(_sentence(network, size) for network, size in too_long.items()))
        return cleaned

    @property
    def networks(self) -> list[Network]:
        account: Account | None = self.cleaned_data.get("account")
        return [Network(account.network)] if account else list(NETWORK_NAMES)


def _sentence(network: Network, size: int) -> str:
    limits = limits_for(network)
    unit = _("bytes") if limits.text_unit == "bytes" else _("characters")
    values = {"network": NETWORK_NAMES[network], "most": limits.text_max, "unit": unit, "size": size}
    return _("%(network)s takes %(most)s %(unit)s; this has %(size)s before anything is filled in.") % values


@admin.register(CannedReply)
class CannedReplyAdmin(ProductAdmin):
    account_path = "account"
    form = CannedReplyForm
    list_display = ("shortcut", "account", "beginning")
    list_filter = (("account", AccountFilter),)
    list_select_related = ("account",)
    search_fields = ("shortcut", "text")
    search_help_text = gettext_lazy("The short name, or words of the text.")
    ordering = ("shortcut", "pk")
    fields = ("account", "shortcut", "text", "as_read")
    readonly_fields = ("as_read",)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return asked_by(super().get_form(request, obj, change, **kwargs), person(request))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_enter(request)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        for network, size in too_long_for(obj.text, form.networks).items():
            messages.warning(request, _sentence(network, size))

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        Activity.record("cannedreply.deleted", obj, by=person(request), at=now(), account=obj.account)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for reply in queryset:
            self.delete_model(request, reply)

    @admin.display(description=gettext_lazy("text"))
    def beginning(self, reply: CannedReply) -> str:
        return reply.text[:80]

    @admin.display(description=gettext_lazy("as somebody reads it"))
    def as_read(self, reply: CannedReply) -> str:
        return preview(reply.text, account=reply.account) if reply.text else ""
