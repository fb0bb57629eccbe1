"""The one door for people."""

import math
from datetime import timedelta
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django_htmx.http import HttpResponseClientRefresh

from accounts.views.tries import count_try, forgive
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

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        wait = count_try(*self._who())
        return self._ask_to_wait(wait) if wait else super().post(request, *args, **kwargs)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        forgive(*self._who())
        return super().form_valid(form)

    def _who(self) -> tuple[str, str]:
        return self.request.POST.get("username", ""), self.request.META.get("REMOTE_ADDR", "")

    def _ask_to_wait(self, wait: timedelta) -> HttpResponse:
        """The same words whoever it is, right password or wrong: they tell nobody who is known here."""
        minutes = math.ceil(wait / timedelta(minutes=1))
        sentence = ngettext("Too many tries. Wait %s minute, then try again.", "Too many tries. Wait %s minutes, then try again.", minutes) % minutes
        form = SignInForm(self.request, initial={"username": self._who()[0]})
        context = self.get_context_data(form=form, wait=sentence)
        return self.render_to_response(context, status=429, headers={"Retry-After": str(math.ceil(wait.total_seconds()))})
