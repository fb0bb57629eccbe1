"""A supervised MCP client, and the keys by which it is known."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Activity, User
from agents.models.policy import Policy
from core.fields import PublicIdField

if TYPE_CHECKING:
    from inbox.models import Conversation, MediaFile

# How often "last used" is written: an agent that polls must not cause a write a second.
LAST_USED_STEP = timedelta(minutes=1)
# A key that ends within this time wants another in its place, and one that nobody has used for so long wants to be revoked.
ENDS_SOON = timedelta(days=7)
IDLE_AFTER = timedelta(days=90)


class NotInUse(Exception):
    """The key was revoked, has expired, or another has taken its place already."""


class Agent(models.Model):
    """A supervised MCP client. What it may do where is in the grants of its user; what needs a person, in its policy."""

    public_id = PublicIdField()
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="agent", limit_choices_to={"is_agent": True}, verbose_name=_("user")
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="agents_owned", limit_choices_to={"is_agent": False}, verbose_name=_("owner")
    )
    policy = models.ForeignKey(
        Policy, models.PROTECT, null=True, blank=True, related_name="agents", verbose_name=_("policy"), help_text=_("Without a policy everything is denied.")
    )
    created_at = models.DateTimeField(_("since"))

    class Meta:
        verbose_name = _("agent")
        verbose_name_plural = _("agents")

    def __str__(self) -> str:
        return str(self.user)

    @classmethod
    def create(cls, name: str, *, owner: User, at: datetime, by: User | None = None) -> "Agent":
        """A new agent under the shipped policy, without grants and keys. `by` is who makes it, where that is not its owner."""
        with transaction.atomic():
            agent = cls.objects.create(user=User.objects.create_agent(name), owner=owner, policy=Policy.shipped(), created_at=at)
            Activity.record("agent.created", agent, by=by or owner, at=at)
        return agent

    def forget(self, conversation: "Conversation", *, at: datetime) -> "list[MediaFile]":
        """Erase what this agent wrote in a locked conversation. See `agents.forgetting.forget`."""
        from agents.forgetting import forget

        return forget(self, conversation, at=at)


class AgentKeyQuerySet(models.QuerySet["AgentKey"]):
    def not_ended(self, at: datetime) -> Self:
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=at), revoked_at=None)

    def valid(self, at: datetime) -> Self:
        return self.not_ended(at).filter(agent__user__is_active=True)


class AgentKey(models.Model):
    """One bearer key of an agent: kept as a digest, shown once."""

    public_id = PublicIdField()
    agent = models.ForeignKey(Agent, models.PROTECT, related_name="keys", verbose_name=_("agent"))
    name = models.CharField(_("name"), max_length=80, help_text=_("Where it is used, for example “laptop”."))
    hint = models.CharField(_("begins with"), max_length=12, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(_("made"), editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", editable=False, verbose_name=_("made by"))
    # Rotation: the key that takes this one's place; both are valid until this one expires.
    replaced_by = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="replaces", editable=False, verbose_name=_("replaced by")
    )
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True, editable=False)

    objects = AgentKeyQuerySet.as_manager()

    class Meta:
        verbose_name = _("agent key")
        verbose_name_plural = _("agent keys")

    def __str__(self) -> str:
        return f"{self.name} ({self.hint}…)"

    @classmethod
    def issue(cls, agent: Agent, *, name: str, by: User, at: datetime, expires_at: datetime | None = None) -> tuple["AgentKey", str]:
        """A new key, and its text, which exists nowhere else and can be shown only now."""
        text = f"agt_{secrets.token_urlsafe(32)}"
        with transaction.atomic():
            key = cls.objects.create(agent=agent, name=name, hint=text[:8], digest=key_digest(text), created_at=at, created_by=by, expires_at=expires_at)
            Activity.record("key.issued", key, by=by, at=at, agent=agent.public_id)
        return key, text

    def rotate(self, *, by: User, at: datetime, overlap: timedelta) -> tuple["AgentKey", str]:
        """Another key in this one's place, and its text. Both let in until the overlap is over, so that no client is ever shut out.

        The new key lasts as long as this one was made for.

        Raises:
            NotInUse: there is nothing to replace any more.
        """
        lasts = self.expires_at - self.created_at if self.expires_at else None
        with transaction.atomic():
            key, text = AgentKey.issue(self.agent, name=self.name, by=by, at=at, expires_at=at + lasts if lasts else None)
            ends_at = min(filter(None, (self.expires_at, at + overlap)))
            # The conditions that can be lost are the row's own: PostgreSQL looks at another table as it was before the row was waited for.
            moved = AgentKey.objects.not_ended(at).filter(pk=self.pk, replaced_by=None).update(replaced_by=key, expires_at=ends_at)
            if not (moved and User.objects.filter(agent__keys=self.pk, is_active=True).exists()):
                raise NotInUse
            Activity.record("key.rotated", self, by=by, at=at, agent=self.agent.public_id, until=ends_at.isoformat())
        return key, text

    def has_ended(self, at: datetime) -> bool:
        return self.revoked_at is not None or (self.expires_at is not None and self.expires_at <= at)

    def ends_soon(self, at: datetime) -> bool:
        return not self.has_ended(at) and self.expires_at is not None and self.expires_at <= at + ENDS_SOON

    def is_idle(self, at: datetime) -> bool:
        """Whether nobody has used it for so long that nobody may need it."""
        return not self.has_ended(at) and (self.last_used_at or self.created_at) <= at - IDLE_AFTER

    @classmethod
    def find(cls, text: str, *, at: datetime) -> "AgentKey | None":
        """The valid key with this text; None where there is none. Notes that it was used."""
        key = cls.objects.valid(at).select_related("agent__user", "agent__policy").filter(digest=key_digest(text)).first()
        if key and (key.last_used_at is None or at - key.last_used_at > LAST_USED_STEP):
            cls.objects.filter(pk=key.pk).update(last_used_at=at)
        return key

    def revoke(self, *, by: User, at: datetime) -> bool:
        """Take the key out of use at once. False where it was already."""
        with transaction.atomic():
            moved = AgentKey.objects.filter(pk=self.pk, revoked_at=None).update(revoked_at=at)
            if moved:
                Activity.record("key.revoked", self, by=by, at=at, agent=self.agent.public_id)
        return bool(moved)


def key_digest(text: str) -> str:
    """SHA-256 of a key. Keys carry 256 random bits, so a plain digest cannot be guessed back."""
    return hashlib.sha256(text.encode()).hexdigest()
