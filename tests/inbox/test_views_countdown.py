"""The words of the countdown, and when they change."""

from datetime import UTC, datetime, timedelta

import pytest

from inbox.templatetags.windows import countdown
from inbox.window import MessagingWindow

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("closes_in", "human_in", "tone", "words"),
    [
        (timedelta(hours=23, minutes=58, seconds=30), None, "open", "Reply: 23 h 58 m"),
        (timedelta(hours=4), None, "open", "Reply: 4 h 0 m"),
        (timedelta(hours=3, minutes=12), None, "soon", "Reply: 3 h 12 m · soon"),
        (timedelta(minutes=42), None, "last", "Reply: 42 m · last hour"),
        (timedelta(minutes=9, seconds=58), None, "last", "Reply: 9 m 58 s · last hour"),
        (timedelta(0), timedelta(days=5, hours=3), "human", "Human reply only: 5 d"),
        (timedelta(0), timedelta(days=1, hours=3), "human", "Human reply only: 1 d 3 h"),
        (timedelta(0), timedelta(0), "closed", "Window closed"),
    ],
)
def test_the_words_follow_the_time_left(closes_in, human_in, tone, words):
    window = MessagingWindow(NOON + closes_in, NOON + human_in if human_in is not None else None, "message")
    shown = countdown(window, NOON)
    assert (shown.tone, shown.words) == (tone, words)


def test_a_window_that_nobody_saw_open_is_unknown():
    assert countdown(MessagingWindow(None, None), NOON).words == "Window unknown"


def test_the_absolute_time_and_the_cause_are_told():
    title = countdown(MessagingWindow(NOON + timedelta(hours=1), None, "postback"), NOON).title
    assert "1 Mar, 13:00" in title and "tapped a button" in title
