"""A throw-away installation inside this process: temporary folder, SQLite, Meta as the simulator's transport."""

import os
import tempfile

os.environ |= {"VAR_DIR": tempfile.mkdtemp(prefix="countersign-bench-"), "DEMO": "off", "FACEBOOK_APP_ID": "1"}
os.environ |= {"FACEBOOK_APP_SECRET": "bench-secret", "FACEBOOK_VERIFY_TOKEN": "bench-verify", "DJANGO_SETTINGS_MODULE": "config.settings"}

import django

django.setup()

from django.conf import settings
from django.core.management import call_command

from accounts.models import Account, MetaApp
from graph.simulator import Simulator, SimulatorTransport
from inbox.webhooks.store import store_delivery
from inbox.work import work_until_idle

SECRET = "bench-secret"


def set_up() -> Simulator:
    """A Page, and a contact who wrote to it."""
    call_command("migrate", verbosity=0)
    simulator = Simulator(deliver=lambda url, body, headers: 200 if store_delivery(body, headers.get("X-Hub-Signature-256")) else 401)
    settings.GRAPH_TRANSPORT = SimulatorTransport(simulator)
    app = MetaApp.objects.create(kind="facebook", app_id="1200000000000001", secret=SECRET, verify_token="v")
    simulator.add_app(app.app_id, SECRET, "v", "http://127.0.0.1/")
    simulator.add_account("messenger", "104857600000001", "Page", token="EAAbench-token", app=app.app_id)
    Account.objects.create(network="messenger", meta_app=app, name="Page", external_id="104857600000001", token="EAAbench-token", reply_hold=0)
    contact = simulator.add_contact("104857600000001", "Amina")
    simulator.write("104857600000001", contact, text="Hello")
    work_until_idle("ingest")
    return simulator
