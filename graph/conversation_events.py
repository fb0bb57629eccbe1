"""From one event of a thread to its meaning: the key beside sender and recipient says which kind it is.

Source: Meta, Messenger Platform webhooks, one page per event; Instagram Platform, "Webhooks", "Examples".
"""

from collections.abc import Callable, Mapping
from typing import Any

from graph.events import (
    Delivered,
    Event,
    MessageEchoed,
    MessageEdited,
    MessageReceived,
    MessageUnsent,
    OptedIn,
    PolicyEnforced,
    PostbackReceived,
    Reacted,
    Read,
    ReferralFollowed,
    ThreadControlChanged,
)
from graph.media import received_media
from graph.origin import Origin
from graph.readers import flag, items, mapping, moment, text_id, whole, words
from graph.referrals import referral_in, referral_of

_Fields = Mapping[str, Any]
_Reader = Callable[[Origin, _Fields], Event]
# A reaction or a receipt of our own must not look like the contact's: theirs can open the messaging window.
_OURS_TOO = {"message", "message_edit"}
_ENVELOPE_KEYS = {"sender", "recipient", "timestamp"}


def conversation_event(origin: Origin, event: _Fields) -> Event:
    for kind, read in _READERS.items():
        if kind in event:
            return _read(read, kind, origin, event[kind])
    return origin.not_understood(_kind(event), "The inbox has no use for this kind of event.")


def _read(read: _Reader, kind: str, origin: Origin, content: object) -> Event:
    if not isinstance(content, Mapping):
        return origin.not_understood(kind, "Its content is not an object.")
    if origin.is_ours and kind not in _OURS_TOO:
        return origin.not_understood(kind, "Our own side did it, not the contact.")
    return read(origin, content)


def _kind(event: _Fields) -> str:
    """Meta spells one of its events with a hyphen at times."""
    return next((key.replace("-", "_") for key in event if key not in _ENVELOPE_KEYS), "event")


def _message(origin: Origin, message: _Fields) -> Event:
    mid = text_id(message.get("mid"))
    if not mid:
        return origin.not_understood("message", "It has no message id.")
    if flag(message.get("is_deleted")):
        return MessageUnsent(**origin.common, mid=mid, by_contact=not origin.is_ours)
    if not origin.contact_id:
        return origin.not_understood("message", "It names no contact.")
    return _echo(origin, mid, message) if origin.is_ours else _received(origin, mid, message)


def _echo(origin: Origin, mid: str, message: _Fields) -> MessageEchoed:
    return MessageEchoed(
        **origin.common,
        mid=mid,
        text=words(message.get("text")),
        attachments=received_media(message),
        app_id=text_id(message.get("app_id")),
        metadata=words(message.get("metadata")),
        reply_to_mid=_reply_to_mid(message),
        **_story(message),
    )


def _received(origin: Origin, mid: str, message: _Fields) -> MessageReceived:
    text, attachments = words(message.get("text")), received_media(message)
    return MessageReceived(
        **origin.common,
        mid=mid,
        text=text,
        attachments=attachments,
        reply_to_mid=_reply_to_mid(message),
        quick_reply=words(mapping(message.get("quick_reply")).get("payload")),
        referral=referral_in(message),
        came_by=words(mapping(origin.raw.get("prior_message")).get("source")),
        to_self=flag(message.get("is_self")),
        unsupported=flag(message.get("is_unsupported")) or not (text or attachments),
        **_story(message),
    )


def _reply_to_mid(message: _Fields) -> str:
    return text_id(mapping(message.get("reply_to")).get("mid"))


def _story(message: _Fields) -> dict[str, str]:
    story = mapping(mapping(message.get("reply_to")).get("story"))
    return {"story_url": words(story.get("url")), "story_id": text_id(story.get("id"))}


