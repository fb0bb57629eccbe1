"""A new password for oneself."""

from django.contrib import messages
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.views import PasswordChangeView
from django.http import HttpResponse
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import User


class OwnPasswordForm(PasswordChangeForm):
    """The old password, and twice the new one."""

    def save(self, commit: bool = True) -> User:
        # Nothing else: who is deactivated or demoted at this very moment must not write back what they were.
        user: User = super().save(commit=False)
        user.save(update_fields=["password"])
        return user


class ChangePassword(PasswordChangeView):
    """Asks for the old password and twice for the new one."""

    form_class = OwnPasswordForm
    template_name = "accounts/password.html"
    success_url = reverse_lazy("preferences")

    def form_valid(self, form: PasswordChangeForm) -> HttpResponse:
        messages.success(self.request, _("Your new password is in force."))
        return super().form_valid(form)
