"""The models of conversations with people, one noun a file."""

from inbox.models.backfill import Backfill
from inbox.models.canned_reply import CannedReply
from inbox.models.contact import Contact
from inbox.models.conversation import Conversation
from inbox.models.deletion_request import DeletionRequest
from inbox.models.dispatch import Attempt, Dispatch
from inbox.models.draft import Draft
from inbox.models.label import Label
from inbox.models.media import MediaFile
from inbox.models.message import Attachment, Message, Reaction
from inbox.models.note import Mention, Note
from inbox.models.occurrence import Occurrence
from inbox.models.parked_echo import ParkedEcho
from inbox.models.person import Person
from inbox.models.presence import Presence
from inbox.models.read_mark import ReadMark
from inbox.models.reading import Reading
from inbox.models.refused_delivery import RefusedDelivery
from inbox.models.saved_view import SavedView
from inbox.models.search_entry import SearchEntry
from inbox.models.webhook import KeptEvent, WebhookDelivery

__all__ = [
    "Attachment",
    "Attempt",
    "Backfill",
    "CannedReply",
    "Contact",
    "Conversation",
    "DeletionRequest",
    "Dispatch",
    "Draft",
    "KeptEvent",
    "Label",
    "MediaFile",
    "Mention",
    "Message",
    "Note",
    "Occurrence",
    "ParkedEcho",
    "Person",
    "Presence",
    "Reaction",
    "ReadMark",
    "Reading",
    "RefusedDelivery",
    "SavedView",
    "SearchEntry",
    "WebhookDelivery",
]
