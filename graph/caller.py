"""What everything that can be asked about one account has in common: whose it is, and the way to Meta."""

from collections.abc import Callable
from typing import Any

import httpx

from graph.answers import Answer
from graph.connection import VERSION, Connection
from graph.errors import GraphError, Unavailable
from graph.ids import checked_node
from graph.networks import Login, Network
from graph.open_until_closed import OpenUntilClosed
from graph.usage import Usage


class Caller(OpenUntilClosed):
    """One account at Meta. What it can be asked is in the classes that build on this one."""

    def __init__(
        self,
        *,
        token: str,
        node: str,
        login: Login,
        network: Network,
        base_url: str | None = None,
        version: str = VERSION,
        app_secret: str | None = None,
        transport: httpx.BaseTransport | None = None,
        connect_timeout: float = 5.0,
        read_timeout: float = 30.0,
        media_timeout: float = 90.0,
        media_share: bool = False,
        on_usage: Callable[[Usage], None] | None = None,
        on_error: Callable[[GraphError], None] | None = None,
    ) -> None:
        """Raises ValueError for an id or version that cannot be one, and TokenInvalid for such a token.

        Args:
            node: the Page's id under Facebook Login, for Instagram accounts that were connected through a Page too; the Instagram
                professional account's id under Instagram Login; or `me`.
            app_secret: proves to graph.facebook.com that we know it.
            media_timeout: how long to wait where Meta fetches a film first, for which it allows itself 75 seconds
                (Meta, Send API reference, "Attachments").
            media_share: see `graph.payloads.message_body`.
            on_usage: hears of the allowances that an answer tells of, errors too, after the answer was read. What it raises is logged.
            on_error: hears of every error of a call before the caller does. What it raises is logged by its class and changes nothing.
        """
        self.node = checked_node(node)
        self.login, self.network = _checked_pair(login, network)
        self._media_timeout, self._media_share = media_timeout, media_share
        self._connection = Connection(
            token=token,
            login=login,
            base_url=base_url,
            version=version,
            app_secret=app_secret,
            transport=transport,
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
            on_usage=on_usage,
            on_error=on_error,
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.network} {self.node}>"

    @property
    def _is_instagram_through_a_page(self) -> bool:
        return self.login is Login.FACEBOOK and self.network is Network.INSTAGRAM

    def _get(self, *path: str, **params: str) -> Answer:
        """Reads what an id names; empty parameters are left out."""
        return self._connection.call("GET", *path, params={name: value for name, value in params.items() if value})

    def _post(self, edge: str, **more: Any) -> Answer:
        return self._connection.call("POST", self.node, edge, **more)


def required(value: str, answer: Answer) -> str:
    """The value. Raises Unavailable where Meta left it out of its answer."""
    if not value:
        raise lacking(answer)
    return value


def lacking(answer: Answer) -> Unavailable:
    return Unavailable("Meta's answer lacks what was asked for.", status=answer.status, trace_id=answer.trace_id)


def _checked_pair(login: Login, network: Network) -> tuple[Login, Network]:
    if login is Login.INSTAGRAM and network is Network.MESSENGER:
        raise ValueError("Instagram Login gives no access to Messenger.")
    return login, network
