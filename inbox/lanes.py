"""The lanes of the list: which conversations stand in each, how many those are, and in which order they are read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import BooleanField, Case, Exists, Expression, ExpressionWrapper, F, Func, IntegerField, OuterRef, Q, QuerySet, Subquery, When
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, Grant, Right, User
from inbox.models import Conversation, Dispatch, Mention, Message
from inbox.models.conversation_queries import ConversationQuerySet, unread_by

if TYPE_CHECKING:
    Words = str | Promise
else:
    Words = str

SOON = timedelta(hours=4)
# Of the open ones the newest so many are looked through for counts; counts of other lanes stop where nobody reads them any more.
LOOKED_THROUGH = 1000
COUNTED = 100

Rows = ConversationQuerySet
State = Dispatch.State


@dataclass(frozen=True)
class Sort:
    """An order in which a lane can be read. At one moment the newer conversation stands first.

    Args:
        by: the moment by which, earliest first and those without one last; None is by the last message, newest first.
    """

    name: str
    words: Words
    by: Callable[[datetime], Expression | F] | None = None

    def order(self, rows: Rows, at: datetime) -> Rows:
        """Adds `place`, by which they are ordered."""
        if self.by is None:
            return rows.newest_first()
        return rows.annotate(place=self.by(at)).order_by(F("place").asc(nulls_last=True), "-last_message_at", "-pk")

    def after(self, rows: Rows, place: datetime | None, last_message_at: datetime, public_id: str) -> Rows:
        """Of rows in this order, those that follow the one at this place."""
        same = Conversation.objects.filter(public_id=public_id).values("pk")[:1]
        older = Q(last_message_at__lt=last_message_at) | Q(last_message_at=last_message_at, pk__lt=same)
        if self.by is None:
            return rows.filter(older)
        if place is None:
            return rows.filter(older, Q(place=None))
        return rows.filter(Q(place__gt=place) | Q(place=None) | (Q(place=place) & older))


@dataclass(frozen=True)
class Lane:
    """One stretch of the list.

    Args:
        empty: what stands there when nothing does.
        among: which conversations are looked at at all.
        condition: which of those it holds.
        is_open: whether it looks at open ones, so that the newest are looked through once for all such lanes.
    """

    name: str
    words: Words
    empty: Words
    among: Callable[[Rows, datetime], Rows]
    condition: Callable[[User, datetime], Q]
    sort: str = "newest"
    is_open: bool = True

    def of(self, rows: Rows, user: User, at: datetime) -> Rows:
        return self.among(rows, at).filter(self.condition(user, at))


class Among(Func):
    """Whether a key is one of those that a subquery finds first.

    Behind IN, PostgreSQL looks into the subquery only after it has joined every row to everything that is selected with it.
    """

    template = "(%(expressions)s)"
    arg_joiner = " IN "
    output_field = BooleanField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="(%(expressions)s))", arg_joiner=" = ANY(ARRAY", **context)


class Counted(Subquery):
    """How many rows a query finds."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) AS counted)"
    output_field = IntegerField()
    empty_result_set_value = 0


