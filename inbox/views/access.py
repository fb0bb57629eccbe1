"""Fetching what a person may see, together with what they may do there; what they may not see is 404."""

from collections.abc import Mapping
from datetime import datetime

from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django_htmx.middleware import HtmxDetails

from accounts.models import Account, Grant, Right, Stop, User
from core.clock import now
from core.json_rows import ModelRows, columns
from inbox.drafting import drafts_along
from inbox.models import Conversation, Dispatch, MediaFile, Mention, Reaction, ReadMark
from inbox.presence import present_along
from inbox.views.linked import linked_to, linkings_for
from inbox.views.occurrences import moves_of

_LACKS_TOKEN = ExpressionWrapper(Q(account__token=""), output_field=BooleanField())


class Request(HttpRequest):
    """A request as views get it: htmx says whether it asks for a fragment. The list leaves its mark here when it is rendered; where it
    comes by a request of its own, that is said here too.
    """

    htmx: HtmxDetails
    list_mark: str
    list_comes_later: bool


def person(request: HttpRequest) -> User:
    """Whoever is signed in; `LoginRequiredMiddleware` has seen to it that somebody is."""
    user = request.user
    assert isinstance(user, User)
    return user


def conversations_of(user: User) -> QuerySet[Conversation]:
    """Those this person may read, each with what they may do there and how its messages stand. Tokens stay in the database.

    Adds `unread`, `may_reply`, `may_approve`, `lacks_token`; `has_scheduled` and `leaves_next`; and `asks`, whether a person is asked by now
    what became of the last message.
    """
    at = now()
    seen = Conversation.objects.visible_to(user).with_unread(user)
    may = seen.annotate(may_reply=_may(user, Right.REPLY), may_approve=_may(user, Right.APPROVE), lacks_token=_LACKS_TOKEN)
    may = may.annotate(has_scheduled=Exists(_scheduled()), leaves_next=_leaves_next(at), asks=Exists(_asking(at)))
    return may.select_related("account", "contact", "newest_inbound", "window_message").defer("account__token")


def _may(user: User, right: str) -> Exists:
    return Exists(Account.objects.where(user, right).filter(pk=OuterRef("account")))


def _scheduled() -> QuerySet[Dispatch]:
    return Dispatch.objects.scheduled().filter(conversation=OuterRef("pk"))


def _leaves_next(at: datetime) -> Subquery:
    """When the next scheduled message of a conversation leaves; None where none does. One that they have written since keeps here does not."""
    leaving = _scheduled().filter(Q(checks_newest=False) | Q(expects_heard=OuterRef("heard")), not_before__gt=at)
    return Subquery(leaving.order_by("not_before").values("not_before")[:1])


def _asking(at: datetime) -> QuerySet[Dispatch]:
    return Dispatch.objects.asking(at).filter(message=OuterRef("last_message"))


def shown_revision(typed: Mapping[str, str]) -> int | None:
    """The revision of the conversation that was on the screen when the form was sent; None where it does not say."""
    return number_in(typed.get("revision", ""))


def shown_heard(typed: Mapping[str, str]) -> int | None:
    """What the conversation had heard by then; None where the form does not say."""
    return number_in(typed.get("heard", ""))


def number_in(text: str) -> int | None:
    """A count of ours as a form says it; None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def conversation_for(request: HttpRequest, public_id: str) -> Conversation:
    return get_object_or_404(_in_full(conversations_of(person(request)), person(request)), public_id=public_id)


def _in_full(rows: QuerySet[Conversation], user: User) -> QuerySet[Conversation]:
    """As the page of one needs it: with who works on it, and what is new in it for this person.

    Adds `seen_until`; `mentions_me`, whether a note mentions this person who has not seen it; `has_agents`, whether one may propose here;
    `drafts_here`, what this person has left here, with the message that it answers; `present`, everybody who looks at it; `stops_here`, in force;
    `moved`, what is known of who holds it; and `window_emoji`, the reaction that opened the window. Also
    `linked` and `linkings`, see `linked.py`.
    """
    seen = ReadMark.objects.filter(conversation=OuterRef("pk"), user=user).values("read_until")[:1]
    mentions = Mention.objects.filter(conversation=OuterRef("pk"), user=user, seen_at=None)
    stops = Stop.objects.in_force().on(account=OuterRef("account"), conversation=OuterRef("public_id"))
    agents = Grant.objects.filter(account=OuterRef("account"), right=Right.PROPOSE, user__is_active=True)
    known = rows.annotate(
        seen_until=Subquery(seen), mentions_me=Exists(mentions), has_agents=Exists(agents), drafts_here=drafts_along(user),
        present=present_along(), stops_here=ModelRows(stops, *columns(Stop)), moved=Subquery(moves_of(OuterRef("pk")).values("about")[:1]),
        window_emoji=Subquery(Reaction.objects.filter(message=OuterRef("window_message")).order_by("pk").values("emoji")[:1]),
    )  # fmt: skip
    known = known.annotate(linked=linked_to(user), linkings=linkings_for(user))
    return known.select_related("assignee", "closed_by", "snoozed_by", "agents_off_by")


def dispatch_for(request: HttpRequest, public_id: str) -> Dispatch:
    dispatches = Dispatch.objects.filter(account__in=Account.objects.visible_to(person(request)))
    return get_object_or_404(dispatches.select_related("conversation", "message"), public_id=public_id)


def dispatch_of_message(request: HttpRequest, public_id: str) -> Dispatch:
    """The dispatch of the message with this id."""
    dispatches = Dispatch.objects.filter(account__in=Account.objects.visible_to(person(request)))
    return get_object_or_404(dispatches.select_related("conversation"), message__public_id=public_id)


def media_for(request: HttpRequest, public_id: str) -> MediaFile:
    readable = MediaFile.objects.filter(account__in=Account.objects.visible_to(person(request)))
    return get_object_or_404(readable.select_related("account").defer("account__token"), public_id=public_id)
