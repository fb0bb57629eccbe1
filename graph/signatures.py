"""The two HMACs between Meta and us: one signs its webhooks, the other proves that we know the app's secret."""

import hmac


def sign(secret: str, body: bytes) -> str:
    """The value of `X-Hub-Signature-256` for the bytes exactly as they travelled.

    Source: Meta, Messenger Platform webhooks, "Validating payloads".
    """
    return "sha256=" + _hexdigest(secret, body)


def matches(secret: str, body: bytes, header: str | None) -> bool:
    """Whether the header signs these bytes, in constant time. An empty secret matches nothing."""
    if not secret or header is None:
        return False
    return hmac.compare_digest(sign(secret, body).encode(), header.encode("utf-8", "replace"))


def appsecret_proof(token: str, secret: str) -> str:
    """What Meta asks for beside the token when the app requires its secret.

    Source: Meta, Graph API, "Securing requests", "Verify Graph API calls with appsecret_proof".
    """
    return _hexdigest(secret, token.encode())


def _hexdigest(secret: str, message: bytes) -> str:
    return hmac.new(secret.encode(), message, "sha256").hexdigest()