class Hits(Subquery):
    """In how many rows of a query its `hit` is true."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) AS looked WHERE looked.hit)"
    output_field = IntegerField()
    empty_result_set_value = 0


def counts(rows: Rows, user: User, at: datetime) -> dict[str, Subquery]:
    """How many conversations of `rows` stand in each lane where that is worth knowing, as parts of one query.

    Those of open lanes are exact where fewer than `LOOKED_THROUGH` are open, else they are a lower bound; the others stop at `COUNTED`.
    """
    found: dict[str, Subquery] = {}
    for lane in LANES.values():
        if lane.is_open:
            found[lane.name] = hits(rows, lane.condition(user, at), at)
        elif lane.name != "closed":
            found[lane.name] = Counted(lane.of(rows, user, at).order_by().values("pk")[:COUNTED])
    return found


def hits(rows: Rows, condition: Q, at: datetime) -> Hits:
    """In how many of the newest open ones this holds."""
    hit = ExpressionWrapper(condition & Q(closed_at=None), output_field=BooleanField())
    return Hits(rows.open(at).newest_first().annotate(hit=hit).values("hit")[:LOOKED_THROUGH])


def next_back(rows: Rows, at: datetime) -> Subquery:
    """When the next of those that are put off comes back; None where none is."""
    return Subquery(rows.snoozed(at).order_by("snoozed_until").values("snoozed_until")[:1])


# What is looked at -----------------------------------------------------------------------------------------------
def _open(rows: Rows, at: datetime) -> Rows:
    return rows.open(at)


def _any(rows: Rows, at: datetime) -> Rows:
    return rows


def _snoozed(rows: Rows, at: datetime) -> Rows:
    return rows.snoozed(at)


def _closed(rows: Rows, at: datetime) -> Rows:
    return rows.closed()


# What holds ------------------------------------------------------------------------------------------------------
def _everything(user: User, at: datetime) -> Q:
    return Q()


def _mine(user: User, at: datetime) -> Q:
    return Q(assignee=user)


def _unassigned(user: User, at: datetime) -> Q:
    """Nobody has it, or somebody who cannot answer there any more: their account is off, or they may not reply on this one."""
    may_reply = Grant.objects.giving(Right.REPLY).filter(user=OuterRef("assignee"), account=OuterRef("account"), user__is_active=True)
    everywhere = User.objects.filter(is_superuser=True, is_active=True).values("pk")
    return Q(assignee=None) | Q(~Exists(may_reply), ~Q(assignee__in=everywhere))


def _soon(user: User, at: datetime) -> Q:
    """What may be written now, by the standard window or as a human agent, may be no longer in a few hours."""
    by = at + SOON
    return Q(_standard(at), window_closes_at__lte=by) | Q(_human(at) & ~_standard(at), human_until__lte=by)


def _waiting(user: User, at: datetime) -> Q:
    return Q(waiting_since__isnull=False)


def _proposal(user: User, at: datetime) -> Q:
    """Something that an agent proposed waits for a decision: it is pending, or was approved and taken back before it left."""
    pending = Conversation.objects.filter(proposals__state="pending").values("pk")
    taken_back = Conversation.objects.filter(
        proposals__state="approved", proposals__parts__message__dispatch__state=State.CANCELLED,
        proposals__parts__message__dispatch__account__in=Account.objects.visible_to(user),
    ).values("pk")  # fmt: skip
    return Q(pk__in=pending) | Q(pk__in=taken_back)


def has_proposal() -> Q:
    """The same, asked of single rows."""
    own = Conversation.objects.filter(pk=OuterRef("pk"))
    pending = own.filter(proposals__state="pending")
    taken_back = own.filter(proposals__state="approved", proposals__parts__message__dispatch__state=State.CANCELLED)
    return Q(Exists(pending)) | Q(Exists(taken_back))


def _unread(user: User, at: datetime) -> Q:
    return unread_by(user)


def _trouble(user: User, at: datetime) -> Q:
    """A message of ours of which nobody knows whether it arrived, or one that failed and that nothing has taken the place of."""
    dispatches = Dispatch.objects.filter(account__in=Account.objects.visible_to(user))
    unknown = dispatches.filter(state=State.UNKNOWN).values("conversation")
    failed = dispatches.filter(~Exists(_said_since()), state=State.FAILED).values("conversation")
    return Q(pk__in=unknown) | Q(pk__in=failed, closed_at=None)


def _said_since() -> QuerySet[Message]:
    """Later messages of ours in the conversation of the dispatch around it that went out, or will."""
    return Message.objects.answers().filter(conversation=OuterRef("conversation"), at__gt=OuterRef("message__at"))


def _mentions(user: User, at: datetime) -> Q:
    return Q(pk__in=Mention.objects.filter(user=user, seen_at=None, note__removed_at=None).values("conversation"))


# Windows ---------------------------------------------------------------------------------------------------------
# The same as `inbox.window.MessagingWindow.state` tells of one.
def _standard(at: datetime) -> Q:
    return Q(_not_refused(), window_closes_at__gt=at)


def _human(at: datetime) -> Q:
    return Q(account__human_agent_feature=True, window_closes_at__isnull=False, human_until__gt=at)


def _not_refused() -> Q:
    return Q(window_refused_at=None) | Q(window_refused_at__lte=F("window_opened_at"))


def _ends_at(at: datetime) -> Case:
    perhaps = Q(_not_refused(), window_closes_at__isnull=False, perhaps_until__gt=at)
    return Case(
        When(_standard(at), then="window_closes_at"), When(_human(at), then="human_until"), When(perhaps, then="perhaps_until"), default=None
    )  # fmt: skip


# All of them -----------------------------------------------------------------------------------------------------
_all_sorts = (
    Sort("newest", _("Newest first")),
    Sort("waiting", _("Waiting longest"), lambda at: F("waiting_since")),
    Sort("window", _("Window ending first"), _ends_at),
    Sort("back", _("Back first"), lambda at: F("snoozed_until")),
)
SORTS: Mapping[str, Sort] = {sort.name: sort for sort in _all_sorts}

_all_lanes = (
    Lane("mine", _("Mine"), _("Nothing is yours at the moment."), _open, _mine),
    Lane("unassigned", _("Unassigned"), _("Every open conversation is assigned."), _open, _unassigned),
    Lane("all", _("All"), _("Nothing is open. Everything is closed, or put off for later."), _open, _everything),
    Lane("soon", _("Ending soon"), _("No window ends within four hours."), _open, _soon, "window"),
    Lane("waiting", _("Waiting"), _("Nobody waits for an answer."), _open, _waiting, "waiting"),
    Lane("unread", _("Unread"), _("You have read everything."), _open, _unread),
    Lane("proposal", _("Proposals"), _("Nothing that agents proposed waits for a decision."), _any, _proposal, "window", is_open=False),
    Lane("mentions", _("Mentions"), _("Nobody has mentioned you since you last looked."), _any, _mentions, is_open=False),
    Lane("trouble", _("Trouble"), _("Every message got through, as far as anybody knows."), _any, _trouble, is_open=False),
    Lane("snoozed", _("Snoozed"), _("Nothing is put off for later."), _snoozed, _everything, "back", is_open=False),
    Lane("closed", _("Closed"), _("Nothing is closed yet."), _closed, _everything, is_open=False),
)
LANES: Mapping[str, Lane] = {lane.name: lane for lane in _all_lanes}
