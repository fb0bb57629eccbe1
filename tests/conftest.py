"""The cast that everyone knows, and Meta as the simulator.

alice approves on `shop` (a Page), bob replies on it, charlie has no grant, dana manages; `studio` is an Instagram account where alice
and bob have the same grants, amina wrote to `shop`, noor to `studio`; `assistant` is an agent that may propose on both.
"""

import gc
import importlib.util
import os
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client

from accounts.models import Account, Grant, MetaApp, Right, User
from agents.models import Agent, AgentKey
from graph.networks import Login, Network
from graph.simulator import Simulator, SimulatorTransport
from inbox.models import Contact, Conversation
from inbox.webhooks.store import store_delivery
from inbox.work import work_until_idle
from tests.snapshot import LEFT_OUT, Snapshot
from tests.standing import Shipped, deletions, everything

# What is imported stays until the end; looking through it again and again is a tenth of the suite's time.
gc.freeze()
gc.set_threshold(50_000, 20, 50)

PASSWORD = "correct-horse-battery"
# `make test` installs no Playwright; `make test-browser` does.
collect_ignore = [] if importlib.util.find_spec("playwright") else ["browser"]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With ONE_OF_EACH in the environment, of a test with many parameters only the first runs: the statements are the same for all of them."""
    if not os.environ.get("ONE_OF_EACH"):
        return
    by_test: dict[str, pytest.Item] = {}
    for item in items:
        by_test.setdefault(item.nodeid.partition("[")[0], item)
    first = list(by_test.values())
    config.hook.pytest_deselected(items=[*{*items} - {*first}])
    items[:] = first


@dataclass
class Cast:
    """Everybody and everything that tests talk about."""

    alice: User
    bob: User
    charlie: User
    dana: User
    root: User
    shop: Account
    studio: Account
    amina: Contact
    noor: Contact
    assistant: Agent
    key: str
    simulator: Simulator

    def conversation(self, contact: Contact) -> Conversation:
        return Conversation.objects.get(contact=contact)

    def write(self, contact: Contact, text: str = "", **more: object) -> str:
        """The contact writes at Meta, and the webhook is stored and applied. Returns Meta's id of the message."""
        mid = self.simulator.write(contact.account.external_id, contact.external_id, text=text, **more)
        work_until_idle("ingest")
        return mid

    def settle(self) -> None:
        """Everything that waits leaves, Meta's webhooks about it come in, and are applied."""
        work_until_idle("dispatch")
        self.simulator.settle()
        work_until_idle("ingest")

    def received(self, contact: Contact) -> list[dict]:
        """What Meta got from us for this contact."""
        return self.simulator.messages(account=contact.account.external_id, contact=contact.external_id, direction="out")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """Between tests that commit, the database is emptied and filled in the fastest way."""
    with django_db_blocker.unblock():
        shipped = Shipped(everything(without={"django_migrations"}))
    connection.creation.deserialize_db_from_string = lambda _saved: shipped.put_back()
    if django_settings.POSTGRES:
        connection.ops.sql_flush = deletions
        connection.creation._destroy_test_db = _drop


def _drop(name: str, _verbosity: int) -> None:
    """Whatever still holds on to it: a server that has not noticed yet that its client was killed, or is tidying up."""
    with connection.creation._nodb_cursor() as cursor:
        cursor.execute(f"DROP DATABASE {connection.ops.quote_name(name)} WITH (FORCE)")


@pytest.fixture
def simulator(settings) -> Simulator:
    simulator = Simulator(deliver=_deliver)
    settings.GRAPH_TRANSPORT = SimulatorTransport(simulator)
    settings.GRAPH_URLS = {"facebook": "http://simulator.test/fb", "instagram": "http://simulator.test/ig"}
    return simulator


def _deliver(url: str, body: bytes, headers: dict[str, str]) -> int:
    """Meta's webhook, put where the door puts it."""
    lower = {name.lower(): value for name, value in headers.items()}
    return 200 if store_delivery(body, lower.get("x-hub-signature-256")) else 401


