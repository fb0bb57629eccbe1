"""A test message: the last line of an account's checklist. A person chooses a conversation that is open and sends words of their own."""

import hashlib
from datetime import datetime
from typing import Any

from django import forms
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin.permissions import managed_accounts, person
from accounts.models import Account, Right, User
from core.clock import now
from core.fields import new_public_id
from inbox.content import Content
from inbox.errors import NotAllowed, Refused
from inbox.models import Conversation, Dispatch
from inbox.outcomes import sentence_for
from inbox.window import WindowState

# So many of the newest conversations are looked at, and so many shown.
LOOKED_AT, SHOWN = 50, 10
State = Dispatch.State
FINAL = (State.SENT, State.FAILED, State.CANCELLED)
TONES = {State.SENT: "good", State.FAILED: "bad", State.UNKNOWN: "care", State.CANCELLED: "quiet"}


class TestForm(forms.Form):
    """The words, exactly as they are sent, and what makes pressing twice send once."""

    text = forms.CharField(label=gettext_lazy("The message"), strip=True, widget=forms.Textarea(attrs={"rows": 4, "class": "vLargeTextField"}))
    key = forms.CharField(widget=forms.HiddenInput, max_length=40)


class Choices:
    """The conversations of an account in which anything may be written now."""

    def __init__(self, account: Account, at: datetime) -> None:
        self.account, self.at = account, at

    @cached_property
    def conversations(self) -> list[Conversation]:
        newest = Conversation.objects.filter(account=self.account, window_closes_at__gt=self.at).newest_first().select_related("contact", "account")[:LOOKED_AT]
        return [each for each in newest if each.window.state(self.at) == WindowState.OPEN][:SHOWN]

    @property
    def mark(self) -> str:
        return _digest([(each.public_id, each.revision) for each in self.conversations])


class Sent:
    """What became of a test message."""

    def __init__(self, dispatch: Dispatch) -> None:
        self.dispatch = dispatch

    @property
    def is_moving(self) -> bool:
        return self.dispatch.state not in FINAL

    @property
    def tone(self) -> str:
        return TONES.get(State(self.dispatch.state), "care")

    @property
    def sentence(self) -> str:
        why = sentence_for(self.dispatch)
        return {
            State.SENT: _("Meta has accepted it. Look whether it has come."),
            State.FAILED: why or _("Meta did not take it."),
            State.UNKNOWN: _("Meta did not say whether it took it. Countersign reads the conversation to find out."),
            State.CANCELLED: _("It was taken back before it left."),
        }.get(State(self.dispatch.state), why or _("It is on its way."))

    @property
    def mark(self) -> str:
        return _digest((self.dispatch.state, self.sentence))


class TestMessagePages:
    """The address of the page. What it shows depends on how far one is: choosing, writing, or looking what became of it."""

    def __init__(self, site: AdminSite) -> None:
        self._site = site

    @property
    def urls(self) -> list[Any]:
        return [path("accounts/account/<int:pk>/test/", self._site.admin_view(self.page), name="accounts_account_test")]

    def page(self, request: HttpRequest, pk: int) -> HttpResponse:
        account = get_object_or_404(managed_accounts(person(request)).select_related("meta_app"), pk=pk)
        if sent := request.GET.get("sent"):
            return self._outcome(request, account, sent)
        if chosen := request.GET.get("conversation"):
            own = Conversation.objects.filter(account=account).select_related("contact", "account")
            return self._compose(request, account, get_object_or_404(own, public_id=chosen))
        return self._choose(request, account)

    def _choose(self, request: HttpRequest, account: Account) -> HttpResponse:
        choices = Choices(account, now())
        return self._fresh(request, account, "_test_choices", choices.mark, {"choices": choices})

    def _compose(self, request: HttpRequest, account: Account, conversation: Conversation) -> HttpResponse:
        user = person(request)
        if request.method == "POST":
            form = TestForm(request.POST)
            dispatch = self._send(conversation, form, user) if form.is_valid() else None
            if dispatch:
                return redirect(f"{request.path}?sent={dispatch.public_id}")
        else:
            form = TestForm(initial={"text": _first_words(account), "key": new_public_id()})
        refused = any(error.code == NotAllowed.code for error in form.non_field_errors().as_data())
        context = {"conversation": conversation, "form": form}
        return self._render(request, account, "test", context, status=403 if refused else 422 if form.errors else 200)

    def _send(self, conversation: Conversation, form: TestForm, user: User) -> Dispatch | None:
        """By the one way that everything takes, as this person's own words. Later than 24 hours it would go as a human agent's answer, which it is not."""
        if conversation.window.state(now()) != WindowState.OPEN:
            form.add_error(None, _("The 24 hours in which anything may be written are over here. Have the contact write once more, or choose somebody else."))
            return None
        try:
            message = conversation.reply(Content(text=form.cleaned_data["text"]), by=user, idempotency_key=form.cleaned_data["key"])
        except Refused as refusal:
            form.add_error(None, forms.ValidationError(refusal.sentence, code=refusal.code))
            return None
        return message.dispatch

    def _outcome(self, request: HttpRequest, account: Account, public_id: str) -> HttpResponse:
        own = Dispatch.objects.filter(account=account, released_by=person(request)).select_related("message", "conversation__contact", "account")
        sent = Sent(get_object_or_404(own, public_id=public_id))
        return self._fresh(request, account, "_test_sent", sent.mark, {"sent": sent})

    def _fresh(self, request: HttpRequest, account: Account, fragment: str, mark: str, context: dict[str, Any]) -> HttpResponse:
        """The page, or for itself the part that keeps itself fresh; nothing where that would look the same."""
        if not request.htmx:  # type: ignore[attr-defined]
            return self._render(request, account, "test", context)
        if request.GET.get("mark") == mark:
            return HttpResponse(status=204)
        return self._render(request, account, fragment, context)

    def _render(self, request: HttpRequest, account: Account, template: str, context: dict[str, Any], status: int = 200) -> TemplateResponse:
        request.current_app = self._site.name
        may = {"may_reply": account.allows(person(request), Right.REPLY), "account": account, "is_held": account.is_held(now())}
        context = self._site.each_context(request) | {"title": _("Send a test message"), "opts": Account._meta} | may | context
        return TemplateResponse(request, f"admin/accounts/account/{template}.html", context, status=status)


def _first_words(account: Account) -> str:
    return _("This is a test message from %(account)s. You need not answer it.") % {"account": account}


def _digest(shown: object) -> str:
    return hashlib.sha256(repr(shown).encode()).hexdigest()[:16]
