"""What is asked about an agent, and about a new key of it."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminTextInputWidget
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.admin.base import AnyModelForm
from accounts.admin.permissions import managed_accounts
from accounts.models import Account, Right, User
from agents.models import Agent
from core.clock import now


class AgentForm(AnyModelForm):
    """Who the agent is, and on which of the accounts that one manages it may propose."""

    by: User

    name = forms.CharField(label=_("Name"), max_length=120, widget=AdminTextInputWidget())
    active = forms.BooleanField(label=_("Active"), required=False, initial=True, help_text=_("While it is not, none of its keys is accepted."))
    accounts = forms.ModelMultipleChoiceField(
        label=_("May propose on"), queryset=Account.objects.none(), required=False, widget=forms.CheckboxSelectMultiple,
        help_text=_("It reads the conversations of these accounts, and proposes messages that the policy lets through or brings to a person."),
    )  # fmt: skip

    class Meta:
        model = Agent
        fields = ("owner", "policy")
        help_texts = {"owner": _("The person who answers for it and may rotate its keys.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["accounts"].queryset = managed_accounts(self.by)  # type: ignore[attr-defined]
        if self.instance.pk:
            user = self.instance.user
            accounts = list(user.grants.filter(right=Right.PROPOSE).values_list("account", flat=True))
            self.initial.update(name=user.name, active=user.is_active, accounts=accounts)


class KeyForm(forms.Form):
    """What a new key is for, and until when."""

    name = forms.CharField(label=_("Name"), max_length=80, help_text=_("Where the key is used, for example “laptop”."), widget=AdminTextInputWidget())
    expires_at = forms.DateTimeField(
        label=_("Expires"), required=False, help_text=_("Left empty, it works until it is revoked."),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )  # fmt: skip

    def clean_expires_at(self) -> datetime | None:
        until: datetime | None = self.cleaned_data["expires_at"]
        if until and until <= now():
            raise ValidationError(_("This moment is over; the key would let nobody in."))
        return until
