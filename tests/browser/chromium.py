"""Debian's Chromium, and people in front of it, each in a context of their own."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.tryout import Login

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
PATIENCE = 20_000
# The browser's remarks about answers, which are judged where answers are, and htmx's about a look that a newer one cut short or replaced:
# the fragment that had asked is gone then, and with it its place for the counts, which the newer one brings along.
REMARKS = re.compile("the server responded with a status of|htmx:sendAbort|htmx:afterRequest|htmx:oobErrorNoTarget")


@contextmanager
def chromium() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class Trouble:
    """What went wrong in somebody's browser: errors of scripts and of the content security policy, and answers that refuse.

    Args:
        expected: statuses that this test provokes on purpose.
    """

    seen: list[str] = field(default_factory=list)
    answers: list[tuple[int, str]] = field(default_factory=list)
    expected: set[int] = field(default_factory=set)

    def watch(self, context: BrowserContext) -> None:
        context.on("weberror", lambda error: self.seen.append(f"error: {error.error}"))
        context.on("console", lambda line: self.seen.append(f"console: {line.text}") if line.type == "error" and not REMARKS.search(line.text) else None)
        context.on("response", lambda answer: self.answers.append((answer.status, answer.url)) if answer.status >= 400 else None)

    def all(self) -> list[str]:
        return self.seen + [f"{status} {url}" for status, url in self.answers if status not in self.expected]


def sign_in(page: Page, login: Login) -> None:
    page.get_by_label("E-mail").fill(login.email)
    page.get_by_label("Password").fill(login.password)
    page.get_by_role("button", name="Sign in").click()
