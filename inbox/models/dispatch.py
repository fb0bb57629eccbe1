"""The outbox: handing one outgoing message to Meta, once."""

from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import AccountPace
from core.fields import PublicIdField
from inbox.models.message import Message

# An `unknown` holds later messages of its conversation back this long, then no longer.
UNKNOWN_HOLDS_FOR = timedelta(minutes=1)
# What stands as the error (`graph.errors`) of an attempt of which Meta said nothing: also after the thread has proven that it sent nothing.
NO_WORD = ("", "OutcomeUnknown")


def _settles_in() -> timedelta:
    return timedelta(seconds=settings.SETTLE_SECONDS)


class DispatchQuerySet(models.QuerySet["Dispatch"]):
    def asking(self, at: datetime) -> Self:
        """The unknown ones about which a person is asked by now; see `Dispatch.asks_at`."""
        return self.filter(state=Dispatch.State.UNKNOWN, unknown_since__lte=at - _settles_in())

    def scheduled(self) -> Self:
        """Those that wait for the moment that a person chose. Once it was tried, it waits for Meta or for us."""
        return self.filter(state=Dispatch.State.QUEUED, scheduled_for=F("not_before"), attempts_made=0)


class Dispatch(models.Model):
    """The outbox row that hands one outgoing message to Meta. Only conditional updates under the conversation's lock move it."""

    class State(models.TextChoices):
        QUEUED = "queued", _("queued")
        SENDING = "sending", _("sending")
        SENT = "sent", _("sent")
        FAILED = "failed", _("failed")
        UNKNOWN = "unknown", _("unknown")
        CANCELLED = "cancelled", _("cancelled")

    public_id = PublicIdField()
    message = models.OneToOneField(Message, models.PROTECT, related_name="dispatch", verbose_name=_("message"))
    # Repeated from the message: the claim asks by them.
    conversation = models.ForeignKey("inbox.Conversation", models.PROTECT, related_name="dispatches", verbose_name=_("conversation"))
    # Without an index of its own: the one by account and state serves.
    account = models.ForeignKey("accounts.Account", models.PROTECT, related_name="dispatches", db_index=False, verbose_name=_("account"))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.QUEUED)
    # Hold, schedule or back-off. `scheduled_for` stays as the person chose it.
    not_before = models.DateTimeField(_("not before"))
    scheduled_for = models.DateTimeField(_("scheduled for"), null=True, blank=True)
    pace = models.CharField(_("counts as"), max_length=8, choices=AccountPace.Kind, default=AccountPace.Kind.TEXT, editable=False)
    released_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("let out by"))
    content_digest = models.CharField(_("digest"), max_length=64)
    expects_heard = models.PositiveIntegerField(_("answers what was heard up to"), null=True, blank=True)
    checks_newest = models.BooleanField(_("only while nothing newer came in"), default=False)
    attempts_made = models.PositiveSmallIntegerField(_("attempts"), default=0)
    lease_until = models.DateTimeField(_("leased until"), null=True, blank=True)
    worker = models.CharField(_("worker"), max_length=80, blank=True)
    # Set just before the call that makes Meta send: a lease that ends before it is harmless, one that ends after it is unknown.
    handed_over_at = models.DateTimeField(_("handed over"), null=True, blank=True)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    unknown_since = models.DateTimeField(_("unknown since"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=40, blank=True)
    code = models.CharField(_("Meta's code"), max_length=20, blank=True)
    trace_id = models.CharField(_("Meta's trace id"), max_length=80, blank=True)
    # While it is unknown: when the thread is read next, how often it was, what the last reading found, why that is no proof, why a later one
    # did not come back, and how many in a row proved that it is not there.
    look_due_at = models.DateTimeField(_("thread is read next"), null=True, blank=True, editable=False)
    thread_read_at = models.DateTimeField(_("thread read"), null=True, blank=True)
    thread_matches = models.PositiveSmallIntegerField(_("fitting messages in the thread"), null=True, blank=True)
    thread_doubt = models.CharField(_("why the thread as it was read proves nothing"), max_length=40, blank=True)
    thread_trouble = models.CharField(_("why the thread could not be read"), max_length=40, blank=True)
    looks = models.PositiveSmallIntegerField(_("readings of the thread"), default=0)
    absences = models.PositiveSmallIntegerField(_("readings without it"), default=0)
    settled_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("settled by"))

    objects = DispatchQuerySet.as_manager()

    class Meta:
        verbose_name = _("dispatch")
        verbose_name_plural = _("dispatches")
        ordering = ("-pk",)
        indexes = (
            models.Index(fields=("not_before", "id"), condition=Q(state="queued"), name="dispatches_due"),
            # Not for some states only: SQLite would not recognise them in a query.
            models.Index(fields=("conversation", "state", "not_before", "id"), name="dispatches_in_order"),
            models.Index(fields=("lease_until",), condition=Q(state="sending"), name="dispatches_leased"),
            models.Index(fields=("look_due_at",), condition=Q(state="unknown"), name="dispatches_to_settle"),
            # How many of an account wait or are unknown, however long its history is.
            models.Index(fields=("account", "state"), name="dispatches_of_account"),
        )
        constraints = (
            models.CheckConstraint(condition=~Q(state="sending") | Q(lease_until__isnull=False), name="what_is_being_sent_is_leased"),
            models.CheckConstraint(condition=~Q(state="unknown") | Q(unknown_since__isnull=False), name="what_is_unknown_is_so_since_a_moment"),
            models.CheckConstraint(condition=~Q(state="sent") | Q(sent_at__isnull=False), name="what_was_sent_was_sent_at_a_moment"),
        )

    def __str__(self) -> str:
        return f"{self.message} · {self.get_state_display()}"

    @property
    def asks_at(self) -> datetime | None:
        """From when on a person is asked whether it arrived: until then Meta may still carry the lost call out, or tell of it."""
        return self.unknown_since + _settles_in() if self.state == self.State.UNKNOWN and self.unknown_since else None

    def asks(self, at: datetime) -> bool:
        return self.asks_at is not None and self.asks_at <= at

    @property
    def is_scheduled(self) -> bool:
        """Whether it waits for the moment that a person chose."""
        return self.state == self.State.QUEUED and self.scheduled_for == self.not_before and not self.attempts_made

    def move(self, *states: str, to: str, **fields: object) -> bool:
        """Change state, provided it is still in one of `states`. False where somebody else moved it first."""
        return bool(Dispatch.objects.filter(pk=self.pk, state__in=states).update(state=to, **fields))


