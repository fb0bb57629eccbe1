"""The versioned document that says what agents may do by themselves, and what needs a person."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Activity, User
from core.fields import PublicIdField

SHIPPED_NAME = "Every message needs a person"


class Policy(models.Model):
    """A named policy; its document is that of its newest version."""

    public_id = PublicIdField()
    name = models.CharField(_("name"), max_length=120, unique=True)

    class Meta:
        verbose_name = _("policy")
        verbose_name_plural = _("policies")

    def __str__(self) -> str:
        return self.name

    @property
    def current(self) -> "PolicyVersion | None":
        return self.versions.order_by("-number").first()

    def publish(self, document: Any, *, by: User | None, at: datetime, note: str = "") -> "PolicyVersion":
        """Put a new version in force. The document must have been checked by `agents.policy.check`."""
        with transaction.atomic():
            locked = Policy.objects.select_for_update().get(pk=self.pk)
            last = locked.current
            version = PolicyVersion.objects.create(policy=locked, number=last.number + 1 if last else 1, document=document, by=by, at=at, note=note)
            Activity.record("policy.published", self, by=by, at=at, number=version.number)
        return version

    @classmethod
    def shipped(cls) -> "Policy":
        """The policy that new agents get: read freely, every message needs a person."""
        return cls.objects.get(name=SHIPPED_NAME)


class PolicyVersion(models.Model):
    """One version of a policy's document; never changed once it is there."""

    policy = models.ForeignKey(Policy, models.PROTECT, related_name="versions", verbose_name=_("policy"))
    number = models.PositiveIntegerField(_("version"))
    document = models.JSONField(_("document"))
    note = models.CharField(_("note"), max_length=200, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("in force since"))

    class Meta:
        verbose_name = _("policy version")
        verbose_name_plural = _("policy versions")
        ordering = ("policy", "-number")
        constraints = (models.UniqueConstraint(fields=("policy", "number"), name="one_policy_version_per_number"),)

    def __str__(self) -> str:
        return f"{self.policy} · {self.number}"
