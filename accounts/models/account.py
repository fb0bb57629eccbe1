"""One connected Facebook Page or Instagram professional account."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models.grant import Grant, Right
from accounts.models.meta_app import MetaApp
from accounts.reasons import reason_sentence
from core.clock import now as clock_now
from core.fields import EncryptedField, PublicIdField
from core.live import Change, publish
from core.retrying import Retry
from core.wake import wake
from graph.networks import Login, Network

if TYPE_CHECKING:
    from accounts.models.user import User


# How much newer a webhook has to be than the one noted last, to be noted.
HEARD_EVERY = timedelta(seconds=10)
# In these states what was said can be read at Meta.
READABLE = ("connected", "restricted")
# How long a restricted account waits before one message tries whether that is over, and at most, where it was tried again and again.
PROBES = Retry(first=timedelta(minutes=15), longest=timedelta(hours=6))


def probe_wait(probes: int) -> timedelta:
    """How long until the next try, after so many in vain."""
    return PROBES.wait(probes + 1)


class AccountQuerySet(models.QuerySet["Account"]):
    """Accounts, by who may do what on them."""

    def where(self, user: "User", right: str) -> Self:
        """The accounts on which `user` has `right`, granted or included in another right."""
        if user.is_superuser:
            return self
        return self.filter(pk__in=Grant.objects.giving(right).filter(user=user).values("account"))

    def visible_to(self, user: "User") -> Self:
        return self.where(user, Right.READ)

    def readable(self) -> Self:
        """Those that Meta lets us read: one that it does not let send can be read, one without a good token cannot."""
        return self.filter(state__in=READABLE).exclude(token="")


class Account(models.Model):
    """One connected Facebook Page or Instagram professional account, with its token."""

    class State(models.TextChoices):
        CONNECTED = "connected", _("connected")
        NEEDS_RECONNECT = "needs_reconnect", _("needs to be reconnected")
        RESTRICTED = "restricted", _("restricted by Meta")
        DISCONNECTED = "disconnected", _("disconnected")

    class TokenKind(models.TextChoices):
        """What the stored token is, as Meta tells (Graph API reference, "Debug token")."""

        UNTOLD = "", _("not told")
        PAGE = "page", _("Page token of a person")
        SYSTEM_USER = "system_user", _("Page token of a system user")
        INSTAGRAM = "instagram", _("Instagram token")

    class MessagesAccess(models.TextChoices):
        """Instagram's own switch "Allow access to messages" (Instagram Platform, "Messaging", requirements)."""

        UNTOLD = "", _("not told")
        ALLOWED = "allowed", _("allowed")
        REFUSED = "refused", _("not allowed")

    class HumanAgentText(models.TextChoices):
        OWN = "own", _("only text that a person wrote")
        EDITED = "edited", _("also an agent's text that a person edited")
        APPROVED = "approved", _("also an agent's text that a person approved")

    public_id = PublicIdField()
    network = models.CharField(_("network"), max_length=12, choices=[(Network.MESSENGER, _("Facebook Page")), (Network.INSTAGRAM, _("Instagram account"))])
    login = models.CharField(
        _("connected by"), max_length=12, choices=[(Login.FACEBOOK, _("Facebook Login")), (Login.INSTAGRAM, _("Instagram Login"))], default=Login.FACEBOOK
    )
    meta_app = models.ForeignKey(MetaApp, models.PROTECT, related_name="accounts", verbose_name=_("Meta app"))
    name = models.CharField(_("name"), max_length=120)
    username = models.CharField(_("username"), max_length=80, blank=True)
    external_id = models.CharField(
        _("id at Meta"), max_length=40, help_text=_("The Page id, or the Instagram professional account id (17841…), as webhooks name it.")
    )
    page_id = models.CharField(
        _("Page id"), max_length=40, blank=True, help_text=_("Only for Instagram through Facebook Login: the linked Page, through which messages go.")
    )
    token = EncryptedField(_("access token"), blank=True, help_text=_("Kept encrypted and never shown again. Leave blank to keep the present one."))
    state = models.CharField(_("state"), max_length=16, choices=State, default=State.CONNECTED, editable=False)
    state_reason = models.TextField(_("why"), blank=True, editable=False)
    state_changed_at = models.DateTimeField(_("since"), null=True, editable=False)
    paused_until = models.DateTimeField(_("sending paused until"), null=True, blank=True, editable=False)
    human_agent_feature = models.BooleanField(
        _("Human Agent feature"), default=False, help_text=_("Meta has approved this app for replies by a person between 24 hours and 7 days.")
    )
    human_agent_text = models.CharField(_("what counts as a person's reply after 24 hours"), max_length=12, choices=HumanAgentText, default=HumanAgentText.OWN)
    agents_may_send = models.BooleanField(
        _("agents may send without review"), default=False, help_text=_("Where the policy allows a message, it goes out without a person. Off is safe.")
    )
    reply_hold = models.PositiveSmallIntegerField(_("hold replies for (seconds)"), default=3)
    approval_hold = models.PositiveSmallIntegerField(_("hold approved proposals for (seconds)"), default=5)
    keeps_media = models.BooleanField(
        _("keep copies of what contacts send"), default=True,
        help_text=_("Meta's own addresses of pictures, voice messages and files die within days. Stories and shared posts are never copied."),
    )  # fmt: skip
    # The person at Meta whose login connected it; Meta names them when they remove the app.
    meta_user_id = models.CharField(_("connected by the Meta user"), max_length=40, blank=True, editable=False)
    # As of ten seconds: whether anything still comes in, without a write for each event.
    webhook_at = models.DateTimeField(_("newest webhook"), null=True, blank=True, editable=False)
    policy_at = models.DateTimeField(_("newest word of Meta's on its policies"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("connected on"), auto_now_add=True)

    # What Meta told of the token when it was stored, refreshed or checked ------------------------------------------
    token_kind = models.CharField(_("kind of token"), max_length=12, choices=TokenKind, blank=True, default=TokenKind.UNTOLD, editable=False)
    token_stored_at = models.DateTimeField(_("token stored"), null=True, editable=False)
    # None is "never" for a token of Facebook's that was checked, and "not told" for any other.
    token_expires_at = models.DateTimeField(_("token expires"), null=True, editable=False)
    data_access_until = models.DateTimeField(_("data access until"), null=True, editable=False)
    scopes = models.JSONField(_("permissions"), default=list, blank=True, editable=False)
    # None is not known; an empty list is that Meta sends nothing.
    subscribed_fields = models.JSONField(_("subscribed to"), null=True, blank=True, editable=False)
    messages_access = models.CharField(_("access to messages"), max_length=8, choices=MessagesAccess, blank=True, default=MessagesAccess.UNTOLD, editable=False)
    sent_at = models.DateTimeField(_("newest message that Meta accepted"), null=True, blank=True, editable=False)

    # Looking after it --------------------------------------------------------------------------------------------
    checked_at = models.DateTimeField(_("checked"), null=True, editable=False)
    check_due_at = models.DateTimeField(_("next check"), null=True, blank=True, default=clock_now, db_index=True, editable=False)
    # What somebody asked for beside the check itself: "refresh", "subscribe".
    wants = models.JSONField(default=list, blank=True, editable=False)
    # By line of the checklist (and "refresh", "subscribe") what went wrong when it was looked at last: a code, and since when it is not known.
    troubles = models.JSONField(default=dict, blank=True, editable=False)
    # Set while nothing can come by webhook: then conversations are read from time to time, and shown as delayed.
    poll_due_at = models.DateTimeField(_("next reading"), null=True, blank=True, db_index=True, editable=False)
    polled_at = models.DateTimeField(_("conversations read"), null=True, blank=True, editable=False)
    # Webhooks come again since then: one more reading after it, and then no more.
    poll_until = models.DateTimeField(null=True, blank=True, editable=False)
    # What its managers were told of last: a state.
    told_state = models.CharField(max_length=16, choices=State, default=State.CONNECTED, editable=False)
    # A disconnected account's token, for the hour in which Meta is told to send nothing more. Nothing else may use it.
    parting_token = EncryptedField(blank=True, default="", editable=False)
    parting_until = models.DateTimeField(null=True, blank=True, editable=False)

    # When one of its threads may be read next to find out what became of a message; while somebody reads, the end of their lease.
    read_free_at = models.DateTimeField(null=True, blank=True, editable=False)

    # While Meta restricts it: when one message may try whether that is over, which one does, and how many did so before.
    probe_due_at = models.DateTimeField(_("tried again"), null=True, blank=True, editable=False)
    probe = models.CharField(max_length=40, blank=True, editable=False)
    probes = models.PositiveSmallIntegerField(default=0, editable=False)

    # A person's pause: what is written waits ----------------------------------------------------------------------
    held_at = models.DateTimeField(_("paused"), null=True, blank=True, editable=False)
    held_until = models.DateTimeField(_("paused until"), null=True, blank=True, editable=False)
    held_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("paused by"), editable=False
    )
    held_reason = models.TextField(_("why it is paused"), blank=True, editable=False)

    objects = AccountQuerySet.as_manager()

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        ordering = ("name", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("network", "external_id"), name="one_row_per_account_at_meta", violation_error_message=_("This account is connected already.")
            ),
            models.CheckConstraint(
                condition=Q(login=Login.FACEBOOK) | Q(network=Network.INSTAGRAM),
                name="a_page_is_connected_by_facebook_login",
                violation_error_message=_("A Facebook Page is connected by Facebook Login."),
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def node(self) -> str:
        """The id whose edges we call: the Page for everything under Facebook Login, else the Instagram account itself."""
        return self.page_id if self.page_id and self.login == Login.FACEBOOK else self.external_id

    @property
    def is_sending(self) -> bool:
        """Whether its state lets messages leave; a pause for pace is apart from this."""
        return self.state == self.State.CONNECTED and bool(self.token)

    def lets_out(self, dispatch: str) -> bool:
        """Whether its state lets the message of this dispatch (its public id) leave: while Meta restricts the account, only the one that tries."""
        is_probe = self.state == self.State.RESTRICTED and self.probe == dispatch and bool(self.token)
        return self.is_sending or is_probe

    def allows(self, user: "User", right: str) -> bool:
        """Whether `user` has `right` here."""
        return Account.objects.where(user, right).filter(pk=self.pk).exists()

    def hear(self, *, at: datetime) -> None:
        """Note that Meta delivered something for it."""
        if self.webhook_at is None or self.webhook_at + HEARD_EVERY <= at:
            Account.objects.filter(Q(webhook_at=None) | Q(webhook_at__lt=at), pk=self.pk).update(webhook_at=at)

    def speak(self, *, at: datetime) -> None:
        """Note that Meta accepted a message of it."""
        if self.sent_at is None or self.sent_at + HEARD_EVERY <= at:
            Account.objects.filter(Q(sent_at=None) | Q(sent_at__lt=at), pk=self.pk).update(sent_at=at)

    def is_held(self, at: datetime) -> bool:
        """Whether somebody has paused sending from it. Without an end it lasts until somebody resumes it."""
        return self.held_at is not None and (self.held_until is None or at < self.held_until)

    def is_paused(self, at: datetime) -> bool:
        """Whether Meta wants nothing from it for now."""
        return self.paused_until is not None and at < self.paused_until

    def pauses_end_at(self, at: datetime) -> datetime:
        """When both somebody's pause and Meta's are over, or `at` where neither is in force. A pause without an end counts for nothing here."""
        return max(filter(None, (at, self.paused_until, self.held_until if self.is_held(at) else None)))

    @property
    def is_delayed(self) -> bool:
        """Whether its conversations are read from time to time, because nothing can come by webhook."""
        return self.poll_due_at is not None and self.state != self.State.DISCONNECTED

    @property
    def why(self) -> str:
        """Why it is in its state, as a sentence."""
        return reason_sentence(self.state_reason)

    def break_down(self, state: str, *, reason: str, at: datetime) -> bool:
        """Stop sending from this account until somebody mends it. False where it was in that state already, or in a worse one."""
        worse = {self.State.DISCONNECTED} | ({self.State.NEEDS_RECONNECT} if state == self.State.RESTRICTED else set())
        changed = Account.objects.filter(pk=self.pk).exclude(state__in={state, *worse})
        probe = {"probe_due_at": at + probe_wait(0) if state == self.State.RESTRICTED else None, "probe": "", "probes": 0}
        moved = bool(changed.update(state=state, state_reason=reason, state_changed_at=at, **probe))
        if moved:
            publish(Change(account=self.pk))
        return moved

    def begin_probe(self, dispatch: str, *, at: datetime) -> bool:
        """Let the message of this dispatch (its public id) try whether Meta still restricts the account. False where another one does, or did lately.

        When the next one may is written down now, so that nothing depends on how this one ends.
        """
        due = Account.objects.filter(pk=self.pk, state=self.State.RESTRICTED, probe_due_at__lte=at, probes=self.probes).exclude(token="")
        return bool(due.update(probe=dispatch, probes=self.probes + 1, probe_due_at=at + probe_wait(self.probes + 1)))

    def end_probe(self, dispatch: str, *, at: datetime) -> bool:
        """Meta accepted this message. Where it was the one that tried, the restriction is over. False where it was not."""
        return self._connect(Q(state=self.State.RESTRICTED, probe=dispatch), at=at)

    def mend(self, *, at: datetime) -> bool:
        """Let messages leave again. False where nothing was broken, or where it has no token by now, as when somebody has just disconnected it."""
        return self._connect(~Q(state=self.State.CONNECTED), at=at)

    def _connect(self, broken: Q, *, at: datetime) -> bool:
        well = {"state": self.State.CONNECTED, "state_reason": "", "state_changed_at": at, "probe_due_at": None, "probe": "", "probes": 0}
        moved = bool(Account.objects.filter(broken, pk=self.pk).exclude(token="").update(**well))
        if moved:
            wake("dispatch")
            wake("settle")
            publish(Change(account=self.pk))
        return moved
