"""The models of conversations with people, one noun a file."""

from inbox.models.backfill import Backfill
from inbox.models.contact import Contact
from inbox.models.conversation import Conversation, ReadMark
from inbox.models.deletion_request import DeletionRequest
from inbox.models.dispatch import Attempt, Dispatch
from inbox.models.media import MediaFile
from inbox.models.message import Attachment, Message, Reaction
from inbox.models.occurrence import Occurrence
from inbox.models.parked_echo import ParkedEcho
from inbox.models.reading import Reading
from inbox.models.refused_delivery import RefusedDelivery
from inbox.models.webhook import KeptEvent, WebhookDelivery

__all__ = [
    "Attachment",
    "Attempt",
    "Backfill",
    "Contact",
    "Conversation",
    "DeletionRequest",
    "Dispatch",
    "KeptEvent",
    "MediaFile",
    "Message",
    "Occurrence",
    "ParkedEcho",
    "Reaction",
    "ReadMark",
    "Reading",
    "RefusedDelivery",
    "WebhookDelivery",
]
