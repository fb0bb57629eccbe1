"""The switch that silences agents."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models.activity import Activity
from core.fields import PublicIdField
from core.live import Change, publish
from core.wake import wake

if TYPE_CHECKING:
    from accounts.models.account import Account
    from accounts.models.user import User


class StopQuerySet(models.QuerySet["Stop"]):
    def in_force(self) -> Self:
        return self.filter(lifted_at=None)

    def on(self, *, account: Any, conversation: Any) -> Self:
        """Stops that hold on this account (its key), in this conversation (a public id)."""
        return self.filter(Q(account=None) | Q(account=account), Q(conversation="") | Q(conversation=conversation))

    def touching(self, *, agent: int, account: int, conversation: str) -> Self:
        """Stops in force that silence this agent (a user's key) on this account, in this conversation (a public id)."""
        return self.in_force().on(account=account, conversation=conversation).filter(Q(agent=None) | Q(agent=agent))


class Stop(models.Model):
    """Agents may send nothing: all of them, one, on one account, or in one conversation. What is left empty means all."""

    public_id = PublicIdField()
    agent = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="stops", limit_choices_to={"is_agent": True}, verbose_name=_("agent")
    )
    account = models.ForeignKey("accounts.Account", models.PROTECT, null=True, blank=True, related_name="stops", verbose_name=_("account"))
    # By public id, because conversations live in a package above this one.
    conversation = models.CharField(_("conversation"), max_length=16, blank=True, db_index=True)
    reason = models.TextField(_("reason"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("stopped by"))
    at = models.DateTimeField(_("since"))
    lifted_at = models.DateTimeField(_("lifted"), null=True, blank=True)
    lifted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("lifted by"))
    lift_reason = models.TextField(_("why lifted"), blank=True)

    objects = StopQuerySet.as_manager()

    class Meta:
        verbose_name = _("stop")
        verbose_name_plural = _("stops")
        ordering = ("-at",)

    def __str__(self) -> str:
        where = [str(part) for part in (self.agent, self.account, self.conversation) if part]
        return " · ".join(where) or str(_("All agents, everywhere"))

    @classmethod
    def place(cls, *, by: "User", reason: str, at: datetime, agent: "User | None" = None, account: "Account | None" = None, conversation: str = "") -> "Stop":
        """Silence agents from now on. What they have waiting stays where it is."""
        with transaction.atomic():
            stop = cls.objects.create(by=by, reason=reason, at=at, agent=agent, account=account, conversation=conversation)
            Activity.record("stop.placed", stop, by=by, at=at, account=account, reason=reason)
            publish(Change())
        return stop

    def lift(self, *, by: "User", reason: str, at: datetime) -> bool:
        """Let agents go on. False where somebody lifted it before."""
        with transaction.atomic():
            moved = Stop.objects.in_force().filter(pk=self.pk).update(lifted_at=at, lifted_by=by, lift_reason=reason)
            if moved:
                Activity.record("stop.lifted", self, by=by, at=at, account=self.account, reason=reason)
                wake("dispatch")
                publish(Change())
        return bool(moved)
