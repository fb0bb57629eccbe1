"""The calls we make to Meta, seen at the transport, and what becomes of them when the wire breaks."""

import json
import logging
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from graph.client import GraphClient, Sent
from graph.errors import (
    ContactUnavailable,
    GraphError,
    NotSent,
    OutcomeUnknown,
    PermissionMissing,
    RateLimited,
    Rejected,
    TokenInvalid,
    Unavailable,
    WindowClosed,
)
from graph.networks import Network
from graph.payloads import Album, Link, Media, MediaKind, Text
from graph.profiles import AccountProfile, ContactProfile
from graph.usage import Usage, UsageLine

from .meta import IG, IGSID, KINDS, PAGE, PROOF, PSID, SECRET, SHOP, STUDIO, STUDIO_THROUGH_PAGE, TOKEN, Meta, broken, client, error

PICTURE = Media(MediaKind.IMAGE, attachment_id="19")


def test_a_message_is_handed_to_the_page() -> None:
    meta = Meta({"recipient_id": PSID, "message_id": "m_1"}, headers={"x-fb-trace-id": "TrAcE"})
    with client(meta) as graph:
        sent = graph.send(Text("Hello"), to=PSID, metadata="out:1")
    assert sent == Sent(message_id="m_1", recipient_id=PSID, trace_id="TrAcE")
    assert (meta.request.method, str(meta.request.url)) == ("POST", f"https://graph.facebook.com/v26.0/{PAGE}/messages")
    assert json.loads(meta.request.content) == {
        "recipient": {"id": PSID},
        "messaging_type": "RESPONSE",
        "message": {"text": "Hello", "metadata": "out:1"},
    }


@pytest.mark.parametrize(
    ("account", "host"), [(STUDIO_THROUGH_PAGE, "graph.facebook.com"), (STUDIO, "graph.instagram.com")]
)
def test_instagram_is_reached_at_the_host_of_its_login(account: dict[str, Any], host: str) -> None:
    meta = Meta({"message_id": "aWd1"})
    sent = client(meta, account).send(Link("https://shop.test", "Shop"), to=IGSID, metadata="out:1", human_agent=True)
    assert sent.recipient_id == ""
    assert (meta.request.url.host, meta.request.url.path) == (host, f"/v26.0/{account['node']}/messages")
    body = json.loads(meta.request.content)
    assert (body["messaging_type"], body["tag"]) == ("MESSAGE_TAG", "HUMAN_AGENT")
    assert "metadata" not in body["message"]


@pytest.mark.parametrize("account", KINDS)
def test_the_token_travels_in_the_header_only(account: dict[str, Any]) -> None:
    meta = Meta({"message_id": "m_1"})
    client(meta, account, app_secret=SECRET).send(Text("Hello"), to=PSID)
    assert meta.request.headers["authorization"] == f"Bearer {TOKEN}"
    assert TOKEN not in str(meta.request.url)
    assert TOKEN.encode() not in meta.request.content


@pytest.mark.parametrize(("account", "proof"), [(SHOP, PROOF), (STUDIO_THROUGH_PAGE, PROOF), (STUDIO, None)])
def test_the_proof_goes_to_facebook_only(account: dict[str, Any], proof: str | None) -> None:
    meta = Meta({"message_id": "m_1"})
    client(meta, account, app_secret=SECRET).send(Text("Hello"), to=PSID)
    client(meta, account, app_secret=SECRET).contact(PSID)
    assert [request.url.params.get("appsecret_proof") for request in meta.requests] == [proof, proof]


def test_another_address_and_version_can_be_set() -> None:
    meta = Meta({"message_id": "m_1"})
    client(meta, base_url="http://127.0.0.1:9000/fb/", version="v25.0").send(Text("Hello"), to=PSID)
    assert str(meta.request.url) == f"http://127.0.0.1:9000/fb/v25.0/{PAGE}/messages"


