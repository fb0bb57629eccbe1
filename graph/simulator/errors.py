"""Meta's error answers, by name. Codes: Messenger Platform, common error codes (25 June 2026)."""

from typing import Any

from graph.simulator.world import Account


class MetaError(Exception):
    """Ends a request with an error body. Status and body follow from host and code unless they are given."""

    def __init__(
        self,
        code: int,
        message: str,
        *,
        subcode: int | None = None,
        kind: str = "OAuthException",
        status: int | None = None,
        headers: dict[str, str] | None = None,
        transient: bool = False,
        body: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.code, self.subcode, self.message, self.kind = code, subcode, message, kind
        self.status, self.headers, self.transient, self.body = status, headers or {}, transient, body


def invalid(message: str, subcode: int | None = None) -> MetaError:
    return MetaError(100, f"(#100) {message}", subcode=subcode)


def invalid_for(account: Account, message: str, subcode: int | None = None) -> MetaError:
    """Instagram has one subcode for message data that does not fit its type; Messenger has several or none."""
    return invalid(message, 2534015 if account.is_instagram else subcode)


def no_such_object(node: str, method: str) -> MetaError:
    message = (
        f"Unsupported {method.lower()} request. Object with ID '{node}' does not exist, cannot be loaded due to "
        "missing permissions, or does not support this operation."
    )
    return MetaError(100, message, subcode=33, kind="GraphMethodException")


def unknown_path(path: str) -> MetaError:
    return MetaError(2500, f"Unknown path components: /{path}")


def no_token(about_me: bool) -> MetaError:
    if about_me:
        return MetaError(2500, "An active access token must be used to query information about the current user.")
    return MetaError(104, "An access token is required to request this resource.")


def bad_token(subcode: int | None = None) -> MetaError:
    return MetaError(190, "Error validating access token: the session is invalid or has expired.", subcode=subcode)


def page_token_needed() -> MetaError:
    return MetaError(190, "(#190) This method must be called with a Page Access Token")


def no_permission(scope: str) -> MetaError:
    return MetaError(10, f"(#10) This endpoint requires the '{scope}' permission.")


def no_dm_access() -> MetaError:
    return MetaError(200, "(#200) The owner of the account has switched off access to messages.", subcode=2534041)


def no_recipient(account: Account) -> MetaError:
    if account.is_instagram:
        return invalid("The requested user cannot be found.", 2534014)
    return invalid("No matching user found", 2018001)


def outside_window(account: Account) -> MetaError:
    subcode = 2534022 if account.is_instagram else 2018278
    return MetaError(10, "(#10) This message is sent outside of allowed window.", subcode=subcode)


def restricted(account: Account) -> MetaError:
    if account.is_instagram:
        return invalid("This business is blocked from sending messages.", 2534029)
    return MetaError(10, "(#10) This Page is temporarily restricted from sending messages.", subcode=1893063)


def unavailable() -> MetaError:
    return MetaError(551, "(#551) This person isn't available right now.", subcode=1545041)


def held_elsewhere(account: Account) -> MetaError:
    if account.is_instagram:
        return invalid("Another app controls this thread now.", 2534037)
    return MetaError(2018300, "(#2018300) Another app is controlling this thread now.")


def gone() -> MetaError:
    """Conversations API: only the 20 newest messages of a conversation can be opened."""
    return MetaError(9000001, "(#9000001) The message was deleted.")


def throttled(seconds: float, *, code: int = 613, status: int = 429) -> MetaError:
    """Without seconds Meta does not say when to come back."""
    text = f"(#{code}) Calls to this api have exceeded the rate limit."
    return MetaError(code, text, status=status, headers={"Retry-After": str(int(seconds))} if seconds >= 1 else {})


def broken(code: int) -> MetaError:
    text = "Service temporarily unavailable" if code == 2 else "An unknown error has occurred."
    return MetaError(code, text, status=500, transient=code == 2)
