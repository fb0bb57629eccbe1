"""What changed between two texts."""

from hypothesis import given
from hypothesis import strategies as st

from agents.worddiff import Change, word_diff


def test_a_changed_word_is_removed_and_added():
    assert word_diff("We open at nine.", "We open at ten.") == [
        Change("same", "We open at "), Change("removed", "nine"), Change("added", "ten"), Change("same", "."),
    ]  # fmt: skip


def test_the_same_text_is_one_stretch():
    assert word_diff("Yes.", "Yes.") == [Change("same", "Yes.")]


@given(st.text(max_size=60), st.text(max_size=60))
def test_both_texts_can_be_read_back(before, after):
    changes = word_diff(before, after)
    assert "".join(change.text for change in changes if change.kind != "added") == before
    assert "".join(change.text for change in changes if change.kind != "removed") == after
