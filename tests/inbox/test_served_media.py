"""The picture of a card: what was shown is what Meta fetches from us, under an address that nobody can guess, and that ends."""

import hashlib
import logging
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from core.clock import now
from core.redaction import conceal
from graph.payloads import Link
from inbox.content import Content
from inbox.erasing import erase
from inbox.errors import ContentRefused
from inbox.media import keep_upload
from inbox.models import Attachment, Dispatch, MediaFile, Message
from inbox.served import SERVED_FOR_SECONDS, address_of, can_be_fetched
from inbox.story import Story
from tests.inbox.browsing import HTMX, page
from tests.inbox.pictures import picture
from tests.inbox.uploads import choose, pdf

LINK = Link(url="https://harbour.example/classes", title="Latte art for two")


@pytest.fixture
def public(settings, simulator):
    """Meta reaches us, and fetches what it is told to fetch."""
    settings.PUBLIC_URL, settings.HTTPS = "https://inbox.example", True
    simulator._fetch = fetch


@pytest.fixture
def media(cast, public) -> MediaFile:
    return keep_upload(cast.shop, SimpleUploadedFile("class.jpg", picture("JPEG")), by=cast.bob)


@pytest.fixture
def card(cast, media) -> Message:
    return cast.conversation(cast.amina).reply(Content(link=LINK, picture=media), by=cast.bob)


def fetch(url: str) -> tuple[int, bytes]:
    response = Client().get(urlsplit(url).path)
    return response.status_code, response.content


def status(url: str) -> int:
    return fetch(url)[0]


# What was shown is what is sent --------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["amina", "noor"])
def test_the_picture_that_was_chosen_is_the_one_that_meta_fetches(cast, public, name):
    contact, content = getattr(cast, name), picture("JPEG")
    media = keep_upload(contact.account, SimpleUploadedFile("class.jpg", content), by=cast.bob)
    cast.conversation(contact).reply(Content(link=LINK, picture=media), by=cast.bob)
    cast.settle()
    [received] = cast.received(contact)
    assert (received["kind"], received["title"], received["sha256"]) == ("link", LINK.title, hashlib.sha256(content).hexdigest())
    assert received["image_url"].startswith(f"https://inbox.example/files/{media.public_id}/")
    assert not [each for each in cast.simulator.requests() if "attachments" in each["path"]], "Nothing is uploaded."


def test_the_digest_is_bound_to_the_bytes_of_the_picture(cast, media):
    conversation = cast.conversation(cast.amina)
    other = keep_upload(cast.shop, SimpleUploadedFile("class.jpg", picture("JPEG", colour="red")), by=cast.bob)
    digests = [Content(link=LINK, picture=each).digest(conversation) for each in (None, media, other)]
    assert len(set(digests)) == 3


def test_a_stored_card_says_what_it_said(cast, card, media):
    stored = Content.of(Message.objects.get(pk=card.pk))
    assert (stored.link, stored.picture, stored.files) == (LINK, media, ())
    assert stored.digest(card.conversation) == card.dispatch.content_digest


def test_a_picture_that_was_changed_on_the_disk_is_not_sent(cast, card, media):
    Path(media.file.path).write_bytes(picture("JPEG", colour="red"))
    cast.settle()
    assert (Dispatch.objects.get().state, cast.received(cast.amina)) == ("failed", [])


@pytest.mark.parametrize("form", ["card", "file"])
@pytest.mark.parametrize(("what", "reason", "words"), [
    ("changed", "copy_damaged", "is not what was shown any more, so this did not leave. Choose the file again."),
    ("gone", "copy_unreadable", "could not read its own copy of the file, so this did not leave."),
])  # fmt: skip
def test_where_our_own_copy_is_at_fault_meta_is_not_blamed(cast, media, sign_in, form, what, reason, words):
    conversation = cast.conversation(cast.amina)
    conversation.reply(Content(link=LINK, picture=media) if form == "card" else Content(media=media), by=cast.bob)
    path = Path(media.file.path)
    path.unlink() if what == "gone" else path.write_bytes(picture("JPEG", colour="red"))
    cast.settle()
    dispatch = Dispatch.objects.get()
    assert (dispatch.state, dispatch.reason, dispatch.attempts.count(), cast.received(cast.amina)) == ("failed", reason, 0, [])
    shown = page(sign_in(cast.bob), conversation.get_absolute_url())
    assert words in shown and "Meta would not take the file" not in shown
    assert words in Story.of(dispatch).steps[-1].why


def test_every_try_has_an_address_of_its_own_that_ends(media, clock):
    first = address_of(media)
    clock.shift(timedelta(seconds=10))
    assert address_of(media) != first


