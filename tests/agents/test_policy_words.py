"""A policy read aloud."""

import pytest

from agents.policy import SHIPPED, in_words


def said(document) -> list[str]:
    return [" – ".join(filter(None, (line.about, line.says, line.reason))) for line in in_words(document)]


def test_the_shipped_policy_reads_as_people_would_say_it():
    assert said(SHIPPED) == [
        "Listing conversations – allowed",
        "Reading a conversation – allowed",
        "Looking up a proposal – allowed",
        "Sending text – a person decides – A person reads every message before it goes out.",
        "Sending a picture – a person decides – A person reads every message before it goes out.",
        "Sending a link card – a person decides – A person reads every message before it goes out.",
        "All together – at most 3 messages without an answer, to each contact",
        "All together – at most 1 proposal waits for a decision, in each conversation",
        "All together – at most 50 proposals wait for a decision, for the agent",
        "Whatever is not named here – denied",
    ]


def test_limits_hidden_tools_and_names_that_we_do_not_know_have_words_too():
    document = {
        "version": "1", "default": "allow", "hide": ["get_conversation"],
        "tools": {
            "*": {"limits": [{"counter": "calls", "window": "minute", "max": 30, "scope": "grant"}]},
            "other_tool": {"action": "deny", "reason": "Not yet."},
            "send.text": {"rate_limit": {"max": 1, "window": 60}},
        },
    }  # fmt: skip
    assert said(document) == [
        "The tool get_conversation – hidden from the agent",
        "Everything – at most 30 calls in a minute, for each key",
        "The tool other_tool – denied – Not yet.",
        "Sending text – allowed",
        "Sending text – at most 1 call in 60 seconds, for each key",
        "Whatever is not named here – allowed",
    ]


@pytest.mark.parametrize("document", [None, [], {"version": "2"}, "x"])
def test_what_cannot_be_read_denies_everything_and_says_so(document):
    (line,) = in_words(document)
    assert (line.kind, line.about) == ("deny", "Everything") and line.reason
