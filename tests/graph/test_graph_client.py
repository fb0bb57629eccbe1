"""The calls we make to Meta, seen at the transport, and what becomes of them when the wire breaks."""

import json
import logging
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from graph.client import GraphClient, Sent
from graph.errors import (
    GraphError,
    NotSent,
    OutcomeUnknown,
    PermissionMissing,
    RateLimited,
    TokenInvalid,
    Unavailable,
    WindowClosed,
)
from graph.networks import Login, Network
from graph.payloads import Image, Link, Text
from graph.profiles import AccountProfile, ContactProfile, ThreadMessage
from graph.signatures import appsecret_proof

PAGE, IG, PSID, IGSID = "104857600000001", "17841400000000042", "7300000000000011", "990000000000077"
TOKEN, SECRET = "EAAexampletoken", "sim-app-secret-0001"
PROOF = appsecret_proof(TOKEN, SECRET)

SHOP = {"node": PAGE, "login": Login.FACEBOOK, "network": Network.MESSENGER}
STUDIO_THROUGH_PAGE = {"node": PAGE, "login": Login.FACEBOOK, "network": Network.INSTAGRAM}
STUDIO = {"node": IG, "login": Login.INSTAGRAM, "network": Network.INSTAGRAM}
KINDS = [SHOP, STUDIO_THROUGH_PAGE, STUDIO]


class Meta:
    """Answers every request alike, and remembers them."""

    def __init__(self, answer: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.answer, self.status, self.headers = answer, status, headers
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if isinstance(self.answer, bytes):
            return httpx.Response(self.status, content=self.answer, headers=self.headers)
        return httpx.Response(self.status, json=self.answer, headers=self.headers)

    @property
    def request(self) -> httpx.Request:
        (request,) = self.requests
        return request


def client(
    meta: Callable[[httpx.Request], httpx.Response], account: dict[str, Any] = SHOP, **options: Any
) -> GraphClient:
    return GraphClient(token=TOKEN, transport=httpx.MockTransport(meta), **{**account, **options})


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


def test_an_id_with_padding_is_percent_encoded() -> None:
    meta = Meta({})
    client(meta).contact("aWdfZA==")
    assert meta.request.url.raw_path.startswith(b"/v26.0/aWdfZA%3D%3D?")


@pytest.mark.parametrize(
    "bad", ["", ".", "..", "me/accounts", "1?x=1", "1#", "1 2", "12\n", "1%2F", "\u0661", "a===", "=a"]
)
def test_a_bad_id_never_reaches_the_network(bad: str) -> None:
    meta = Meta({"message_id": "m_1"})
    graph = client(meta)
    calls: list[Callable[[], object]] = [
        lambda: graph.send(Text("Hello"), to=bad),
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


def broken(kind: type[Exception]) -> Callable[[httpx.Request], httpx.Response]:
    def answer(request: httpx.Request) -> httpx.Response:
        raise kind(f"broken while sending {request.headers['authorization']}")

    return answer


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
        graph.upload_image(b"x", name="a.png", mime="image/png")


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


@pytest.mark.parametrize(("account", "platform"), [(SHOP, None), (STUDIO_THROUGH_PAGE, "instagram"), (STUDIO, None)])
def test_an_image_is_uploaded_to_be_used_again(account: dict[str, Any], platform: str | None) -> None:
    meta = Meta({"attachment_id": 1900000000000123})
    found = client(meta, account).upload_image(b"\x89PNG", name='caf\u00e9 "1".png', mime="image/png")
    assert found == "1900000000000123"
    assert meta.request.url.path == f"/v26.0/{account['node']}/message_attachments"
    assert meta.request.url.params.get("platform") == platform
    assert b'{"attachment": {"type": "image", "payload": {"is_reusable": true}}}' in meta.request.content
    assert b'name="filedata"; filename="caf___1_.png"\r\nContent-Type: image/png\r\n\r\n\x89PNG' in meta.request.content


def test_an_upload_that_gives_no_id_can_be_tried_again() -> None:
    with pytest.raises(Unavailable):
        client(Meta({})).upload_image(b"x", name="", mime="image/png")


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
    assert client(meta, STUDIO).account() == AccountProfile(id=IG, name="My Shop", username="my.shop")


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


def thread(*messages: dict[str, Any], people: tuple[str, ...] = (PAGE, PSID)) -> dict[str, Any]:
    return {"participants": {"data": [{"id": each} for each in people]}, "messages": {"data": list(messages)}}


def said(number: int, **more: Any) -> dict[str, Any]:
    return {"id": f"m_{number}", "created_time": f"2026-11-20T09:15:{number:02}+0000", "from": {"id": PAGE}, **more}


@pytest.mark.parametrize(
    ("account", "platform"), [(SHOP, "messenger"), (STUDIO_THROUGH_PAGE, "instagram"), (STUDIO, "instagram")]
)
def test_a_thread_is_asked_for_by_its_contact(account: dict[str, Any], platform: str) -> None:
    meta = Meta({"data": []})
    assert client(meta, account).recent_messages(PSID) == []
    assert meta.request.url.path == f"/v26.0/{account['node']}/conversations"
    assert (meta.request.url.params["platform"], meta.request.url.params["user_id"]) == (platform, PSID)


def test_recent_messages_come_newest_first_and_at_most_twenty() -> None:
    messages = client(Meta({"data": [thread(*map(said, range(30)))]})).recent_messages(PSID)
    assert [message.mid for message in messages] == [f"m_{number}" for number in range(29, 9, -1)]


def test_a_message_of_a_thread_is_read_whole() -> None:
    answer = {"data": [thread(said(2, message="On its way", attachments={"data": [{"id": "5"}]}))]}
    assert client(Meta(answer)).recent_messages(PSID) == [
        ThreadMessage("m_2", datetime(2026, 11, 20, 9, 15, 2, tzinfo=UTC), PAGE, "On its way", 1)
    ]


def test_another_persons_thread_and_unreadable_messages_are_left_out() -> None:
    strange = [7, {}, {"id": "m_1"}, {"id": "m_1", "created_time": "yesterday"}]
    answer = {"data": [thread(said(1), people=(PAGE, "999")), thread(*strange), None]}  # type: ignore[arg-type]
    assert client(Meta(answer)).recent_messages(PSID) == []


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
        client(meta, app_secret=SECRET).send(Image(attachment_id="19"), to=PSID)
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + repr(vars(caught.value))
    assert not [secret for secret in (TOKEN, SECRET, PROOF) if secret in shown]
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_a_short_token_does_not_garble_metas_error() -> None:
    meta = Meta({"error": {"code": 10, "error_subcode": 2018278}}, status=400)
    with pytest.raises(WindowClosed):
        GraphClient(token="code", transport=httpx.MockTransport(meta), **SHOP).send(Text("Hi"), to=PSID)  # type: ignore[arg-type]
