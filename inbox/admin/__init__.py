"""The admin of conversations: everything can be looked at and nothing changed, one noun a file; and the page on what comes in."""

from inbox.admin.backfill import BackfillAdmin
from inbox.admin.canned_reply import CannedReplyAdmin
from inbox.admin.contact import ContactAdmin
from inbox.admin.conversation import ConversationAdmin
from inbox.admin.deletion_request import DeletionRequestAdmin
from inbox.admin.dispatch import AttemptAdmin, DispatchAdmin
from inbox.admin.kept_event import KeptEventAdmin
from inbox.admin.label import LabelAdmin
from inbox.admin.media import MediaFileAdmin
from inbox.admin.message import AttachmentAdmin, MessageAdmin, ReactionAdmin
from inbox.admin.note import MentionAdmin, NoteAdmin
from inbox.admin.occurrence import OccurrenceAdmin
from inbox.admin.parked_echo import ParkedEchoAdmin
from inbox.admin.reading import ReadingAdmin
from inbox.admin.refused_delivery import RefusedDeliveryAdmin
from inbox.admin.webhook import WebhookDeliveryAdmin

__all__ = [
    "AttachmentAdmin",
    "AttemptAdmin",
    "BackfillAdmin",
    "CannedReplyAdmin",
    "ContactAdmin",
    "ConversationAdmin",
    "DeletionRequestAdmin",
    "DispatchAdmin",
    "KeptEventAdmin",
    "LabelAdmin",
    "MediaFileAdmin",
    "MentionAdmin",
    "MessageAdmin",
    "NoteAdmin",
    "OccurrenceAdmin",
    "ParkedEchoAdmin",
    "ReactionAdmin",
    "ReadingAdmin",
    "RefusedDeliveryAdmin",
    "WebhookDeliveryAdmin",
]
