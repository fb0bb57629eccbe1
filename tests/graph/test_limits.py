"""What Meta would refuse is known before it is sent."""

import pytest

from graph.limits import Problem, limits_for, media_kind_of, media_problems, problems, text_size
from graph.networks import Network
from graph.payloads import Album, Link, Media, MediaKind, Outgoing, Text

MESSENGER, INSTAGRAM = Network.MESSENGER, Network.INSTAGRAM
MEGABYTE = 1024 * 1024
PICTURE, UPLOADED = Media(MediaKind.IMAGE, url="https://cdn.test/a.jpg"), Media(MediaKind.IMAGE, attachment_id="19")


def test_messenger_counts_characters_and_instagram_counts_bytes() -> None:
    assert text_size("\U0001f600\u0416a", MESSENGER) == 3
    assert text_size("\U0001f600\u0416a", INSTAGRAM) == 7
    assert (limits_for(MESSENGER).text_unit, limits_for(INSTAGRAM).text_unit) == ("characters", "bytes")


@pytest.mark.parametrize(("text", "network"), [("a" * 2000, MESSENGER), ("\u0416" * 2000, MESSENGER), ("a" * 1000, INSTAGRAM)])
def test_a_text_of_exactly_the_limit_passes(text: str, network: Network) -> None:
    assert problems(Text(text), network) == []


@pytest.mark.parametrize(
    ("text", "network", "limit", "actual"),
    [("a" * 2001, MESSENGER, 2000, 2001), ("a" * 1001, INSTAGRAM, 1000, 1001), ("\u0416" * 501, INSTAGRAM, 1000, 1002)],
)
def test_a_longer_text_tells_the_limit_and_its_size(text: str, network: Network, limit: int, actual: int) -> None:
    assert problems(Text(text), network) == [Problem("text", "too_long", limit, actual)]


@pytest.mark.parametrize(
    ("outgoing", "problem"),
    [
        (Text(" \n"), Problem("text", "empty")),
        (Text("half \ud83d"), Problem("text", "not_unicode")),
        *((Media(kind), Problem(kind.value, "empty")) for kind in MediaKind),
        *((Media(kind, url="http://cdn.test/a"), Problem("url", "needs_https")) for kind in MediaKind),
        (Link("javascript:alert(1)", "Shop"), Problem("url", "bad_address")),
        (Link("https://", "Shop"), Problem("url", "bad_address")),
        (Link("https://shop.test/a b", "Shop"), Problem("url", "bad_address")),
        (Link("https://[", "Shop"), Problem("url", "bad_address")),
        (Link("https://shop.test", ""), Problem("title", "empty")),
        (Link("https://shop.test", "a" * 81), Problem("title", "too_long", 80, 81)),
        (Link("https://shop.test", "Shop", "a" * 81), Problem("subtitle", "too_long", 80, 81)),
        (Link("https://shop.test", "Shop", "", "http://cdn.test/a.jpg"), Problem("image_url", "needs_https")),
        (Link("https://shop.test", "Shop", button="a" * 21), Problem("button", "too_long", 20, 21)),
        (Link("shop.test", "Shop", plain=True), Problem("url", "bad_address")),
    ],
)
def test_what_meta_would_refuse_is_named(outgoing: Outgoing, problem: Problem) -> None:
    assert problems(outgoing, MESSENGER) == problems(outgoing, INSTAGRAM) == [problem]


@pytest.mark.parametrize(
    "outgoing",
    [UPLOADED, PICTURE, Link("http://shop.test", "Shop", "a" * 80), Link("https://shop.test", "", button="", plain=True)],
)
def test_what_meta_takes_has_no_problems(outgoing: Outgoing) -> None:
    assert problems(outgoing, MESSENGER) == problems(outgoing, INSTAGRAM) == []


def test_a_plain_link_is_as_long_as_a_text_may_be() -> None:
    link = Link("https://shop.test/" + "\u00e9" * 490, "Shop", "x" * 200, plain=True)
    assert problems(link, MESSENGER) == []
    assert problems(link, INSTAGRAM) == [Problem("text", "too_long", 1000, 1003)]


@pytest.mark.parametrize("count", [2, 10])
def test_an_album_of_two_to_ten_pictures_goes_to_instagram_only(count: int) -> None:
    assert problems(Album((PICTURE,) * count), INSTAGRAM) == []
    assert problems(Album((PICTURE,) * count), MESSENGER) == [Problem("album", "unsupported")]
    assert (limits_for(INSTAGRAM).album_max, limits_for(MESSENGER).album_max) == (10, 0)


