"""One installation for all walks over loopback: started once, set up as an admin would."""

from collections.abc import Iterator

import httpx
import pytest
from django.conf import settings

from tests.loopback.stage import INSTAGRAM, PAGE, PASSWORD, Stage, postgres_database, stage

PEOPLE = f"""
from datetime import UTC, datetime
from accounts.models import Account, Grant, MetaApp, User
from agents.models import Agent, AgentKey
root = User.objects.get()
apps = {{app.kind: app for app in MetaApp.objects.all()}}
accounts = [
    Account.objects.create(network=network, login=app, meta_app=apps[app], name=name, external_id=external_id, token=token, reply_hold=1, approval_hold=1)
    for network, app, name, external_id, token in (
        ("messenger", "facebook", "Harbour Coffee", "{PAGE}", "EAApagetoken"),
        ("instagram", "instagram", "Harbour Studio", "{INSTAGRAM}", "IGAAtoken"),
    )
]
agent = Agent.create("Assistant", owner=root, at=datetime.now(UTC))
for name, right in (("alice", "approve"), ("bob", "reply")):
    user = User.objects.create_user(name + "@example.test", "{PASSWORD}", name=name.title())
    for account in accounts:
        Grant.objects.create(user=user, account=account, right=right)
for account in accounts:
    Grant.objects.create(user=agent.user, account=account, right="propose")
result = {{"key": AgentKey.issue(agent, name="loopback", by=root, at=datetime.now(UTC))[1]}}
"""


@pytest.fixture(scope="session")
def installation(tmp_path_factory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("loopback")
    if settings.POSTGRES:
        url = settings.DATABASES["default"]
        address = f"postgres://{url['USER']}:{url.get('PASSWORD') or ''}@{url['HOST']}:{url.get('PORT') or 5432}/postgres"
        with postgres_database(address) as database, stage(folder, database) as built:
            yield built
    else:
        with stage(folder) as built:
            yield built


@pytest.fixture(scope="session")
def key(installation) -> str:
    """The first admin made by the first visit, two people and an agent, and Meta set up to call us."""
    browser = installation.browser()
    assert "/welcome/" in str(browser.http.get("/").url)
    browser.submit("/welcome/", "", name="Root", email="root@example.test", password1=PASSWORD, password2=PASSWORD)
    assert httpx.get(f"{installation.url}/welcome/").status_code == 404
    callback = f"{installation.url}/webhooks/meta/"
    for app, name in (("1200000000000001", "facebook"), ("1200000000000002", "instagram")):
        installation.meta.post("apps", id=app, secret=f"{name}-secret", verify_token=f"{name}-verify", callback_url=callback)
        _subscribe(installation, app, name, callback)
    installation.meta.post("accounts", network="messenger", id=PAGE, name="Harbour Coffee", token="EAApagetoken", app="1200000000000001")
    installation.meta.post(
        "accounts", network="instagram", id=INSTAGRAM, name="Harbour Studio", username="harbour", token="IGAAtoken", app="1200000000000002", login="instagram"
    )
    return installation.manage(PEOPLE)["key"]


def _subscribe(installation: Stage, app: str, name: str, callback: str) -> None:
    """As an admin does in Meta's dashboard: Meta asks our door for the challenge."""
    network = "page" if name == "facebook" else "instagram"
    answer = httpx.post(
        f"{installation.meta.url}/fb/v26.0/{app}/subscriptions",
        data={"object": network, "callback_url": callback, "fields": "messages", "verify_token": f"{name}-verify", "access_token": f"{app}|{name}-secret"},
    )
    assert answer.json() == {"success": True}, answer.text
