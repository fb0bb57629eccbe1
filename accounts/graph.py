"""The Graph client of one connected account."""

import hashlib
import threading
from functools import partial

from django.conf import settings

from accounts.models import Account
from accounts.tending.token_dead import note_error, token_digest
from accounts.usage import note_usage
from graph.client import GraphClient
from graph.errors import TokenInvalid
from graph.networks import Login, Network

_lock = threading.Lock()
_clients: dict[tuple[str, ...], GraphClient] = {}
_MOST = 200


def client_for(account: Account) -> GraphClient:
    """A client that speaks for `account`; kept open between calls, and a new one after its token or id has changed.

    Raises:
        graph.errors.TokenInvalid: the stored token cannot be one, or no encryption key opens it.
        ValueError: the stored id cannot be one.
    """
    if account.token.unreadable:
        raise TokenInvalid("The stored token opens with none of the encryption keys.")
    key = _key(account)
    with _lock:
        if len(_clients) >= _MOST:
            _clients.clear()
        if key not in _clients:
            _clients[key] = _make(account)
        return _clients[key]


def _key(account: Account) -> tuple[str, ...]:
    secrets = f"{account.token.reveal()} {account.meta_app.secret.if_readable()}"
    digest = hashlib.sha256(secrets.encode()).hexdigest()
    return account.node, account.login, account.network, digest, settings.GRAPH_URLS[account.login], str(id(settings.GRAPH_TRANSPORT))


def _make(account: Account) -> GraphClient:
    return GraphClient(
        token=account.token.reveal(),
        node=account.node,
        login=Login(account.login),
        network=Network(account.network),
        base_url=settings.GRAPH_URLS[account.login],
        version=settings.GRAPH_VERSION,
        app_secret=account.meta_app.secret.if_readable(),
        transport=settings.GRAPH_TRANSPORT,
        media_share=settings.GRAPH_MEDIA_SHARE,
        on_usage=partial(note_usage, account.pk),
        on_error=partial(note_error, account.pk, token_digest(account.token)),
    )
