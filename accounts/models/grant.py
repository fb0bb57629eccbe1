"""What one user may do on one account."""

from typing import Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Right(models.TextChoices):
    """The rights, each including what `INCLUDED` says."""

    PROPOSE = "propose", _("propose (for agents)")
    READ = "read", _("read")
    REPLY = "reply", _("reply (Operator)")
    APPROVE = "approve", _("approve and reply (Approver)")
    MANAGE = "manage", _("configure (Manager)")


# Who has the key has the values as well. An agent that may propose has to read what it answers.
INCLUDED: dict[str, tuple[str, ...]] = {
    Right.PROPOSE: (Right.READ,),
    Right.READ: (),
    Right.REPLY: (Right.READ,),
    Right.APPROVE: (Right.REPLY, Right.READ),
    Right.MANAGE: (Right.READ,),
}

# The presets of the people grid: what a click on "Operator" grants.
PRESETS: dict[str, tuple[str, ...]] = {
    "operator": (Right.REPLY,),
    "approver": (Right.APPROVE,),
    "manager": (Right.APPROVE, Right.MANAGE),
}


class GrantQuerySet(models.QuerySet["Grant"]):
    def giving(self, right: str) -> Self:
        """Grants that give `right`, directly or because a wider one includes it. Only agents can have `propose`."""
        return self.filter(right__in=[wider for wider, narrower in INCLUDED.items() if right == wider or right in narrower])


class Grant(models.Model):
    """What one user may do on one account; one row a right."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="grants", verbose_name=_("who"))
    account = models.ForeignKey("accounts.Account", models.CASCADE, related_name="grants", verbose_name=_("account"))
    right = models.CharField(pgettext_lazy("right", "may"), max_length=12, choices=Right)

    objects = GrantQuerySet.as_manager()

    class Meta:
        verbose_name = _("grant")
        verbose_name_plural = _("grants")
        constraints = (
            models.UniqueConstraint(fields=("user", "account", "right"), name="one_grant_per_user_account_and_right"),
        )

    def __str__(self) -> str:
        return f"{self.user} · {self.get_right_display()} · {self.account}"

    def clean(self) -> None:
        """Agents may read and propose, people everything else.

        Raises:
            ValidationError: the right is not one that this kind of user can have.
        """
        from django.core.exceptions import ValidationError

        for_agents = {Right.PROPOSE, Right.READ}
        if self.user_id and self.user.is_agent and self.right not in for_agents:
            raise ValidationError({"right": _("An agent can be granted read and propose, nothing more.")})
        if self.user_id and not self.user.is_agent and self.right == Right.PROPOSE:
            raise ValidationError({"right": _("Only agents propose. Grant people reply or approve.")})
