"""Secrets stay: put wherever they can be, and then looked for wherever they must not be.

Each is a text that stands nowhere else. Of those that Meta gives, none has the shape of a real token, so that nothing is found by its shape.
"""

import io
import json
import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from django.conf import settings as django_settings
from django.contrib.admin import site
from django.contrib.auth.decorators import login_not_required
from django.core.management import call_command
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path, reverse
from django.utils.module_loading import import_string

from accounts.inviting import invite
from accounts.models import Account, Activity, ConnectionRequest, Mail, User
from agents.models import AgentKey
from agents.proposing import propose
from config import settings as product
from core.clock import now
from core.reencrypting import encrypted_columns
from core.secret import Secret
from graph.signatures import sign
from inbox import work
from inbox.content import Content
from inbox.engine import Engine
from inbox.models import Attempt, WebhookDelivery
from inbox.webhooks.store import store_delivery
from inbox.work import work_until_idle
from tests.admin.conftest import history  # noqa: F401 (a fixture)
from tests.admin.pages import OURS, page
from tests.agents.calling import call, text_of
from tests.conftest import make_cast
from tests.test_project import PAGES, TOOLS, Member, _tool_arguments

DELIVERY = b'{"object": "page", "entry": []}'


@dataclass
class Search:
    """Who hides what, and where it was found."""

    cast: object
    secrets: dict[str, str]
    found: list[str] = field(default_factory=list)

    def look(self, where: str, text: str) -> None:
        self.found += [f"the {name} in {where}" for name, secret in self.secrets.items() if secret in text]


def plant(cast, settings) -> Search:
    """One of every kind, by the road on which it really comes where that is short."""
    hidden = {name: f"hush{number}x{name.title().replace(' ', '')}7Q" for number, name in enumerate(
        ("app secret", "verify token", "page token", "instagram token", "parting token", "pasted token", "login code", "found token", "password")
    )}  # fmt: skip
    settings.MAILS_LEAVE = True
    app = cast.shop.meta_app
    app.secret, app.verify_token = hidden["app secret"], hidden["verify token"]
    app.save()
    Account.objects.filter(pk=cast.shop.pk).update(token=Secret(hidden["page token"]), parting_token=Secret(hidden["parting token"]))
    Account.objects.filter(pk=cast.studio.pk).update(token=Secret(hidden["instagram token"]))
    wish = {"by": cast.root, "meta_app": app, "at": now()}
    ConnectionRequest.objects.create(method="token", secret=hidden["pasted token"], state="failed", **wish)
    ConnectionRequest.objects.create(method="facebook", secret=hidden["login code"], state="failed", **wish)
    ConnectionRequest.objects.create(method="facebook", secret=json.dumps({"104": hidden["found token"]}), state="failed", **wish)
    _invitation, link = invite("erin@example.test", name="Erin", grants={cast.shop: "operator"}, by=cast.root, at=now())
    User.objects.create_user("fay@example.test", hidden["password"], name="Fay")
    signature = sign(hidden["app secret"], DELIVERY)
    assert store_delivery(DELIVERY, signature)
    _key, key = AgentKey.issue(cast.assistant, name="second", by=cast.dana, at=now())
    more = {"invitation": link.rstrip("/").rsplit("/", 1)[1], "signature": signature.removeprefix("sha256="), "agent key": key, "first agent key": cast.key}
    return Search(cast, hidden | more)


@pytest.fixture
def search(cast, settings) -> Search:
    return plant(cast, settings)


@pytest.fixture
def stderr() -> Iterator[io.StringIO]:
    """What the product writes to stderr: the handler of its own settings, on another stream."""
    stream, told = io.StringIO(), product.LOGGING["handlers"]["stderr"]
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter(product.LOGGING["formatters"][told["formatter"]]["format"], style="{"))
    for name in told["filters"]:
        handler.addFilter(import_string(product.LOGGING["filters"][name]["()"])())
    logging.getLogger().addHandler(handler)
    yield stream
    logging.getLogger().removeHandler(handler)


# The search itself ------------------------------------------------------------------------------------------------
def test_the_search_finds_what_leaks(search):
    """Or all that follows would prove nothing."""
    Activity.record("account.mended", search.cast.shop, by=None, at=now(), token=search.secrets["page token"])
    browser = Client()
    browser.force_login(search.cast.root, backend=django_settings.AUTHENTICATION_BACKENDS[0])
    search.look("Activity", browser.get(page(Activity.objects.first(), "change")).text)
    assert search.found == ["the page token in Activity"]


def test_every_secret_is_where_it_belongs(search):
    """And opens there: what is not stored could not leak."""
    opened = {getattr(row, column.name).reveal() for column in encrypted_columns() for row in column.model._base_manager.all()}
    stored = " ".join(opened)
    assert [name for name, secret in search.secrets.items() if secret not in stored] == ["password", "signature", "agent key", "first agent key"]
    assert Mail.objects.get().body.reveal().count(search.secrets["invitation"]) == 1
    assert User.objects.get(name="Fay").check_password(search.secrets["password"]) and WebhookDelivery.objects.exists()


