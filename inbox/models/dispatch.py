"""The outbox: handing one outgoing message to Meta, once."""

from datetime import timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.fields import PublicIdField
from inbox.models.message import Message

# An `unknown` holds later messages of its conversation back this long, then no longer.
UNKNOWN_HOLDS_FOR = timedelta(minutes=1)


class DispatchQuerySet(models.QuerySet["Dispatch"]):
    def in_flight(self) -> Self:
        """Those of which Meta may know more than we do."""
        return self.filter(state__in=(Dispatch.State.SENDING, Dispatch.State.UNKNOWN))


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
    not_before = models.DateTimeField(_("not before"))
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
    thread_read_at = models.DateTimeField(_("thread read"), null=True, blank=True)
    thread_matches = models.PositiveSmallIntegerField(_("fitting messages in the thread"), null=True, blank=True)
    settled_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("settled by"))

    objects = DispatchQuerySet.as_manager()

    class Meta:
        verbose_name = _("dispatch")
        verbose_name_plural = _("dispatches")
        ordering = ("-pk",)
        indexes = (
            models.Index(fields=("not_before", "id"), condition=Q(state="queued"), name="dispatches_due"),
            models.Index(fields=("conversation", "not_before", "id"), condition=Q(state__in=("queued", "sending", "unknown")), name="dispatches_in_order"),
            models.Index(fields=("lease_until",), condition=Q(state="sending"), name="dispatches_leased"),
            # How many of an account wait or are unknown, however long its history is.
            models.Index(fields=("account", "state"), name="dispatches_of_account"),
        )

    def __str__(self) -> str:
        return f"{self.message} · {self.get_state_display()}"

    def move(self, *states: str, to: str, **fields: object) -> bool:
        """Change state, provided it is still in one of `states`. False where somebody else moved it first."""
        return bool(Dispatch.objects.filter(pk=self.pk, state__in=states).update(state=to, **fields))


class Attempt(models.Model):
    """One call made for a dispatch: what was asked, what came back."""

    class Outcome(models.TextChoices):
        STARTED = "started", _("under way")
        ACCEPTED = "accepted", _("accepted")
        NOT_SENT = "not_sent", _("not sent")
        REFUSED = "refused", _("refused")
        UNKNOWN = "unknown", _("unknown")

    dispatch = models.ForeignKey(Dispatch, models.PROTECT, related_name="attempts", verbose_name=_("dispatch"))
    number = models.PositiveSmallIntegerField(_("number"))
    started_at = models.DateTimeField(_("started"))
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome, default=Outcome.STARTED)
    request_digest = models.CharField(_("digest of what was sent"), max_length=64)
    human_agent = models.BooleanField(_("with the Human Agent tag"), default=False)
    error = models.CharField(_("error"), max_length=40, blank=True)
    code = models.CharField(_("Meta's code"), max_length=20, blank=True)
    trace_id = models.CharField(_("Meta's trace id"), max_length=80, blank=True)

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        ordering = ("dispatch", "number")
        constraints = (models.UniqueConstraint(fields=("dispatch", "number"), name="one_attempt_per_number"),)

    def __str__(self) -> str:
        return f"{self.number} · {self.get_outcome_display()}"
