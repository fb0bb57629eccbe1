"""Which message leaves next: due, in the order of its conversation, not stopped, and still right."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from accounts.models import Account, Stop
from inbox.content import Content
from inbox.errors import Refused
from inbox.models import Conversation, Dispatch
from inbox.models.dispatch import UNKNOWN_HOLDS_FOR
from inbox.recording import refuse_now
from inbox.replies import check_release, check_reply

State = Dispatch.State
# How many conversations one look considers; another worker holding the first must not starve the rest.
LOOK_AT = 20


def claim(worker: str, *, at: datetime) -> Dispatch | None:
    """Lease the next message to this worker. None where nothing may leave now."""
    if not Dispatch.objects.filter(state=State.QUEUED, not_before__lte=at).exists():
        return None  # the usual answer, without building the large question
    for pk, conversation_pk in due(at).order_by("not_before", "pk").values_list("pk", "conversation")[:LOOK_AT]:
        if claimed := _claim_one(pk, conversation_pk, worker, at):
            return claimed
    return None


def due(at: datetime) -> QuerySet[Dispatch]:
    """The messages that may leave now, each the first of its conversation."""
    return Dispatch.objects.filter(
        ~Exists(_before_it(at)), ~is_stopped(), Q(account__paused_until=None) | Q(account__paused_until__lte=at),
        Q(account__held_at=None) | Q(account__held_until__lte=at),
        state=State.QUEUED, not_before__lte=at, account__state=Account.State.CONNECTED,
    ).exclude(account__token="")  # fmt: skip


def next_due(at: datetime) -> datetime | None:
    """When the next message that waits for its time becomes due."""
    waiting = Dispatch.objects.filter(state=State.QUEUED, not_before__gt=at)
    return waiting.order_by("not_before").values_list("not_before", flat=True).first()


def is_stopped() -> Exists:
    """For queries of dispatches: a Stop in force silences its author here. Only agents are ever stopped."""
    return Exists(_stops())


def _stops() -> QuerySet[Stop]:
    return Stop.objects.in_force().filter(
        Q(agent=None) | Q(agent=OuterRef("message__written_by")),
        Q(account=None) | Q(account=OuterRef("account")),
        Q(conversation="") | Q(conversation=OuterRef("conversation__public_id")),
        Exists(Dispatch.objects.filter(pk=OuterRef(OuterRef("pk")), message__written_by__is_agent=True)),
    )


def _before_it(at: datetime) -> QuerySet[Dispatch]:
    """What has to be out of the way first: one on its way, a fresh unknown, one due earlier, one that is being tried again."""
    earlier = Q(not_before__lt=OuterRef("not_before")) | Q(not_before=OuterRef("not_before"), pk__lt=OuterRef("pk"))
    tried = Q(attempts_made__gt=0, pk__lt=OuterRef("pk"))
    queued = Q(~is_stopped(), earlier | tried, state=State.QUEUED)
    in_flight = Q(state=State.SENDING) | Q(state=State.UNKNOWN, unknown_since__gt=at - UNKNOWN_HOLDS_FOR)
    return Dispatch.objects.filter(in_flight | queued, conversation=OuterRef("conversation")).exclude(pk=OuterRef("pk"))


def _claim_one(pk: int, conversation_pk: int, worker: str, at: datetime) -> Dispatch | None:
    with transaction.atomic():
        conversation = Conversation.objects.lock(conversation_pk)
        dispatch = due(at).select_related("message__written_by", "message__edited_by", "released_by").filter(pk=pk).first()
        if dispatch is None or not is_still_right(conversation, dispatch, at):
            return None
        leased = at + timedelta(seconds=settings.LEASE_SECONDS)
        if not dispatch.move(State.QUEUED, to=State.SENDING, worker=worker, lease_until=leased, attempts_made=F("attempts_made") + 1, handed_over_at=None):
            return None
        conversation.show()
    dispatch.refresh_from_db()
    dispatch.conversation, dispatch.account = conversation, conversation.account
    return dispatch


def is_still_right(conversation: Conversation, dispatch: Dispatch, at: datetime) -> bool:
    """Everything is checked again at the moment of sending; what is not right any more leaves the queue with its reason."""
    if dispatch.checks_newest and conversation.heard != dispatch.expects_heard:
        refuse_now(conversation, dispatch, to=State.CANCELLED, reason="stale", at=at)
        return False
    if reason := _refusal(conversation, dispatch, at):
        refuse_now(conversation, dispatch, to=State.FAILED, reason=reason, at=at)
        return False
    return True


def _refusal(conversation: Conversation, dispatch: Dispatch, at: datetime) -> str:
    message = dispatch.message
    content, author = Content.of(message), message.written_by or dispatch.released_by
    if content.digest(conversation) != dispatch.content_digest:
        return "changed"
    try:
        check_release(conversation.account, dispatch.released_by, author=author)
        check_reply(conversation, content, by=dispatch.released_by, author=author, edited_by=message.edited_by, at=at)
    except Refused as refused:
        return refused.code
    return ""