# Pages ------------------------------------------------------------------------------------------------------------
class Reading(Client):
    """A browser whose pages are read by the search."""

    search: Search
    read = 0

    def request(self, **asked):
        response = super().request(**asked)
        if not response.streaming:
            self.read += response.status_code == 200
            self.search.look(asked["PATH_INFO"], response.content.decode(errors="replace") + str(response.headers) + str(response.cookies))
        return response


def reader(search: Search, member: Member) -> Reading:
    browser = Reading()
    browser.search, browser.cookies = search, member.browser.cookies
    member.browser = browser
    return browser


@pytest.mark.parametrize("who", ["root", "dana", "alice", "nobody"])
def test_no_page_shows_a_secret(history, search, who):  # noqa: F811 (a fixture)
    member = Member(search.cast, who)
    browser = reader(search, member)
    if who in ("root", "dana"):
        for address in admin_pages(wholly=who == "root"):
            browser.get(address)
        lines = {"action": "export", "_selected_action": list(Activity.objects.values_list("pk", flat=True))}
        assert browser.post(page(Activity), lines).status_code == 200
    for name, how in sorted(PAGES, key=lambda page_and_how: page_and_how[0] == "logout"):
        member.open(name, how)
    assert search.found == []
    assert browser.read > {"root": 120, "dana": 40, "alice": 12, "nobody": 1}[who], "It was hardly shown anything."


def admin_pages(*, wholly: bool) -> Iterator[str]:
    """Every list of the admin; for who sees all, also every form, and of one row each its page, history and questions."""
    for model in OURS:
        yield page(model)
        row = model._base_manager.order_by("-pk").first() if wholly else None
        if wholly:
            yield page(model, "add")
        if row:
            deeds = (deed.name for deed in getattr(site._registry[model], "deeds", ()))
            yield from (page(row, name) for name in ("change", "history", *deeds))
    # What holds secrets is looked at row by row.
    for model in {column.model for column in encrypted_columns()}:
        yield from (page(each, "change") for each in model._base_manager.all())


def test_what_an_agent_is_told_holds_no_secret(search):
    conversation = search.cast.conversation(search.cast.amina)
    proposal = propose(search.cast.assistant, conversation, Content(text="Proposed")).proposal
    for tool in TOOLS:
        for arguments in (_tool_arguments(tool, conversation, proposal), {"conversation_id": "none", "proposal_id": "none"}):
            result = call(search.cast.key, tool, arguments)
            search.look(tool, text_of(result) + json.dumps(result.structured_content))
    assert search.found == []


# Errors -----------------------------------------------------------------------------------------------------------
def parrot(request: httpx.Request) -> httpx.Response:
    """A Meta that repeats in its error whatever it was told."""
    told = f"{request.headers.get('authorization')} {request.url} {request.content!r}"
    return httpx.Response(400, json={"error": {"message": told, "type": "OAuthException", "code": 100, "error_user_msg": told, "fbtrace_id": "Atrace"}})


def stumbling(request: httpx.Request) -> httpx.Response:
    raise RuntimeError(f"Cannot write {request.headers['authorization']} to {request.url}")