@pytest.fixture
def cast(db, simulator) -> Cast:
    return make_cast(simulator)


def make_cast(simulator: Simulator) -> Cast:
    """As it stood a moment ago, unless there is something already, here or at Meta."""
    global _standing
    if simulator.deliver is not _deliver or not simulator.store.is_untouched:
        return _make_cast(simulator)
    if _standing and _standing.is_fresh and (members := _standing.put_back(simulator)):
        return Cast(**members, simulator=simulator)
    before = everything(without=LEFT_OUT)
    cast = _make_cast(simulator)
    _standing = Snapshot.of({name: value for name, value in vars(cast).items() if name != "simulator"}, before, simulator)
    return cast


_standing: Snapshot | None = None


def _make_cast(simulator: Simulator) -> Cast:
    now = datetime.now(UTC)
    people = {name: User.objects.create_user(f"{name}@example.test", PASSWORD, name=name.title()) for name in ("alice", "bob", "charlie", "dana")}
    people["dana"].is_staff = True
    people["dana"].save()
    root = User.objects.create_superuser("root@example.test", PASSWORD, name="Root")
    app = MetaApp.objects.create(kind="facebook", app_id="1200000000000001", name="Shop app", secret="app-secret", verify_token="verify-me")
    simulator.add_app("1200000000000001", "app-secret", "verify-me", "http://testserver/webhooks/meta/")
    shop = _account(simulator, app, Network.MESSENGER, "104857600000001", "Harbour Coffee", "EAAshop")
    studio = _account(simulator, app, Network.INSTAGRAM, "17841400000000042", "Harbour Studio", "IGAAstudio", login=Login.INSTAGRAM)
    for account in (shop, studio):
        Grant.objects.create(user=people["alice"], account=account, right=Right.APPROVE)
        Grant.objects.create(user=people["bob"], account=account, right=Right.REPLY)
        Grant.objects.create(user=people["dana"], account=account, right=Right.MANAGE)
    assistant = Agent.create("Assistant", owner=people["dana"], at=now)
    for account in (shop, studio):
        Grant.objects.create(user=assistant.user, account=account, right=Right.PROPOSE)
    _key, text = AgentKey.issue(assistant, name="tests", by=people["dana"], at=now)
    amina = _contact(simulator, shop, "Amina Okafor", "Hi! Is the Yirgacheffe back in stock?")
    noor = _contact(simulator, studio, "Noor Haddad", "Is the Saturday class full?")
    return Cast(**people, root=root, shop=shop, studio=studio, amina=amina, noor=noor, assistant=assistant, key=text, simulator=simulator)


def _account(simulator: Simulator, app: MetaApp, network: Network, external_id: str, name: str, token: str, login: Login = Login.FACEBOOK) -> Account:
    simulator.add_account(network, external_id, name, token=token, app=app.app_id, login=login)
    return Account.objects.create(
        network=network, login=login, meta_app=app, name=name, external_id=external_id, token=token, reply_hold=0, approval_hold=0
    )


def _contact(simulator: Simulator, account: Account, name: str, text: str) -> Contact:
    external_id = simulator.add_contact(account.external_id, name, username=name.split()[0].lower())
    simulator.write(account.external_id, external_id, text=text)
    work_until_idle("ingest")
    return Contact.objects.get(account=account, external_id=external_id)


@pytest.fixture
def sign_in():
    """A browser in which this person is signed in."""

    def make(user: User) -> Client:
        client = Client()
        client.force_login(user, backend=django_settings.AUTHENTICATION_BACKENDS[0])
        return client

    return make


@pytest.fixture
def clock(time_machine):
    """A clock that runs on, and that a test can put forward with `shift`."""
    time_machine.move_to(datetime.now(UTC), tick=True)
    return time_machine
