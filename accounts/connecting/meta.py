"""Clients for tokens that belong to no stored account yet. Close them, or use them in a `with` block."""

from django.conf import settings

from accounts.connecting.refusals import Refused
from accounts.models import MetaApp
from graph.app_client import AppClient
from graph.client import GraphClient
from graph.logins import LoginClient
from graph.networks import Login, Network


def login_client(app: MetaApp, login: Login) -> LoginClient:
    return LoginClient(
        app.app_id,
        _secret(app),
        login=login,
        base_url=settings.GRAPH_URLS[login],
        token_url=settings.INSTAGRAM_TOKEN_URL if login == Login.INSTAGRAM else None,
        version=settings.GRAPH_VERSION,
        transport=settings.GRAPH_TRANSPORT,
    )


def app_client(app: MetaApp, login: Login = Login.FACEBOOK) -> AppClient:
    """App-level calls are Facebook's, also for Instagram apps (Graph API reference, "Application"); what a token is, each host tells of its own."""
    return AppClient(
        app.app_id, _secret(app), login=login, base_url=settings.GRAPH_URLS[login], version=settings.GRAPH_VERSION, transport=settings.GRAPH_TRANSPORT
    )


def graph_client(app: MetaApp, token: str, *, login: Login, network: Network, node: str = "me") -> GraphClient:
    return GraphClient(
        token=token,
        node=node,
        login=login,
        network=network,
        base_url=settings.GRAPH_URLS[login],
        version=settings.GRAPH_VERSION,
        app_secret=_secret(app),
        transport=settings.GRAPH_TRANSPORT,
    )


def _secret(app: MetaApp) -> str:
    """Raises Refused where no encryption key opens it any more, or where the app has an id that can be none."""
    if app.secret.unreadable or not app.app_id.isdecimal():
        raise Refused("app_secret", app=str(app))
    return str(app.secret.reveal())
