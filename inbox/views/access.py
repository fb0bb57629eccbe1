"""Fetching what a person may see, together with what they may do there; what they may not see is 404."""

from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django_htmx.middleware import HtmxDetails

from accounts.models import Account, Right, User
from inbox.models import Conversation, Dispatch, MediaFile

_LACKS_TOKEN = ExpressionWrapper(Q(account__token=""), output_field=BooleanField())


class Request(HttpRequest):
    """A request as views get it: htmx says whether it asks for a fragment."""

    htmx: HtmxDetails


def person(request: HttpRequest) -> User:
    """Whoever is signed in; `LoginRequiredMiddleware` has seen to it that somebody is."""
    user = request.user
    assert isinstance(user, User)
    return user


def conversations_of(user: User) -> QuerySet[Conversation]:
    """Those this person may read, each with `unread`, `may_reply`, `may_approve` and `lacks_token`. Tokens stay in the database."""
    seen = Conversation.objects.visible_to(user).with_unread(user)
    may = seen.annotate(may_reply=_may(user, Right.REPLY), may_approve=_may(user, Right.APPROVE), lacks_token=_LACKS_TOKEN)
    return may.select_related("account", "contact", "newest_inbound", "window_message").defer("account__token")


def _may(user: User, right: str) -> Exists:
    return Exists(Account.objects.where(user, right).filter(pk=OuterRef("account")))


def conversation_for(request: HttpRequest, public_id: str) -> Conversation:
    return get_object_or_404(conversations_of(person(request)), public_id=public_id)


def dispatch_for(request: HttpRequest, public_id: str) -> Dispatch:
    dispatches = Dispatch.objects.filter(account__in=Account.objects.visible_to(person(request)))
    return get_object_or_404(dispatches.select_related("conversation", "message"), public_id=public_id)


def media_for(request: HttpRequest, public_id: str) -> MediaFile:
    readable = MediaFile.objects.filter(account__in=Account.objects.visible_to(person(request)))
    return get_object_or_404(readable.select_related("account").defer("account__token"), public_id=public_id)
