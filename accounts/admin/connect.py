"""The pages on which accounts are connected: the start, one connection on its way, and a new token for one account."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin.connect_progress import Progress
from accounts.admin.connect_start import LoginForm, Method, Start, TokenForm
from accounts.admin.permissions import managed_accounts, manages_something, person
from accounts.connecting.begin import begin_login, begin_token, cancel, choose, look_again
from accounts.models import Account, ConnectionRequest
from accounts.views.connected import expect_back
from core.clock import now
from core.fields import WriteOnlyField

EVERYTHING = "everything"


class ReplaceForm(forms.Form):
    """One field, always blank."""

    token = WriteOnlyField(label=gettext_lazy("New access token"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["token"].widget.attrs |= {"class": "vTextField", "autofocus": True}


class ConnectPages:
    """The addresses of the pages."""

    def __init__(self, site: AdminSite) -> None:
        self._site = site

    @property
    def urls(self) -> list[Any]:
        return [
            path("connect/", self._site.admin_view(self.start), name="connect"),
            path("connect/<str:public_id>/", self._site.admin_view(self.connecting), name="connecting"),
            path("accounts/account/<int:pk>/token/", self._site.admin_view(self.token), name="accounts_account_token"),
        ]

    # The start ----------------------------------------------------------------------------------------------------
    def start(self, request: HttpRequest) -> HttpResponse:
        """The three ways on GET, the first step on one of them on POST."""
        _check_manages(request)
        start = Start(person(request), app=request.GET.get("app", ""), account=request.GET.get("account", ""))
        if request.GET.get("account") and start.account is None:
            raise Http404
        form = _form(request) if request.method == "POST" else None
        if form is not None and form.is_valid():
            try:
                return self._begin(request, start, form)
            except ValidationError as refusal:
                form.add_error(None, refusal)
        token_form = form if isinstance(form, TokenForm) else TokenForm()
        context = {"title": _("Connect an account"), "start": start, "form": form, "token_form": token_form}
        if start.account:
            context["title"] = _("Reconnect an account")
        return self._render(request, "admin/connect/start.html", context, status=422 if form is not None else 200)

    def _begin(self, request: HttpRequest, start: Start, form: forms.Form) -> HttpResponse:
        by, at, app = person(request), now(), form.cleaned_data["app"]
        if isinstance(form, TokenForm):
            connection = begin_token(form.cleaned_data["token"], app=app, by=by, at=at, account=start.account)
            return redirect("admin:connecting", connection.public_id)
        connection = begin_login(app, method=request.POST.get("method", ""), by=by, at=at, account=start.account)
        expect_back(request, connection)
        # A redirect to Meta would be a part of the form's way, and our content policy lets forms go nowhere else. The next page goes there.
        return HttpResponseRedirect(f"{reverse('admin:connecting', args=[connection.public_id])}?go")

    # On the way ---------------------------------------------------------------------------------------------------
    def connecting(self, request: HttpRequest, public_id: str) -> HttpResponse:
        """The whole page, or its fresh part for htmx: nothing where it would look the same. What the person does comes by POST."""
        rows = ConnectionRequest.objects.select_related("account", "meta_app").defer("secret")
        connection = get_object_or_404(rows, public_id=public_id, by=person(request))
        if request.method == "POST":
            return self._do(request, connection)
        progress = Progress(connection)
        if getattr(request, "htmx", False):
            if request.GET.get("mark") == progress.mark:
                return HttpResponse(status=204)
            return self._render(request, "admin/connect/_progress.html", {"progress": progress})
        context = {"title": _("Connecting"), "progress": progress, "goes_on": "go" in request.GET and progress.waits_at_meta}
        return self._render(request, "admin/connect/progress.html", context)

    def _do(self, request: HttpRequest, connection: ConnectionRequest) -> HttpResponse:
        by, at, asked = person(request), now(), request.POST.get("do")
        try:
            if asked == "choose":
                choose(connection, request.POST.getlist("account"), history_days=_days(request.POST.get("history", "")), by=by, at=at)
            elif asked == "look-again":
                look_again(connection, by=by, at=at)
            elif asked == "cancel":
                cancel(connection, by=by, at=at)
        except ValidationError as refusal:
            messages.error(request, " ".join(refusal.messages))
        return redirect("admin:connecting", connection.public_id)

    # A new token --------------------------------------------------------------------------------------------------
    def token(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Another token for one account. The old one stays until the new one is found to work."""
        account = get_object_or_404(managed_accounts(person(request)).select_related("meta_app"), pk=pk)
        form = ReplaceForm(request.POST if request.method == "POST" else None)
        if form.is_bound and form.is_valid():
            try:
                connection = begin_token(form.cleaned_data["token"], app=None, by=person(request), at=now(), account=account)
                return redirect("admin:connecting", connection.public_id)
            except ValidationError as refusal:
                form.add_error("token", refusal)
        context = {"title": _("Replace the token"), "account": account, "form": form, "opts": Account._meta}
        return self._render(request, "admin/connect/token.html", context, status=422 if form.errors else 200)

    def _render(self, request: HttpRequest, template: str, context: dict[str, Any], *, status: int = 200) -> TemplateResponse:
        request.current_app = self._site.name
        return TemplateResponse(request, template, self._site.each_context(request) | context, status=status)


def _form(request: HttpRequest) -> forms.Form:
    return TokenForm(request.POST) if request.POST.get("method") == Method.TOKEN else LoginForm(request.POST)


def _days(text: str) -> int | None:
    """Raises ValidationError."""
    if text == EVERYTHING:
        return None
    if not text.isdecimal() or len(text) > 4:
        raise ValidationError(_("Choose how far back history is read."))
    return int(text)


def _check_manages(request: HttpRequest) -> None:
    if not (person(request).is_superuser or manages_something(request)):
        raise PermissionDenied
