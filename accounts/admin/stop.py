"""Stops: placed with a reason, lifted with a reason, never deleted."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from accounts.admin.base import AnyModelForm, ProductAdmin
from accounts.admin.deeds import Deed, ReasonForm, WithDeeds
from accounts.admin.filters import AccountFilter
from accounts.admin.permissions import managed_accounts, person
from accounts.admin.show import badge
from accounts.models import Grant, Stop, User
from core.clock import now


class StopForm(AnyModelForm):
    class Meta:
        model = Stop
        fields = ("agent", "account", "conversation", "reason")
        help_texts = {
            "agent": _("Left empty: all agents."),
            "account": _("Left empty: on every account."),
            "conversation": _("The last part of the conversation's address. Left empty: in every conversation. Needs its account."),
            "reason": _("Colleagues read it where they wonder why nothing is sent."),
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        account, conversation = cleaned.get("account"), cleaned.get("conversation")
        if conversation and not (account and account.conversations.filter(public_id=conversation).exists()):
            raise ValidationError({"conversation": _("This account has no such conversation.")})
        return cleaned


class IsInForce(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return (("in-force", _("in force")), ("lifted", _("lifted")))

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(lifted_at__isnull=self.value() == "in-force") if self.value() else queryset


def is_in_force(stop: Stop) -> bool:
    return stop.lifted_at is None


@admin.register(Stop)
class StopAdmin(WithDeeds, ProductAdmin):
    account_path = "account"
    form = StopForm
    deeds = (
        Deed(
            "lift", _("Lift this stop"), _("Agents go on where nothing else stops them. What waited is sent if it still may be."),
            form=ReasonForm, offered=is_in_force,
        ),
    )  # fmt: skip
    list_display = ("__str__", "state", "reason", "by", "at", "lifted_by", "lifted_at")
    list_filter = (IsInForce, ("account", AccountFilter), ("agent", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("agent", "account", "by", "lifted_by")
    search_fields = ("reason", "lift_reason", "agent__name", "by__name", "by__email", "=conversation", "=public_id")
    search_help_text = _("A word of the reason, an agent, who placed it, or the id of a conversation.")
    date_hierarchy = "at"
    fields = ("agent", "account", "where", "reason", "state", "by", "at", "lifted_at", "lifted_by", "lift_reason")
    add_fields = ("agent", "account", "conversation", "reason")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields if obj else self.add_fields

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        # Stopping agents everywhere is for those who answer for everything.
        if "account" in form.base_fields:
            form.base_fields["account"].required = not person(request).is_superuser
        return form

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "agent" and not person(request).is_superuser:
            kwargs["queryset"] = User.objects.filter(is_agent=True, pk__in=Grant.objects.filter(account__in=managed_accounts(person(request))).values("user"))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    @admin.display(description=_("conversation"))
    def where(self, stop: Stop) -> str:
        """With a way there: conversations live a floor higher, so their page is known by its address."""
        if not stop.conversation:
            return str(_("every one"))
        return format_html('<a href="{}"><code>{}</code></a>', reverse("inbox:conversation", args=[stop.conversation]), stop.conversation)

    @admin.display(description=_("state"), ordering="lifted_at")
    def state(self, stop: Stop) -> str:
        return badge(_("in force"), "bad") if stop.lifted_at is None else badge(_("lifted"), "quiet")

    def save_model(self, request: HttpRequest, obj: Stop, form: Any, change: bool) -> None:
        placed = Stop.place(by=person(request), at=now(), **{name: form.cleaned_data[name] for name in self.add_fields})
        obj.pk = placed.pk

    def do_lift(self, request: HttpRequest, stop: Stop, *, reason: str) -> str:
        if not stop.lift(by=person(request), reason=reason, at=now()):
            raise ValidationError(_("Somebody lifted it before you."))
        return str(_("The stop is lifted."))
