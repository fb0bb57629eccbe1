"""The thread between one account and one contact."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import F, Max, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, Activity, User
from core.clock import now as clock_now
from core.fields import PublicIdField
from core.live import Change, publish
from inbox.models.contact import CLOCKS_DIFFER, Contact
from inbox.models.conversation_queries import ConversationQuerySet
from inbox.models.label import Label
from inbox.models.message import Message
from inbox.models.occurrence import Occurrence
from inbox.models.read_mark import ReadMark
from inbox.window import HUMAN, PERHAPS, STANDARD, MessagingWindow

if TYPE_CHECKING:
    from inbox.content import Content

# Of several causes at one moment the first counts, whichever was told first.
CAUSES = ("message", "postback", "referral", "reaction")
# An old click counts no more once there were this many newer ones.
AD_CLICKS_LOOKED_AT = 5
A_SECOND = timedelta(seconds=1)
A_MOMENT = timedelta(microseconds=1)


class Conversation(models.Model):
    """The thread between one account and one contact."""

    class Control(models.TextChoices):
        """Who holds the thread at Meta (Messenger Platform, "Conversation routing"), as far as its events tell."""

        UNTOLD = "", _("not told")
        HERE = "here", _("this app, or nobody")
        ELSEWHERE = "elsewhere", _("another app")

    public_id = PublicIdField()
    account = models.ForeignKey(Account, models.PROTECT, related_name="conversations", verbose_name=_("account"))
    contact = models.OneToOneField(Contact, models.PROTECT, related_name="conversation", verbose_name=_("contact"))
    # Counts what is said; a vote names the revision that was on the screen.
    revision = models.PositiveIntegerField(_("revision"), default=0)
    # Counts what the contact said, changed or took back, in whatever order it reached us; an agent's words are bound to it.
    heard = models.PositiveIntegerField(_("heard"), default=0, editable=False)
    # Counts everything that the screen shows; the answer to "anything newer than this?".
    screen = models.PositiveIntegerField(default=0, editable=False)
    last_message_at = models.DateTimeField(_("last message"))
    last_message = models.ForeignKey(Message, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("last message"))
    newest_inbound = models.ForeignKey(Message, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("newest from the contact"))
    window_cause = models.CharField(_("window opened by"), max_length=20, blank=True)
    window_opened_at = models.DateTimeField(_("window opened"), null=True, blank=True)
    window_message = models.ForeignKey(Message, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("opening message"))
    window_closes_at = models.DateTimeField(_("window closes"), null=True, blank=True, db_index=True)
    human_until = models.DateTimeField(_("human reply until"), null=True, blank=True)
    perhaps_until = models.DateTimeField(_("perhaps open until"), null=True, blank=True)
    window_refused_at = models.DateTimeField(_("Meta called it closed"), null=True, blank=True)
    control = models.CharField(_("held by"), max_length=10, choices=Control, blank=True, default=Control.UNTOLD)
    control_at = models.DateTimeField(_("held since"), null=True, blank=True)
    delivered_until = models.DateTimeField(_("delivered up to"), null=True, blank=True)
    read_until = models.DateTimeField(_("read up to"), null=True, blank=True)
    # When the newest news of the contact's was stored; what somebody has not read is told by it.
    last_received_at = models.DateTimeField(null=True, blank=True, editable=False)
    # Since when the contact waits for an answer: their first message after our last. None where we spoke last.
    waiting_since = models.DateTimeField(_("waits since"), null=True, blank=True, editable=False)

    # What people make of it: `inbox/teamwork.py`, `closing.py` and `labelling.py` ----------------------------------
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("assigned to"), editable=False
    )
    assigned_at = models.DateTimeField(_("assigned"), null=True, blank=True, editable=False)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True, editable=False)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("closed by"), editable=False
    )
    # Once it is over, the conversation is open again; nobody has to sweep for that.
    snoozed_until = models.DateTimeField(_("snoozed until"), null=True, blank=True, editable=False)
    snoozed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("snoozed by"), editable=False
    )
    # Agents may propose nothing here, since a person took over or said so.
    agents_off_at = models.DateTimeField(_("agents off since"), null=True, blank=True, editable=False)
    agents_off_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("agents switched off by"), editable=False
    )
    labels = models.ManyToManyField(Label, blank=True, related_name="conversations", verbose_name=_("labels"), editable=False)

    objects = ConversationQuerySet.as_manager()

    class Meta:
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        indexes = (
            models.Index(fields=("-last_message_at", "-id"), name="conversations_newest_first"),
            models.Index(fields=("account", "-last_message_at", "-id"), name="conversations_of_account"),
            # Most conversations are closed sooner or later; the list looks at the others.
            models.Index(fields=("account", "-last_message_at", "-id"), condition=Q(closed_at=None), name="conversations_not_closed"),
            models.Index(fields=("assignee", "-last_message_at", "-id"), condition=Q(assignee__isnull=False), name="conversations_of_assignee"),
            models.Index(fields=("waiting_since", "id"), condition=Q(waiting_since__isnull=False), name="conversations_that_wait"),
            models.Index(fields=("snoozed_until", "id"), condition=Q(snoozed_until__isnull=False), name="conversations_snoozed"),
        )

    def __str__(self) -> str:
        return f"{self.contact} · {self.account}"

    def get_absolute_url(self) -> str:
        return reverse("inbox:conversation", args=[self.public_id])

    # What may be written ------------------------------------------------------------------------------------------
    @property
    def window(self) -> MessagingWindow:
        human_until = self.human_until if self.account.human_agent_feature else None
        return MessagingWindow(
            self.window_closes_at, human_until, self.window_cause, self.perhaps_until, self.window_opened_at, self.window_refused_at
        )  # fmt: skip

    def reply(self, content: "Content", *, by: User, **how: Any) -> Message:
        """Write a message and put it in the outbox. See `inbox.replies.reply` for what may be said of how, and what it raises."""
        from inbox.replies import reply

        return reply(self, content, by=by, **how)

    # Facts --------------------------------------------------------------------------------------------------------
    def open_window(self, cause: str, *, at: datetime, message: Message | None = None) -> None:
        """The contact did something that opens or refreshes the window. Facts out of order never shorten it.

        Source: Meta, Messenger Platform, "Send a message", standard messaging window.
        """
        self.contact.be_reached(at=at)
        if self.window_opened_at is None or self._opening(cause, at, message) > self._opening(self.window_cause, self.window_opened_at, self.window_message):
            self.window_cause, self.window_opened_at, self.window_message = cause, at, message
            self.window_closes_at = at + STANDARD
        # Human Agent counts from the person's last *message*; a tap or a reaction is left out to be safe.
        if cause == "message" and (self.human_until is None or at + HUMAN > self.human_until):
            self.human_until = at + HUMAN

    @staticmethod
    def _opening(cause: str, at: datetime, message: Message | None) -> tuple[datetime, int, str]:
        """By which of two openings the later one is told, the same in whatever order they came in."""
        return at, -CAUSES.index(cause), message.mid if message else ""

    def weigh_ads(self) -> None:
        """Work out until when an advertisement may have opened the window: seven days from the first message after a click.

        Worked out anew from the stored clicks, because clicks and messages reach us in any order.
        """
        clicks = self.occurrences.filter(kind=Occurrence.Kind.AD).order_by("-at")[:AD_CLICKS_LOOKED_AT].values_list("at", flat=True)
        openers = [self._first_message_since(click) for click in clicks]
        self.perhaps_until = max((at + PERHAPS for at in openers if at), default=None)

    def _first_message_since(self, at: datetime) -> datetime | None:
        written = self.messages.filter(direction=Message.Direction.IN, opens_as="message", at__gte=at)
        return written.order_by("at").values_list("at", flat=True).first()

    def reopen(self, *, received_at: datetime, at: datetime) -> None:
        """Meta's clock and ours differ: an opener that reached us after a refusal, and hardly seems older, is newer than it."""
        refused = self.window_refused_at
        if refused and refused < received_at and refused < at + CLOCKS_DIFFER:
            self.window_refused_at = None

    def notice_control(self, control: str, *, at: datetime) -> None:
        """Something at `at` shows who holds the thread. The newest sign counts; at one moment, that another app does."""
        if self.control_at is None or (at, control == self.Control.ELSEWHERE) > (self.control_at, self.control == self.Control.ELSEWHERE):
            self.control, self.control_at = control, at

    def add(self, message: Message) -> None:
        """Take a new message into the facts of this locked conversation, whatever order it came in, and tell the browsers."""
        self.take(message)
        self.show()

    def take(self, message: Message) -> None:
        """Take a new message into the facts of this locked conversation, whatever order it came in; it is saved or shown afterwards.

        History from before what is known makes nothing stale: nobody decided without it.
        """
        is_news = not message.is_history
        if message.is_inbound and (is_news or _may_be_later(message, self.newest_inbound)):
            self.hear()
        if message.is_inbound and is_news:
            self.last_received_at = max(message.received_at, self.last_received_at or message.received_at)
            self.come_back(at=message.received_at)
        if is_news or _may_be_later(message, self.last_message):
            self.revision = self.revision + 1
        if self.last_message is None or _is_later(message, self.last_message):
            self.last_message, self.last_message_at = message, message.at
        if message.is_inbound and (self.newest_inbound is None or _is_later(message, self.newest_inbound)):
            self.newest_inbound = message

    def find_newest(self) -> None:
        """Look up which messages are the newest, after the time of one was corrected. What was taken back before it left was never said."""
        self.last_message = _latest(self.messages.exclude(dispatch__state="cancelled"))
        self.newest_inbound = _latest(self.messages.filter(direction=Message.Direction.IN))
        if self.last_message:
            self.last_message_at = self.last_message.at

    def come_back(self, *, at: datetime) -> None:
        """The contact wrote: what was closed or put off is on the table again."""
        if self.closed_at:
            Activity.record("conversation.reopened", self, by=None, at=at, account=self.account)
        self.closed_at = self.closed_by = self.snoozed_until = self.snoozed_by = None

    @property
    def answered_at(self) -> datetime | None:
        """When we spoke last, looked up."""
        return self.messages.answers().order_by("-at").values_list("at", flat=True).first()

    def find_waiting(self) -> None:
        """Look up since when the contact waits."""
        answered_at = self.answered_at
        asked = self.messages.filter(direction=Message.Direction.IN, removed_at=None).order_by("at")
        self.waiting_since = (asked.filter(at__gt=answered_at) if answered_at else asked).values_list("at", flat=True).first()

    def hear(self) -> None:
        """The contact said, changed or took back something: what was decided before does not answer it."""
        self.heard += 1

    def show(self, *, said: bool = True) -> None:
        """Save this locked conversation, and have every screen that shows it look again.

        Args:
            said: whether what was said, or whether it got through, may be other than before; by that is told since when the contact waits.
        """
        if said:
            self.find_waiting()
        self.screen = F("screen") + 1
        self.save()
        self.refresh_from_db(fields=["revision", "screen"])
        publish(Change(account=self.account_id, conversation=self.public_id))

    @classmethod
    def touch(cls, pk: int) -> None:
        """Something that the screen shows changed beside the conversation itself: a receipt, a dispatch, a proposal."""
        account, public_id = cls.objects.filter(pk=pk).values_list("account", "public_id").get()
        cls.objects.filter(pk=pk).update(screen=F("screen") + 1)
        publish(Change(account=account, conversation=public_id))

    def move_marks(self, message: Message, *, to: datetime) -> None:
        """The time of a message of ours was corrected; what had passed it has passed it still."""
        for name in ("delivered_until", "read_until"):
            mark = getattr(self, name)
            if mark is not None and message.at <= mark < to:
                setattr(self, name, to)

    def was_delivered(self, message: Message) -> bool:
        """Whether Meta's mark has passed this message of ours. What was read was delivered, also on Instagram, which never says so."""
        return _has_passed(self.delivered_until, message) or self.was_read(message)

    def was_read(self, message: Message) -> bool:
        return _has_passed(self.read_until, message)

    # People -------------------------------------------------------------------------------------------------------
    def mark_read(self, *, by: User, at: datetime | None = None) -> None:
        """This user has seen everything that was stored up to `at`. Colleagues keep their own marks, and a mark never moves back."""
        newest = self.messages.filter(direction=Message.Direction.IN).aggregate(newest=Max("received_at"))["newest"]
        if newest is None:
            return
        ReadMark.advance(self, by=by, to=min(newest, at or clock_now()))

    def mark_unread(self, *, by: User) -> bool:
        """The contact's newest news is new again for this user. False where there is none."""
        news = self.messages.filter(direction=Message.Direction.IN, is_history=False)
        newest = news.aggregate(newest=Max("received_at"))["newest"]
        if newest is None:
            return False
        ReadMark.objects.update_or_create(conversation=self, user=by, defaults={"read_until": newest - A_MOMENT})
        return True


def _may_be_later(message: Message, other: Message | None) -> bool:
    """Threads at Meta tell whole seconds: what stands in the same second may have been said after."""
    return other is None or message.at + A_SECOND > other.at


def _is_later(message: Message, other: Message) -> bool:
    """Of two at one moment the same one is the later, in whatever order they came in; one of ours without an id yet is the newest."""
    return _place(message) >= _place(other)


def _latest(messages: models.QuerySet[Message]) -> Message | None:
    newest = messages.order_by("-at").first()
    # Compared here: each database has an order of its own for texts.
    return max(messages.filter(at=newest.at), key=_place) if newest else None


def _place(message: Message) -> tuple[datetime, bool, str]:
    return message.at, not message.mid, message.mid


def _has_passed(mark: datetime | None, message: Message) -> bool:
    return mark is not None and message.at <= mark