@pytest.mark.parametrize(
    "bad", ["", ".", "..", "me/accounts", "1?x=1", "1#", "1 2", "12\n", "1%2F", "\u0661", "a===", "=a", "debug_token", "m_1", "1" * 41]
)
def test_a_bad_id_never_reaches_the_network(bad: str) -> None:
    meta = Meta({"message_id": "m_1"})
    graph = client(meta)
    calls: list[Callable[[], object]] = [
        lambda: graph.send(Text("Hello"), to=bad),
        lambda: graph.react("m_1", to=bad),
        lambda: graph.show_typing(to=bad),
        lambda: graph.contact(bad),
        lambda: graph.recent_messages(bad),
        lambda: client(meta, node=bad),
    ]
    for call in calls:
        with pytest.raises(ValueError, match="id at Meta"):
            call()
    assert meta.requests == []


def test_an_impossible_version_or_pair_is_refused() -> None:
    with pytest.raises(ValueError, match=r"v26\.0"):
        client(Meta({}), version="../v26.0")
    with pytest.raises(ValueError, match="Messenger"):
        client(Meta({}), {**STUDIO, "network": Network.MESSENGER})


@pytest.mark.parametrize("token", ["", "EAA secret", "EAAsecret\n", "EAAsecr\u00e9t"])
def test_a_token_that_cannot_be_one_is_invalid_and_not_repeated(token: str) -> None:
    with pytest.raises(TokenInvalid) as caught:
        GraphClient(token=token, **SHOP)  # type: ignore[arg-type]
    assert "EAA" not in str(caught.value)


BEFORE_WRITING = [
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
]
AFTER_WRITING = [
    httpx.ReadTimeout,
    httpx.WriteTimeout,
    httpx.ReadError,
    httpx.WriteError,
    httpx.CloseError,
    httpx.RemoteProtocolError,
    httpx.LocalProtocolError,
    httpx.DecodingError,
]


@pytest.mark.parametrize("kind", BEFORE_WRITING)
def test_what_breaks_before_writing_was_not_sent(kind: type[Exception]) -> None:
    graph = client(broken(kind))
    with pytest.raises(NotSent, match=kind.__name__):
        graph.send(Text("Hello"), to=PSID)
    with pytest.raises(NotSent):
        graph.account()


@pytest.mark.parametrize("kind", AFTER_WRITING)
def test_what_breaks_after_writing_leaves_a_message_open_and_a_read_repeatable(kind: type[Exception]) -> None:
    graph = client(broken(kind))
    with pytest.raises(OutcomeUnknown, match=kind.__name__):
        graph.send(Text("Hello"), to=PSID)
    with pytest.raises(Unavailable):
        graph.contact(PSID)
    with pytest.raises(Unavailable):
        graph.upload(b"x", kind=MediaKind.IMAGE, name="a.png", mime="image/png")


def test_every_failure_httpx_knows_is_sorted() -> None:
    def leaves(kind: type[Exception]) -> Iterator[type[Exception]]:
        for below in kind.__subclasses__():
            yield from leaves(below) if below.__subclasses__() else [below]

    assert set(leaves(httpx.TransportError)) - {httpx.DecodingError} == {*BEFORE_WRITING, *AFTER_WRITING} - {
        httpx.DecodingError
    }


@pytest.mark.parametrize("body", [b"", b"Service Unavailable", b"<html>", b"[]", b"{}", b'{"recipient_id":"73"}'])
def test_a_200_that_names_no_message_leaves_the_outcome_open(body: bytes) -> None:
    with pytest.raises(OutcomeUnknown):
        client(Meta(body)).send(Text("Hello"), to=PSID)


def test_a_200_with_an_error_inside_is_that_error() -> None:
    with pytest.raises(WindowClosed) as caught:
        client(Meta({"error": {"code": 10, "error_subcode": 2018278, "fbtrace_id": "TrAcE"}})).send(Text("Hi"), to=PSID)
    assert caught.value.trace_id == "TrAcE"


def test_a_throttle_tells_when_to_come_back() -> None:
    meta = Meta({"error": {"code": 4}}, status=429, headers={"Retry-After": "12"})
    with pytest.raises(RateLimited) as caught:
        client(meta).send(Text("Hi"), to=PSID)
    assert caught.value.retry_at == 12


def test_a_redirect_is_not_followed() -> None:
    meta = Meta(b"", status=307, headers={"Location": "https://elsewhere.test/"})
    with pytest.raises(OutcomeUnknown):
        client(meta).send(Text("Hi"), to=PSID)
    assert meta.request.url.host == "graph.facebook.com"


