"""What Meta's webhooks tell us, in our words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from graph.networks import Network


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened on one account.

    `account_id` is Meta's `entry.id`, by which to find our account; `standby` means that another app holds the
    thread at this moment. `raw` is the part of the body that was read, and stays out of the repr.
    """

    network: Network
    account_id: str
    contact_id: str | None
    at: datetime | None
    standby: bool = False
    raw: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class MediaReceived:
    """One attachment. `kind` is Meta's own type; `url` is empty where nothing can be fetched, and dies within days."""

    kind: str
    url: str = ""
    title: str = ""
    payload: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, kw_only=True)
class MessageReceived(Event):
    """The contact wrote. `unsupported` means that Meta shows the content only in its own apps."""

    mid: str
    text: str = ""
    attachments: tuple[MediaReceived, ...] = ()
    reply_to_mid: str = ""
    story_url: str = ""
    quick_reply: str = ""
    referral: Mapping[str, Any] | None = None
    unsupported: bool = False


@dataclass(frozen=True, kw_only=True)
class MessageEchoed(Event):
    """Our side wrote: we, another app, or a person in Meta's own apps.

    Only Messenger fills `app_id` and `metadata`; old echoes lack both.
    """

    mid: str
    text: str = ""
    attachments: tuple[MediaReceived, ...] = ()
    app_id: str = ""
    metadata: str = ""
    reply_to_mid: str = ""


@dataclass(frozen=True, kw_only=True)
class MessageUnsent(Event):
    """A message was taken back; Meta's policy wants its content gone here too."""

    mid: str
    by_contact: bool


@dataclass(frozen=True, kw_only=True)
class MessageEdited(Event):
    """A message has new words; `number` counts its edits from one."""

    mid: str
    text: str
    number: int


@dataclass(frozen=True, kw_only=True)
class Reacted(Event):
    """The contact put a reaction on a message, or took it off again; then both `emoji` and `name` may be empty."""

    mid: str
    emoji: str = ""
    name: str = ""
    removed: bool = False


@dataclass(frozen=True, kw_only=True)
class PostbackReceived(Event):
    """The contact tapped a button. `mid` may be empty, and so may `payload` in standby."""

    mid: str = ""
    title: str = ""
    payload: str = ""
    referral: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class ReferralFollowed(Event):
    """The contact followed a link or an ad into a thread that already existed."""

    ref: str = ""
    source: str = ""
    referral: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Delivered(Event):
    """These messages, and all up to `until`, reached the contact. Messenger only; `mids` may be empty."""

    mids: tuple[str, ...] = ()
    until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Read(Event):
    """The contact has read: everything up to `until` on Messenger, `mid` and what came before it on Instagram."""

    mid: str = ""
    until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class TestReceived(Event):
    """Somebody pressed the test button in Meta's dashboard: the webhook works, and nothing happened."""

    __test__ = False  # pytest would otherwise take the name for a test case

    text: str = ""


@dataclass(frozen=True, kw_only=True)
class NotUnderstood(Event):
    """Something that the inbox has no use for, or cannot read; kept with the reason."""

    kind: str
    reason: str
