"""One request, as Graph reads it: query, form, multipart and JSON are one set of parameters."""

import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

import httpx

from graph.simulator.errors import invalid

VERSION = re.compile(r"^v\d+\.\d+$")
SITES = {"fb": "facebook", "ig": "instagram", "ig-api": "instagram"}
HOSTS = {
    "graph.facebook.com": "facebook",
    "www.facebook.com": "facebook",
    "graph.instagram.com": "instagram",
    "api.instagram.com": "instagram",
    "www.instagram.com": "instagram",
}


@dataclass(frozen=True)
class File:
    """A part of a multipart body that is a file."""

    name: str
    content: bytes


@dataclass
class Call:
    method: str
    path: str
    site: str
    parts: list[str]
    params: dict[str, Any] = field(default_factory=dict)
    files: dict[str, File] = field(default_factory=dict)
    token: str = ""
    base: str = ""
    route: str = ""

    @property
    def node(self) -> str:
        return self.parts[0] if self.parts else ""

    @property
    def edge(self) -> str:
        return self.parts[1] if len(self.parts) == 2 else ""

    def text(self, name: str, default: str = "") -> str:
        value = self.params.get(name, default)
        return value if isinstance(value, str) else str(value)

    def thing(self, name: str) -> dict[str, Any]:
        """An object parameter; in forms and queries it comes as JSON text."""
        value = self.params.get(name)
        value = _decoded(name, value) if isinstance(value, str) else value
        if value is not None and not isinstance(value, dict):
            raise invalid(f"Param {name} must be an object.")
        return value or {}

    def listed(self, name: str) -> list[Any]:
        """A list parameter: JSON, or words between commas."""
        value = self.params.get(name, [])
        if isinstance(value, str):
            value = _decoded(name, value) if value.startswith("[") else [word for word in value.split(",") if word]
        if not isinstance(value, list):
            raise invalid(f"Param {name} must be an array.")
        return value

    def things(self, name: str) -> list[dict[str, Any]]:
        return [each for each in self.listed(name) if isinstance(each, dict)]

    def number(self, name: str, default: int) -> int:
        value = self.text(name, str(default))
        return int(value) if value.isdigit() else default


def is_graph(request: httpx.Request) -> bool:
    return _site(request)[0] != ""


def read_call(request: httpx.Request) -> Call:
    """The parts of the request that cannot fail; the body follows in `read_body`, where an error can be answered."""
    site, segments = _site(request)
    if segments and VERSION.match(segments[0]):
        segments = segments[1:]
    call = Call(request.method, request.url.path, site, segments, dict(parse_qsl(request.url.query.decode())))
    call.base = _base(request)
    call.token = _header_token(request) or call.text("access_token")
    return call


def read_body(call: Call, request: httpx.Request) -> None:
    kind, content = request.headers.get("content-type", ""), request.read()
    if kind.startswith("multipart/form-data"):
        _read_multipart(call, kind, content)
    elif kind.startswith("application/json") and content:
        call.params |= _json_object(content)
    elif content:
        call.params |= dict(parse_qsl(content.decode("utf-8", "replace"), keep_blank_values=True))
    call.token = call.token or call.text("access_token")


def _site(request: httpx.Request) -> tuple[str, list[str]]:
    segments = [unquote(part) for part in request.url.raw_path.decode().split("?")[0].split("/") if part]
    if segments and segments[0] in SITES:
        return SITES[segments[0]], segments[1:]
    return HOSTS.get(request.url.host, ""), segments


def _base(request: httpx.Request) -> str:
    """What stands before the version in the URL that was called."""
    if request.url.host in HOSTS:
        return f"https://{request.url.host}"
    host = request.headers.get("host") or request.url.netloc.decode()
    return f"{request.url.scheme}://{host}/{request.url.path.strip('/').partition('/')[0]}"


def _header_token(request: httpx.Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() in ("bearer", "oauth") else ""


def _json_object(content: bytes) -> dict[str, Any]:
    try:
        value = json.loads(content)
    except ValueError:
        raise invalid("The request body is not valid JSON.") from None
    if not isinstance(value, dict):
        raise invalid("The request body must be an object.")
    return value


def _decoded(name: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise invalid(f"Param {name} must be valid JSON.") from None


def _read_multipart(call: Call, kind: str, content: bytes) -> None:
    found = re.search(r'boundary="?([^";]+)"?', kind)
    if not found:
        raise invalid("The multipart body has no boundary.")
    for part in (b"\r\n" + content).split(b"\r\n--" + found[1].encode())[1:-1]:
        head, _, body = part.partition(b"\r\n\r\n")
        _keep_part(call, head.decode("utf-8", "replace"), body)


def _keep_part(call: Call, head: str, body: bytes) -> None:
    name, file = re.search(r'\bname="([^"]*)"', head), re.search(r'\bfilename="([^"]*)"', head)
    if name and file:
        call.files[name[1]] = File(file[1], body)
    elif name:
        call.params[name[1]] = body.decode("utf-8", "replace")