def _edit(origin: Origin, edit: _Fields) -> Event:
    """Instagram sends edits numbered 0, without words and at times without people, for messages nobody edited."""
    mid, text, number = text_id(edit.get("mid")), words(edit.get("text")), whole(edit.get("num_edit")) or 0
    if number < 1 or not text:
        return origin.not_understood("message_edit", "It carries no new words, so nothing was edited.")
    if not mid:
        return origin.not_understood("message_edit", "It has no message id.")
    return MessageEdited(**origin.common, mid=mid, text=text, number=number)


def _reaction(origin: Origin, reaction: _Fields) -> Event:
    mid, action = text_id(reaction.get("mid")), words(reaction.get("action")) or "react"
    if not mid:
        return origin.not_understood("reaction", "It has no message id.")
    if action not in ("react", "unreact"):
        return origin.not_understood("reaction", "It neither adds nor removes a reaction.")
    return Reacted(
        **origin.common,
        mid=mid,
        emoji=words(reaction.get("emoji")),
        name=words(reaction.get("reaction")),
        removed=action == "unreact",
    )


def _postback(origin: Origin, postback: _Fields) -> Event:
    if not origin.contact_id:
        return origin.not_understood("postback", "It names no contact.")
    return PostbackReceived(
        **origin.common,
        mid=text_id(postback.get("mid")),
        title=words(postback.get("title")),
        payload=words(postback.get("payload")),
        referral=referral_in(postback),
    )


def _referral(origin: Origin, referral: _Fields) -> Event:
    if not origin.contact_id:
        return origin.not_understood("referral", "It names no contact.")
    return ReferralFollowed(**origin.common, referral=referral_of(referral))


def _delivery(origin: Origin, delivery: _Fields) -> Event:
    mids = tuple(filter(None, map(text_id, items(delivery.get("mids")))))
    until = moment(delivery.get("watermark"))
    if not mids and not (until and origin.contact_id):
        return origin.not_understood("delivery", "It names no message and no contact with a time.")
    return Delivered(**origin.common, mids=mids, until=until)


def _seen(origin: Origin, read: _Fields) -> Event:
    mid, until = text_id(read.get("mid")), moment(read.get("watermark"))
    if not mid and not (until and origin.contact_id):
        return origin.not_understood("read", "It names no message and no contact with a time.")
    return Read(**origin.common, mid=mid, until=until)


def _control(change: str, owner: str) -> _Reader:
    def read(origin: Origin, control: _Fields) -> Event:
        if not origin.contact_id:
            return origin.not_understood("thread_control", "It names no contact.")
        return ThreadControlChanged(
            **origin.common,
            change=change,
            owner_app_id=text_id(control.get(owner)),
            previous_app_id=text_id(control.get("previous_owner_app_id")),
            note=words(control.get("metadata")),
        )

    return read


def _policy(origin: Origin, policy: _Fields) -> Event:
    action = words(policy.get("action")).lower()
    if action not in ("warning", "block", "unblock"):
        return origin.not_understood("policy_enforcement", "It neither warns, nor blocks, nor unblocks.")
    return PolicyEnforced(**origin.common, action=action, reason=words(policy.get("reason")))


def _optin(origin: Origin, optin: _Fields) -> Event:
    """The oldest form, of the checkbox plugin, has no type and no contact."""
    status = words(optin.get("notification_messages_status")) or words(optin.get("user_token_status"))
    return OptedIn(**origin.common, kind=words(optin.get("type")) or "checkbox", title=words(optin.get("title")), status=status)


_READERS: dict[str, _Reader] = {
    "message": _message,
    "message_edit": _edit,
    "reaction": _reaction,
    "postback": _postback,
    "referral": _referral,
    "delivery": _delivery,
    "read": _seen,
    "pass_thread_control": _control("passed", "new_owner_app_id"),
    "take_thread_control": _control("taken", "new_owner_app_id"),
    "request_thread_control": _control("requested", "requested_owner_app_id"),
    "policy_enforcement": _policy,
    "policy-enforcement": _policy,
    "optin": _optin,
}
