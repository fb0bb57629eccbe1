"""The two logins of Meta's: the way to the dialog, and what its code and the tokens after it become.

Source: Meta, Facebook Login, "Manually build a login flow" and "Long-lived access tokens"; Facebook Login for Business; Instagram Platform,
"Business Login".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlencode

import httpx

from graph.answers import Answer
from graph.caller import required
from graph.connection import VERSION, Connection, checked_token, checked_version
from graph.errors import AppRefused, ErrorAnswer, Unavailable
from graph.ids import checked_number
from graph.networks import Login
from graph.open_until_closed import OpenUntilClosed
from graph.readers import items, mapping, text_id, whole, words

# Where people log in, and where Instagram alone changes a code into a token.
LOGIN_HOSTS = {Login.FACEBOOK: "https://www.facebook.com", Login.INSTAGRAM: "https://www.instagram.com"}
INSTAGRAM_TOKEN_HOST = "https://api.instagram.com"  # noqa: S105 (an address)
_UNKNOWN_ERROR = 1


@dataclass(frozen=True)
class GrantedToken:
    """A token that Meta gave us.

    Args:
        token: never shown.
        lasts_seconds: None where Meta does not say: an hour for the first one of Instagram's, without end for some of a system user.
        user_id: whose it is, as Instagram tells with the first one. It may be an id made for one app: ask `GraphClient.account`.
        permissions: what was granted, as Instagram tells with the first one.
    """

    token: str = field(repr=False)
    lasts_seconds: int | None = None
    user_id: str = ""
    permissions: tuple[str, ...] = ()

    @classmethod
    def read(cls, answer: Answer) -> Self:
        """Raises Unavailable where there is none in it."""
        told = _first_of_list(answer.fields)
        lasts = whole(told.get("expires_in"))
        return cls(
            token=required(words(told.get("access_token")), answer),
            lasts_seconds=lasts if lasts and lasts > 0 else None,
            user_id=text_id(told.get("user_id")),
            permissions=_names(told.get("permissions")),
        )


def dialog_url(
    app_id: str, *, login: Login, login_url: str = "", redirect_uri: str, state: str, scopes: Iterable[str], config_id: str = "", version: str = VERSION
) -> str:
    """The address of the dialog to which a person is sent, and from which they come back to `redirect_uri` with a code or an error.

    Args:
        login_url: another host than Meta's.
        state: comes back as it is, and tells that it was us who sent them.
        config_id: the configuration of Facebook Login for Business, which names the permissions itself.
    """
    query = {"client_id": checked_number(app_id), "redirect_uri": redirect_uri, "state": state, "response_type": "code"}
    root = (login_url or LOGIN_HOSTS[login]).rstrip("/")
    asked = {"scope": ",".join(scopes)}
    if login is Login.INSTAGRAM:
        return f"{root}/oauth/authorize?{urlencode(query | asked)}"
    # What somebody declined once is only asked for again where it is asked to be.
    wanted = {"config_id": config_id, "override_default_response_type": "true"} if config_id else asked | {"auth_type": "rerequest"}
    return f"{root}/{checked_version(version)}/dialog/oauth?{urlencode(query | wanted)}"


class LoginClient(OpenUntilClosed):
    """The calls by which one app gets tokens, from one host. Close it, or use it in a `with` block."""

    def __init__(
        self,
        app_id: str,
        secret: str,
        *,
        login: Login,
        base_url: str | None = None,
        token_url: str | None = None,
        version: str = VERSION,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Raises ValueError for an id or version that cannot be one, and AppRefused where there is no secret.

        Args:
            base_url: another host than graph.facebook.com or graph.instagram.com.
            token_url: another host than api.instagram.com.
        """
        self.app_id, self.login, self._secret, self._version = checked_number(app_id), login, secret, checked_version(version)
        if not secret:
            raise AppRefused("The app has no secret.")
        # Instagram's addresses for tokens have no version.
        in_path = version if login is Login.FACEBOOK else None
        self._connection = Connection(token=None, login=login, base_url=base_url, version=in_path, transport=transport)
        code_host = base_url if login is Login.FACEBOOK else token_url or INSTAGRAM_TOKEN_HOST
        self._codes = Connection(token=None, login=login, base_url=code_host, version=in_path, transport=transport)

    def __repr__(self) -> str:
        return f"<LoginClient {self.login} {self.app_id}>"

    def close(self) -> None:
        super().close()
        self._codes.close()

    def dialog_url(self, *, login_url: str = "", redirect_uri: str, state: str, scopes: Iterable[str], config_id: str = "") -> str:
        """Of this app; see `dialog_url` of this module, which needs neither secret nor client."""
        return dialog_url(
            self.app_id, login=self.login, login_url=login_url, redirect_uri=redirect_uri, state=state, scopes=scopes, config_id=config_id,
            version=self._version,
        )  # fmt: skip

    def token_for(self, code: str, *, redirect_uri: str) -> GrantedToken:
        """The first, short-lived token, for the code that a person brought back from the dialog.

        Raises:
            AppRefused: Meta does not take the app's id or secret.
            Rejected: the code is wrong, too old, used already, or was made for another address.
        """
        given = self._app | {"redirect_uri": redirect_uri, "code": code.removesuffix("#_")}
        if self.login is Login.FACEBOOK:
            return self._granted("oauth", "access_token", params=given, hidden=(code,))
        form = given | {"grant_type": "authorization_code"}
        return GrantedToken.read(self._codes.call("POST", "oauth", "access_token", data=form, hidden=(code, given["code"], self._secret)))

    def lengthen(self, token: str) -> GrantedToken:
        """A token of sixty days for a short-lived one.

        Raises:
            AppRefused: Meta does not take the app's id or secret.
            TokenInvalid, Rejected: the token is dead, or is not one of a person and of this app.
        """
        checked_token(token)
        if self.login is Login.FACEBOOK:
            params = self._app | {"grant_type": "fb_exchange_token", "fb_exchange_token": token}
            return self._granted("oauth", "access_token", params=params, hidden=(token,))
        params = {"grant_type": "ig_exchange_token", "client_secret": self._secret, "access_token": token}
        return self._granted("access_token", params=params, hidden=(token,))

    def refresh(self, token: str) -> GrantedToken:
        """Another sixty days for a long-lived token of Instagram's that is at least a day old and still good.

        Raises:
            TokenInvalid: it is dead; somebody has to log in again.
            Rejected: it is younger than a day, or was not long-lived.
        """
        if self.login is not Login.INSTAGRAM:
            raise ValueError("Only tokens of Instagram Login are refreshed.")
        params = {"grant_type": "ig_refresh_token", "access_token": checked_token(token)}
        return self._granted("refresh_access_token", params=params, hidden=(token,))

    @property
    def _app(self) -> dict[str, str]:
        return {"client_id": self.app_id, "client_secret": self._secret}

    def _granted(self, *path: str, params: Mapping[str, str], hidden: tuple[str, ...]) -> GrantedToken:
        try:
            return GrantedToken.read(self._connection.call("GET", *path, params=params, hidden=(*hidden, self._secret)))
        except Unavailable as error:
            refused = _refusal_of_the_app(error)
        raise refused


def _refusal_of_the_app(error: Unavailable) -> ErrorAnswer:
    """Meta calls a wrong secret an unknown error, under the status of a wrong request; its own trouble comes under another."""
    if error.code != _UNKNOWN_ERROR or error.status is None or error.status >= 500:
        return error
    return AppRefused(str(error), code=error.code, subcode=error.subcode, trace_id=error.trace_id, status=error.status)


def _first_of_list(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Instagram's page shows the answer inside a list; it was seen without one."""
    return next(map(mapping, items(body.get("data"))), body)


def _names(told: object) -> tuple[str, ...]:
    """A list, or names between commas."""
    names = told.split(",") if isinstance(told, str) else map(words, items(told))
    return tuple(name.strip() for name in names if name.strip())

