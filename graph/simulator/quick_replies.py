"""Quick replies under a message. Limits: Meta, Send API reference, quick replies."""

from typing import Any

from graph.simulator.errors import invalid_for
from graph.simulator.world import Account

MOST, LONGEST_TITLE, LONGEST_PAYLOAD = 13, 20, 1000
CONTACT_DETAILS = ("user_phone_number", "user_email")


def read(account: Account, message: dict[str, Any]) -> list[dict[str, Any]]:
    """What the phone shows. Instagram asks for no phone numbers and addresses since 5 October 2026: no such chip appears."""
    listed = message["quick_replies"]
    if not isinstance(listed, list) or not 1 <= len(listed) <= MOST or not all(isinstance(each, dict) for each in listed):
        raise invalid_for(account, f"There are 1 to {MOST} quick replies.")
    shown = [_read(account, each) for each in listed]
    return [each for each in shown if not (account.is_instagram and each["content_type"] in CONTACT_DETAILS)]


def _read(account: Account, reply: dict[str, Any]) -> dict[str, Any]:
    kind = reply.get("content_type")
    if kind in CONTACT_DETAILS:
        return {"content_type": kind}
    if kind != "text":
        raise invalid_for(account, "The content_type of a quick reply is text.")
    title, payload = reply.get("title"), reply.get("payload", "")
    if not isinstance(title, str) or not title or (len(title) > LONGEST_TITLE and not account.is_instagram):
        raise invalid_for(account, f"The title of a quick reply has 1 to {LONGEST_TITLE} characters.")
    if not isinstance(payload, str) or len(payload) > LONGEST_PAYLOAD:
        raise invalid_for(account, f"The payload of a quick reply has at most {LONGEST_PAYLOAD} characters.")
    return {"content_type": kind, "title": title[:LONGEST_TITLE], "payload": payload}
