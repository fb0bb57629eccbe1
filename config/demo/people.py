"""The rows that exist before the first message: apps, accounts, a person for each preset, an agent and its key."""

from dataclasses import dataclass, replace

from django.db import transaction

from accounts.models import Account, Grant, MetaApp, Right, User
from accounts.models.grant import PRESETS
from agents.models import Agent, AgentKey
from agents.models.agent import key_digest
from config.demo.secrets import Secrets
from core.clock import now
from graph.networks import Login, Network

PAGE = "104857600000001"
INSTAGRAM = "17841400000000042"
APPS = {"facebook": "1200000000000001", "instagram": "1300000000000001"}


@dataclass(frozen=True)
class Person:
    """One login of the try-out."""

    who: str
    name: str
    preset: str

    @property
    def email(self) -> str:
        return f"{self.who}@harbour.example"


PEOPLE = (
    Person("operator", "Olive Park", "operator"),
    Person("approver", "Amal Haddad", "approver"),
    Person("manager", "Marek Dvořák", "manager"),
    Person("admin", "Ada Nilsson", ""),
)


def settle_in(secrets: Secrets) -> Secrets:
    """Make what is missing, and leave alone what is there. Returns the secrets, with the agent's key among them."""
    with transaction.atomic():
        apps = {kind: _app(kind, secrets) for kind in APPS}
        accounts = [
            _account(Network.MESSENGER, PAGE, "Harbour Coffee", apps["facebook"], secrets.tokens["page"], Login.FACEBOOK),
            _account(Network.INSTAGRAM, INSTAGRAM, "Harbour Coffee Studio", apps["instagram"], secrets.tokens["instagram"], Login.INSTAGRAM),
        ]
        people = {person.who: _person(person, secrets.passwords[person.who], accounts) for person in PEOPLE}
        key = _agent_key(secrets.agent_key, people["manager"], accounts)
    secrets = replace(secrets, agent_key=key)
    secrets.keep()
    return secrets


def _app(kind: str, secrets: Secrets) -> MetaApp:
    defaults = {"name": f"Harbour Coffee ({kind.title()})", "secret": secrets.app_secrets[kind], "verify_token": secrets.verify_tokens[kind]}
    return MetaApp.objects.get_or_create(kind=kind, app_id=APPS[kind], defaults=defaults)[0]


def _account(network: Network, external_id: str, name: str, app: MetaApp, token: str, login: Login) -> Account:
    # The simulated Page has Meta's Human Agent feature, the Instagram account has not, so that both can be seen.
    defaults = {"name": name, "username": "harbourcoffee", "meta_app": app, "token": token, "login": login}
    feature = {"human_agent_feature": network == Network.MESSENGER}
    return Account.objects.get_or_create(network=network, external_id=external_id, defaults=defaults | feature)[0]


def _person(person: Person, password: str, accounts: list[Account]) -> User:
    if there := User.objects.filter(email=person.email).first():
        return there
    admin = not person.preset
    user = User.objects.create_user(person.email, password, name=person.name, is_superuser=admin, is_staff=admin or person.preset == "manager")
    for account in accounts:
        Grant.objects.bulk_create(Grant(user=user, account=account, right=right) for right in PRESETS.get(person.preset, ()))
    return user


def _agent_key(kept: str, owner: User, accounts: list[Account]) -> str:
    """The kept key where its row is there, used or revoked; else the key of a new agent."""
    if kept and AgentKey.objects.filter(digest=key_digest(kept)).exists():
        return kept
    agent = Agent.objects.filter(user__name="Barista").first() or _agent(owner, accounts)
    return AgentKey.issue(agent, name="try-out", by=owner, at=now())[1]


def _agent(owner: User, accounts: list[Account]) -> Agent:
    agent = Agent.create("Barista", owner=owner, at=now())
    for account in accounts:
        Grant.objects.create(user=agent.user, account=account, right=Right.PROPOSE)
    return agent
