"""Somebody follows an invitation and becomes a colleague.

The link's secret is looked at once and left behind: the address leads on to a page without it, so that it stands in no Referer, in no line that a
server writes about a refused request, and not in the address bar beside which the password is typed. The session remembers which invitation it was.
"""

import math
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import BaseUserCreationForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django.views.generic import FormView

from accounts.inviting import Closed, InvitationClosed, accept, find, still_given, why_closed
from accounts.models import Invitation, User
from accounts.views.tries import count_try, forgive
from core.clock import now

if TYPE_CHECKING:
    NewUserForm = BaseUserCreationForm[User]
    AcceptView = FormView["AcceptForm"]
else:
    NewUserForm, AcceptView = BaseUserCreationForm, FormView

KEY = "invitation"
ASK_ANEW = _("Ask %(who)s for a new one.")
SENTENCES = {
    Closed.ACCEPTED: (_("This invitation was used already."), _("If it was you, sign in with the e-mail and the password that you chose.")),
    Closed.REVOKED: (_("This invitation was withdrawn."), _("If there is a newer e-mail, use the link in that one. If not, ask %(who)s.")),
    Closed.EXPIRED: (_("This invitation has expired."), ASK_ANEW),
    Closed.VOID: (_("This invitation is not valid any more."), _("%(who)s cannot invite any more. Ask somebody else who manages the account.")),
    Closed.HERE: (_("You have a login already."), _("Sign in with your e-mail. What you may do is up to whoever manages the account.")),
}
NO_LINK = (_("Open the link of your invitation"), _("This page needs it, in this browser. If you accepted a moment ago, sign in."))


class AcceptForm(NewUserForm):
    """Name and password; the e-mail is the invitation's."""

    class Meta:
        model = User
        fields = ("name",)
        field_classes: dict[str, Any] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].required = True
        self.fields["name"].widget.attrs |= {"autofocus": True, "autocomplete": "name"}
        self.fields["name"].help_text = _("Colleagues see it beside what you write; contacts do not.")
        self.fields["password1"].help_text = _("At least ten characters. A sentence is easy to keep in mind.")
        self.fields["password2"].label = _("Password again")


@login_not_required
@never_cache
@require_safe
def follow(request: HttpRequest, token: str) -> HttpResponse:
    """Look at the link's secret, and lead on to the page without it."""
    # Apart from the tries at signing in: a stranger's page can have a browser ask for links that are none, and would lock a whole office out.
    # By address alone, so that a flood of links does not push the counts of passwords out of the cache.
    place = f"invitation {request.META.get('REMOTE_ADDR', '')}"
    wait = count_try(place, place)
    invitation = find(token)
    if invitation is None:
        if wait:
            return _ask_to_wait(request, math.ceil(wait.total_seconds()))
        raise Http404
    forgive(place, place)
    request.session[KEY] = invitation.public_id
    response = redirect("invitation")
    response["Referrer-Policy"] = "no-referrer"
    return response


def _ask_to_wait(request: HttpRequest, seconds: int) -> HttpResponse:
    minutes = math.ceil(seconds / 60)
    sentence = ngettext("Too many tries. Wait %s minute, then try again.", "Too many tries. Wait %s minutes, then try again.", minutes) % minutes
    return TemplateResponse(request, "accounts/invitation_closed.html", {"sentence": sentence}, status=429, headers={"Retry-After": str(seconds)})


@method_decorator([login_not_required, never_cache], name="dispatch")
class AcceptInvitation(AcceptView):
    """Says who invites to what, and asks for a name and a password. Open only to a browser that followed a link."""

    template_name = "accounts/invitation.html"
    form_class = AcceptForm
    invitation: Invitation

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        found = Invitation.objects.select_related("by").filter(public_id=request.session.get(KEY, "")).first()
        if found is None:
            return self._lead_on(request)
        self.invitation = found
        if why := why_closed(found, now()):
            return self._say(why)
        if request.user.is_authenticated:
            # Accepting would sign them out without a word.
            return TemplateResponse(request, "accounts/invitation_elsewhere.html", {"invitation": found})
        return super().dispatch(request, *args, **kwargs)

    def get_form_kwargs(self) -> dict[str, Any]:
        # The e-mail is there for the validator that finds it in passwords.
        return super().get_form_kwargs() | {"instance": User(email=self.invitation.email)}

    def get_initial(self) -> dict[str, Any]:
        return {"name": self.invitation.name}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(invitation=self.invitation, grants=still_given(self.invitation), **kwargs)

    def form_valid(self, form: AcceptForm) -> HttpResponse:
        try:
            user = accept(self.invitation, name=form.cleaned_data["name"], password=form.cleaned_data["password1"], at=now())
        except InvitationClosed as closed:
            return self._say(closed.why)
        login(self.request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
        del self.request.session[KEY]
        messages.success(self.request, _("Welcome. This is the inbox that you work in from now on."))
        return redirect(settings.LOGIN_REDIRECT_URL)

    def _lead_on(self, request: HttpRequest) -> HttpResponse:
        """Nobody followed a link here, or it was accepted a moment ago."""
        if request.user.is_authenticated:
            return redirect(settings.LOGIN_REDIRECT_URL)
        context = {"sentence": NO_LINK[0], "remedy": NO_LINK[1], "may_sign_in": True}
        return TemplateResponse(request, "accounts/invitation_closed.html", context, status=404)

    def _say(self, why: Closed) -> HttpResponse:
        sentence, remedy = SENTENCES[why]
        context = {"sentence": sentence, "remedy": remedy % {"who": self.invitation.by}, "may_sign_in": why in (Closed.ACCEPTED, Closed.HERE)}
        return TemplateResponse(self.request, "accounts/invitation_closed.html", context, status=410)
