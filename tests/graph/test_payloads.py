"""The exact JSON of each kind of message on both networks, inside and outside the human-agent case."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.networks import Network
from graph.payloads import Album, Link, Media, MediaKind, Outgoing, Text, action_body, message_body, upload_body

MESSENGER, INSTAGRAM = Network.MESSENGER, Network.INSTAGRAM
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
PICTURES = (Media(MediaKind.IMAGE, attachment_id="19"), Media(MediaKind.IMAGE, url="https://cdn.test/a.jpg"))


def attachment(kind: str, **payload: Any) -> dict[str, Any]:
    return {"type": kind, "payload": payload}


CONTENTS: list[tuple[Outgoing, dict[str, Any]]] = [
    (Text("Hello"), {"text": "Hello"}),
    *((Media(kind, attachment_id="19"), {"attachment": attachment(kind.value, attachment_id="19")}) for kind in MediaKind),
    *((Media(kind, url="https://cdn.test/a"), {"attachment": attachment(kind.value, url="https://cdn.test/a")}) for kind in MediaKind),
    (FULL_LINK, {"attachment": attachment("template", template_type="generic", elements=[FULL_CARD])}),
    (Link("https://shop.test/1", "Shop", plain=True), {"text": "Shop\nhttps://shop.test/1"}),
    (Link("https://shop.test/1", "", plain=True), {"text": "https://shop.test/1"}),
]


@pytest.mark.parametrize("human_agent", [False, True])
@pytest.mark.parametrize(("outgoing", "content"), CONTENTS)
def test_a_messenger_message_carries_its_metadata(outgoing: Outgoing, content: Any, human_agent: bool) -> None:
    body = message_body(outgoing, to="73", network=MESSENGER, metadata="out:1", human_agent=human_agent)
    occasion = LATE if human_agent else INSIDE
    assert body == {"recipient": {"id": "73"}, **occasion, "message": {**content, "metadata": "out:1"}}


@pytest.mark.parametrize("human_agent", [False, True])
@pytest.mark.parametrize(("outgoing", "content"), CONTENTS)
def test_an_instagram_message_has_no_metadata(outgoing: Outgoing, content: Any, human_agent: bool) -> None:
    body = message_body(outgoing, to="99", network=INSTAGRAM, metadata="out:1", human_agent=human_agent)
    assert body == {"recipient": {"id": "99"}, **(LATE if human_agent else INSIDE), "message": content}


def test_metadata_is_left_out_when_there_is_none() -> None:
    assert message_body(Text("Hello"), to="73", network=MESSENGER)["message"] == {"text": "Hello"}


@pytest.mark.parametrize("network", Network)
def test_what_is_answered_stands_beside_the_message(network: Network) -> None:
    body = message_body(Text("That one"), to="73", network=network, reply_to="mid.$any: text/at all")
    assert body == {"recipient": {"id": "73"}, **INSIDE, "reply_to": {"mid": "mid.$any: text/at all"}, "message": {"text": "That one"}}


def test_several_pictures_are_one_instagram_message() -> None:
    message = message_body(Album(PICTURES), to="99", network=INSTAGRAM)["message"]
    assert message == {"attachments": [attachment("image", attachment_id="19"), attachment("image", url="https://cdn.test/a.jpg")]}


def test_messenger_has_no_albums_and_an_album_no_films() -> None:
    with pytest.raises(ValueError, match="one picture"):
        message_body(Album(PICTURES), to="73", network=MESSENGER)
    with pytest.raises(ValueError, match="pictures only"):
        message_body(Album((*PICTURES, Media(MediaKind.VIDEO, attachment_id="20"))), to="99", network=INSTAGRAM)


@pytest.mark.parametrize(
    ("media", "network", "kind"),
    [
        (Media(MediaKind.VIDEO, attachment_id="19"), INSTAGRAM, "MEDIA_SHARE"),
        (Media(MediaKind.AUDIO, attachment_id="19"), INSTAGRAM, "MEDIA_SHARE"),
        (Media(MediaKind.FILE, attachment_id="19"), INSTAGRAM, "MEDIA_SHARE"),
        (Media(MediaKind.IMAGE, attachment_id="19"), INSTAGRAM, "image"),
        (Media(MediaKind.VIDEO, url="https://cdn.test/a"), INSTAGRAM, "video"),
        (Media(MediaKind.VIDEO, attachment_id="19"), MESSENGER, "video"),
    ],
)
def test_only_what_was_uploaded_to_instagram_can_go_as_a_media_share(media: Media, network: Network, kind: str) -> None:
    assert message_body(media, to="99", network=network, media_share=True)["message"]["attachment"]["type"] == kind
    assert message_body(media, to="99", network=network)["message"]["attachment"]["type"] == media.kind.value


def test_a_bare_link_has_only_a_title_and_a_button() -> None:
    message = message_body(Link("https://shop.test/1", "Shop"), to="73", network=MESSENGER)["message"]
    (card,) = message["attachment"]["payload"]["elements"]
    assert set(card) == {"title", "default_action", "buttons"}


def test_media_from_nowhere_has_no_body() -> None:
    with pytest.raises(ValueError, match="address"):
        message_body(Media(MediaKind.IMAGE), to="73", network=MESSENGER)


@pytest.mark.parametrize(
    ("body", "more"),
    [
        (action_body("typing_on", to="73"), {"sender_action": "typing_on"}),
        (action_body("react", to="73", mid="m_1", reaction="love"), {"sender_action": "react", "payload": {"message_id": "m_1", "reaction": "love"}}),
        (action_body("unreact", to="73", mid="m_1"), {"sender_action": "unreact", "payload": {"message_id": "m_1"}}),
    ],
)
def test_an_action_carries_no_message(body: dict[str, Any], more: dict[str, Any]) -> None:
    assert body == {"recipient": {"id": "73"}, **more}


def test_an_upload_names_its_address_or_comes_with_its_bytes() -> None:
    assert upload_body(MediaKind.FILE) == {"attachment": {"type": "file", "payload": {"is_reusable": True}}}
    assert upload_body(MediaKind.VIDEO, url="https://a.test") == {"attachment": attachment("video", url="https://a.test", is_reusable=True)}


texts = st.text(max_size=20)
media = st.builds(Media, kind=st.sampled_from(MediaKind), attachment_id=texts, url=texts)
outgoings = st.one_of(
    st.builds(Text, texts),
    media,
    st.builds(Album, st.lists(media, max_size=3).map(tuple)),
    st.builds(Link, url=texts, title=texts, subtitle=texts, image_url=texts, button=texts, plain=st.booleans()),
)


@settings(max_examples=300, deadline=None, database=None)
@given(
    outgoing=outgoings,
    to=texts,
    network=st.sampled_from(Network),
    metadata=st.none() | texts,
    human_agent=st.booleans(),
    reply_to=texts,
    media_share=st.booleans(),
)
def test_no_other_tag_can_be_expressed(outgoing: Outgoing, human_agent: bool, **arguments: Any) -> None:
    """Meta removed CONFIRMED_EVENT_UPDATE, ACCOUNT_UPDATE and POST_PURCHASE_UPDATE on 27 April 2026."""
    try:
        body = message_body(outgoing, human_agent=human_agent, **arguments)
    except ValueError:
        return
    assert body.get("tag") == ("HUMAN_AGENT" if human_agent else None)
    assert body["messaging_type"] == ("MESSAGE_TAG" if human_agent else "RESPONSE")
    assert set(body) <= {"recipient", "messaging_type", "tag", "reply_to", "message"}
    assert "tag" not in body["message"]
