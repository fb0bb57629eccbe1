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

    def _address(self, name: str, row: Any) -> str:
        return reverse(f"admin:{self._url_name(name)}", args=[row.pk])

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        row = context.get("original")
        offered = [deed for deed in self.deeds if row and deed.offered(row)]
        context["deeds"] = [(deed, self._address(deed.name, row)) for deed in offered]
        return super().render_change_form(request, context, *args, **kwargs)

    def deed_view(self, request: HttpRequest, pk: int, deed: Deed) -> HttpResponse:
        """Ask on GET, do on POST. What is not offered any more leads back to the row."""
        row = self.get_object(request, str(pk))
        if row is None or not self.has_view_permission(request, row):
            raise Http404
        if not deed.offered(row):
            return self._back(request, row, messages.WARNING, _("There is nothing to do here any more."))
        form = deed.form(request.POST if request.method == "POST" else None)
        done = self._do(request, row, deed, form) if form.is_bound and form.is_valid() else None
        if done is None:
            return self.deed_page(request, row, deed, {"form": form}, status=422 if form.errors else 200)
        return done if isinstance(done, HttpResponse) else self._back(request, row, messages.SUCCESS, done)

    def _do(self, request: HttpRequest, row: Any, deed: Deed, form: forms.Form) -> HttpResponse | str | None:
        try:
            return getattr(self, f"do_{deed.name}")(request, row, **form.cleaned_data)  # type: ignore[no-any-return]
        except ValidationError as refusal:
            form.add_error(None, refusal)
            return None

    def _back(self, request: HttpRequest, row: Any, level: int, sentence: str | Promise) -> HttpResponse:
        messages.add_message(request, level, str(sentence))
        return redirect(self._address("change", row))

    def deed_page(
        self, request: HttpRequest, row: Any, deed: Deed, more: dict[str, Any], *, template: str = "admin/deed.html", status: int = 200
    ) -> TemplateResponse:
        request.current_app = self.admin_site.name
        context = self.admin_site.each_context(request) | {"opts": self.opts, "original": row, "deed": deed, "title": deed.label}
        return TemplateResponse(request, template, context | {"back": self._address("change", row)} | more, status=status)
