"""How Meta answers: bodies, statuses and the headers around them."""

import json
from typing import Any

import httpx

from graph.simulator import ids
from graph.simulator.call import Call
from graph.simulator.errors import MetaError

VERSION = "v26.0"


def ok(call: Call, data: dict[str, Any]) -> httpx.Response:
    return _json(call, 200, data, {})


def failed(call: Call, error: MetaError) -> httpx.Response:
    status = error.status or _status(call, error)
    return _json(call, status, error.body or error_body(call, error), error.headers | _challenge(call, error))


def error_body(call: Call, error: MetaError) -> dict[str, Any]:
    """Instagram's host names its own exception type, except for tokens."""
    own = call.site == "instagram" and error.code != 190
    body: dict[str, Any] = {"message": error.message, "type": "IGApiException" if own else error.kind, "code": error.code}
    if error.subcode:
        body["error_subcode"] = error.subcode
    if error.transient:
        body["is_transient"] = True
    return {"error": body | {"fbtrace_id": ids.trace_id()}}


def ok_with_error(call: Call, error: MetaError) -> httpx.Response:
    return _json(call, 200, error_body(call, error), {})


def not_json() -> httpx.Response:
    """Met in practice: status 200 and words."""
    return httpx.Response(200, headers={"content-type": "text/plain; charset=UTF-8"}, content=b"Service Unavailable")


def html_error() -> httpx.Response:
    text = "<!DOCTYPE html><html><head><title>Error</title></head><body><h1>Sorry, something went wrong.</h1></body>"
    return httpx.Response(502, html=f"{text}</html>")


def _status(call: Call, error: MetaError) -> int:
    """Observed: 403 for permission and window on graph.instagram.com, 400 on graph.facebook.com; 500 for 1 and 2."""
    if error.code in (1, 2):
        return 500
    forbidden = error.code == 10 or 200 <= error.code <= 299
    return 403 if call.site == "instagram" and forbidden else 400


def _challenge(call: Call, error: MetaError) -> dict[str, str]:
    if error.code not in (10, 102, 104, 190) and not 200 <= error.code <= 299:
        return {}
    reason = "invalid_token" if error.code == 190 and call.site == "facebook" else "invalid_request"
    message = error.message.replace('"', "'")
    return {"WWW-Authenticate": f'OAuth "Facebook Platform" "{reason}" "{message}"'}


def _json(call: Call, status: int, data: dict[str, Any], headers: dict[str, str]) -> httpx.Response:
    """Without limits little is used, and nobody counts."""
    idle = {"call_volume": 0, "cpu_time": 0}
    usage = idle if call.site == "instagram" else {"call_count": 1, "total_time": 1, "total_cputime": 1}
    around = {
        f"{call.site}-api-version": VERSION,
        "x-app-usage": json.dumps(usage),
        "x-fb-trace-id": ids.trace_id(),
        "x-fb-request-id": ids.trace_id(),
        "x-fb-rev": "1030000000",
        "content-type": "application/json; charset=UTF-8",
    }
    return httpx.Response(status, headers=around | headers, content=json.dumps(data).encode())
