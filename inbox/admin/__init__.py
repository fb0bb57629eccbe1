"""The admin of conversations: everything can be looked at and nothing changed, one noun a file."""

from inbox.admin.contact import ContactAdmin
from inbox.admin.conversation import ConversationAdmin
from inbox.admin.dispatch import AttemptAdmin, DispatchAdmin
from inbox.admin.media import MediaFileAdmin
from inbox.admin.message import AttachmentAdmin, MessageAdmin, ReactionAdmin
from inbox.admin.parked_echo import ParkedEchoAdmin
from inbox.admin.webhook import KeptEventAdmin, WebhookDeliveryAdmin

__all__ = [
    "AttachmentAdmin",
    "AttemptAdmin",
    "ContactAdmin",
    "ConversationAdmin",
    "DispatchAdmin",
    "KeptEventAdmin",
    "MediaFileAdmin",
    "MessageAdmin",
    "ParkedEchoAdmin",
    "ReactionAdmin",
    "WebhookDeliveryAdmin",
]
