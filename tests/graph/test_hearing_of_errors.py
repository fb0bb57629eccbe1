"""Somebody may listen to every error of an account's calls, so that a dead token is known at once, wherever it shows."""

import logging

import httpx
import pytest

from graph.errors import GraphError, NotSent, OutcomeUnknown, RateLimited, TokenInvalid
from graph.payloads import Text

from .meta import PROOF, PSID, SECRET, TOKEN, Answer, Meta, broken, client, error


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Meta(error(190, 463), status=400), TokenInvalid),
        (Meta(error(613), status=400), RateLimited),
        (Meta(error(190)), TokenInvalid),
        (broken(httpx.ConnectError), NotSent),
        (broken(httpx.ReadTimeout), OutcomeUnknown),
    ],
    ids=["dead", "throttled", "dead-under-200", "unreachable", "cut"],
)
def test_the_listener_hears_of_an_error_before_the_caller_does(answer: Answer, kind: type[GraphError]) -> None:
    heard: list[GraphError] = []
    with pytest.raises(kind) as raised:
        client(answer, on_error=heard.append).send(Text("Hello"), to=PSID)
    assert heard == [raised.value]


def test_every_kind_of_call_is_heard() -> None:
    heard: list[GraphError] = []
    graph = client(Meta(error(190), status=400), on_error=heard.append)
    for call in (graph.account, graph.conversations, graph.subscriptions, graph.pages, lambda: graph.contact(PSID)):
        with pytest.raises(TokenInvalid):
            call()
    assert len(heard) == 5


def test_an_answer_is_no_error() -> None:
    heard: list[GraphError] = []
    client(Meta({"data": []}), on_error=heard.append).conversations()
    assert heard == []


def test_what_the_listener_raises_is_logged_by_its_class_and_changes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    def breaks(_error: GraphError) -> None:
        raise RuntimeError(f"a word of {TOKEN}")

    caplog.set_level(logging.DEBUG, "countersign")
    with pytest.raises(TokenInvalid):
        client(Meta(error(190), status=400), on_error=breaks).account()
    assert "RuntimeError" in caplog.text
    assert TOKEN not in caplog.text


def test_what_is_heard_holds_no_secret() -> None:
    heard: list[GraphError] = []

    def talkative(request: httpx.Request) -> httpx.Response:
        return httpx.Response(400, json={"error": {"message": f"{request.url} {request.headers['authorization']}", "code": 190}})

    with pytest.raises(TokenInvalid):
        client(talkative, on_error=heard.append, app_secret=SECRET).account()
    assert not [secret for secret in (TOKEN, SECRET, PROOF) for error in heard if secret in f"{error} {vars(error)}"]
