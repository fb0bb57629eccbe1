"""What people said about a proposal, and what it adds up to."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from agents.models.proposal import Proposal


class Answer(models.TextChoices):
    APPROVED = "approved", _("approved")
    REJECTED = "rejected", _("rejected")


class Vote(models.Model):
    """One person's answer, bound to exactly what was on their screen."""

    proposal = models.ForeignKey(Proposal, models.PROTECT, related_name="votes", verbose_name=_("proposal"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by"))
    answer = models.CharField(_("answer"), max_length=10, choices=Answer)
    digest = models.CharField(_("digest of what was shown"), max_length=64)
    revision = models.PositiveIntegerField(_("revision that was shown"))
    text = models.TextField(_("changed text"), blank=True)
    reason = models.TextField(_("reason"), blank=True)
    at = models.DateTimeField(_("when"))

    class Meta:
        verbose_name = _("vote")
        verbose_name_plural = _("votes")
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"{self.by} · {self.get_answer_display()}"


class Decision(models.Model):
    """What the votes add up to. At most one that is not undone."""

    proposal = models.ForeignKey(Proposal, models.PROTECT, related_name="decisions", verbose_name=_("proposal"))
    answer = models.CharField(_("decision"), max_length=10, choices=Answer)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("decided by"))
    text = models.TextField(_("changed text"), blank=True)
    reason = models.TextField(_("reason"), blank=True)
    at = models.DateTimeField(_("when"))
    undone_at = models.DateTimeField(_("undone"), null=True, blank=True)

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        ordering = ("-pk",)
        constraints = (
            models.UniqueConstraint(fields=("proposal",), condition=Q(undone_at=None), name="one_decision_per_proposal"),
        )

    def __str__(self) -> str:
        return f"{self.get_answer_display()} · {self.by}"