class AttemptQuerySet(models.QuerySet["Attempt"]):
    def may_have_arrived(self) -> Self:
        """The calls of which Meta has not said no: also one that the thread did not show, for both the thread and the echo may be late."""
        said_no = Q(outcome=Attempt.Outcome.REFUSED) | Q(~Q(error__in=NO_WORD), outcome=Attempt.Outcome.NOT_SENT)
        return self.exclude(said_no).filter(step=Attempt.Step.SEND)

    def lost(self) -> Self:
        """The calls of which nobody knows the end."""
        return self.filter(step=Attempt.Step.SEND, outcome=Attempt.Outcome.UNKNOWN)


class Attempt(models.Model):
    """One call made for a dispatch: what was asked, what came back. An upload sends nothing; its row is written when it has ended."""

    class Step(models.TextChoices):
        UPLOAD = "upload", _("upload")
        SEND = "send", _("send")

    class Outcome(models.TextChoices):
        STARTED = "started", _("under way")
        ACCEPTED = "accepted", _("accepted")
        NOT_SENT = "not_sent", _("not sent")
        REFUSED = "refused", _("refused")
        UNKNOWN = "unknown", _("unknown")

    dispatch = models.ForeignKey(Dispatch, models.PROTECT, related_name="attempts", verbose_name=_("dispatch"))
    number = models.PositiveSmallIntegerField(_("number"))
    step = models.CharField(_("step"), max_length=6, choices=Step, default=Step.SEND)
    worker = models.CharField(_("worker"), max_length=80, blank=True)
    started_at = models.DateTimeField(_("started"))
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    # From the call to its end by a clock that is never set; none where its worker died.
    duration_ms = models.PositiveIntegerField(_("duration, ms"), null=True, blank=True)
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome, default=Outcome.STARTED)
    request_digest = models.CharField(_("digest of what was sent"), max_length=64)
    human_agent = models.BooleanField(_("with the Human Agent tag"), default=False)
    # Meta's id of what it took, or its own sentence without secrets.
    answer = models.CharField(_("Meta's answer"), max_length=500, blank=True)
    status = models.PositiveSmallIntegerField(_("HTTP status"), null=True, blank=True)
    error = models.CharField(_("error"), max_length=40, blank=True)
    code = models.CharField(_("Meta's code"), max_length=20, blank=True)
    trace_id = models.CharField(_("Meta's trace id"), max_length=80, blank=True)

    objects = AttemptQuerySet.as_manager()

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        ordering = ("dispatch", "number")
        constraints = (models.UniqueConstraint(fields=("dispatch", "number"), name="one_attempt_per_number"),)

    def __str__(self) -> str:
        return f"{self.number} · {self.get_outcome_display()}"
