"""The body of a send, read and checked: recipient, type and tag, text or attachments, and what goes with them."""

import json
from dataclasses import dataclass, field
from typing import Any

from graph.simulator import attached, quick_replies
from graph.simulator.call import Call
from graph.simulator.errors import invalid, invalid_for
from graph.simulator.world import Account

ACTIONS = ("typing_on", "typing_off", "mark_seen", "react", "unreact")
TYPES = {"messenger": ("RESPONSE", "UPDATE", "MESSAGE_TAG", "UTILITY"), "instagram": ("RESPONSE", "MESSAGE_TAG")}
RECIPIENTS = {"messenger": ("id", "comment_id", "post_id"), "instagram": ("id", "comment_id")}
NOTIFICATIONS = ("REGULAR", "SILENT_PUSH", "NO_PUSH")
LONGEST_TEXT, LONGEST_BYTES, LONGEST_METADATA = 2000, 1000, 1000


@dataclass
class Draft:
    """A send that passed the checks of its body. `files` still have to be fetched."""

    to: str
    recipient: str
    tag: str
    action: str
    values: dict[str, Any] = field(default_factory=dict)
    files: list[attached.Wanted] = field(default_factory=list)
    utility: dict[str, Any] = field(default_factory=dict)
    payload: dict[str, Any] = field(default_factory=dict)

    @property
    def is_private_reply(self) -> bool:
        return self.to != "id"

    @property
    def rate(self) -> str:
        """Sound and film are counted apart."""
        return "media" if any(file.kind in ("audio", "video") for file in self.files) else "messages"


def read_draft(call: Call, account: Account) -> Draft:
    message, action = call.thing("message"), call.text("sender_action").lower()
    to, recipient = _recipient(call, account)
    if message and action:
        raise invalid("Send either a message or a sender_action.", 2018014)
    draft = Draft(to, recipient, _tag(call, account), _action(action))
    if not action:
        _read_message(call, account, message, draft)
    elif draft.is_private_reply:
        raise invalid("A sender_action needs recipient.id.")
    draft.payload = call.thing("payload") if action else {}
    return draft


def _recipient(call: Call, account: Account) -> tuple[str, str]:
    recipient = call.thing("recipient")
    if len(recipient) != 1:
        raise invalid("The parameter recipient is required." if not recipient else "Give exactly one kind of recipient.")
    kind, value = next(iter(recipient.items()))
    if kind not in RECIPIENTS[account.network]:
        raise invalid(f"The simulator sends to one of {', '.join(RECIPIENTS[account.network])}.")
    return kind, str(value)


def _tag(call: Call, account: Account) -> str:
    """Since 27 April 2026 the three transactional tags answer 100; Instagram knows HUMAN_AGENT only."""
    tag, kind = call.text("tag"), call.text("messaging_type") or "RESPONSE"
    if kind not in TYPES[account.network]:
        raise invalid(f"Unsupported messaging_type {kind}.")
    if call.text("notification_type", "REGULAR") not in NOTIFICATIONS:
        raise invalid(f"Param notification_type must be one of {{{', '.join(NOTIFICATIONS)}}}")
    if (kind == "MESSAGE_TAG") != bool(tag):
        raise invalid("A message tag needs messaging_type MESSAGE_TAG, and the other way round.")
    if tag not in ("", "HUMAN_AGENT"):
        raise invalid("Unsupported message tag.")
    return tag


def _action(action: str) -> str:
    if action and action not in ACTIONS:
        raise invalid(f"Unsupported sender_action {action}.")
    return action


def _read_message(call: Call, account: Account, message: dict[str, Any], draft: Draft) -> None:
    given = [name for name in ("text", "attachment", "attachments", "sticker_id", "template") if message.get(name)]
    if len(given) != 1:
        raise invalid_for(account, "Give either a text or an attachment.", 2018034)
    _check_utility(call, account, is_template=given == ["template"])
    more = {"quick_replies": quick_replies.read(account, message)} if message.get("quick_replies") else {}
    persona = {"persona": call.text("persona_id")} if call.text("persona_id") and not account.is_instagram else {}
    draft.values = {"metadata": _metadata(message), "reply_to": str(call.thing("reply_to").get("mid", "")), "more": json.dumps(more | persona)}
    if given == ["text"]:
        draft.values |= {"kind": "text", "text": _text(account, message["text"])}
    elif given == ["template"]:
        draft.utility = message["template"]
    else:
        content = attached.read(account, message)
        draft.values |= content.values
        draft.files = content.files


def _check_utility(call: Call, account: Account, *, is_template: bool) -> None:
    if is_template and account.is_instagram:
        raise invalid_for(account, "Utility templates exist on Messenger only.")
    if call.text("messaging_type") == "UTILITY" and not is_template:
        raise invalid("messaging_type UTILITY needs a template.")


def _text(account: Account, text: Any) -> str:
    """Messenger counts 2000 characters, Instagram 1000 bytes of UTF-8."""
    if not isinstance(text, str) or not text.strip():
        raise invalid_for(account, "The message text must not be empty.", 2018034)
    if account.is_instagram and len(text.encode("utf-8", "replace")) > LONGEST_BYTES:
        raise invalid_for(account, f"The text must be UTF-8 and at most {LONGEST_BYTES} bytes.")
    if not account.is_instagram and len(text) > LONGEST_TEXT:
        raise invalid(f"Length of param message[text] must be less than or equal to {LONGEST_TEXT}")
    return text


def _metadata(message: dict[str, Any]) -> str:
    metadata = message.get("metadata", "")
    if not isinstance(metadata, str) or len(metadata) > LONGEST_METADATA:
        raise invalid(f"Param message[metadata] must be a string of at most {LONGEST_METADATA} characters.")
    return metadata
