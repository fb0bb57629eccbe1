"""Identifiers that look like Meta's and cannot be guessed."""

import base64
import secrets

INSTAGRAM_MID = "aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlEO"
INSTAGRAM_CONVERSATION = "aWdfZAG06MTpJR01lc3NhZA2VUaHJlYWQ6"


def digits(count: int, start: str) -> str:
    return start + "".join(secrets.choice("0123456789") for _ in range(count - len(start)))


def contact_id(network: str) -> str:
    return digits(16, "99") if network == "instagram" else digits(16, "7")


def message_id(network: str) -> str:
    """Messenger `m_` + url-safe characters; Instagram a long base64 text. Both are opaque."""
    if network == "instagram":
        return f"{INSTAGRAM_MID}{_url_safe(117)}ZD"
    return f"m_{_url_safe(69)[:90]}"


def conversation_id(network: str) -> str:
    if network == "instagram":
        return f"{INSTAGRAM_CONVERSATION}{_url_safe(60)}ZD"
    return f"t_{digits(17, '1')}"


def attachment_id() -> str:
    return digits(16, "19")


def token(kind: str) -> str:
    """Instagram's begin with IGAA, Facebook's with EAA."""
    return ("IGAA" if kind == "instagram" else "EAA") + _url_safe(90)


def code() -> str:
    return f"AQ{_url_safe(60)}"


def trace_id() -> str:
    """Meta's fbtrace_id: 23 characters, unique to each answer."""
    return f"A{_url_safe(18)[:22]}"


def is_message_id(text: str) -> bool:
    return text.startswith(("m_", INSTAGRAM_MID))


def is_conversation_id(text: str) -> bool:
    return text.startswith(("t_", INSTAGRAM_CONVERSATION))


def _url_safe(size: int) -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(size)).decode().rstrip("=")