FILM, SOUND = Media(MediaKind.VIDEO, url="https://cdn.test/a.mp4"), Media(MediaKind.AUDIO, url="https://cdn.test/a.wav")


@pytest.mark.parametrize(
    ("outgoing", "seconds"),
    [
        (FILM, 90),
        (Album((PICTURE, Media(MediaKind.IMAGE, url="https://cdn.test/a.png"))), 90),
        (SOUND, 30),
        (Text("Hello"), 30),
        (Media(MediaKind.VIDEO, attachment_id="19"), 30),
        (Album((PICTURE, PICTURE)), 30),
    ],
)
def test_meta_gets_the_time_that_it_needs_to_fetch_a_film(outgoing: Any, seconds: int) -> None:
    meta = Meta({"message_id": "aWd1"})
    client(meta, STUDIO).send(outgoing, to=IGSID)
    assert meta.request.extensions["timeout"] == {"connect": 5, "read": seconds, "write": seconds, "pool": seconds}


def test_the_timeouts_can_be_set_apart() -> None:
    meta = Meta({"message_id": "m_1", "attachment_id": "19"})
    graph = client(meta, connect_timeout=1, read_timeout=2, media_timeout=3)
    graph.send(Text("Hello"), to=PSID)
    graph.send(FILM, to=PSID)
    graph.upload_from("https://cdn.test/a.mp4", kind=MediaKind.VIDEO)
    graph.upload(b"x", kind=MediaKind.VIDEO, name="a.mp4", mime="video/mp4")
    graph.upload_from("https://cdn.test/a.wav", kind=MediaKind.AUDIO)
    timeouts = [request.extensions["timeout"] for request in meta.requests]
    assert [(each["connect"], each["read"]) for each in timeouts] == [(1, 2), (1, 3), (1, 3), (1, 3), (1, 2)]


def test_an_answer_may_name_the_attachment_for_another_time() -> None:
    assert client(Meta({"message_id": "m_1", "attachment_id": 19})).send(PICTURE, to=PSID).attachment_id == "19"
    assert client(Meta({"message_id": "m_1"})).send(PICTURE, to=PSID).attachment_id == ""


def test_a_message_can_answer_another_whatever_its_id_looks_like() -> None:
    meta = Meta({"message_id": "m_2"})
    client(meta).send(Text("That one"), to=PSID, metadata="out:1", reply_to="mid.$cAAE/x?y#z")
    assert json.loads(meta.request.content)["reply_to"] == {"mid": "mid.$cAAE/x?y#z"}


def test_an_album_goes_to_instagram_as_one_message() -> None:
    meta = Meta({"message_id": "aWd1"})
    client(meta, STUDIO).send(Album((PICTURE, PICTURE)), to=IGSID)
    assert len(json.loads(meta.request.content)["message"]["attachments"]) == 2
    with pytest.raises(ValueError, match="one picture"):
        client(meta, SHOP).send(Album((PICTURE, PICTURE)), to=PSID)
    assert len(meta.requests) == 1


def test_a_shared_media_is_a_choice_of_the_client() -> None:
    meta = Meta({"message_id": "aWd1"})
    client(meta, STUDIO, media_share=True).send(Media(MediaKind.AUDIO, attachment_id="19"), to=IGSID)
    assert json.loads(meta.request.content)["message"]["attachment"]["type"] == "MEDIA_SHARE"


ACTIONS: list[tuple[Callable[[GraphClient], None], dict[str, Any]]] = [
    (lambda graph: graph.show_typing(to=PSID), {"sender_action": "typing_on"}),
    (lambda graph: graph.show_typing(to=PSID, on=False), {"sender_action": "typing_off"}),
    (lambda graph: graph.mark_seen(to=PSID), {"sender_action": "mark_seen"}),
    (lambda graph: graph.unreact("m_1", to=PSID), {"sender_action": "unreact", "payload": {"message_id": "m_1"}}),
    (
        lambda graph: graph.react("any text/", to=PSID, reaction="\U0001f600"),
        {"sender_action": "react", "payload": {"message_id": "any text/", "reaction": "\U0001f600"}},
    ),
]


