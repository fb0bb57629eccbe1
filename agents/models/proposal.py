"""What an agent asks to have sent."""

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.apps import apps
from django.db import models
from django.db.models import Case, Exists, F, IntegerField, OuterRef, Prefetch, Q, Value, When
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, Activity, User
from agents.models.agent import Agent
from agents.models.policy import PolicyVersion
from core.fields import PublicIdField
from core.json_rows import ModelRows, columns, known, remember
from graph.payloads import Link
from inbox.content import Content
from inbox.models import Conversation, Dispatch, MediaFile, Message
from inbox.models.message import told_along
from inbox.window import WindowState

if TYPE_CHECKING:
    from agents.models.decision import Decision


class ProposalQuerySet(models.QuerySet["Proposal"]):
    """Proposals, by who may see them and in which order."""

    def visible_to(self, user: User) -> Self:
        return self.filter(conversation__account__in=Account.objects.visible_to(user))

    def awaiting_decision(self) -> Self:
        """Pending ones, and approved ones whose message was taken back unsent (stale, undone, or its Stop)."""
        taken_back = ProposalPart.objects.filter(proposal=OuterRef("pk"), message__dispatch__state=Dispatch.State.CANCELLED)
        return self.filter(Q(state=Proposal.State.PENDING) | Q(Exists(taken_back), state=Proposal.State.APPROVED))

    def approved(self) -> Self:
        """Those whose message leaves, or has left."""
        return self.filter(state=Proposal.State.APPROVED).exclude(pk__in=self.awaiting_decision().values("pk"))

    def supersede(self, *, by: User, at: datetime) -> int:
        """A person sends their own words instead of these. In the conversation that the caller has locked; returns how many it closed."""
        closed = 0
        for proposal in self.awaiting_decision().select_related("conversation__account"):
            if Proposal.objects.awaiting_decision().filter(pk=proposal.pk).update(state=Proposal.State.SUPERSEDED):
                proposal.decisions.filter(undone_at=None).update(undone_at=at)
                Activity.record("proposal.answered", proposal, by=by, at=at, account=proposal.conversation.account)
                closed += 1
        return closed

    def by_deadline(self, at: datetime) -> Self:
        """What closes first comes first, then what has no end, by age.

        Those whose window has closed come last: no decision can send them any more, but somebody should know.
        """
        closed = Case(When(conversation__window_closes_at__lt=at, then=Value(1)), default=Value(0), output_field=IntegerField())
        return self.order_by(closed, F("conversation__window_closes_at").asc(nulls_last=True), "created_at", "pk")

    def for_cards(self) -> Self:
        """With everything that a card shows."""
        parts = ProposalPart.objects.select_related("media", "message__dispatch")
        related = ("agent__user", "conversation__account", "conversation__contact", "conversation__newest_inbound", "answers", "policy_version")
        return self.select_related(*related).prefetch_related(Prefetch("parts", queryset=parts), "decisions__by")

    def at_once(self) -> "list[Proposal]":
        """With everything that a card in its conversation shows, in one query."""
        parts = ProposalPart.objects.filter(proposal=OuterRef("pk")).order_by("position")
        became = ("message__id", "message__public_id", "message__dispatch__id", "message__dispatch__state")
        decisions = apps.get_model("agents.Decision").objects.filter(proposal=OuterRef("pk")).order_by("pk")
        by = ("by__id", "by__name", "by__email")
        found = known(
            self.select_related("agent__user", "answers", "policy_version").annotate(
                parts_along=ModelRows(parts, *columns(ProposalPart), *columns(MediaFile, via="media"), *became, known_as="parts"),
                decisions_along=ModelRows(decisions, *columns(decisions.model), *by, known_as="decisions"),
                answers_told=told_along("answers"),
            )
        )
        for proposal in found:
            if proposal.answers:
                remember(proposal.answers, attachments=proposal.answers_told)
        return found


