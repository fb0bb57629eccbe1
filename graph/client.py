"""The calls we make to Meta for one connected account."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx

from graph.answers import Answer
from graph.errors import OutcomeUnknown, PermissionMissing, TokenInvalid, Unavailable, from_response
from graph.logs import keep_queries_out_of_logs
from graph.networks import Login, Network
from graph.payloads import Outgoing, message_body
from graph.profiles import AccountProfile, ContactProfile, ThreadMessage, thread_messages
from graph.readers import items, mapping, text_id, words
from graph.signatures import appsecret_proof
from graph.transport import exchange

HOSTS = {Login.FACEBOOK: "https://graph.facebook.com", Login.INSTAGRAM: "https://graph.instagram.com"}

_ID = re.compile(r"[0-9A-Za-z_-]+={0,2}")
_VERSION = re.compile(r"v[0-9]{1,3}\.[0-9]{1,3}")
_TOKEN = re.compile(r"[!-~]+")
_SHORTEST_SECRET = 8
_CONTACT_FIELDS = {
    Network.MESSENGER: "first_name,last_name,name,profile_pic",
    Network.INSTAGRAM: "name,username,profile_pic",
}
_PAGE_FIELDS = "id,name"
_LINKED_FIELDS = "id,name,instagram_business_account{id,username,name}"
_INSTAGRAM_LOGIN_FIELDS = "user_id,username,name"
_THREAD_FIELDS = "participants,messages{id,created_time,from,message,attachments}"


@dataclass(frozen=True)
class Sent:
    """Meta accepted the message. It leaves `recipient_id` empty at times."""

    message_id: str
    recipient_id: str
    trace_id: str


class GraphClient:
    """Meta's Graph API for one account: `node` is the Page's id under Facebook Login, for Instagram accounts that
    were connected through a Page too, and the Instagram professional account's id under Instagram Login.

    It keeps connections open; close it, or use it in a `with` block. It is safe to share between threads.
    """

    def __init__(
        self,
        *,
        token: str,
        node: str,
        login: Login,
        network: Network,
        base_url: str | None = None,
        version: str = "v26.0",
        app_secret: str | None = None,
        transport: httpx.BaseTransport | None = None,
        connect_timeout: float = 5.0,
        read_timeout: float = 30.0,
    ) -> None:
        """Raises ValueError for an id or version that cannot be one, and TokenInvalid for such a token."""
        self.node = checked_id(node)
        self.login, self.network = _checked_pair(login, network)
        self._root = f"{(base_url or HOSTS[login]).rstrip('/')}/{_checked_version(version)}"
        self._token = _checked_token(token)
        self._proof = appsecret_proof(token, app_secret) if app_secret and login is Login.FACEBOOK else ""
        self._http = httpx.Client(
            headers={"Authorization": f"Bearer {token}"},
            timeout=httpx.Timeout(read_timeout, connect=connect_timeout),
            transport=transport,
            follow_redirects=False,
        )
        keep_queries_out_of_logs()

    def __repr__(self) -> str:
        return f"<GraphClient {self.network} {self.node}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def send(self, outgoing: Outgoing, *, to: str, metadata: str | None = None, human_agent: bool = False) -> Sent:
        """Hands one message to Meta, once. Raises GraphError, and ValueError for an id that cannot be one.

        Meta has no idempotency key: after OutcomeUnknown the message may be there.
        Source: Meta, Send API reference, "Request" and "Response".
        """
        to = checked_id(to)
        body = message_body(outgoing, to=to, network=self.network, metadata=metadata, human_agent=human_agent)
        return _sent(self._call(self._request("POST", self.node, "messages", json=body), sending=True))

    def upload_image(self, content: bytes, *, name: str, mime: str) -> str:
        """The attachment id of an image that is uploaded now and sent later; Meta keeps it for ninety days.

        Source: Meta, Attachment Upload API reference.
        """
        attachment = {"attachment": {"type": "image", "payload": {"is_reusable": True}}}
        request = self._request(
            "POST",
            self.node,
            "message_attachments",
            params=self._upload_params,
            data={"message": json.dumps(attachment)},
            files={"filedata": (_plain_file_name(name), content, mime)},
        )
        answer = self._call(request)
        return _required(text_id(_body(answer).get("attachment_id")), answer)

    def account(self) -> AccountProfile:
        """Whose token this is. Raises PermissionMissing when the Page has no Instagram account linked to it."""
        answer = self._call(self._request("GET", "me", params={"fields": self._account_fields}))
        profile = self._own_profile(_first_of_list(_body(answer)))
        _required(profile.id, answer)
        return profile

    def contact(self, contact_id: str) -> ContactProfile:
        """What Meta shows of a contact: nothing for those it protects, and without the feature to see profiles.

        Source: Meta, User Profile API reference; Instagram Platform, "User profile".
        """
        fields = {"fields": _CONTACT_FIELDS[self.network]}
        return ContactProfile.read(_body(self._call(self._request("GET", contact_id, params=fields))))

    def recent_messages(self, contact_id: str) -> list[ThreadMessage]:
        """The newest messages of the thread with this contact, at most twenty, newest first."""
        params = {"platform": self.network.value, "user_id": checked_id(contact_id), "fields": _THREAD_FIELDS}
        answer = self._call(self._request("GET", self.node, "conversations", params=params))
        return thread_messages(_body(answer), contact_id=contact_id)

    @property
    def _is_instagram_through_a_page(self) -> bool:
        return self.login is Login.FACEBOOK and self.network is Network.INSTAGRAM

    @property
    def _upload_params(self) -> dict[str, str]:
        return {"platform": "instagram"} if self._is_instagram_through_a_page else {}

    @property
    def _account_fields(self) -> str:
        if self.login is Login.INSTAGRAM:
            return _INSTAGRAM_LOGIN_FIELDS
        return _LINKED_FIELDS if self._is_instagram_through_a_page else _PAGE_FIELDS

    def _own_profile(self, answer: Mapping[str, Any]) -> AccountProfile:
        if self.login is Login.INSTAGRAM:
            # `id` is another one there, scoped to the app; webhooks and sending know the account by `user_id`.
            return _profile(answer, key="user_id")
        return _profile(_linked(answer) if self._is_instagram_through_a_page else answer, key="id")

    def _request(
        self, method: str, *path: str, params: Mapping[str, str] | None = None, **content: Any
    ) -> httpx.Request:
        segments = "/".join(quote(checked_id(segment), safe="") for segment in path)
        query = {**(params or {}), **({"appsecret_proof": self._proof} if self._proof else {})}
        return self._http.build_request(method, f"{self._root}/{segments}", params=query, **content)

    def _call(self, request: httpx.Request, *, sending: bool = False) -> Answer:
        response = exchange(self._http, request, sending=sending)
        answer = Answer.read(response.status_code, response.headers, response.content)
        if not answer.is_success:
            content = self._without_secrets(response.content)
            raise from_response(response.status_code, response.headers, content, sending=sending)
        return answer

    def _without_secrets(self, content: bytes) -> bytes:
        """Meta repeats the token in some errors. Nothing as short as a word of its own is taken for a secret."""
        for secret in (self._token, self._proof):
            if len(secret) >= _SHORTEST_SECRET:
                content = content.replace(secret.encode(), b"[removed]")
        return content


def checked_id(value: str) -> str:
    """The id itself. Raises ValueError for what cannot be an id of Meta's, since ids become parts of addresses."""
    if not _ID.fullmatch(value):
        raise ValueError("This cannot be an id at Meta.")
    return value


