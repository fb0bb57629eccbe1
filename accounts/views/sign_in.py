"""The one door for people."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django_htmx.http import HttpResponseClientRefresh

from accounts.views.welcome import nobody_is_here


class SignInForm(AuthenticationForm):
    """E-mail and password."""

    error_messages = {
        "invalid_login": _("This e-mail and password do not go together."),
        "inactive": _("This account is not active any more. Ask an admin."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = _("E-mail")
        self.fields["username"].widget.input_type = "email"


@method_decorator(login_not_required, name="dispatch")
class SignIn(LoginView):
    """Asks who is there; an installation in which nobody is yet asks for its first admin instead."""

    template_name = "accounts/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        # A fragment of a page whose session has ended: let the browser load the page, and arrive here as a whole.
        if getattr(request, "htmx", False):
            return HttpResponseClientRefresh()
        return redirect("welcome") if nobody_is_here() else super().get(request, *args, **kwargs)
