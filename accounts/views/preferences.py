"""What people set for themselves."""

import zoneinfo
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _
from django.views.generic import UpdateView

from accounts.models import User

if TYPE_CHECKING:
    UserForm = forms.ModelForm[User]
    UserUpdate = UpdateView[User, forms.ModelForm[User]]
else:
    UserForm, UserUpdate = forms.ModelForm, UpdateView


class PreferencesForm(UserForm):
    """Name, language and time zone, and how somebody wants to hear of news."""

    class Meta:
        model = User
        fields = ("name", "language", "time_zone", "notices", "sound")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zones = [(name, name.replace("_", " ")) for name in sorted(zoneinfo.available_timezones())]
        self.fields["time_zone"] = forms.ChoiceField(
            label=_("Time zone"), required=False, help_text=_("Times on every page are shown in it."),
            choices=[("", _("As installed (%s)") % settings.TIME_ZONE), *zones],
        )  # fmt: skip
        self.fields["language"] = forms.ChoiceField(label=_("Language"), required=False, choices=[("", _("As the browser asks")), *settings.LANGUAGES])
        self.fields["notices"].help_text = _("While another window is in front: that somebody wrote, never what they wrote.")
        self.fields["sound"].help_text = _("A short, soft one, at the same moments.")
        self.fields["name"].help_text = _("Colleagues see it beside what you write; contacts do not.")

    def save(self, commit: bool = True) -> User:
        # Nothing else: who is deactivated or demoted at this very moment must not write back what they were.
        self.instance.save(update_fields=list(self.fields))
        return self.instance


class Preferences(UserUpdate):
    """One's own name, language, time zone, notices and sound."""

    template_name = "accounts/preferences.html"
    form_class = PreferencesForm
    success_url = reverse_lazy("preferences")

    def get_object(self, queryset: Any = None) -> User:
        assert isinstance(self.request.user, User)
        return User.objects.get(pk=self.request.user.pk)

    def form_valid(self, form: Any) -> HttpResponse:
        messages.success(self.request, _("Saved."))
        return super().form_valid(form)
