"""Which message leaves next: due, in the order of its conversation, not stopped, and still right."""

from datetime import datetime, timedelta
from functools import reduce
from operator import or_

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, ExpressionWrapper, F, IntegerField, OuterRef, Q, QuerySet

from accounts.models import Account, AccountPace, Stop
from accounts.pacing import exhausted, next_place, take_place, wake_at_next_place
from core.clock import now
from inbox.content import Content
from inbox.errors import Refused
from inbox.models import Conversation, Dispatch
from inbox.models.dispatch import UNKNOWN_HOLDS_FOR
from inbox.recording import refuse_now
from inbox.replies import check_release, check_reply
from inbox.schedule import come_due

State = Dispatch.State
# How many conversations one look considers; another worker holding the first must not starve the rest.
LOOK_AT = 20


def claim(worker: str, *, at: datetime) -> Dispatch | None:
    """Lease the next message to this worker. None where nothing may leave now."""
    if not Dispatch.objects.filter(state=State.QUEUED, not_before__lte=at).exists():
        return None  # the usual answer, without building the large question
    full: set[tuple[int, str]] = set()
    for pk, conversation_pk, account, pace in due(at).order_by("not_before", "pk").values_list("pk", "conversation", "account", "pace")[:LOOK_AT]:
        if (account, pace) in full:
            continue
        if claimed := _claim_one(pk, conversation_pk, worker, at):
            return claimed
        # Other workers may have taken every place; then nobody need be asked one by one.
        full = set(exhausted(at).values_list("account", "kind"))
    wake_at_next_place(_waited_for(at), at=at)
    return None


def due(at: datetime) -> QuerySet[Dispatch]:
    """The messages that may leave now, each the first of its conversation."""
    stopped = is_stopped()
    return Dispatch.objects.filter(_is_let_out(at), ~stopped, ~Exists(_before_it(at, stopped)), state=State.QUEUED, not_before__lte=at)


def next_due(at: datetime) -> datetime | None:
    """When the next message that waits for its time, or for its account's pace, becomes due."""
    waiting = Dispatch.objects.filter(state=State.QUEUED, not_before__gt=at)
    by_itself = waiting.order_by("not_before").values_list("not_before", flat=True).first()
    return min(filter(None, (by_itself, next_place(_waited_for(at)))), default=None)


def _is_let_out(at: datetime) -> Q:
    """Whether its account lets it out, and has a place for it. Asked of the accounts: thousands may wait for one of them."""
    accounts, full = list(_letting_out(at).values_list("pk", flat=True)), set(exhausted(at).values_list("account", "kind"))
    kinds = (Q(pace=kind, account__in=[pk for pk in accounts if (pk, kind) not in full]) for kind in AccountPace.Kind)
    return reduce(or_, kinds)


def _letting_out(at: datetime) -> QuerySet[Account]:
    """The accounts from which something may leave. While Meta restricts one, a message may try it from time to time."""
    works = Q(state=Account.State.CONNECTED) | Q(state=Account.State.RESTRICTED, probe_due_at__lte=at)
    is_running = Q(paused_until=None) | Q(paused_until__lte=at)
    return Account.objects.filter(works, is_running, Q(held_at=None) | Q(held_until__lte=at)).exclude(token="")


def _waited_for(at: datetime) -> QuerySet[AccountPace]:
    """The paces for which a message waits, be it the only thing or not."""
    waiting = Dispatch.objects.filter(account=OuterRef("account"), pace=OuterRef("kind"), state=State.QUEUED, not_before__lte=at)
    return exhausted(at).filter(Exists(waiting))


def is_stopped() -> Q:
    """For queries of dispatches: a Stop in force silences its author here. Only agents are ever stopped.

    Mostly there is none, and then a queue of thousands is not asked about it message by message.
    """
    if not Stop.objects.in_force().exists():
        return Q(pk__in=())
    return Q(Exists(_stops()), message__written_by__is_agent=True)


def _stops() -> QuerySet[Stop]:
    return Stop.objects.in_force().filter(
        Q(agent=None) | Q(agent=OuterRef("message__written_by")),
        Q(account=None) | Q(account=OuterRef("account")),
        Q(conversation="") | Q(conversation=OuterRef("conversation__public_id")),
    )


