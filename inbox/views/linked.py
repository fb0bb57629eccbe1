"""The other conversations of the person behind one: as much of them as one of us may read, fetched along with the conversation itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2s
from typing import Any

from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Subquery
from django.db.models.fields.json import KeyTextTransform
from django.utils.translation import gettext as _

from accounts.models import Account, Activity, Right, User
from core.clock import now
from core.json_rows import ModelRows
from inbox.linking import LINKED, UNLINKED
from inbox.models import Conversation
from inbox.models.conversation_queries import unread_by
from inbox.views.history import COUNTERSIGN, Did

MOST, MOST_LINKINGS = 20, 12
SHOWN = (
    "id", "public_id", "screen", "account_id", "contact_id", "last_message_at", "waiting_since", "closed_at", "snoozed_until",
    "window_cause", "window_opened_at", "window_closes_at", "human_until", "perhaps_until", "window_refused_at",
    "account__id", "account__name", "account__network", "account__human_agent_feature",
    "contact__id", "contact__name", "contact__username", "contact__external_id",
)  # fmt: skip


def linked_to(user: User) -> ModelRows:
    """Of the conversation around it: those of the same person that this user may read, the newest first. Each with `may_reply` and `is_unread`."""
    others = Conversation.objects.visible_to(user).filter(contact__person=OuterRef("contact__person")).exclude(pk=OuterRef("pk"))
    may_reply = Exists(Account.objects.where(user, Right.REPLY).filter(pk=OuterRef("account")))
    others = others.annotate(may_reply=may_reply, is_unread=ExpressionWrapper(unread_by(user), BooleanField()))
    return ModelRows(others.newest_first()[:MOST], *SHOWN, "may_reply", "is_unread")


def linkings_for(user: User) -> ModelRows:
    """Of the conversation around it: who linked its contact with one on an account that this user may read, or unlinked it; the newest first."""
    lines = Activity.objects.filter(target_type="contact", target_id=OuterRef("contact__public_id"), verb__in=(LINKED, UNLINKED))
    lines = lines.annotate(on=KeyTextTransform("on", "details")).filter(on__in=Account.objects.visible_to(user).values("public_id"))
    lines = lines.annotate(account_there=Subquery(Account.objects.filter(public_id=OuterRef("on")).values("name")))
    return ModelRows(lines.order_by("-at", "-pk")[:MOST_LINKINGS], "id", "at", "verb", "by_id", "by__id", "by__name", "by__email", "account_there")


@dataclass(frozen=True)
class Linked:
    """The other conversations of one person.

    Args:
        key: of the conversation that is open.
        conversations: the newest first.
    """

    key: int
    conversations: Sequence[Conversation]

    @property
    def next(self) -> Conversation | None:
        """One after the other, and the first after the last."""
        in_order = sorted(self.conversations, key=lambda each: each.pk)
        return next((each for each in in_order if each.pk > self.key), in_order[0] if in_order else None)

    @property
    def mark(self) -> str:
        """Another as soon as there is news of one of them, or they are others; "" where there is none."""
        said = " ".join(sorted(f"{each.public_id}.{each.screen}" for each in self.conversations))
        return blake2s(said.encode(), digest_size=8).hexdigest() if said else ""

    @property
    def snoozed(self) -> list[Conversation]:
        at = now()
        return [each for each in self.conversations if not each.closed_at and each.snoozed_until and each.snoozed_until > at]

    @property
    def open(self) -> Conversation | None:
        """One that is on the table; rather one in which they wait."""
        on_table = [each for each in self.conversations if not each.closed_at and each not in self.snoozed]
        return next((each for each in on_table if each.waiting_since), on_table[0] if on_table else None)


def linked_of(conversation: Conversation) -> Linked:
    """Those of a conversation that was fetched with `linked_to`."""
    others: Sequence[Any] = getattr(conversation, "linked", [])
    for each in others:
        each.window_message = None  # its words stay where they were said
    return Linked(conversation.pk, others)


def linkings_of(conversation: Conversation) -> list[Did]:
    """What was done to the links of a conversation that was fetched with `linkings_for`, the newest first."""
    lines: Sequence[Any] = getattr(conversation, "linkings", [])
    sentences = {LINKED: _("%(who)s linked a contact on %(account)s"), UNLINKED: _("%(who)s unlinked a contact on %(account)s")}
    return [Did(sentences[line.verb] % {"who": line.by or COUNTERSIGN, "account": line.account_there}, line.at) for line in lines]
