"""The exact JSON of each kind of message on both networks, inside and outside the human-agent case."""

from typing import Any

import pytest

from graph.networks import Network
from graph.payloads import Image, Link, Outgoing, Text, message_body

INSIDE = {"messaging_type": "RESPONSE"}
LATE = {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
FULL_LINK = Link("https://shop.test/1", "Order 1042", "Track it", "https://cdn.test/p.jpg")
FULL_CARD = {
    "title": "Order 1042",
    "subtitle": "Track it",
    "image_url": "https://cdn.test/p.jpg",
    "default_action": {"type": "web_url", "url": "https://shop.test/1"},
    "buttons": [{"type": "web_url", "url": "https://shop.test/1", "title": "Open"}],
}
CONTENTS: list[tuple[Outgoing, dict[str, Any]]] = [
    (Text("Hello"), {"text": "Hello"}),
    (Image(attachment_id="19"), {"attachment": {"type": "image", "payload": {"attachment_id": "19"}}}),
    (
        Image(url="https://cdn.test/a.jpg"),
        {"attachment": {"type": "image", "payload": {"url": "https://cdn.test/a.jpg"}}},
    ),
    (
        FULL_LINK,
        {"attachment": {"type": "template", "payload": {"template_type": "generic", "elements": [FULL_CARD]}}},
    ),
]


@pytest.mark.parametrize("human_agent", [False, True])
@pytest.mark.parametrize(("outgoing", "content"), CONTENTS)
def test_a_messenger_message_carries_its_metadata(outgoing: Outgoing, content: Any, human_agent: bool) -> None:
    body = message_body(outgoing, to="73", network=Network.MESSENGER, metadata="out:1", human_agent=human_agent)
    occasion = LATE if human_agent else INSIDE
    assert body == {"recipient": {"id": "73"}, **occasion, "message": {**content, "metadata": "out:1"}}


@pytest.mark.parametrize("human_agent", [False, True])
@pytest.mark.parametrize(("outgoing", "content"), CONTENTS)
def test_an_instagram_message_has_no_metadata(outgoing: Outgoing, content: Any, human_agent: bool) -> None:
    body = message_body(outgoing, to="99", network=Network.INSTAGRAM, metadata="out:1", human_agent=human_agent)
    assert body == {"recipient": {"id": "99"}, **(LATE if human_agent else INSIDE), "message": content}


def test_metadata_is_left_out_when_there_is_none() -> None:
    assert message_body(Text("Hello"), to="73", network=Network.MESSENGER)["message"] == {"text": "Hello"}


def test_a_bare_link_has_only_a_title_and_a_button() -> None:
    message = message_body(Link("https://shop.test/1", "Shop"), to="73", network=Network.MESSENGER)["message"]
    (card,) = message["attachment"]["payload"]["elements"]
    assert set(card) == {"title", "default_action", "buttons"}


def test_an_image_from_nowhere_has_no_body() -> None:
    with pytest.raises(ValueError, match="address"):
        message_body(Image(), to="73", network=Network.MESSENGER)