def unreachable(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError(f"No way to {request.url} with {request.headers['authorization']}")


@pytest.mark.parametrize("meta", [parrot, stumbling, unreachable])
def test_an_error_that_repeats_the_token_is_told_without_it(search, settings, stderr, caplog, meta):
    logging.getLogger().setLevel(logging.DEBUG)
    settings.GRAPH_TRANSPORT = httpx.MockTransport(meta)
    conversation = search.cast.conversation(search.cast.amina)
    conversation.reply(Content(text="Hello"), by=search.cast.bob)
    for kind in ("dispatch", "fetch", "tend"):
        try:
            work_until_idle(kind)
        except Exception:
            # As the engine does, which closes the connections of its threads; ours has to stay open.
            logging.getLogger("countersign.engine").exception("Work of the kind %s failed; it goes on.", kind)
    assert conversation.dispatches.get().state in ("failed", "unknown", "queued")
    member = Member(search.cast, "root")
    reader(search, member)
    member.browser.get(conversation.get_absolute_url())
    member.browser.get(reverse("inbox:story", args=[conversation.messages.latest("pk").public_id]))
    member.browser.get(page(Attempt))
    for row in (conversation.dispatches.get(), *conversation.dispatches.get().attempts.all(), search.cast.shop):
        member.browser.get(page(row, "change"))
    member.browser.get("/admin/")
    search.look("stderr", stderr.getvalue())
    assert stderr.getvalue()
    assert search.found == []
    if meta is parrot:
        # Its sentence is there to be read, and only the secrets in it are not.
        answer = conversation.dispatches.get().attempts.get().answer
        assert "messages" in answer and search.secrets["page token"] not in answer and len(answer) > 20


def test_a_worker_that_breaks_is_logged_without_secrets(search, stderr, monkeypatch):
    words = Mail.objects.get().body.reveal()

    def leaking() -> bool:
        token = search.secrets["page token"]
        logging.getLogger("countersign.test").warning("About to use %s in %r", token, {"token": token})
        logging.getLogger("countersign.test").warning("This does not fit: %d", token)
        try:
            raise ValueError(words)
        except ValueError as error:
            raise RuntimeError(f"https://x.example/?a={quote(search.secrets['found token'])}", search.secrets["agent key"]) from error

    monkeypatch.setitem(work.WORK, "leak", leaking)
    engine = Engine()
    engine._stopping.set()  # no pause after the trouble
    thread = threading.Thread(target=engine._one_unit, args=("leak",))
    thread.start()
    thread.join()
    said = stderr.getvalue()
    assert "About to use" in said and "This does not fit" in said and "RuntimeError" in said and "in leaking" in said
    search.look("stderr", said)
    assert search.found == []


@login_not_required
def broken(request: HttpRequest, token: str) -> HttpResponse:
    """A page that has everything in its hands when it breaks."""
    account = Account.objects.order_by("pk").first()
    opened, typed, bearer = account.token.reveal(), request.POST.dict(), request.headers["Authorization"]
    request.session["typed"] = typed
    try:
        raise ValueError(f"Meta does not like {opened}")
    except ValueError as error:
        raise RuntimeError(f"Nor {account.meta_app.secret.reveal()} of {{{opened}: {quote(opened)}}} {bearer}") from error


urlpatterns = [path("broken/<str:token>/", broken)]


@pytest.mark.parametrize("debug", [True, False])
def test_a_page_that_breaks_tells_where_and_not_with_what(search, settings, stderr, debug):
    settings.DEBUG, settings.ROOT_URLCONF = debug, __name__
    settings.CONTENT_SECURITY_POLICY = None
    code = search.secrets["code that no row holds"] = "hush99xNowhere7Q"
    browser = Client(raise_request_exception=False, headers={"Authorization": f"Bearer {search.secrets['agent key']}"})
    browser.cookies["countersign_session"] = search.secrets["sent cookie"] = "hush98xCookie7Q"
    typed = {"username": "fay@example.test", "password1": search.secrets["password"], "token": search.secrets["pasted token"]}
    answer = browser.post(f"/broken/first/?code={code}&hub.verify_token={search.secrets['verify token']}", typed)
    assert answer.status_code == 500
    search.look("the page", answer.text)
    search.look("stderr", stderr.getvalue())
    assert search.found == []
    assert "in broken" in stderr.getvalue() and "RuntimeError" in stderr.getvalue()
    if debug:
        # It is still of use: where it was, what was there, and what kind each thing was.
        for words in ("RuntimeError", "test_secrets_stay.py", "opened", "&lt;str, ", "password1"):
            assert words in answer.text, words


def test_everything_that_the_product_logs_goes_through_the_one_handler():
    told = product.LOGGING
    assert all(handler["filters"] == ["without_secrets"] for handler in told["handlers"].values())
    assert told["root"]["handlers"] == ["stderr"]
    assert all(not logger.get("handlers") for logger in told["loggers"].values())
    # Django's own would print before ours has looked.
    assert {"django", "django.server"} <= {name for name, logger in told["loggers"].items() if "handlers" in logger}


# Files ------------------------------------------------------------------------------------------------------------
def test_a_dump_holds_what_is_encrypted_as_it_is_stored(search):
    dump = io.StringIO()
    call_command("dumpdata", stdout=dump)
    search.look("dumpdata", dump.getvalue())
    assert search.found == []
    assert dump.getvalue().count("gAAAA") > 8  # what Fernet writes begins so


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_the_database_holds_no_secret_in_the_clear(simulator, settings):
    search = plant(make_cast(simulator), settings)
    for where, content in stored_bytes():
        for form in (str.encode, lambda text: text.encode().hex().encode()):
            search.found += [f"the {name} in {where}" for name, secret in search.secrets.items() if form(secret) in content]
    assert search.found == []


def stored_bytes() -> Iterator[tuple[str, bytes]]:
    """The files of SQLite, or every row of every table of PostgreSQL."""
    if connection.vendor == "sqlite":
        name = str(connection.settings_dict["NAME"])
        files = [Path(f"{name}{end}") for end in ("", "-wal", "-journal")]
        contents = [(file.name, file.read_bytes()) for file in files if file.exists()]
        assert b"Harbour Coffee" in b"".join(content for _file, content in contents), "This is not the file."
        yield from contents
        return
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            yield table, "\n".join(row for (row,) in cursor.fetchall()).encode()
