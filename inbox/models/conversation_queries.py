"""Conversations, by who may see them, how they stand and in which order."""

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Count, Exists, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from accounts.models import Account, User
from inbox.models.contact import Contact
from inbox.models.message import Message
from inbox.models.read_mark import ReadMark

if TYPE_CHECKING:
    from inbox.models.conversation import Conversation

LONG_AGO = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def _unseen_by(user: User) -> models.QuerySet[Message]:
    """Of the conversation around it: what came after this user last looked. The index `messages_unseen` answers it alone."""
    # By the row around, not by the message's own column: then the index is entered where the mark stands, however long the thread is.
    mark = ReadMark.objects.filter(conversation=OuterRef(OuterRef("pk")), user=user).values("read_until")[:1]
    return Message.objects.filter(
        conversation=OuterRef("pk"), direction=Message.Direction.IN, received_at__gt=Coalesce(Subquery(mark), LONG_AGO), is_history=False
    )


def unread_by(user: User) -> Q:
    """There is something of the contact's that this user has not seen."""
    seen = ReadMark.objects.filter(conversation=OuterRef("pk"), user=user, read_until__gte=OuterRef("last_received_at"))
    return Q(~Exists(seen), last_received_at__isnull=False)


class ConversationQuerySet(models.QuerySet["Conversation"]):
    """Conversations, by who may see them and in which order."""

    def visible_to(self, user: User) -> Self:
        return self.filter(account__in=Account.objects.visible_to(user))

    def where(self, user: User, right: str) -> Self:
        return self.filter(account__in=Account.objects.where(user, right))

    def newest_first(self) -> Self:
        return self.order_by("-last_message_at", "-pk")

    def with_unread(self, user: User) -> Self:
        """Adds `unread`: how many of the contact's messages came after this user last looked. History is nobody's news."""
        counted = _unseen_by(user).order_by().values("conversation").annotate(number=Count("pk")).values("number")
        return self.annotate(unread=Coalesce(Subquery(counted), 0))

    def unread_by(self, user: User) -> Self:
        """Those with something of the contact's that this user has not seen."""
        return self.filter(unread_by(user))

    # How they stand with those who work on them; what depends on the clock is asked of the clock ---------------------
    def open(self, at: datetime) -> Self:
        """Those on the table: not closed, and not put off for later."""
        return self.filter(Q(snoozed_until=None) | Q(snoozed_until__lte=at), closed_at=None)

    def snoozed(self, at: datetime) -> Self:
        return self.filter(closed_at=None, snoozed_until__gt=at)

    def closed(self) -> Self:
        return self.filter(closed_at__isnull=False)

    def lock(self, pk: int) -> "Conversation":
        """The row, locked until the transaction ends. The first of the locks; for their order see docs/architecture.md, Locks.

        On SQLite every transaction of ours begins IMMEDIATE, so there is one writer anyhow.
        """
        conversation = self.select_for_update().get(pk=pk)
        # Read after the lock was had: a join would show the account as it was before we waited (READ COMMITTED).
        conversation.account = Account.objects.select_related("meta_app").get(pk=conversation.account_id)
        conversation.contact = Contact.objects.get(pk=conversation.contact_id)
        return conversation
