"""Addresses of the admin, and the models that only show history."""

from django.contrib.admin import site
from django.urls import reverse

from accounts.admin.readonly import ReadOnlyAdmin

READ_ONLY = [model for model, its_admin in site._registry.items() if isinstance(its_admin, ReadOnlyAdmin)]
OURS = [model for model in site._registry if model._meta.app_label in ("accounts", "inbox", "agents")]


def page(row_or_model, name: str = "changelist") -> str:
    """The list of a model, or a page of one row."""
    options = row_or_model._meta
    args = [] if name in ("changelist", "add") else [row_or_model.pk]
    return reverse(f"admin:{options.app_label}_{options.model_name}_{name}", args=args)


def form_of(response) -> dict:
    """What the browser would send back, had nobody typed anything."""
    form = response.context["adminform"].form
    data = {field.html_name: "" if field.widget_type == "writeonly" else field.value() for field in form}
    for formset in (each.formset for each in response.context["inline_admin_formsets"]):
        data |= {field.html_name: field.value() for field in formset.management_form}
        data |= {field.html_name: field.value() for inline in formset.initial_forms for field in inline if field.name in ("id", formset.fk.name)}
    return {name: value for name, value in data.items() if value is not None and value is not False}