# Who gets it ---------------------------------------------------------------------------------------------------------
def test_whoever_has_the_address_gets_exactly_these_bytes_and_nothing_around_them(card, media):
    path = urlsplit(address_of(media)).path
    response = Client().get(path)
    assert (response.status_code, response.content, response["Content-Type"]) == (200, picture("JPEG"), "image/jpeg")
    assert response["X-Content-Type-Options"] == "nosniff" and "private" in response["Cache-Control"] and not response.cookies
    head = Client().head(path)
    assert (head.status_code, head.content, head["Content-Length"]) == (200, b"", str(media.size))


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch", "options"])
def test_it_is_only_to_be_had_by_asking(card, media, method):
    assert getattr(Client(), method)(urlsplit(address_of(media)).path).status_code in (403, 405)


def test_an_address_ends(card, media, clock):
    address = address_of(media)
    clock.shift(timedelta(seconds=SERVED_FOR_SECONDS - 60))
    assert status(address) == 200
    clock.shift(timedelta(seconds=61))
    assert status(address) == 404


@pytest.mark.parametrize(
    "change",
    [
        lambda until, signature: f"{int(until) + 1}.{signature}", lambda until, signature: f"0{until}.{signature}", lambda until, signature: f"{until}.",
        lambda until, signature: until, lambda until, signature: f".{signature}", lambda until, signature: f"{until}.{signature[:-1]}",
        lambda until, signature: f"{until}.{signature}=", lambda until, signature: f"{until}.{signature.swapcase()}",
        lambda until, signature: f"{until}.{signature}.{signature}", lambda until, signature: f"²{until}.{signature}", lambda until, signature: "é.é",
        lambda until, signature: f"{'9' * 4000}.{signature}", lambda until, signature: f"-{until}.{signature}",
    ],
)  # fmt: skip
def test_whatever_is_changed_in_the_address_it_opens_nothing(card, media, change):
    until, _dot, signature = address_of(media).rpartition("/")[2].partition(".")
    assert status(f"https://inbox.example/files/{media.public_id}/{change(until, signature)}") == 404


def test_the_proof_of_one_file_opens_no_other(cast, card, media):
    other = keep_upload(cast.shop, SimpleUploadedFile("class.jpg", picture("JPEG")), by=cast.bob)
    cast.conversation(cast.amina).reply(Content(link=LINK, picture=other), by=cast.bob)
    proof = address_of(media).rpartition("/")[2]
    assert status(f"/files/{other.public_id}/{proof}") == status(f"/files/{'a' * 16}/{proof}") == 404
    assert Client().get("/files/").status_code == Client().get(f"/files/{media.public_id}/").status_code == 404


def test_another_key_of_the_installation_ends_every_address(card, media, settings):
    address = address_of(media)
    settings.SECRET_KEY = "another-key-of-this-installation-altogether"
    assert status(address) == 404


def test_only_what_a_card_shows_is_served(cast, media):
    """Neither what was merely chosen, nor what went out as a file of its own, nor a contact's."""
    address = address_of(media)
    assert status(address) == 404
    message = cast.conversation(cast.amina).reply(Content(media=media), by=cast.bob)
    assert status(address) == 404
    Message.objects.filter(pk=message.pk).update(link={"url": LINK.url, "title": "A"})
    assert status(address) == 200
    MediaFile.objects.filter(pk=media.pk).update(by=None)
    assert status(address) == 404


def test_what_was_erased_is_served_no_more(card, media):
    address = address_of(media)
    assert status(address) == 200
    erase(card, now())
    assert status(address) == 404


@pytest.mark.parametrize("what", ["gone", "changed"])
def test_bytes_that_are_gone_or_changed_are_not_served(card, media, what):
    path, address = Path(media.file.path), address_of(media)
    path.unlink() if what == "gone" else path.write_bytes(b"other")
    assert status(address) == 404


def test_the_address_does_not_stay_in_a_log(card, media, caplog):
    address = address_of(media)
    assert address.rpartition("/")[2] not in conceal(f"Not Found: {address}") and media.public_id in conceal(address)
    with caplog.at_level(logging.DEBUG):
        fetch(address)
    assert address.rpartition("/")[2] not in conceal(caplog.text)


# Where Meta cannot fetch it ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("url", "https", "demo", "found"),
    [
        ("https://inbox.example", True, False, True), ("http://inbox.example", False, False, False), ("https://localhost:8000", True, False, False),
        ("https://10.0.0.5", True, False, False), ("https://[::1]", True, False, False), ("https://inbox.local", True, False, False),
        ("https://93.184.215.14", True, False, True), ("http://127.0.0.1:8000", False, True, True),
    ],
)  # fmt: skip
def test_meta_reaches_public_https_addresses_only_and_the_simulator_this_machine(settings, url, https, demo, found):
    settings.PUBLIC_URL, settings.HTTPS, settings.DEMO = url, https, demo
    assert can_be_fetched() is found


def test_a_card_with_a_picture_that_meta_could_not_fetch_is_refused_before_it_is_queued(cast, media, settings):
    settings.PUBLIC_URL, settings.HTTPS = "http://localhost:8000", False
    with pytest.raises(ContentRefused) as refused:
        cast.conversation(cast.amina).reply(Content(link=LINK, picture=media), by=cast.bob)
    assert "Set PUBLIC_URL to one, or send the card without a picture." in refused.value.sentences[0]
    assert not Dispatch.objects.exists()
    cast.conversation(cast.amina).reply(Content(link=LINK), by=cast.bob)