@pytest.mark.parametrize(("act", "more"), ACTIONS)
@pytest.mark.parametrize("account", KINDS)
def test_a_gesture_names_the_contact_and_nothing_else(act: Callable[[GraphClient], None], more: dict[str, Any], account: Any) -> None:
    meta = Meta({"recipient_id": PSID})
    act(client(meta, account))
    assert (meta.request.method, meta.paths) == ("POST", [f"/{account['node']}/messages"])
    assert json.loads(meta.request.content) == {"recipient": {"id": PSID}, **more}


@pytest.mark.parametrize(("account", "reaction"), [(SHOP, "\u2764\ufe0f"), (STUDIO_THROUGH_PAGE, "love"), (STUDIO, "love")])
def test_a_heart_is_a_word_on_instagram_and_a_sign_on_messenger(account: dict[str, Any], reaction: str) -> None:
    meta = Meta({"recipient_id": PSID})
    client(meta, account).react("m_1", to=PSID)
    assert json.loads(meta.request.content)["payload"]["reaction"] == reaction


@pytest.mark.parametrize("act", [act for act, _ in ACTIONS])
def test_a_gesture_may_be_repeated_so_its_outcome_is_never_unknown(act: Callable[[GraphClient], None]) -> None:
    for meta in (broken(httpx.ReadTimeout), Meta(b"<html>", status=502), Meta(error(1), status=500), Meta(b"")):
        with pytest.raises(Unavailable):
            act(client(meta))
    with pytest.raises(NotSent):
        act(client(broken(httpx.ConnectError)))
    with pytest.raises(ContactUnavailable):
        act(client(Meta(error(551), status=400)))


def test_a_reaction_needs_a_message() -> None:
    with pytest.raises(ValueError, match="message"):
        client(Meta({})).react("", to=PSID)
    with pytest.raises(ValueError, match="message"):
        client(Meta({})).unreact("", to=PSID)


def test_subscriptions_are_read_in_every_shape() -> None:
    apps = [{"id": 12, "subscribed_fields": ["messages", {"name": "feed"}]}, {"id": "13", "subscribed_fields": ["messages", "mention"]}, None]
    assert client(Meta({"data": apps})).subscriptions() == ("messages", "feed", "mention")
    assert client(Meta({"data": apps})).subscriptions(app_id="13") == ("messages", "mention")
    assert client(Meta({"data": []})).subscriptions() == client(Meta({})).subscriptions() == ()


def test_an_account_is_subscribed_and_unsubscribed() -> None:
    meta = Meta({"success": True})
    with client(meta, STUDIO) as graph:
        graph.subscribe(["messages", "message_reactions"])
        graph.unsubscribe()
    assert [request.method for request in meta.requests] == ["POST", "DELETE"]
    assert set(meta.paths) == {f"/{IG}/subscribed_apps"}
    assert meta.requests[0].content == b"subscribed_fields=messages%2Cmessage_reactions"


def test_a_subscription_that_meta_did_not_make_is_no_success() -> None:
    with pytest.raises(Rejected):
        client(Meta({"success": False})).subscribe(["messages"])
    with pytest.raises(Rejected):
        client(Meta(error(100), status=400)).subscribe(["nonsense"])


def test_a_page_knows_itself() -> None:
    meta = Meta({"id": PAGE, "name": "My Shop"})
    assert client(meta).account() == AccountProfile(id=PAGE, name="My Shop", username="")
    assert meta.request.url.path == "/v26.0/me"


def test_an_instagram_account_is_found_through_its_page() -> None:
    linked = {"id": IG, "username": "my.shop"}
    meta = Meta({"id": PAGE, "name": "My Shop", "instagram_business_account": linked})
    assert client(meta, STUDIO_THROUGH_PAGE).account() == AccountProfile(id=IG, name="", username="my.shop")


def test_a_page_without_an_instagram_account_cannot_stand_for_one() -> None:
    with pytest.raises(PermissionMissing):
        client(Meta({"id": PAGE}), STUDIO_THROUGH_PAGE).account()


@pytest.mark.parametrize("wrap", [lambda answer: answer, lambda answer: {"data": [answer]}])
def test_instagram_login_knows_the_account_by_its_user_id(wrap: Callable[[Any], Any]) -> None:
    meta = Meta(wrap({"id": "111", "user_id": int(IG), "username": "my.shop", "name": "My Shop"}))
    assert client(meta, STUDIO).account() == AccountProfile(id=IG, name="My Shop", username="my.shop", scoped_id="111")