def _checked_version(version: str) -> str:
    if not _VERSION.fullmatch(version):
        raise ValueError("A Graph API version looks like v26.0.")
    return version


def _checked_token(token: str) -> str:
    """A line break would otherwise end up in an httpx error that quotes the whole header."""
    if not _TOKEN.fullmatch(token):
        raise TokenInvalid("The access token is empty or contains characters that no token has.")
    return token


def _checked_pair(login: Login, network: Network) -> tuple[Login, Network]:
    if login is Login.INSTAGRAM and network is Network.MESSENGER:
        raise ValueError("Instagram Login gives no access to Messenger.")
    return login, network


def _plain_file_name(name: str) -> str:
    """Instagram takes no file names beyond ASCII."""
    return re.sub(r"[^0-9A-Za-z._-]", "_", name) or "image"


def _body(answer: Answer) -> Mapping[str, Any]:
    return answer.body or {}


def _sent(answer: Answer) -> Sent:
    """A 200 that names no message leaves open whether there is one."""
    body, trace_id = _body(answer), answer.trace_id
    message_id = text_id(body.get("message_id"))
    if not message_id:
        raise OutcomeUnknown("Meta's answer names no message.", status=answer.status, trace_id=trace_id)
    return Sent(message_id=message_id, recipient_id=text_id(body.get("recipient_id")), trace_id=trace_id)


def _required(value: str, answer: Answer) -> str:
    if not value:
        raise Unavailable("Meta's answer lacks the id.", status=answer.status, trace_id=answer.trace_id)
    return value


def _first_of_list(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Instagram Login's own page on `/me` shows the answer inside a list; both forms are read."""
    return next(map(mapping, items(body.get("data"))), body)


def _profile(answer: Mapping[str, Any], *, key: str) -> AccountProfile:
    return AccountProfile(text_id(answer.get(key)), words(answer.get("name")), words(answer.get("username")))


def _linked(page: Mapping[str, Any]) -> Mapping[str, Any]:
    linked = mapping(page.get("instagram_business_account"))
    if not linked:
        raise PermissionMissing("The Page has no Instagram account linked to it.", code=100, subcode=2534013)
    return linked