def test_only_cards_show_pictures_and_only_png_and_jpeg(cast, public):
    network = cast.shop.network
    gif = keep_upload(cast.shop, SimpleUploadedFile("a.gif", picture("GIF")), by=cast.bob)
    png = keep_upload(cast.shop, SimpleUploadedFile("a.png", picture("PNG")), by=cast.bob)
    plain = Link(url=LINK.url, title=LINK.title, plain=True)
    assert Content(link=LINK, picture=png).complaints(network) == []
    assert Content(link=LINK, picture=gif).complaints(network) == ["The picture of a card is a PNG or a JPEG."]
    assert "Only a card shows a picture" in Content(link=plain, picture=png).complaints(network)[0]
    assert "Only a card shows a picture" in Content(text="Hello", picture=png).complaints(network)[0]


def test_a_card_whose_picture_meta_cannot_have_is_a_card_without_one(cast, card, simulator):
    simulator._fetch = lambda url: (0, b"")
    cast.settle()
    [received] = cast.received(cast.amina)
    assert (received["kind"], received["sha256"]) == ("link", "")


# In the form ---------------------------------------------------------------------------------------------------------
def send(client, conversation, **form):
    form = {"kind": "link", "key": "k1", "url": "harbour.example/classes", "title": "Latte art", "plain": ""} | form
    return client.post(f"{conversation.get_absolute_url()}messages/", form, headers=HTMX)


def test_a_picture_is_chosen_for_a_card_and_stands_on_it(cast, public, sign_in):
    bob, amina = sign_in(cast.bob), cast.conversation(cast.amina)
    chosen = choose(bob, amina, file=SimpleUploadedFile("class.png", picture()), box="picture")
    media = MediaFile.objects.get()
    assert f'name="picture" value="{media.public_id}"' in chosen.text and 'name="media"' not in chosen.text
    response = send(bob, amina, picture=media.public_id)
    assert response.status_code == 200 and 'name="picture"' not in response.text
    shown = page(bob, amina.get_absolute_url())
    assert shown.count(f'<img src="/media/{media.public_id}/file/" alt="Picture of the card"') == 1 and 'class="gallery' not in shown
    cast.settle()
    assert cast.received(cast.amina)[0]["sha256"] == media.sha256


@pytest.mark.parametrize("file", [pdf(), SimpleUploadedFile("a.gif", picture("GIF"))], ids=["pdf", "gif"])
def test_what_no_card_can_show_cannot_be_taken_along(cast, public, sign_in, file):
    chosen = choose(sign_in(cast.bob), cast.conversation(cast.amina), file=file, box="picture")
    assert "The picture of a card is a PNG or a JPEG." in chosen.text and 'name="picture"' not in chosen.text


def test_where_meta_cannot_fetch_it_that_is_said_when_it_is_chosen(cast, sign_in):
    chosen = choose(sign_in(cast.bob), cast.conversation(cast.amina), file=SimpleUploadedFile("class.png", picture()), box="picture")
    assert "Set PUBLIC_URL to one" in chosen.text and 'name="picture"' not in chosen.text


def test_a_refusal_keeps_the_picture_and_so_does_another_kind_that_goes_out(cast, media, sign_in):
    bob, amina = sign_in(cast.bob), cast.conversation(cast.amina)
    kept = f'name="picture" value="{media.public_id}"'
    refused = send(bob, amina, picture=media.public_id, title="")
    assert refused.status_code == 422 and kept in refused.text and f'data-shows-picture src="/media/{media.public_id}/file/"' in refused.text
    assert kept in send(bob, amina, kind="text", text="One moment", picture=media.public_id).text


def test_a_link_in_plain_words_leaves_the_picture_out(cast, media, sign_in):
    assert send(sign_in(cast.bob), cast.conversation(cast.amina), picture=media.public_id, plain="on").status_code == 200
    assert not Attachment.objects.filter(media=media).exists()


def test_a_picture_that_is_not_there_any_more_or_anothers_is_said(cast, media, sign_in):
    bob = sign_in(cast.bob)
    for contact, wanted in ((cast.amina, "a" * 16), (cast.noor, media.public_id)):
        response = send(bob, cast.conversation(contact), picture=wanted)
        assert response.status_code == 422 and "The picture is not here any more. Choose it again." in response.text
    assert not Dispatch.objects.exists()


def test_the_same_card_sent_twice_is_sent_once_and_with_another_picture_refused(cast, media, sign_in):
    bob, amina = sign_in(cast.bob), cast.conversation(cast.amina)
    other = keep_upload(cast.shop, SimpleUploadedFile("class.jpg", picture("JPEG", colour="red")), by=cast.bob)
    assert send(bob, amina, picture=media.public_id).status_code == send(bob, amina, picture=media.public_id).status_code == 200
    assert send(bob, amina, picture=other.public_id).status_code == 409
    assert Dispatch.objects.count() == 1