@pytest.mark.parametrize(
    ("images", "problem"),
    [
        ((), Problem("album", "too_few", 2, 0)),
        ((PICTURE,), Problem("album", "too_few", 2, 1)),
        ((UPLOADED,) * 11, Problem("album", "too_many", 10, 11)),
        ((PICTURE, Media(MediaKind.VIDEO, attachment_id="20")), Problem("album", "wrong_type")),
        ((PICTURE, Media(MediaKind.IMAGE)), Problem("image", "empty")),
        ((PICTURE, Media(MediaKind.IMAGE, url="http://cdn.test/a.jpg")), Problem("url", "needs_https")),
    ],
)
def test_an_album_that_instagram_would_refuse_is_named(images: tuple[Media, ...], problem: Problem) -> None:
    assert problems(Album(images), INSTAGRAM) == [problem]


@pytest.mark.parametrize(
    ("kind", "mime", "messenger", "instagram"),
    [
        (MediaKind.IMAGE, "image/PNG", True, True),
        (MediaKind.IMAGE, "image/jpeg", True, True),
        (MediaKind.IMAGE, "image/gif", True, False),
        (MediaKind.IMAGE, "image/webp", False, False),
        (MediaKind.VIDEO, "video/mp4", True, True),
        (MediaKind.VIDEO, "video/quicktime", True, True),
        (MediaKind.VIDEO, "video/x-msvideo", True, True),
        (MediaKind.VIDEO, "video/webm; codecs=vp9", True, True),
        (MediaKind.VIDEO, "video/x-matroska", True, False),
        (MediaKind.AUDIO, "audio/mp4", True, True),
        (MediaKind.AUDIO, "audio/wav", True, True),
        (MediaKind.AUDIO, "audio/aac", True, True),
        (MediaKind.AUDIO, "audio/mpeg", True, False),
        (MediaKind.AUDIO, "video/mp4", False, False),
        (MediaKind.FILE, "application/pdf", True, True),
        (MediaKind.FILE, "application/zip", True, False),
        (MediaKind.FILE, "", False, False),
    ],
)
def test_each_network_takes_its_own_types(kind: MediaKind, mime: str, messenger: bool, instagram: bool) -> None:
    wrong = [Problem(kind.value, "wrong_type")]
    assert media_problems(kind, 10, mime, MESSENGER) == ([] if messenger else wrong)
    assert media_problems(kind, 10, mime, INSTAGRAM) == ([] if instagram else wrong)


@pytest.mark.parametrize("network", Network)
@pytest.mark.parametrize(
    ("kind", "mime", "limit"),
    [
        (MediaKind.IMAGE, "image/png", 8 * MEGABYTE),
        (MediaKind.VIDEO, "video/mp4", 25 * MEGABYTE),
        (MediaKind.AUDIO, "audio/wav", 25 * MEGABYTE),
        (MediaKind.FILE, "application/pdf", 25 * MEGABYTE),
    ],
)
def test_an_empty_or_too_large_file_is_named(kind: MediaKind, mime: str, limit: int, network: Network) -> None:
    assert media_problems(kind, limit, mime, network) == []
    assert media_problems(kind, 0, mime, network) == [Problem(kind.value, "empty")]
    assert media_problems(kind, limit + 1, mime, network) == [Problem(kind.value, "too_large", limit, limit + 1)]


def test_the_limits_of_pictures_have_names_of_their_own() -> None:
    assert limits_for(INSTAGRAM).image_bytes == 8 * MEGABYTE
    assert limits_for(INSTAGRAM).image_types == ("image/png", "image/jpeg")


@pytest.mark.parametrize(
    ("mime", "kind"),
    [
        ("image/png", MediaKind.IMAGE),
        ("Video/MP4", MediaKind.VIDEO),
        ("audio/ogg; codecs=opus", MediaKind.AUDIO),
        ("application/pdf", MediaKind.FILE),
        ("file/x", MediaKind.FILE),
        ("", MediaKind.FILE),
    ],
)
def test_a_type_belongs_to_one_kind(mime: str, kind: MediaKind) -> None:
    assert media_kind_of(mime) is kind