def test_an_account_without_an_id_is_no_account() -> None:
    with pytest.raises(Unavailable):
        client(Meta({"id": "111"}), STUDIO).account()


@pytest.mark.parametrize(
    ("answer", "profile"),
    [
        ({"name": "Ann", "profile_pic": "https://cdn.test/a"}, ContactProfile("Ann", "", "https://cdn.test/a")),
        ({"first_name": "Ann", "last_name": "Example", "name": None}, ContactProfile("Ann Example", "", "")),
        ({"username": "ann.example"}, ContactProfile("", "ann.example", "")),
        ({"id": PSID}, ContactProfile("", "", "")),
        ({}, ContactProfile("", "", "")),
    ],
)
def test_a_contact_is_what_meta_shows_of_them(answer: dict[str, Any], profile: ContactProfile) -> None:
    assert client(Meta(answer)).contact(PSID) == profile


def test_nothing_secret_reaches_the_logs(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    graph = client(Meta({"message_id": "m_1"}), app_secret=SECRET)
    graph.send(Text("Hello"), to=PSID)
    graph.contact(PSID)
    assert f"https://graph.facebook.com/v26.0/{PSID} " in caplog.text
    assert not [secret for secret in (TOKEN, SECRET, PROOF, "appsecret_proof") if secret in caplog.text]


def test_a_client_shows_no_secret() -> None:
    graph = client(Meta({}), app_secret=SECRET)
    assert repr(graph) == f"<GraphClient messenger {PAGE}>"


@pytest.mark.parametrize(
    "meta",
    [
        *map(broken, (httpx.ConnectError, httpx.ReadTimeout)),
        Meta({"error": {"code": 190, "message": f"Malformed access token {TOKEN}, proof {PROOF}"}}, status=400),
        Meta(f"<html>{TOKEN}</html>".encode(), status=500),
    ],
)
def test_no_error_shows_a_secret_nor_keeps_the_request(meta: Callable[[httpx.Request], httpx.Response]) -> None:
    with pytest.raises(GraphError) as caught:
        client(meta, app_secret=SECRET).send(PICTURE, to=PSID)
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + repr(vars(caught.value))
    assert not [secret for secret in (TOKEN, SECRET, PROOF) if secret in shown]
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_a_short_token_does_not_garble_metas_error() -> None:
    meta = Meta({"error": {"code": 10, "error_subcode": 2018278}}, status=400)
    with pytest.raises(WindowClosed):
        client(meta, token="code").send(Text("Hi"), to=PSID)


def test_the_client_of_whoever_the_token_belongs_to_needs_no_id() -> None:
    meta = Meta({"message_id": "m_1"})
    client(meta, node="me").send(Text("Hello"), to=PSID)
    assert meta.paths == ["/me/messages"]


USED = {"X-App-Usage": '{"call_count": 28, "total_time": 25, "total_cputime": 24}'}


@pytest.mark.parametrize("status", [200, 400])
def test_every_answer_tells_what_is_used_up(status: int) -> None:
    heard: list[Usage] = []
    meta = Meta({"message_id": "m_1"} if status == 200 else error(613), status=status, headers=USED)
    try:
        client(meta, on_usage=heard.append).send(Text("Hello"), to=PSID)
    except RateLimited:
        assert status == 400
    assert heard == [(UsageLine("", "app", 28, 24, 25, 0),)]


def test_an_answer_that_tells_nothing_is_not_told() -> None:
    heard: list[Usage] = []
    client(Meta({"message_id": "m_1"}), on_usage=heard.append).send(Text("Hello"), to=PSID)
    client(Meta({"message_id": "m_1"}, headers=USED)).send(Text("Hello"), to=PSID)
    assert heard == []


def test_a_listener_that_breaks_never_loses_a_message(caplog: pytest.LogCaptureFixture) -> None:
    def listen(usage: Usage) -> None:
        raise RuntimeError(f"secret {TOKEN}")

    meta = Meta({"message_id": "m_1"}, headers=USED)
    assert client(meta, on_usage=listen).send(Text("Hello"), to=PSID).message_id == "m_1"
    assert "RuntimeError" in caplog.text
    assert TOKEN not in caplog.text
