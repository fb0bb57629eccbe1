"""One Chromium for all, and for each file a try-out of its own, whose people and rows no other file changes. Every person comes with a fresh
browser, and nothing may go wrong in any of them.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, StorageState, expect

from tests.browser.chromium import PATIENCE, Trouble, chromium, sign_in
from tests.browser.tryout import Login, TryOut, try_out
from tests.loopback.stage import PAGE, PASSWORD, Stage, postgres_database

Enter = Callable[..., Page]
SIZE = {"width": 1280, "height": 800}

# Replies to the Page leave at once, those to Instagram wait a minute, so that no test depends on how fast this machine is. And
# somebody who may only read, whom the try-out lacks.
PREPARE = f"""
from accounts.models import Account, Grant, User
for network, hold in (("messenger", 0), ("instagram", 60)):
    Account.objects.filter(network=network).update(reply_hold=hold, approval_hold=hold)
reader = User.objects.create_user("reader@harbour.example", "{PASSWORD}", name="Rosa Lind")
Grant.objects.bulk_create(Grant(user=reader, account=account, right="read") for account in Account.objects.all())
result = {{}}
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TryOut]:
    folder = tmp_path_factory.mktemp("try-out")
    with _database() as database, try_out(folder, database) as started:
        Stage([started.url], started.meta, started.environment, folder).manage(PREPARE)
        started.logins["reader"] = Login("reader@harbour.example", PASSWORD)
        yield started


def _database() -> AbstractContextManager[str]:
    """On PostgreSQL, where `BROWSER_DATABASE_URL` says so."""
    server = os.environ.get("BROWSER_DATABASE_URL", "")
    return postgres_database(server) if server else nullcontext("")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def sessions() -> dict[str, StorageState]:
    """Cookies of those who have signed in before."""
    return {}


@pytest.fixture
def trouble() -> Iterator[Trouble]:
    trouble = Trouble()
    yield trouble
    assert not trouble.all()


@pytest.fixture
def visit(browser: Browser, trouble: Trouble) -> Iterator[Enter]:
    """A page of an installation, in a browser that has never been there."""
    contexts = []

    def make(url: str, **options: Any) -> Page:
        options = {"viewport": SIZE, "locale": "en-GB", "reduced_motion": "reduce"} | options
        contexts.append(browser.new_context(base_url=url, **options))
        contexts[-1].set_default_timeout(PATIENCE)
        trouble.watch(contexts[-1])
        return contexts[-1].new_page()

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def enter(shop: TryOut, visit: Enter, sessions: dict[str, StorageState]) -> Enter:
    """A page in the browser of somebody who has signed in."""

    def make(who: str, **options: Any) -> Page:
        page = visit(shop.url, storage_state=sessions.get(who), **options)
        if who not in sessions:
            page.goto("/sign-in/")
            sign_in(page, shop.logins[who])
            expect(page).to_have_url(f"{shop.url}/conversations/")
            sessions[who] = page.context.storage_state()
        return page

    return make


@pytest.fixture
def meta_is_well(shop: TryOut) -> Iterator[None]:
    """Faults and missing echoes of one test do not trouble the next."""
    yield
    shop.meta.post("echo", account=PAGE, echo="after")
    shop.meta.clear_faults()
