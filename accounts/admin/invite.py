"""The page on which somebody is invited, and the one that shows the link once."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin.grant import PRESET_CHOICES
from accounts.admin.permissions import managed_accounts, person
from accounts.granting import give_preset
from accounts.inviting import AlreadyHere, AlreadyInvited, invite
from accounts.models import Account, Invitation, User
from core.clock import now


class InviteForm(forms.Form):
    """Whom, and as what on which account."""

    email = forms.EmailField(label=gettext_lazy("E-mail"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "off", "class": "vTextField"}))
    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=120, required=False, widget=forms.TextInput(attrs={"autocomplete": "off", "class": "vTextField"}),
        help_text=gettext_lazy("They can change it when they accept."),
    )  # fmt: skip

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.by = by
        self.accounts = {f"as-{account.public_id}": account for account in managed_accounts(by).defer("token").exclude(state=Account.State.DISCONNECTED)}
        for name, account in self.accounts.items():
            choices = [("", gettext_lazy("No access")), *PRESET_CHOICES]
            self.fields[name] = forms.ChoiceField(label=account.name, choices=choices, required=False)

    @property
    def who_fields(self) -> list[Any]:
        return [self["email"], self["name"]]

    @property
    def account_fields(self) -> list[Any]:
        return [self[name] for name in self.accounts]

    @property
    def grants(self) -> Mapping[Account, str]:
        return {account: preset for name, account in self.accounts.items() if (preset := self.cleaned_data.get(name))}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors and not self.grants and not self.by.is_superuser:
            raise forms.ValidationError(_("Choose at least one account."))
        here = User.objects.filter(email__iexact=cleaned.get("email", "")).first()
        if here and (here.is_agent or not here.is_active):
            self.add_error("email", _("Somebody with this e-mail was let in before and is not any more. A superuser can let them in again."))
        elif here and not self.grants:
            self.add_error("email", _("%(who)s has a login already.") % {"who": here})
        return cleaned


def invite_page(site: AdminSite, request: HttpRequest) -> HttpResponse:
    """Ask on GET, invite on POST."""
    by = person(request)
    form = InviteForm(request.POST if request.method == "POST" else None, by=by, initial={"email": request.GET.get("email", "")})
    if not (form.is_bound and form.is_valid()):
        return _asked(site, request, form)
    try:
        invitation, link = invite(form.cleaned_data["email"], name=form.cleaned_data["name"], grants=form.grants, by=by, at=now())
    except AlreadyHere as here:
        return _give_at_once(request, here.user, form.grants)
    except AlreadyInvited as refusal:
        form.add_error("email", refusal)
        return _asked(site, request, form)
    return invited_page(site, request, invitation, link)


def invited_page(site: AdminSite, request: HttpRequest, invitation: Invitation, link: str) -> HttpResponse:
    """What was done. Where an e-mail leaves, its reader alone gets the link, so that nobody accepts in another's name; a superuser, who may
    everything, sees it too, in case the e-mail does not arrive."""
    shows_link = not settings.MAILS_LEAVE or person(request).is_superuser
    grants = invitation.grants.select_related("account").order_by("account__name")
    context = {"title": _("Invited"), "invitation": invitation, "grants": grants, "link": link if shows_link else "", "mails_leave": settings.MAILS_LEAVE}
    return _render(site, request, "admin/people/invited.html", context)


def _asked(site: AdminSite, request: HttpRequest, form: InviteForm) -> HttpResponse:
    context = {"title": _("Invite somebody"), "form": form, "mails_leave": settings.MAILS_LEAVE}
    return _render(site, request, "admin/people/invite.html", context, status=422 if form.errors else 200)


def _give_at_once(request: HttpRequest, user: User, grants: Mapping[Account, str]) -> HttpResponse:
    if user.is_agent or not user.is_active:  # since the form was looked at
        raise PermissionDenied
    for account, preset in grants.items():
        give_preset(user, preset, account=account, by=person(request), at=now())
    sentence = _("%(who)s has a login already, so there is no invitation: the rights are given at once.")
    messages.success(request, sentence % {"who": user})
    return redirect(f"{reverse('admin:people')}?{urlencode({'q': user.email})}")


def _render(site: AdminSite, request: HttpRequest, template: str, context: dict[str, Any], status: int = 200) -> TemplateResponse:
    request.current_app = site.name
    return TemplateResponse(request, template, site.each_context(request) | context, status=status)
