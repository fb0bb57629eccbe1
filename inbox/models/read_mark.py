"""How far people have read."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection, models

if TYPE_CHECKING:
    from accounts.models import User
    from inbox.models.conversation import Conversation

_ADVANCE = """
    INSERT INTO inbox_readmark (conversation_id, user_id, read_until) VALUES (%s, %s, %s)
    ON CONFLICT (conversation_id, user_id) DO UPDATE SET read_until = excluded.read_until WHERE inbox_readmark.read_until < excluded.read_until
"""


class ReadMark(models.Model):
    """How far one user has read one conversation."""

    conversation = models.ForeignKey("inbox.Conversation", models.CASCADE, related_name="read_marks")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    read_until = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("conversation", "user"), name="one_read_mark_per_conversation_and_user"),)

    def __str__(self) -> str:
        return f"{self.user} · {self.conversation}"

    @classmethod
    def advance(cls, conversation: "Conversation", *, by: "User", to: datetime) -> None:
        """This user has read up to here. A mark never moves back. One statement, the same on both databases."""
        moment = connection.ops.adapt_datetimefield_value(to)
        with connection.cursor() as cursor:
            cursor.execute(_ADVANCE, [conversation.pk, by.pk, moment])
