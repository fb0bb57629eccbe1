"""A slow upload and a slow Meta keep nobody else waiting: pages are answered while both are still under way."""

import socket
from urllib.parse import urlsplit

import pytest

from tests.loopback.stage import PAGE, PASSWORD, Browser, Stage, eventually, text_of

pytestmark = [pytest.mark.loopback, pytest.mark.xdist_group("loopback")]
# More than there are threads for pages.
UPLOADS = 6


class SlowUpload:
    """A browser on a bad line: it says how much it will send, sends a little, and waits."""

    BODY = b"x" * 100_000

    def __init__(self, stage: Stage, browser: Browser) -> None:
        host = urlsplit(stage.url)
        self.line = socket.create_connection((host.hostname, host.port))
        cookies = "; ".join(f"{name}={value}" for name, value in browser.http.cookies.items())
        head = f"POST /media/ HTTP/1.1\r\nHost: {host.netloc}\r\nCookie: {cookies}\r\nContent-Type: text/plain\r\nContent-Length: {len(self.BODY)}\r\n\r\n"
        self.line.sendall(head.encode() + self.BODY[:1000])

    def finish(self) -> bytes:
        self.line.sendall(self.BODY[1000:])
        with self.line, self.line.makefile("rb") as answer:
            return answer.readline()


def test_pages_are_answered_while_uploads_and_meta_are_slow(installation, key):
    meta = installation.meta
    contact = meta.post("contacts", account=PAGE, name="Slow Sam")["id"]
    meta.post("messages", account=PAGE, contact=contact, text="Take your time")
    bob, alice = installation.browser(), installation.browser()
    bob.sign_in("bob@example.test", PASSWORD)
    alice.sign_in("alice@example.test", PASSWORD)
    path = eventually(lambda: _path_of(bob, "Take your time"), "the conversation")

    # Without the echo, which would tell us of the message before Meta's answer does.
    meta.post("echo", account=PAGE, echo="never")
    meta.post("faults", kind="slow", account=PAGE, seconds=10)
    uploads = [SlowUpload(installation, bob) for _ in range(UPLOADS)]
    bob.submit(path, "/messages/", kind="text", text="No hurry at all")
    eventually(lambda: _shows(alice, path, "Sending"), "the message on its way")
    for _ in range(5):
        assert alice.http.get("/conversations/").status_code == 200
        assert alice.http.get("/approvals/").status_code == 200
    assert _shows(alice, path, "Sending"), "Meta had answered already, so this run proves nothing."

    for upload in uploads:
        assert b" 403 " in upload.finish()  # the body was text without a CSRF token; what matters is that it was read to its end
    eventually(lambda: not _shows(alice, path, "Sending"), "the message sent")
    meta.post("echo", account=PAGE, echo="after")
    assert len(meta.received(account=PAGE, contact=contact, direction="out")) == 1


def _path_of(browser: Browser, words: str) -> str:
    page = browser.page("/conversations/")
    before = page.split(words)[0] if words in page else ""
    return "/conversations/" + before.rsplit('href="/conversations/', 1)[1][:16] + "/" if 'href="/conversations/' in before else ""


def _shows(browser: Browser, path: str, words: str) -> bool:
    return words in text_of(browser.page(path))
