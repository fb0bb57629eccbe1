"""Cards that bots, products and other apps put into a conversation, as far as their payloads can be read.

Source: Meta, Send API reference, templates; Instagram Platform, "Webhooks", "Examples".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graph.readers import items, mapping, words
from inbox.views.web import web_link

MOST = 10


@dataclass(frozen=True)
class Card:
    """One card. Everything may be missing."""

    title: str = ""
    subtitle: str = ""
    price: str = ""
    picture: str = ""
    address: str = ""
    buttons: tuple[str, ...] = ()


def cards_in(payload: Mapping[str, Any]) -> list[Card]:
    """The cards of one attachment, none where it holds nothing to show."""
    cards = [_card(mapping(element)) for element in _elements(payload)[:MOST]]
    text = words(payload.get("text"))
    # The button template has words of its own and no elements.
    alone = [Card(title=text, buttons=_buttons(payload))] if text else []
    return [card for card in cards or alone if card != Card()]


def is_shared_comment(payload: Mapping[str, Any]) -> bool:
    """Instagram tells of a shared comment as an empty card."""
    return payload.get("generic") == []


def _elements(payload: Mapping[str, Any]) -> list[Any]:
    generic = payload.get("generic")
    places = (payload.get("elements"), mapping(payload.get("product")).get("elements"), generic, mapping(generic).get("elements"))
    return next((found for found in map(items, places) if found), [])


def _card(element: Mapping[str, Any]) -> Card:
    action = mapping(element.get("default_action"))
    return Card(
        title=words(element.get("title")),
        subtitle=words(element.get("subtitle")),
        price=_price(element),
        picture=web_link(words(element.get("image_url"))),
        address=web_link(words(action.get("url")) or words(element.get("item_url")) or words(element.get("url"))),
        buttons=_buttons(element),
    )


def _price(element: Mapping[str, Any]) -> str:
    price = element.get("price")
    if isinstance(price, bool) or not isinstance(price, str | int | float):
        return ""
    return f"{price} {words(element.get('currency'))}".strip()


def _buttons(holder: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(title for button in items(holder.get("buttons")) if (title := words(mapping(button).get("title"))))
