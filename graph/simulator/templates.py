"""The generic, button and media templates: how a link is sent. Limits: Meta, Send API reference, templates."""

import json
from typing import Any
from urllib.parse import urlsplit

from graph.simulator.errors import MetaError, invalid_for
from graph.simulator.world import Account

BUTTONS = {"messenger": ("web_url", "postback", "phone_number"), "instagram": ("web_url", "postback")}


def read(account: Account, payload: dict[str, Any]) -> dict[str, Any]:
    """The card as the phone shows it: its first element."""
    kind = payload.get("template_type")
    if kind == "generic":
        first = _elements(account, payload)[0]
    elif kind == "button":
        first = {"title": _short(account, payload, "text", 640, required=True), "buttons": _buttons(account, payload)}
    elif kind == "media" and not account.is_instagram:
        first = {"title": "", **_media(account, payload)}
    else:
        raise _refused(account, "The simulator takes generic and button templates, on Messenger also media templates.")
    return _card(first) | {"template": json.dumps(payload)}


def _card(element: dict[str, Any]) -> dict[str, Any]:
    buttons = element.get("buttons") or [{}]
    links = [button for button in buttons if button.get("type") == "web_url"] or [element.get("default_action") or {}]
    return {
        "kind": "link",
        "title": element["title"],
        "subtitle": element.get("subtitle", ""),
        "url": links[0].get("url", ""),
        "image_url": element.get("image_url", ""),
        "button": links[0].get("title", ""),
    }


def _elements(account: Account, payload: dict[str, Any]) -> list[dict[str, Any]]:
    elements = payload.get("elements")
    if not isinstance(elements, list) or not 1 <= len(elements) <= 10 or not all(isinstance(e, dict) for e in elements):
        raise _refused(account, "A generic template has 1 to 10 elements.")
    for element in elements:
        _check_element(account, element)
    return elements


def _media(account: Account, payload: dict[str, Any]) -> dict[str, Any]:
    """One picture or film, uploaded before or to be seen on facebook.com."""
    elements = payload.get("elements")
    if not isinstance(elements, list) or len(elements) != 1 or not isinstance(elements[0], dict):
        raise _refused(account, "A media template has one element.")
    element, url = elements[0], str(elements[0].get("url", ""))
    host = urlsplit(url).hostname or ""
    if element.get("media_type") not in ("image", "video") or bool(url) == bool(element.get("attachment_id")):
        raise _refused(account, "A media template has a media_type and either an attachment_id or a url.")
    if url and not f".{host}".endswith(".facebook.com"):
        raise _refused(account, "The url of a media template is one of facebook.com.")
    if "buttons" in element:
        _buttons(account, element)
    return element


def _check_element(account: Account, element: dict[str, Any]) -> None:
    _short(account, element, "title", 80, required=True)
    _short(account, element, "subtitle", 80)
    if len(element) < 2:
        raise _refused(account, "An element needs one property besides its title.")
    for link in (element.get("image_url"), (element.get("default_action") or {}).get("url")):
        if link is not None:
            _check_url(account, link)
    if "buttons" in element:
        _buttons(account, element)


def _buttons(account: Account, holder: dict[str, Any]) -> list[dict[str, Any]]:
    buttons = holder.get("buttons")
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= 3:
        raise _refused(account, "There are 1 to 3 buttons.")
    for button in buttons:
        _check_button(account, button)
    return buttons


def _check_button(account: Account, button: Any) -> None:
    if not isinstance(button, dict) or button.get("type") not in BUTTONS[account.network]:
        raise _refused(account, f"A button is one of {', '.join(BUTTONS[account.network])}.")
    _short(account, button, "title", 20, required=True)
    if button["type"] == "web_url":
        _check_url(account, button.get("url"))
    else:
        _short(account, button, "payload", 1000, required=True)


def _short(account: Account, holder: dict[str, Any], key: str, most: int, *, required: bool = False) -> str:
    value = holder.get(key, "")
    if not isinstance(value, str) or len(value) > most or (required and not value.strip()):
        raise _refused(account, f"Param {key} must be a text of at most {most} characters.")
    return value


def _check_url(account: Account, url: Any) -> None:
    parts = urlsplit(url) if isinstance(url, str) else None
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise _refused(account, "A URL must be absolute.")


def _refused(account: Account, message: str) -> MetaError:
    return invalid_for(account, message)
