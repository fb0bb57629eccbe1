"""The way to one of Meta's hosts, mostly with one token: where it goes, what is never followed, repeated or written down."""

import logging
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

import httpx

from graph.answers import Answer
from graph.errors import GraphError, TokenInvalid, from_response
from graph.logs import keep_queries_out_of_logs
from graph.networks import Login
from graph.signatures import appsecret_proof
from graph.transport import exchange
from graph.usage import Usage

# Source: Meta, Messenger Platform overview; Instagram Platform, "Instagram API with Instagram Login".
HOSTS = {Login.FACEBOOK: "https://graph.facebook.com", Login.INSTAGRAM: "https://graph.instagram.com"}
VERSION = "v26.0"

_VERSION = re.compile(r"v[0-9]{1,3}\.[0-9]{1,3}")
_TOKEN = re.compile(r"[!-~]+")
_SHORTEST_SECRET = 8

logger = logging.getLogger("countersign.graph")


class Connection:
    """Keeps connections open until it is closed. Safe to share between threads."""

    def __init__(
        self,
        *,
        token: str | None,
        login: Login,
        base_url: str | None = None,
        version: str | None = VERSION,
        app_secret: str | None = None,
        transport: httpx.BaseTransport | None = None,
        connect_timeout: float = 5.0,
        read_timeout: float = 30.0,
        on_usage: Callable[[Usage], None] | None = None,
        on_error: Callable[[GraphError], None] | None = None,
    ) -> None:
        """Raises ValueError for a version that cannot be one, and TokenInvalid for such a token.

        Args:
            token: None for logins, whose calls are made before there is one.
            version: None for the few addresses that have none.
        """
        self._root = "/".join([(base_url or HOSTS[login]).rstrip("/"), *([] if version is None else [checked_version(version)])])
        headers = {} if token is None else {"Authorization": f"Bearer {checked_token(token)}"}
        # Source: Meta, Graph API, "Securing requests"; nothing says that graph.instagram.com knows the proof.
        self._proof = appsecret_proof(token, app_secret) if token and app_secret and login is Login.FACEBOOK else ""
        self._secrets = (token or "", self._proof, app_secret or "")
        self._timeout = httpx.Timeout(read_timeout, connect=connect_timeout)
        self._on_usage, self._on_error = on_usage, on_error
        self._http = httpx.Client(headers=headers, timeout=self._timeout, transport=transport, follow_redirects=False)
        keep_queries_out_of_logs()

    def close(self) -> None:
        self._http.close()

    def call(
        self,
        method: str,
        *path: str,
        params: Mapping[str, str] | None = None,
        sending: bool = False,
        read_timeout: float | None = None,
        hidden: tuple[str, ...] = (),
        **content: Any,
    ) -> Answer:
        """One exchange. Raises GraphError.

        Args:
            path: the segments of the address; ids among them must have been checked.
            sending: a message may be there although no answer says so.
            read_timeout: where Meta may take longer than usual.
            hidden: secrets in the content or the parameters, that no error may repeat.
            content: the body, in httpx's words: `json`, `data`, `files`.
        """
        request = self._request(method, path, params or {}, read_timeout, content)
        try:
            return self._answer(request, hidden, sending=sending)
        except GraphError as error:
            self._tell_error(error)
            raise

    def _answer(self, request: httpx.Request, hidden: tuple[str, ...], *, sending: bool) -> Answer:
        response = exchange(self._http, request, sending=sending)
        answer = Answer.read(response.status_code, response.headers, response.content)
        self._tell_usage(answer)
        if not answer.is_success:
            safe = self._without_secrets(response.content, hidden)
            raise from_response(response.status_code, response.headers, safe, sending=sending)
        return answer

    def _request(
        self, method: str, path: tuple[str, ...], params: Mapping[str, str], read_timeout: float | None, content: Mapping[str, Any]
    ) -> httpx.Request:
        segments = "/".join(quote(segment, safe="") for segment in path)
        query = {**params, **({"appsecret_proof": self._proof} if self._proof else {})}
        timeout = httpx.Timeout(read_timeout, connect=self._timeout.connect) if read_timeout else self._timeout
        return self._http.build_request(method, f"{self._root}/{segments}", params=query, timeout=timeout, **content)

    def _tell_usage(self, answer: Answer) -> None:
        """The answer counts more than the counting: what the listener raises would lose it, so it ends here."""
        usage = Usage.read(answer.headers)
        if not usage or self._on_usage is None:
            return
        try:
            self._on_usage(usage)
        except Exception as error:
            logger.error("Noting Meta's usage headers broke with %s.", type(error).__name__)

    def _tell_error(self, error: GraphError) -> None:
        """Whoever made the call has to hear of its error, whatever becomes of the listener. Our own words only: its could hold a secret."""
        if self._on_error is None:
            return
        try:
            self._on_error(error)
        except Exception as trouble:
            logger.error("Noting an error of Meta's broke with %s.", type(trouble).__name__)

    def _without_secrets(self, content: bytes, hidden: tuple[str, ...]) -> bytes:
        """Meta repeats the token in some errors. Nothing as short as a word of its own is taken for a secret."""
        for secret in (*self._secrets, *hidden):
            if len(secret) >= _SHORTEST_SECRET:
                content = content.replace(secret.encode(), b"[removed]")
        return content


def checked_version(version: str) -> str:
    if not _VERSION.fullmatch(version):
        raise ValueError("A Graph API version looks like v26.0.")
    return version


def checked_token(token: str) -> str:
    """A line break would otherwise end up in an httpx error that quotes the whole header."""
    if not _TOKEN.fullmatch(token):
        raise TokenInvalid("The access token is empty or contains characters that no token has.")
    return token
