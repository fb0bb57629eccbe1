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
    """One attachment.

    Args:
        kind: image, video, audio, file, sticker, location, link, card, post, reel, story, story_mention, heart, view_once, booking, or
            unsupported; a type that Meta adds one day stays in its own word.
        url: where its bytes or its page are; empty where there are none. It dies within days.
        title: what it is called, where Meta says so.
        payload: the rest of what Meta tells, as it came.
    """

    kind: str
    url: str = ""
    title: str = ""
    payload: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, kw_only=True)
class Referral:
    """By which way a contact came: an advertisement, a link, a plugin, a product.

    Source: Meta, Messenger Platform webhooks, "messaging_referrals"; Instagram Platform, "Webhooks", "messaging_referral".

    Args:
        source: Meta's word in one spelling: ADS, SHORTLINK, CUSTOMER_CHAT_PLUGIN …
        ref: what the maker of the link wrote into it.
        ad_id, ad_title, picture_url: the advertisement, where there was one.
        product_id: the product that was asked about.
        page_url: the web page that the plugin stood on.
    """

    source: str = ""
    ref: str = ""
    ad_id: str = ""
    ad_title: str = ""
    picture_url: str = ""
    product_id: str = ""
    page_url: str = ""

    @property
    def is_ad(self) -> bool:
        return self.source == "ADS" or bool(self.ad_id)


@dataclass(frozen=True, kw_only=True)
class MessageReceived(Event):
    """The contact wrote.

    Args:
        story_url, story_id: the account's own story that it answers. The address dies with the story.
        quick_reply: the payload behind the offered answer that was tapped.
        came_by: the plugin that the contact used before there was a conversation (Meta's `prior_message`).
        to_self: the account wrote it to itself.
        unsupported: Meta shows the content only in its own apps.
    """

    mid: str
    text: str = ""
    attachments: tuple[MediaReceived, ...] = ()
    reply_to_mid: str = ""
    story_url: str = ""
    story_id: str = ""
    quick_reply: str = ""
    referral: Referral | None = None
    came_by: str = ""
    to_self: bool = False
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
    story_url: str = ""
    story_id: str = ""


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
    referral: Referral | None = None


@dataclass(frozen=True, kw_only=True)
class ReferralFollowed(Event):
    """The contact followed a link or an ad into a thread that already existed."""

    referral: Referral


@dataclass(frozen=True, kw_only=True)
class ThreadControlChanged(Event):
    """Another app, or ours, got the thread, or asks for it.

    Source: Meta, Messenger Platform, "Conversation routing", webhook events.

    Args:
        change: passed, taken or requested.
        owner_app_id: who holds the thread from now on, or asks to; empty means nobody.
        previous_app_id: who held it before; empty means nobody, or not told.
        note: what the app that did it wrote beside.
    """

    change: str
    owner_app_id: str = ""
    previous_app_id: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class PolicyEnforced(Event):
    """Meta warns the account, stops it from sending, or lets it send again: `action` is warning, block or unblock."""

    action: str
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class OptedIn(Event):
    """The contact allowed messages outside the window, or took that back. `kind` is Meta's type, `status` its word for the change."""

    kind: str
    title: str = ""
    status: str = ""


@dataclass(frozen=True, kw_only=True)
class Commented(Event):
    """Somebody commented on a post of the account, or did something to a comment.

    Args:
        verb: add, edited, remove, hide, unhide.
        post_id: the post; for an ad's comment, which Meta tells twice, the original one.
        ours: the account itself wrote it.
    """

    comment_id: str
    verb: str = "add"
    post_id: str = ""
    parent_id: str = ""
    author: str = ""
    text: str = ""
    ours: bool = False


@dataclass(frozen=True, kw_only=True)
class Mentioned(Event):
    """Somebody mentioned the account in a comment, or in the words below a post."""

    media_id: str
    comment_id: str = ""


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
