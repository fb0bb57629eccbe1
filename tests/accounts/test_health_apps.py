"""Apps are looked after: our public address as the internet finds it, what Meta lets the app do, and where its webhooks go."""

import ssl
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from accounts.models import Account, Activity, MetaApp
from accounts.tending.asking import ask_app_check, ask_app_subscription
from accounts.tending.door import ITS_WORDS, is_public, look_at_door
from core.clock import now
from graph.subscription_fields import SUBSCRIBED_FIELDS
from inbox.webhooks.store import note_handshake
from inbox.work import work_until_idle

PUBLIC = "https://inbox.shop.com"
HERE = f"{PUBLIC}/webhooks/meta/"
Door = MetaApp.Door


@pytest.fixture
def app(cast):
    Account.objects.update(check_due_at=None)
    return cast.shop.meta_app


def look(app):
    MetaApp.objects.filter(pk=app.pk).update(check_due_at=now())
    work_until_idle("tend")
    return MetaApp.objects.get(pk=app.pk)


# The door ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("address", "is_open"),
    [
        ("https://inbox.shop.com/", True), ("https://inbox.shop.com:8443/", True), ("https://9.9.9.9/", True), ("http://inbox.shop.com/", False),
        ("https://localhost:8000/", False), ("https://127.0.0.1/", False), ("https://192.168.1.7/", False), ("https://[::1]/", False),
        ("https://inbox.local/", False), ("https://inbox/", False), ("https://a.test/", False), ("https://10.0.0.1./", False), ("", False),
    ],
)  # fmt: skip
def test_what_meta_could_call_at_all_is_https_at_a_public_name(address, is_open):
    assert is_public(address) is is_open


def answers(status, text="", **more):
    return lambda request: httpx.Response(status, text=text, **more)


def breaks(error):
    def answer(request):
        raise error

    return answer


@pytest.mark.parametrize(
    ("answer", "door"),
    [
        (answers(403, ITS_WORDS), Door.OPEN),
        (answers(403, "Forbidden"), Door.SOMETHING_ELSE),
        (answers(200, "Welcome to nginx"), Door.SOMETHING_ELSE),
        (answers(301, headers={"location": HERE}), Door.SOMETHING_ELSE),
        (answers(502, "Bad gateway"), Door.SOMETHING_ELSE),
        (breaks(httpx.ConnectError("refused")), Door.SILENT),
        (breaks(httpx.ReadTimeout("slow")), Door.SILENT),
    ],
)
def test_our_own_address_is_called_as_meta_would(settings, answer, door):
    called = []
    settings.PUBLIC_URL = PUBLIC
    settings.DOOR_TRANSPORT = httpx.MockTransport(lambda request: called.append(request) or answer(request))
    assert look_at_door() == door
    assert [str(request.url) for request in called] == [HERE]


def test_an_address_that_is_not_public_is_not_called(settings):
    settings.DOOR_TRANSPORT = httpx.MockTransport(breaks(AssertionError("called")))
    assert look_at_door() == Door.NOT_PUBLIC


class Elsewhere(httpx.HTTPTransport):
    """The public name leads to a port of this machine."""

    def __init__(self, port):
        super().__init__()
        self._port = port

    def handle_request(self, request):
        request.extensions["sni_hostname"] = request.url.host
        request.url = request.url.copy_with(host="127.0.0.1", port=self._port)
        return super().handle_request(request)


