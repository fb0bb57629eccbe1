"""The keys are rotated, and the old one dropped, beside a server and workers that never stop."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.loopback.stage import PAGE, PASSWORD, ROOT, Browser, Stage, eventually, text_of

pytestmark = [pytest.mark.loopback, pytest.mark.xdist_group("loopback")]


def rotate(installation: Stage, *options: str) -> str:
    command = [sys.executable, "manage.py", "rotate_keys", *options]
    done = subprocess.run(command, cwd=ROOT, env=installation.environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def path_of(browser: Browser, words: str) -> str:
    """The address of the conversation whose row in the list shows these words."""
    rows = browser.page("/conversations/").split('href="/conversations/')
    return next(("/conversations/" + row.split('"')[0] for row in rows if words in row), "")


def keys_in(path: Path) -> list[str]:
    return next(line for line in path.read_text().splitlines() if line.startswith("ENCRYPTION_KEYS=")).split("=", 1)[1].split(",")


def test_nothing_is_lost_while_keys_change_under_a_running_server(installation, key):
    meta, path = installation.meta, Path(installation.environment["VAR_DIR"]) / "keys.env"
    contact = meta.post("contacts", account=PAGE, name="Rotating Rita")["id"]
    meta.post("messages", account=PAGE, contact=contact, text="Are the keys new?")
    bob = installation.browser()
    bob.sign_in("bob@example.test", PASSWORD)
    thread = eventually(lambda: path_of(bob, "Are the keys new?"), "the conversation")

    bob.submit(thread, "/messages/", kind="text", text="Before and during")
    assert "accounts_account.token: 2 values" in rotate(installation)
    assert len(keys_in(path)) == 2
    hour_ago = path.stat().st_mtime - 3600
    os.utime(path, (hour_ago, hour_ago))
    bob.submit(thread, "/messages/", kind="text", text="In between")
    assert "1 older key is gone" in rotate(installation, "--forget-old")
    assert len(keys_in(path)) == 1
    bob.submit(thread, "/messages/", kind="text", text="And afterwards")

    wanted = ["Before and during", "In between", "And afterwards"]
    eventually(lambda: [message["text"] for message in meta.received(account=PAGE, contact=contact, direction="out")] == wanted, "all three at Meta")
    meta.post("messages", account=PAGE, contact=contact, text="Signed by the app's secret")
    eventually(lambda: "Signed by the app" in text_of(bob.page(thread)), "a webhook that the server still believes")
    assert all(secret not in installation.log for secret in ("EAApagetoken", "facebook-secret", *keys_in(path)))
