"""The calls that concern our app itself: what a token is, and where Meta sends webhooks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx

from graph.caller import lacking
from graph.connection import VERSION, Connection
from graph.errors import TokenInvalid
from graph.ids import checked_number
from graph.networks import Login
from graph.open_until_closed import OpenUntilClosed
from graph.paging import every_part
from graph.readers import flag, items, mapping, moment, text_id, whole, words
from graph.subscribing import field_name, succeeded
from graph.tokens import app_access_token


@dataclass(frozen=True)
class TokenFacts:
    """What Meta knows of a token.

    Args:
        kind: PAGE, USER, SYSTEM_USER …
        expires_at: None where it lives on without end.
        data_access_expires_at: when a person must log in again for us to see their data.
        granular: of each permission that was given for some accounts only, the ids of those.
        profile_id: the Page that it speaks for.
        error_code, error_subcode: why it is not valid.
    """

    is_valid: bool
    app_id: str = ""
    kind: str = ""
    expires_at: datetime | None = None
    data_access_expires_at: datetime | None = None
    scopes: tuple[str, ...] = ()
    granular: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    profile_id: str = ""
    user_id: str = ""
    error_code: int | None = None
    error_subcode: int | None = None

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> "TokenFacts":
        error = mapping(data.get("error"))
        return cls(
            is_valid=flag(data.get("is_valid")),
            app_id=text_id(data.get("app_id")),
            kind=words(data.get("type")),
            expires_at=moment(data.get("expires_at")),
            data_access_expires_at=moment(data.get("data_access_expires_at")),
            scopes=_texts(data.get("scopes")),
            granular={words(each.get("scope")): _texts(each.get("target_ids")) for each in map(mapping, items(data.get("granular_scopes")))},
            profile_id=text_id(data.get("profile_id")),
            user_id=text_id(data.get("user_id")),
            error_code=whole(error.get("code")),
            error_subcode=whole(error.get("subcode", error.get("error_subcode"))),
        )


@dataclass(frozen=True)
class AppSubscription:
    """Where Meta sends the webhooks of one object, which is `page` or `instagram`."""

    object: str
    callback_url: str
    fields: tuple[str, ...]
    is_active: bool = True

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> "AppSubscription":
        return cls(
            object=words(told.get("object")),
            callback_url=words(told.get("callback_url")),
            fields=tuple(filter(None, map(field_name, items(told.get("fields"))))),
            is_active=flag(told.get("active", True)),
        )


class AppClient(OpenUntilClosed):
    """Meta's Graph API for our app. Close it, or use it in a `with` block. It is safe to share between threads."""

    def __init__(
        self,
        app_id: str,
        secret: str,
        *,
        login: Login = Login.FACEBOOK,
        base_url: str | None = None,
        version: str = VERSION,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Raises ValueError for an id or version that cannot be one, and TokenInvalid for such a secret."""
        self.app_id, self._secret = checked_number(app_id), secret
        if not secret:
            raise TokenInvalid("The app has no secret.")
        token = app_access_token(app_id, secret)
        self._connection = Connection(
            token=token, login=login, base_url=base_url, version=version, app_secret=secret, transport=transport
        )

    def __repr__(self) -> str:
        return f"<AppClient {self.app_id}>"

    def debug_token(self, token: str) -> TokenFacts:
        """What a token is; a dead one is an answer too, and no error.

        Source: Meta, Graph API reference, "Debug token".
        """
        answer = self._connection.call("GET", "debug_token", params={"input_token": token}, hidden=(token,))
        if not (data := mapping(answer.fields.get("data"))):
            raise lacking(answer)
        return TokenFacts.read(data)

    def permissions(self) -> Mapping[str, str]:
        """What Meta lets the app ask people for: by name "live" or "unapproved". What is not there was never asked for in a review.

        Source: Meta, Graph API reference, "Application permissions" and "Application Permission".
        """
        parts = every_part(lambda after: self._connection.call("GET", self.app_id, "permissions", params={"after": after} if after else {}).fields)
        told = [mapping(each) for part in parts for each in items(part.get("data"))]
        return {name: words(each.get("status")) for each in told if (name := words(each.get("permission")))}

    def subscriptions(self) -> tuple[AppSubscription, ...]:
        """Where webhooks go now.

        Source: Meta, Graph API reference, "Application subscriptions".
        """
        answer = self._connection.call("GET", self.app_id, "subscriptions")
        return tuple(AppSubscription.read(mapping(each)) for each in items(answer.fields.get("data")))

    def subscribe(self, object: str, *, callback_url: str, verify_token: str, fields: Iterable[str]) -> None:
        """Meta asks the address to repeat a word before it answers, so our door must be open. Raises Rejected where that failed."""
        data = {"object": object, "callback_url": callback_url, "verify_token": verify_token, "fields": ",".join(fields)}
        succeeded(self._connection.call("POST", self.app_id, "subscriptions", data=data, hidden=(verify_token,)).fields)


def _texts(value: object) -> tuple[str, ...]:
    return tuple(filter(None, map(text_id, items(value))))
