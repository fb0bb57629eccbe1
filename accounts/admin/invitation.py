"""Invitations: who was invited to what, and what became of it. A link is shown once, when it is made."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.admin.deeds import Deed, WithDeeds
from accounts.admin.mail import remedy, state_badge
from accounts.admin.people_filters import OnAccount
from accounts.admin.permissions import managed_accounts, person
from accounts.admin.readonly import ReadOnlyAdmin
from accounts.admin.show import badge
from accounts.inviting import mail_of, may_revoke, renew, revoke
from accounts.models import Invitation, InvitedGrant, User
from core.clock import now


def state_of(invitation: Invitation) -> str:
    if invitation.accepted_at:
        return "accepted"
    if invitation.revoked_at:
        return "revoked"
    return "expired" if invitation.expires_at <= now() else "open"


STATES = {
    "open": (_("open"), "care"),
    "accepted": (_("accepted"), "good"),
    "revoked": (_("revoked"), "quiet"),
    "expired": (_("expired"), "quiet"),
}


class ByState(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [(name, words) for name, (words, _tone) in STATES.items()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        at = now()
        states = {
            "open": Q(accepted_at=None, revoked_at=None, expires_at__gt=at), "accepted": Q(accepted_at__isnull=False), "revoked": Q(revoked_at__isnull=False),
            "expired": Q(accepted_at=None, revoked_at=None, expires_at__lte=at),
        }  # fmt: skip
        state = states.get(self.value() or "")
        return queryset if state is None else queryset.filter(state)


def is_open(invitation: Invitation) -> bool:
    return state_of(invitation) == "open"


def is_not_accepted(invitation: Invitation) -> bool:
    return invitation.accepted_at is None


@admin.register(Invitation)
class InvitationAdmin(WithDeeds, ReadOnlyAdmin):
    change_list_template = "admin/people/change_list.html"
    actions = ("revoke_selected",)
    deeds = (
        Deed("renew", _("New link"), _("The same person is invited to the same accounts for seven days more. The old link ends."), offered=is_not_accepted),
        Deed("revoke", _("Revoke"), _("The link lets nobody in any more. They can be invited again."), offered=is_open, grave=True),
    )  # fmt: skip
    list_display = ("email", "name", "state", "invited_to", "by", "at", "expires_at")
    list_filter = (ByState, OnAccount)
    list_select_related = ("by",)
    search_fields = ("email", "name", "by__name", "by__email")
    fields = ("email", "name", "state", "invited_to", "by", "at", "expires_at", "e_mail", "accepted_at", "accepted_by", "revoked_at")

    def scope(self, user: User) -> Q:
        """A manager sees what leads to their accounts, and what they wrote."""
        return Q(by=user) | Q(pk__in=InvitedGrant.objects.filter(account__in=managed_accounts(user)).values("invitation"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Invitation]:
        shown = InvitedGrant.objects.filter(account__in=managed_accounts(person(request))).select_related("account").order_by("account__name")
        return super().get_queryset(request).prefetch_related(Prefetch("grants", shown, to_attr="shown"))

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return super().changelist_view(request, {"tools": list_tools(request)} | (extra_context or {}))

    # What it shows ------------------------------------------------------------------------------------------------
    @admin.display(description=_("state"))
    def state(self, invitation: Invitation) -> str:
        return badge(*STATES[state_of(invitation)])

    @admin.display(description=_("to"))
    def invited_to(self, invitation: Any) -> str:
        rows = [(granted.account, granted.get_preset_display()) for granted in invitation.shown]
        return format_html_join(", ", "{}: {}", rows) or "–"

    @admin.display(description=_("e-mail sent"))
    def e_mail(self, invitation: Invitation) -> str:
        mail = mail_of(invitation)
        if mail is None:
            return str(_("None is kept: e-mail was not configured, and the link was shown to whoever invited, or it is too long ago."))
        return format_html("{} {}", state_badge(mail), remedy(mail))

    # What it does -------------------------------------------------------------------------------------------------
    def do_renew(self, request: HttpRequest, invitation: Invitation) -> HttpResponse:
        # It knows this admin; at the top it would go round in a circle.
        from accounts.admin.invite import invited_page

        try:
            made, link = renew(invitation, by=person(request), at=now())
        except PermissionDenied as refused:
            raise ValidationError(_("It leads to accounts that you do not manage (any more). Invite anew, to yours.")) from refused
        return invited_page(self.admin_site, request, made, link)

    def do_revoke(self, request: HttpRequest, invitation: Invitation) -> str:
        if not revoke(invitation, by=person(request), at=now()):
            raise ValidationError(_("It ended before."))
        return str(_("The invitation is revoked."))

    @admin.action(description=_("Revoke"))
    def revoke_selected(self, request: HttpRequest, invitations: QuerySet[Invitation]) -> None:
        by = person(request)
        number = sum(revoke(invitation, by=by, at=now()) for invitation in invitations if may_revoke(invitation, by=by))
        level = messages.SUCCESS if number else messages.WARNING
        self.message_user(request, ngettext("%d invitation is revoked.", "%d invitations are revoked.", number) % number, level)


def list_tools(request: HttpRequest) -> list[tuple[str, Any]]:
    """The ways that stand above the lists of people."""
    return [(reverse("admin:invite"), _("Invite somebody")), (reverse("admin:people"), _("People and accounts"))]
