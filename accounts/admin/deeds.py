"""Things that can be done to one row, each on a page of its own that says what it means before it is done."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.admin.base import ModelAdmin


class ReasonForm(forms.Form):
    """Why it is done; colleagues read it later."""

    reason = forms.CharField(label=_("Reason"), widget=forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"}))


def always(row: Any) -> bool:
    return True


@dataclass(frozen=True)
class Deed:
    """One thing that can be done to one row.

    Args:
        name: its place in the address; the admin's method `do_<name>(request, row, **form)` does it.
        label: what the button says.
        explanation: what it means, in a sentence or two.
        form: what has to be said to do it.
        offered: whether it makes sense for this row now.
        grave: whether the button is red.
    """

    name: str
    label: str | Promise
    explanation: str | Promise
    form: type[forms.Form] = forms.Form
    offered: Callable[[Any], bool] = always
    grave: bool = False


class WithDeeds(ModelAdmin):
    """Gives an admin its deeds. `do_<name>` returns a sentence or a whole response, and raises ValidationError where it refuses."""

    change_form_template = "admin/change_form_with_deeds.html"
    deeds: tuple[Deed, ...] = ()

    def get_urls(self) -> Any:
        return [self._url(deed) for deed in self.deeds] + super().get_urls()

    def _url(self, deed: Deed) -> Any:
        view = partial(self.deed_view, deed=deed)
        return path(f"<int:pk>/{deed.name}/", self.admin_site.admin_view(view), name=self._url_name(deed.name))

    def _url_name(self, name: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{name}"

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        row = context.get("original")
        offered = [deed for deed in self.deeds if row and deed.offered(row)]
        context["deeds"] = [(deed, reverse(f"admin:{self._url_name(deed.name)}", args=[row.pk])) for deed in offered]
        return super().render_change_form(request, context, *args, **kwargs)

    def deed_view(self, request: HttpRequest, pk: int, deed: Deed) -> HttpResponse:
        """Ask on GET, do on POST."""
        row = self.get_object(request, str(pk))
        if row is None or not self.has_view_permission(request, row):
            raise Http404
        back = reverse(f"admin:{self._url_name('change')}", args=[row.pk])
        if not deed.offered(row):
            messages.warning(request, _("There is nothing to do here any more."))
            return redirect(back)
        form = deed.form(request.POST or None) if request.method == "POST" else deed.form()
        done = self._do(request, row, deed, form) if request.method == "POST" else None
        if isinstance(done, HttpResponse):
            return done
        if done:
            messages.success(request, done)
            return redirect(back)
        return self.deed_page(request, row, deed, form=form, back=back, status=422 if form.errors else 200)

    def _do(self, request: HttpRequest, row: Any, deed: Deed, form: forms.Form) -> HttpResponse | str | None:
        if not form.is_valid():
            return None
        try:
            done: HttpResponse | str = getattr(self, f"do_{deed.name}")(request, row, **form.cleaned_data)
        except ValidationError as refusal:
            form.add_error(None, refusal)
            return None
        return done

    def deed_page(self, request: HttpRequest, row: Any, deed: Deed, *, template: str = "admin/deed.html", status: int = 200, **context: Any) -> TemplateResponse:
        request.current_app = self.admin_site.name  # type: ignore[attr-defined]
        shared = self.admin_site.each_context(request)
        return TemplateResponse(
            request, template, shared | {"opts": self.opts, "original": row, "deed": deed, "title": deed.label} | context, status=status
        )
