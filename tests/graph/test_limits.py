"""What Meta would refuse is known before it is sent."""

import pytest

from graph.limits import Problem, image_problems, limits_for, problems, text_size
from graph.networks import Network
from graph.payloads import Image, Link, Outgoing, Text

MESSENGER, INSTAGRAM = Network.MESSENGER, Network.INSTAGRAM
EIGHT_MEGABYTES = 8 * 1024 * 1024


def test_messenger_counts_characters_and_instagram_counts_bytes() -> None:
    assert text_size("\U0001f600\u0416a", MESSENGER) == 3
    assert text_size("\U0001f600\u0416a", INSTAGRAM) == 7
    assert (limits_for(MESSENGER).text_unit, limits_for(INSTAGRAM).text_unit) == ("characters", "bytes")


@pytest.mark.parametrize(
    ("text", "network"), [("a" * 2000, MESSENGER), ("\u0416" * 2000, MESSENGER), ("a" * 1000, INSTAGRAM)]
)
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
        (Image(), Problem("image", "empty")),
        (Image(url="http://cdn.test/a.jpg"), Problem("url", "needs_https")),
        (Link("javascript:alert(1)", "Shop"), Problem("url", "bad_address")),
        (Link("https://", "Shop"), Problem("url", "bad_address")),
        (Link("https://shop.test/a b", "Shop"), Problem("url", "bad_address")),
        (Link("https://[", "Shop"), Problem("url", "bad_address")),
        (Link("https://shop.test", ""), Problem("title", "empty")),
        (Link("https://shop.test", "a" * 81), Problem("title", "too_long", 80, 81)),
        (Link("https://shop.test", "Shop", "a" * 81), Problem("subtitle", "too_long", 80, 81)),
        (Link("https://shop.test", "Shop", "", "http://cdn.test/a.jpg"), Problem("image_url", "needs_https")),
        (Link("https://shop.test", "Shop", button="a" * 21), Problem("button", "too_long", 20, 21)),
    ],
)
def test_what_meta_would_refuse_is_named(outgoing: Outgoing, problem: Problem) -> None:
    assert problems(outgoing, MESSENGER) == problems(outgoing, INSTAGRAM) == [problem]


@pytest.mark.parametrize(
    "outgoing",
    [Image(attachment_id="19"), Image(url="https://cdn.test/a.jpg"), Link("http://shop.test", "Shop", "a" * 80)],
)
def test_what_meta_takes_has_no_problems(outgoing: Outgoing) -> None:
    assert problems(outgoing, MESSENGER) == problems(outgoing, INSTAGRAM) == []


def test_an_image_of_the_right_type_and_size_passes() -> None:
    assert image_problems(EIGHT_MEGABYTES, "image/PNG", INSTAGRAM) == []


def test_a_gif_goes_to_messenger_only() -> None:
    assert image_problems(10, "image/gif", MESSENGER) == []
    assert image_problems(10, "image/gif", INSTAGRAM) == [Problem("image", "wrong_type")]


def test_an_empty_or_too_large_image_is_named() -> None:
    assert image_problems(0, "image/png", MESSENGER) == [Problem("image", "empty")]
    expected = Problem("image", "too_large", EIGHT_MEGABYTES, EIGHT_MEGABYTES + 1)
    assert image_problems(EIGHT_MEGABYTES + 1, "image/png", MESSENGER) == [expected]
