"""Policies: saving a changed document puts a new version in force, and old versions stay as they were. Only superusers come here."""

import json
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminTextInputWidget
from django.core.exceptions import ValidationError
from django.db.models import Count, Max, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from accounts.admin.base import AnyModelForm, ProductAdmin
from accounts.admin.permissions import person
from accounts.admin.readonly import ReadOnlyAdmin, ReadOnlyInline
from accounts.admin.show import as_json, badge, link
from agents.admin.policy_words import shown_in_words
from agents.models import Policy, PolicyVersion
from agents.policy import SHIPPED, check
from core.clock import now


class DocumentField(forms.JSONField):
    """A policy document, laid out for people, in which every problem is named."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=forms.Textarea(attrs={"rows": 24, "class": "document", "spellcheck": "false"}), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)

    def validate(self, value: Any) -> None:
        super().validate(value)
        problems = check(value)
        if problems:
            raise ValidationError([f"{problem.path or '/'}: {problem.message} {problem.hint}" for problem in problems])


class PolicyForm(AnyModelForm):
    document = DocumentField(
        label=_("Document"), help_text=_("Saving a changed document puts a new version in force at once, for every agent under this policy.")
    )
    note = forms.CharField(label=_("Note"), max_length=200, required=False, widget=AdminTextInputWidget(), help_text=_("What changed, for colleagues."))

    class Meta:
        model = Policy
        fields = ("name",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        current = self.instance.current if self.instance.pk else None
        self.initial["document"] = current.document if current else SHIPPED


class VersionInline(ReadOnlyInline):
    model = PolicyVersion
    fields = ("number", "at", "by", "note")
    ordering = ("-number",)


@admin.register(Policy)
class PolicyAdmin(ProductAdmin):
    form = PolicyForm
    fields = ("name", "words", "document", "note")
    readonly_fields = ("words",)
    inlines = (VersionInline,)
    list_display = ("name", "version_in_force", "agents_under_it")
    search_fields = ("name",)
    ordering = ("name",)

    class Media:
        css = {"all": ("css/copy.css",)}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        counted: QuerySet[Any] = rows.annotate(newest=Max("versions__number"), agents_count=Count("agents", distinct=True))
        return counted

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [name for name in self.fields if obj or name != "words"]

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return super().get_inlines(request, obj) if obj else ()

    @admin.display(description=_("version in force"), ordering="newest")
    def version_in_force(self, policy: Any) -> int | None:
        return policy.newest  # type: ignore[no-any-return]

    @admin.display(description=_("agents"), ordering="agents_count")
    def agents_under_it(self, policy: Any) -> str:
        address = reverse("admin:agents_agent_changelist")
        return format_html('<a href="{}?policy__id__exact={}">{}</a>', address, policy.pk, policy.agents_count)

    @admin.display(description=_("in force, in words"))
    def words(self, policy: Policy) -> str:
        version = policy.current
        return shown_in_words(version.document if version else None)

    def save_model(self, request: HttpRequest, obj: Policy, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change or "document" in form.changed_data:
            obj.publish(form.cleaned_data["document"], by=person(request), at=now(), note=form.cleaned_data["note"])


@admin.register(PolicyVersion)
class PolicyVersionAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "by", "at", "note")
    list_filter = ("policy",)
    list_select_related = ("policy", "by")
    search_fields = ("policy__name", "note", "by__name", "by__email")
    ordering = ("-at", "-pk")
    date_hierarchy = "at"
    fields = ("policy_link", "number", "in_force", "by", "at", "note", "words", "rules")

    class Media:
        css = {"all": ("css/copy.css",)}

    @admin.display(description=_("policy"))
    def policy_link(self, version: PolicyVersion) -> str:
        return link(version.policy)

    @admin.display(description=_("state"))
    def in_force(self, version: PolicyVersion) -> str:
        return badge(_("in force"), "good") if version == version.policy.current else badge(_("replaced"), "quiet")

    @admin.display(description=_("in words"))
    def words(self, version: PolicyVersion) -> str:
        return shown_in_words(version.document)

    @admin.display(description=_("document"))
    def rules(self, version: PolicyVersion) -> str:
        return as_json(version.document)
