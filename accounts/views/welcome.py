"""The first admin of a new installation."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import BaseUserCreationForm
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.generic import FormView

from accounts.models import Activity, User
from core.clock import now

if TYPE_CHECKING:
    NewUserForm = BaseUserCreationForm[User]
    FirstAdminView = FormView["FirstAdminForm"]
else:
    NewUserForm, FirstAdminView = BaseUserCreationForm, FormView


def nobody_is_here() -> bool:
    """Whether this installation still waits for its first admin. The try-out brings its own people."""
    return not settings.DEMO and not User.objects.exists()


class FirstAdminForm(NewUserForm):
    """Who runs this installation."""

    class Meta:
        model = User
        fields = ("name", "email")
        field_classes = {"email": forms.EmailField}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].required = True
        self.fields["name"].widget.attrs |= {"autofocus": True, "autocomplete": "name"}
        self.fields["email"].widget.attrs |= {"autofocus": False, "autocomplete": "username"}
        self.fields["password1"].help_text = _("At least ten characters. A sentence is easy to keep in mind.")
        self.fields["password2"].label = _("Password again")


@method_decorator(login_not_required, name="dispatch")
class Welcome(FirstAdminView):
    """Open only until somebody is here."""

    template_name = "accounts/welcome.html"
    form_class = FirstAdminForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not nobody_is_here():
            raise Http404
        return super().dispatch(request, *args, **kwargs)

    def form_valid(self, form: FirstAdminForm) -> HttpResponse:
        user = make_first_admin(form)
        login(self.request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
        return redirect("admin:index")


def make_first_admin(form: FirstAdminForm) -> User:
    """The only admin that nobody had to let in.

    Raises:
        Http404: somebody else was faster.
    """
    with transaction.atomic():
        # A row that is always there, locked, so that two visitors at once make one admin.
        ContentType.objects.select_for_update().get(app_label="accounts", model="user")
        if not nobody_is_here():
            raise Http404
        form.instance.is_staff = form.instance.is_superuser = True
        user: User = form.save()
        Activity.record("user.first_admin", user, by=user, at=now())
    return user
