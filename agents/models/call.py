"""One call of a tool by an agent, with what policy said of it."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from agents.models.agent import Agent, AgentKey
from agents.models.policy import PolicyVersion


class ToolCall(models.Model):
    """One call: arguments, verdict, rule, policy version and outcome. Never changed; limits are counted from these rows."""

    class Verdict(models.TextChoices):
        ALLOW = "allow", _("allowed")
        REQUIRE_APPROVAL = "require_approval", _("needs a person")
        LIMIT = "limit", _("over a limit")
        DENY = "deny", _("denied")

    agent = models.ForeignKey(Agent, models.PROTECT, related_name="calls", verbose_name=_("agent"))
    key = models.ForeignKey(AgentKey, models.PROTECT, null=True, related_name="+", verbose_name=_("key"))
    tool = models.CharField(_("tool"), max_length=80)
    arguments = models.JSONField(_("arguments"), default=dict)
    at = models.DateTimeField(_("when"))
    verdict = models.CharField(_("verdict"), max_length=20, choices=Verdict)
    rule = models.CharField(_("rule"), max_length=200, blank=True)
    reason = models.TextField(_("reason"), blank=True)
    policy_version = models.ForeignKey(PolicyVersion, models.PROTECT, null=True, related_name="+", verbose_name=_("policy version"))
    outcome = models.CharField(_("outcome"), max_length=40, blank=True)

    class Meta:
        verbose_name = _("tool call")
        verbose_name_plural = _("tool calls")
        ordering = ("-pk",)
        indexes = (models.Index(fields=("agent", "tool", "-at"), name="calls_of_agent_and_tool"),)

    def __str__(self) -> str:
        return f"{self.agent} · {self.tool}"
