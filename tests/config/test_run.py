"""`make run` as somebody at a terminal has it: processes, signals, ports and files."""

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing

import httpx
import pytest

import config.settings
from tests.config.test_environment import CREDENTIALS, ROOT, surroundings

pytestmark = pytest.mark.loopback
META_INBOX = "263902037430900"
COUNTED = ("accounts_user", "accounts_grant", "inbox_conversation", "inbox_message", "inbox_dispatch", "agents_proposal", "agents_agentkey")


class Installation:
    """One folder with two ports, started and stopped."""

    def __init__(self, folder, **variables):
        self.folder, self.port, self.simulator = folder, free_port(), free_port()
        self.variables = {"PORT": str(self.port), "SIMULATOR_PORT": str(self.simulator)} | variables
        self.process = None

    def start(self, until):
        """Start, and return what it printed up to a line that has `until` in it, or up to its end."""
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "run"], cwd=ROOT, env=surroundings(self.folder, self.variables),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        printed = ""
        for line in self.process.stdout:
            printed += line
            if until in line:
                break
        return printed

    def stop(self, how=signal.SIGINT):
        """Its exit code, and what it printed last."""
        self.process.send_signal(how)
        return self.ended()

    def ended(self):
        with self.process.stdout as rest:
            return self.process.wait(20), rest.read()

    def counts(self):
        with closing(sqlite3.connect(self.folder / "demo.sqlite3")) as database:
            return {table: database.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in COUNTED}

    def said(self):
        """Everything that the simulated Meta has seen."""
        return httpx.get(f"http://127.0.0.1:{self.simulator}/sim/messages").json()["data"]

    def sent(self):
        """What we sent, of all that reached a contact."""
        return [message["text"] for message in self.said() if message["direction"] == "out" and message["sent_by"] != META_INBOX]


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]


def is_free(port):
    with socket.socket() as attempt:
        return attempt.connect_ex(("127.0.0.1", port)) != 0


@pytest.fixture
def install(tmp_path):
    made = []

    def make(**variables):
        made.append(Installation(tmp_path, **variables))
        return made[-1]

    yield make
    for installation in made:
        if not installation.process.stdout.closed:
            installation.stop(signal.SIGTERM)


def sign_in(installation, sheet, who):
    """The status of the page that this person sees after signing in with what the sheet says."""
    email, password = re.search(rf"({who}@\S+)\s+(\S+)", sheet).groups()
    with httpx.Client(base_url=f"http://localhost:{installation.port}", follow_redirects=True) as browser:
        form = browser.get("/sign-in/").text
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)[1]
        answer = browser.post("/sign-in/", data={"csrfmiddlewaretoken": token, "username": email, "password": password})
    return answer.status_code, answer.url.path


def test_the_try_out_starts_stops_and_goes_on_as_it_was_left(install):
    installation = install()
    sheet = installation.start("Ctrl-C")
    assert "agt_" in sheet
    assert sign_in(installation, sheet, "operator") == (200, "/conversations/")
    assert (installation.folder / "demo.txt").stat().st_mode & 0o777 == 0o600
    while not (sent := installation.sent()):
        continue
    assert sent == ["On Sundays we open at eight. Come early for the terrace; by ten it is full of dogs."]
    counts, said = installation.counts(), installation.said()
    assert (counts["accounts_user"], counts["inbox_conversation"], counts["agents_proposal"], counts["agents_agentkey"]) == (5, 20, 2, 1)

    assert installation.stop() == (0, "")
    assert is_free(installation.port)
    assert is_free(installation.simulator)

    assert logins(installation.start("Ctrl-C")) == logins(sheet)
    assert installation.counts() == counts
    assert installation.said() == said
    assert installation.stop(signal.SIGTERM) == (0, "")


def logins(sheet):
    return re.findall(r"\S+@harbour\.example.*|agt_\S+", sheet)


def test_a_message_of_a_contact_arrives_and_a_stopped_simulator_stops_everything(install):
    installation = install()
    installation.start("Ctrl-C")
    before = installation.counts()["inbox_message"]
    write = {"account": "104857600000001", "contact": "7000000000000007", "text": "And a croissant?"}
    httpx.post(f"http://127.0.0.1:{installation.simulator}/sim/messages", json=write).raise_for_status()
    with httpx.Client() as client:
        while installation.counts()["inbox_message"] == before:
            client.get(f"http://127.0.0.1:{installation.simulator}/sim/health")
    os.kill(child_of(installation.process.pid), signal.SIGKILL)
    code, printed = installation.ended()
    assert code == 0
    assert "everything stops" in printed


def child_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as children:
        return int(children.read().split()[0])


@pytest.mark.parametrize("variable", ["port", "simulator"])
def test_a_taken_port_is_a_sentence(variable, install):
    installation = install()
    with socket.create_server(("127.0.0.1", getattr(installation, variable))):
        printed = installation.start("never")
    assert installation.ended()[0] == 1
    assert "something listens there already" in printed
    assert "Traceback" not in printed


@pytest.mark.skipif(config.settings.POSTGRES, reason="It would start in the tests' own database.")
def test_with_credentials_it_starts_empty_and_prints_no_passwords(install):
    installation = install(**CREDENTIALS)
    printed = installation.start("first admin")
    assert "@harbour.example" not in printed
    assert "agt_" not in printed
    with closing(sqlite3.connect(installation.folder / "countersign.sqlite3")) as database:
        assert database.execute("SELECT count(*) FROM accounts_user").fetchone() == (0,)
        assert database.execute("SELECT app_id FROM accounts_metaapp").fetchall() == [("1",)]
    assert installation.stop() == (0, "")
    assert not (installation.folder / "demo.sqlite3").exists()
    assert not (installation.folder / "demo.txt").exists()


def test_a_database_that_does_not_answer_is_a_sentence(install):
    installation = install(DATABASE_URL=f"postgres://u:hunter2@127.0.0.1:{free_port()}/n", **CREDENTIALS)
    printed = installation.start("never")
    assert installation.ended()[0] == 1
    assert "The database does not answer" in printed
    assert "hunter2" not in printed
    assert "Traceback" not in printed
