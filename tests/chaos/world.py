"""Who exists in the storm: Pages and Instagram accounts with their contacts, at the simulated Meta and in our database."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

APPS = {"facebook": "1200000000000001", "instagram": "1200000000000002"}


@dataclass(frozen=True)
class Site:
    """One account.

    Args:
        echo: how Meta tells of what was sent; "" changes with the weather.
        hold: for so many seconds a reply can be taken back.
        is_blind: Meta neither tells of what was sent nor lets the thread be read: what got no answer there can never be known.
        share: how many of a hundred conversations.
    """

    id: str
    network: str
    name: str
    token: str
    echo: str = ""
    hold: int = 0
    is_blind: bool = False
    share: int = 19

    @property
    def login(self) -> str:
        return "instagram" if self.network == "instagram" else "facebook"

    @property
    def app(self) -> str:
        return APPS[self.login]


SITES = (
    Site("104857600000001", "messenger", "Harbour Coffee", "EAAchaos-harbour"),
    Site("104857600000002", "messenger", "Hilltop Roastery", "EAAchaos-hilltop", hold=1),
    Site("104857600000003", "messenger", "Quiet Bakery", "EAAchaos-quiet", echo="never"),
    Site("17841400000000042", "instagram", "Harbour Studio", "IGAAchaos-studio"),
    Site("17841400000000043", "instagram", "Silent Gallery", "IGAAchaos-gallery", echo="never"),
    Site("17841400000000044", "instagram", "Blind Alley", "IGAAchaos-alley", echo="never", is_blind=True, share=5),
)
BLIND = frozenset(site.id for site in SITES if site.is_blind)


@dataclass
class Conversation:
    """One contact of one account, as Meta knows them.

    Args:
        public_id: ours, once the first message of the contact has come in.
        has_card, has_picture: nothing but its kind tells a card or a picture from another one, so each conversation gets one.
        written: how many replies were asked for here.
    """

    site: Site
    contact: str
    public_id: str = ""
    has_card: bool = False
    has_picture: bool = False
    written: int = 0

    @property
    def path(self) -> str:
        return f"/conversations/{self.public_id}/"


@dataclass
class World:
    """Everybody, and how they are written down on both sides."""

    conversations: list[Conversation] = field(default_factory=list)

    @classmethod
    def of(cls, number: int) -> "World":
        """About so many conversations."""
        made = []
        for place, site in enumerate(SITES):
            beginning = "99" if site.network == "instagram" else "73"
            made += [Conversation(site, f"{beginning}{place:02}{each:012}") for each in range(max(2, number * site.share // 100))]
        return cls(made)

    def write(self, path: Path, callback_url: str) -> None:
        """For `graph.simulator --world`; each contact has written once, which opens the window."""
        apps = [{"id": app, "secret": f"{kind}-secret", "verify_token": f"{kind}-verify", "callback_url": callback_url} for kind, app in APPS.items()]
        path.write_text(json.dumps({"apps": apps, "accounts": [self._account(site) for site in SITES]}))

    def _account(self, site: Site) -> dict[str, Any]:
        contacts = [
            {"name": f"Contact {each.contact[-6:]}", "id": each.contact, "username": f"c{each.contact}", "messages": [{"text": f"Hello, I am {each.contact}"}]}
            for each in self.conversations
            if each.site is site
        ]
        known = {"network": site.network, "id": site.id, "name": site.name, "token": site.token, "app": site.app, "login": site.login}
        return known | {"username": f"u{site.id}", "echo": site.echo or "after", "contacts": contacts}


def people_script(clerks: int) -> str:
    """What `manage.py shell` runs once, before anything is started: what `manage.py prepare` does, accounts, the agent with its key, and people.

    They are signed in already: nothing here is about passwords, and to check one takes long on purpose.
    """
    accounts = [(site.network, site.login, site.name, site.id, site.token, site.hold) for site in SITES]
    return f"""
from datetime import UTC, datetime
from django.conf import settings
from django.test import Client
from accounts.models import Account, Grant, MetaApp, User
from agents.models import Agent, AgentKey
from config.preparing import prepare
prepare()
at = datetime.now(UTC)
# Meta has asked for our address, so nothing is read that webhooks tell.
MetaApp.objects.update(handshake_at=at)
apps = {{app.kind: app for app in MetaApp.objects.all()}}
root = User.objects.create_superuser("root@example.test", None, name="Root")
accounts = [
    Account.objects.create(
        network=network, login=login, meta_app=apps[login], name=name, external_id=id, token=token, reply_hold=hold, approval_hold=0, check_due_at=None
    )
    for network, login, name, id, token, hold in {accounts!r}
]
sessions = {{}}
def sign_in(name, user):
    browser = Client()
    browser.force_login(user)
    sessions[name] = browser.cookies[settings.SESSION_COOKIE_NAME].value
sign_in("root", root)
people = [("alice", "approve"), *((f"clerk{{number}}", "reply") for number in range({clerks}))]
for name, right in people:
    user = User.objects.create_user(name + "@example.test", None, name=name.title())
    sign_in(name, user)
    Grant.objects.bulk_create(Grant(user=user, account=account, right=right) for account in accounts)
agent = Agent.create("Assistant", owner=root, at=at)
Grant.objects.bulk_create(Grant(user=agent.user, account=account, right="propose") for account in accounts)
result = {{"key": AgentKey.issue(agent, name="chaos", by=root, at=at)[1], "cookie": settings.SESSION_COOKIE_NAME, "sessions": sessions}}
"""
