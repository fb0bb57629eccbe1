"""The form field in which Meta tells an app that somebody removed it, or wants to be forgotten.

Source: Meta, App Development, "Data deletion request callback" and "Deauthorize callback": `base64url(signature).base64url(JSON)`, signed
with HMAC-SHA256 under the app's secret over the second part as it travelled.
"""

import base64
import binascii
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from graph.readers import moment, parse_json, text_id, words

LONGEST = 8_192


class BadSignedRequest(ValueError):
    """It is not signed by this app, or says nothing that we know."""


@dataclass(frozen=True)
class SignedRequest:
    """What the app's secret has signed.

    Args:
        user_id: the person, as this app knows them.
        issued_at: when Meta wrote it, where it says so.
    """

    user_id: str
    issued_at: datetime | None = None


def read_signed_request(text: str, *, secret: str) -> SignedRequest:
    """The request, once its signature was found good; nothing of it is read before.

    Raises:
        BadSignedRequest
    """
    signature, dot, payload = text.partition(".")
    if not (secret and dot and payload) or len(text) > LONGEST:
        raise BadSignedRequest("It is not a signed request.")
    expected = hmac.new(secret.encode(), payload.encode("utf-8", "replace"), "sha256").digest()
    if not hmac.compare_digest(expected, _decoded(signature)):
        raise BadSignedRequest("The signature is not the app's.")
    return _request(_decoded(payload))


def _request(payload: bytes) -> SignedRequest:
    try:
        fields = parse_json(payload)
    except ValueError:
        fields = None
    if not isinstance(fields, Mapping):
        raise BadSignedRequest("What was signed is not a JSON object.")
    if words(fields.get("algorithm")).upper() != "HMAC-SHA256":
        raise BadSignedRequest("It names another algorithm than HMAC-SHA256.")
    user_id = text_id(fields.get("user_id"))
    if not (user_id and len(user_id) <= 40):
        raise BadSignedRequest("It names nobody.")
    return SignedRequest(user_id, moment(fields.get("issued_at")))


def _decoded(text: str) -> bytes:
    """Meta leaves the padding out; others put it in."""
    bare = text.rstrip("=")
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""
