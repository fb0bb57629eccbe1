"""One person's wish to connect accounts, from the login at Meta to the choice."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.account import Account
from accounts.models.meta_app import MetaApp
from core.fields import EncryptedField, PublicIdField
from core.lease import is_free


class ConnectionRequestQuerySet(models.QuerySet["ConnectionRequest"]):
    def waiting(self, at: datetime) -> Self:
        """Those that a worker has to go on with, and that no other is at."""
        State = ConnectionRequest.State
        return self.filter(is_free(at), state__in=(State.LOOKING, State.SAVING))


class ConnectionRequest(models.Model):
    """One person's wish to connect accounts: begun, looked into by a worker, chosen from, saved by a worker. Its secrets go with its end."""

    class Method(models.TextChoices):
        FACEBOOK = "facebook", _("Facebook Login")
        INSTAGRAM = "instagram", _("Instagram Login")
        TOKEN = "token", _("a pasted token")

    class State(models.TextChoices):
        BEGUN = "begun", _("at Meta's login")
        LOOKING = "looking", _("being looked into")
        CHOOSING = "choosing", _("waits for a choice")
        SAVING = "saving", _("being connected")
        DONE = "done", _("connected")
        FAILED = "failed", _("failed")

    public_id = PublicIdField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("who"))
    method = models.CharField(_("by"), max_length=12, choices=Method)
    meta_app = models.ForeignKey(MetaApp, models.PROTECT, related_name="+", verbose_name=_("Meta app"))
    # Set where an account is reconnected or gets another token: then nothing else may be connected.
    account = models.ForeignKey(Account, models.PROTECT, null=True, blank=True, related_name="connection_requests", verbose_name=_("account"))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.BEGUN)
    # The code of the login or the pasted token, then the tokens of what was found (JSON, by id). Emptied when it ends.
    secret = EncryptedField(_("secret"), blank=True)
    # What can be chosen: network, id, name, username, page_id, and what stands against it. No token.
    found = models.JSONField(_("found"), default=list, blank=True)
    chosen = models.JSONField(_("chosen"), default=list, blank=True)
    # For how many days back history is read: 0 none, null everything.
    history_days = models.PositiveIntegerField(_("history in days"), null=True, blank=True, default=90)
    # When what was asked for of history was begun (`inbox.backfilling`), once for all that was connected.
    history_begun_at = models.DateTimeField(null=True, blank=True, editable=False)
    error = models.CharField(_("error"), max_length=40, blank=True)
    error_facts = models.JSONField(default=dict, blank=True)
    at = models.DateTimeField(_("begun"))
    finished_at = models.DateTimeField(_("ended"), null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)

    objects = ConnectionRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("connecting")
        verbose_name_plural = _("connecting of accounts")
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"{self.get_method_display()} · {self.by}"

    def move(self, *states: str, to: str, **fields: object) -> bool:
        """Change state, provided it is still in one of `states`. False where somebody else moved it first."""
        return bool(ConnectionRequest.objects.filter(pk=self.pk, state__in=states).update(state=to, **fields))
