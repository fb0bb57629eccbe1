"""Grants: what people may do where. They are given and taken away, never changed."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.admin.base import AnyModelForm, ModelAdmin, ProductAdmin, TabularInline, asked_by
from accounts.admin.filters import AccountFilter
from accounts.admin.permissions import ByAccount, person
from accounts.granting import check_take, give_preset, take
from accounts.models import Grant, User
from accounts.models.grant import PRESETS
from core.clock import now

PRESET_CHOICES = (
    ("operator", _("Operator: reads and replies")),
    ("approver", _("Approver: also decides what agents propose")),
    ("manager", _("Manager: also configures the account")),
)


class PersonByEmail(forms.EmailField):
    """A person whom one knows by e-mail, without a list of everybody."""

    def clean(self, value: Any) -> Any:
        email = super().clean(value)
        person = User.objects.filter(email__iexact=email, is_agent=False).first() if email else None
        if email and person is None:
            raise ValidationError(_("Nobody here has this e-mail. Add the person first."))
        return person


class GrantForm(AnyModelForm):
    """One preset for one person on one account."""

    preset = forms.ChoiceField(label=_("As"), choices=PRESET_CHOICES)

    class Meta:
        model = Grant
        fields = ("user", "account")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.instance.pk is None:
            # The row stands for its preset until `give_preset` writes the real ones. One that is there keeps its right, also while it is taken away.
            self.instance.right = PRESETS[cleaned["preset"]][-1] if "preset" in cleaned else ""
        return cleaned


def is_kept(grant: Grant, by: User) -> bool:
    """Whether taking it would shut out whoever takes it."""
    try:
        check_take(grant, by=by)
    except ValidationError:
        return True
    return False


class Granting(ByAccount):
    """Grants are given and taken by whoever manages the account."""

    account_path = "account"

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # The stock admin asks this of each row that somebody chose, too.
        return self.may_enter(request) and not (isinstance(obj, Grant) and is_kept(obj, person(request)))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Grant]:
        return super().get_queryset(request).filter(user__is_agent=False).select_related("user", "account")

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name != "user":
            return super().formfield_for_foreignkey(db_field, request, **kwargs)
        if not person(request).is_superuser:
            return PersonByEmail(label=_("Who, by e-mail"))
        return super().formfield_for_foreignkey(db_field, request, **kwargs | {"queryset": User.objects.filter(is_agent=False).order_by("name", "email")})

    @admin.display(description=pgettext_lazy("right", "may"))
    def preset(self, grant: Grant) -> str:
        return grant.get_right_display()


class GrantFormSet(forms.BaseInlineFormSet):  # type: ignore[type-arg]
    """Says of each box what it takes away, and keeps people from shutting themselves out."""

    by: User

    def clean(self) -> None:
        super().clean()
        for form in self.deleted_forms:
            check_take(form.instance, by=self.by)

    def add_fields(self, form: Any, index: Any) -> None:
        super().add_fields(form, index)
        if "DELETE" in form.fields and form.instance.pk:
            form.fields["DELETE"].widget.attrs["aria-label"] = _("Take away: %(grant)s") % {"grant": form.instance}


class GrantInline(Granting, TabularInline):
    """The grants of one person, or on one account."""

    model = Grant
    form = GrantForm
    formset = GrantFormSet
    template = "admin/edit_inline/rows.html"
    extra = 0
    verbose_name = _("grant")

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        return asked_by(super().get_formset(request, obj, **kwargs), person(request))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("account", "preset") if self.parent_model is User else ("user", "preset")


class SavesGrants(ModelAdmin):
    """Saves an inline of grants through the verbs that write Activity."""

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        if formset.model is not Grant:
            return super().save_formset(request, form, formset, change)
        given = {id(form.instance): form.cleaned_data["preset"] for form in formset.extra_forms if form.has_changed()}
        formset.save(commit=False)
        for grant in formset.deleted_objects:
            take(grant, by=person(request), at=now())
        for grant in formset.new_objects:
            give_preset(grant.user, given[id(grant)], account=grant.account, by=person(request), at=now())


@admin.register(Grant)
class GrantAdmin(Granting, ProductAdmin):
    form = GrantForm
    fields = ("user", "account", "preset")
    list_display = ("user", "account", "preset")
    list_filter = (("account", AccountFilter), "right")
    search_fields = ("user__name", "user__email", "account__name")
    ordering = ("account__name", "user__name", "user__email", "right")

    def save_model(self, request: HttpRequest, obj: Grant, form: Any, change: bool) -> None:
        give_preset(obj.user, form.cleaned_data["preset"], account=obj.account, by=person(request), at=now())
        obj.pk = Grant.objects.get(user=obj.user, account=obj.account, right=obj.right).pk

    def delete_model(self, request: HttpRequest, obj: Grant) -> None:
        take(obj, by=person(request), at=now())

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Grant]) -> None:
        for grant in queryset:
            take(grant, by=person(request), at=now())