class Proposal(models.Model):
    """One message, or an ordered sequence of parts, that an agent asks to have sent. A revision is a new proposal."""

    class State(models.TextChoices):
        PENDING = "pending", _("waiting for a decision")
        APPROVED = "approved", _("approved")
        REJECTED = "rejected", _("rejected")
        WITHDRAWN = "withdrawn", _("withdrawn")
        SUPERSEDED = "superseded", _("superseded")

    public_id = PublicIdField()
    agent = models.ForeignKey(Agent, models.PROTECT, related_name="proposals", verbose_name=_("agent"))
    conversation = models.ForeignKey(Conversation, models.PROTECT, related_name="proposals", verbose_name=_("conversation"))
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.PENDING)
    reason = models.TextField(_("the agent's reason"), blank=True)
    answers = models.ForeignKey(Message, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("answers"))
    expects_heard = models.PositiveIntegerField(_("answers what was heard up to"), default=0)
    idempotency_key = models.CharField(max_length=128, blank=True)
    digest = models.CharField(_("digest"), max_length=64)
    rule = models.CharField(_("rule"), max_length=200, blank=True)
    rule_reason = models.TextField(_("why a person is asked"), blank=True)
    policy_version = models.ForeignKey(PolicyVersion, models.PROTECT, null=True, related_name="+", verbose_name=_("policy version"))
    created_at = models.DateTimeField(_("proposed"))

    objects = ProposalQuerySet.as_manager()

    class Meta:
        verbose_name = _("proposal")
        verbose_name_plural = _("proposals")
        ordering = ("-pk",)
        indexes = (models.Index(fields=("conversation", "created_at"), condition=Q(state="pending"), name="proposals_waiting"),)
        constraints = (
            models.UniqueConstraint(fields=("agent", "idempotency_key"), condition=~Q(idempotency_key=""), name="one_proposal_per_agent_and_key"),
        )

    def __str__(self) -> str:
        return f"{self.agent}: {self.part.preview}"

    def get_absolute_url(self) -> str:
        return reverse("agents:proposal", args=[self.public_id])

    @property
    def part(self) -> "ProposalPart":
        return self.parts.all()[0]

    @property
    def decision(self) -> "Decision | None":
        """The decision in force; None while it waits, or after it was undone."""
        return next((decision for decision in self.decisions.all() if decision.undone_at is None), None)

    @property
    def was_taken_back(self) -> bool:
        """Approved, but its message was cancelled before it left: it waits for a decision again."""
        return self.state == self.State.APPROVED and any(part.dispatch_state == Dispatch.State.CANCELLED for part in self.parts.all())

    @property
    def awaits_decision(self) -> bool:
        return self.state == self.State.PENDING or self.was_taken_back

    @property
    def is_stale(self) -> bool:
        """The contact has written, edited or taken back something since the agent wrote."""
        return self.conversation.heard != self.expects_heard

    def is_expired(self, now: datetime) -> bool:
        """Meta's window is over: approving it cannot send it any more."""
        return self.conversation.window.state(now) == WindowState.CLOSED


class ProposalPart(models.Model):
    """One message of a proposal; most proposals have one."""

    proposal = models.ForeignKey(Proposal, models.PROTECT, related_name="parts", verbose_name=_("proposal"))
    position = models.PositiveSmallIntegerField(default=0)
    text = models.TextField(_("text"), blank=True)
    media = models.ForeignKey(MediaFile, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("picture"))
    link = models.JSONField(_("link card"), null=True, blank=True)
    # The message that it became; another one after a decision was undone.
    message = models.ForeignKey(Message, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("became"))

    class Meta:
        verbose_name = _("part of a proposal")
        verbose_name_plural = _("parts of proposals")
        ordering = ("position",)
        constraints = (models.UniqueConstraint(fields=("proposal", "position"), name="one_part_per_position"),)

    def __str__(self) -> str:
        return self.preview

    @property
    def content(self) -> Content:
        if self.link:
            return Content(link=Link(**self.link), picture=self.media)
        return Content(text=self.text, media=self.media)

    @property
    def preview(self) -> str:
        return self.text[:140] or (self.link or {}).get("title", "") or str(_("Picture") if self.media_id else _("Words erased"))

    @property
    def dispatch_state(self) -> str:
        return self.message.dispatch.state if self.message else ""