class _Door(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(403)
        self.end_headers()
        self.wfile.write(ITS_WORDS.encode())

    def log_message(self, *arguments):
        return


class _Quiet(HTTPServer):
    def handle_error(self, request, client_address):
        """A handshake that the other side breaks off."""


@pytest.fixture
def self_signed(tmp_path):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "inbox.shop.com")])
    ends = datetime.now(UTC) + timedelta(days=1)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(ends - timedelta(days=2)).not_valid_after(ends)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("inbox.shop.com")]), critical=False).sign(key, hashes.SHA256())
    )  # fmt: skip
    path = tmp_path / "both.pem"
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain) + certificate.public_bytes(serialization.Encoding.PEM)
    path.write_bytes(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    with _Quiet(("127.0.0.1", 0), _Door) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_a_certificate_that_nobody_vouches_for_is_told_apart(settings, self_signed):
    settings.PUBLIC_URL, settings.DOOR_TRANSPORT = PUBLIC, Elsewhere(self_signed)
    assert look_at_door() == Door.CERTIFICATE


# What Meta tells -----------------------------------------------------------------------------------------------------
def test_an_app_is_asked_for_its_permissions_and_its_webhooks(app):
    app = look(app)
    assert (app.trouble, app.door, bool(app.checked_at and app.door_at)) == ("", Door.NOT_PUBLIC, True)
    assert app.permissions["pages_messaging"] == "live"
    assert {each["object"]: each["callback_url"] for each in app.subscriptions}["page"] == "http://testserver/webhooks/meta/"
    assert timedelta(minutes=50) < app.check_due_at - now() < timedelta(minutes=70)


def test_a_wrong_secret_is_called_so(app):
    MetaApp.objects.update(secret="wrong")
    app = look(app)
    assert (app.trouble, app.checked_at, app.permissions) == ("app_secret", None, None)


def test_trouble_on_the_way_keeps_what_was_known_and_tries_again_soon(app, cast):
    known = look(app)
    cast.simulator.fault("drop_before", route="*", times=None)
    app = look(app)
    assert (app.trouble, app.permissions, app.checked_at) == ("not_reached", known.permissions, known.checked_at)
    assert app.check_due_at - now() < timedelta(minutes=10)


def test_that_an_instagram_app_cannot_be_asked_says_nothing_of_its_secret(app, cast):
    other = MetaApp.objects.create(kind="instagram", app_id="1300000000000009", secret="ig-secret", verify_token="x")
    assert look(other).trouble == "untold"


# Webhooks go here ----------------------------------------------------------------------------------------------------
def repeats(url):
    """Our door, as far as a handshake goes."""
    return 200, parse_qs(urlsplit(url).query)["hub.challenge"][0].encode()


def test_meta_is_asked_to_send_an_apps_webhooks_here(app, cast, settings):
    settings.PUBLIC_URL = PUBLIC
    settings.DOOR_TRANSPORT = httpx.MockTransport(answers(403, ITS_WORDS))
    cast.simulator._fetch = repeats
    ask_app_subscription(app, by=cast.root, at=now())
    work_until_idle("tend")
    app = MetaApp.objects.get(pk=app.pk)
    told = {each["object"]: (each["callback_url"], set(each["fields"])) for each in app.subscriptions}
    assert told == {name: (HERE, set(fields)) for name, fields in SUBSCRIBED_FIELDS.items()}
    assert (app.wants, app.trouble) == ([], "")
    assert Activity.objects.filter(verb="app.subscribed").exists()


@pytest.mark.parametrize(("public", "code"), [(PUBLIC, "callback_refused"), ("http://localhost:8000", "not_public")])
def test_an_address_that_does_not_answer_meta_is_said_and_not_tried_for_ever(app, cast, settings, public, code):
    settings.PUBLIC_URL = public
    settings.DOOR_TRANSPORT = httpx.MockTransport(answers(403, ITS_WORDS))
    ask_app_subscription(app, by=cast.root, at=now())
    work_until_idle("tend")
    app = MetaApp.objects.get(pk=app.pk)
    assert (app.trouble, app.wants) == (code, [])


def test_what_could_not_be_asked_is_asked_again(app, cast):
    cast.simulator.fault("drop_before", route="*", times=None)
    ask_app_subscription(app, by=cast.root, at=now())
    work_until_idle("tend")
    assert MetaApp.objects.get(pk=app.pk).wants == ["subscribe"]


def test_an_app_is_looked_at_again_once_meta_has_asked_for_our_address(app):
    look(app)
    note_handshake(app.pk)
    app = MetaApp.objects.get(pk=app.pk)
    assert app.handshake_at and app.check_due_at <= now()


def test_a_check_that_somebody_asks_for_comes_at_once(app, cast):
    look(app)
    before = MetaApp.objects.get(pk=app.pk).checked_at
    ask_app_check(app, by=cast.root, at=now())
    work_until_idle("tend")
    assert MetaApp.objects.get(pk=app.pk).checked_at > before