def _before_it(at: datetime, stopped: Q) -> QuerySet[Dispatch]:
    """What has to be out of the way first: one on its way, a fresh unknown, one that is being tried again, one due earlier.

    What was tried stands before what was not, so of any two exactly one is first, and they never wait for each other.
    """
    earlier = Q(not_before__lt=OuterRef("not_before")) | Q(not_before=OuterRef("not_before"), pk__lt=OuterRef("pk"))
    tried = Q(attempts_made__gt=0) & (Q(its_attempts=0) | Q(pk__lt=OuterRef("pk")))
    queued = Q(~stopped, tried | Q(earlier, attempts_made=0, its_attempts=0), state=State.QUEUED)
    in_flight = Q(state=State.SENDING) | Q(state=State.UNKNOWN, unknown_since__gt=at - UNKNOWN_HOLDS_FOR)
    its_attempts = ExpressionWrapper(OuterRef("attempts_made"), output_field=IntegerField())
    others = Dispatch.objects.alias(its_attempts=its_attempts).exclude(pk=OuterRef("pk"))
    # The states once more and by themselves: by them the databases search the index `dispatches_in_order`, however long the conversation is.
    return others.filter(in_flight | queued, conversation=OuterRef("conversation"), state__in=(State.QUEUED, State.SENDING, State.UNKNOWN))


def _claim_one(pk: int, conversation_pk: int, worker: str, at: datetime) -> Dispatch | None:
    with transaction.atomic():
        conversation = Conversation.objects.lock(conversation_pk)
        dispatch = due(at).select_related("message__written_by", "message__edited_by", "released_by").filter(pk=pk).first()
        if dispatch is None:
            return None
        # The lock may have been long in coming.
        at = max(at, now())
        if not is_still_right(conversation, dispatch, at) or not _has_turn(conversation.account, dispatch, at):
            return None
        leased = at + timedelta(seconds=settings.LEASE_SECONDS)
        if not dispatch.move(State.QUEUED, to=State.SENDING, worker=worker, lease_until=leased, attempts_made=F("attempts_made") + 1, handed_over_at=None):
            return None
        come_due(conversation, dispatch, at)
        conversation.show()
        # Under the lock: afterwards it may be another worker's.
        dispatch.refresh_from_db()
    dispatch.conversation, dispatch.account = conversation, conversation.account
    return dispatch


def _has_turn(account: Account, dispatch: Dispatch, at: datetime) -> bool:
    """Whether there is a place for it; and where Meta restricts the account, whether it is the one that tries."""
    has_place = take_place(account, dispatch.pace, at=at)
    return has_place and (account.state != Account.State.RESTRICTED or account.begin_probe(dispatch.public_id, at=at))


def is_still_right(conversation: Conversation, dispatch: Dispatch, at: datetime) -> bool:
    """Everything is checked again at the moment of sending; what is not right any more leaves the queue with its reason."""
    if dispatch.checks_newest and conversation.heard != dispatch.expects_heard:
        refuse_now(conversation, dispatch, to=State.CANCELLED, reason="stale" if dispatch.message.is_by_agent else "they_wrote", at=at)
        return False
    if conversation.agents_off_at and dispatch.released_by.is_agent:
        # A person took over after the agent had let it out: it waits for a decision instead.
        refuse_now(conversation, dispatch, to=State.CANCELLED, reason="taken_back", at=at)
        return False
    if reason := _refusal(conversation, dispatch, at):
        refuse_now(conversation, dispatch, to=State.FAILED, reason=reason, at=at)
        return False
    return True


def _refusal(conversation: Conversation, dispatch: Dispatch, at: datetime) -> str:
    message = dispatch.message
    content, author = Content.of(message), message.written_by or dispatch.released_by
    if conversation.contact.forgotten_at and message.received_at <= conversation.contact.forgotten_at:
        return "erased"
    if content.digest(conversation) != dispatch.content_digest:
        return "changed"
    try:
        check_release(conversation.account, dispatch.released_by, author=author)
        check_reply(conversation, content, by=dispatch.released_by, author=author, edited_by=message.edited_by, at=at)
    except Refused as refused:
        return refused.code
    return ""
