"""The whole house, walked by everybody: each URL, fragment, file, stream and tool, as each member of the cast.

A new address, fragment or tool fails here until somebody has said who may open it.
"""

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts.connecting.begin import begin_token
from accounts.inviting import invite
from accounts.models import Account, Stop, User
from agents.models import Agent, AgentKey, Proposal
from agents.proposing import propose
from config.asgi import build_application
from config.events import events
from core.clock import now
from inbox.content import Content
from inbox.forgetting import ask
from inbox.linking import link
from inbox.media import keep_upload
from inbox.models import Attachment, Conversation, Dispatch, Label, Message, Note, SavedView
from inbox.noting import write_note
from inbox.served import address_of
from tests.agents.calling import answer, as_agent, refusal
from tests.config.asgi import Call
from tests.conftest import make_cast
from tests.inbox.pictures import picture

WHO = ("nobody", "charlie", "bob", "alice", "dana", "root", "assistant")
SIGN_IN = 302  # led to the sign-in page

# name, method, what is sent: the status for each of WHO. Fragments are what htmx asks for.
# charlie has no grant (404), bob may reply, alice may approve, dana manages and so reads, root may everything.
PAGES: dict[tuple[str, str], tuple[int, ...]] = {
    #                                       nobody   charlie bob  alice dana root assistant
    ("inbox:conversations", "GET"):         (SIGN_IN, 200, 200, 200, 200, 200, SIGN_IN),
    ("inbox:conversations", "fragment"):    (SIGN_IN, 200, 200, 200, 200, 200, SIGN_IN),
    ("inbox:filters", "GET"):               (SIGN_IN, 200, 200, 200, 200, 200, SIGN_IN),
    ("inbox:filters", "fragment"):          (SIGN_IN, 200, 200, 200, 200, 200, SIGN_IN),
    ("inbox:selection", "POST"):            (SIGN_IN, 404, 302, 302, 403, 302, SIGN_IN),
    ("inbox:selection", "fragment POST"):   (SIGN_IN, 404, 200, 200, 403, 200, SIGN_IN),
    ("inbox:saved-views", "GET"):           (SIGN_IN, 200, 200, 200, 200, 200, SIGN_IN),
    ("inbox:saved-views", "fragment"):      (SIGN_IN, 200, 200, 200, 200, 200, SIGN_IN),
    ("inbox:saved-views", "POST"):          (SIGN_IN, 302, 302, 302, 302, 302, SIGN_IN),
    ("inbox:saved-view", "POST"):           (SIGN_IN, 404, 302, 404, 404, 302, SIGN_IN),
    ("inbox:saved-view", "fragment DELETE"): (SIGN_IN, 404, 200, 404, 404, 200, SIGN_IN),
    ("inbox:sharing", "POST"):              (SIGN_IN, 404, 302, 404, 404, 302, SIGN_IN),
    ("inbox:sharing", "fragment DELETE"):   (SIGN_IN, 404, 200, 404, 404, 200, SIGN_IN),
    ("inbox:palette", "GET"):               (SIGN_IN, 302, 302, 302, 302, 302, SIGN_IN),
    ("inbox:palette", "fragment"):          (SIGN_IN, 200, 200, 200, 200, 200, SIGN_IN),
    ("inbox:conversation", "GET"):          (SIGN_IN, 404, 200, 200, 200, 200, SIGN_IN),
    ("inbox:conversation", "fragment"):     (SIGN_IN, 404, 200, 200, 200, 200, SIGN_IN),
    ("inbox:messages", "GET"):              (SIGN_IN, 404, 302, 302, 302, 302, SIGN_IN),
    ("inbox:messages", "fragment"):         (SIGN_IN, 404, 200, 200, 200, 200, SIGN_IN),
    ("inbox:messages", "POST"):             (SIGN_IN, 404, 302, 302, 403, 302, SIGN_IN),
    ("inbox:draft", "fragment"):            (SIGN_IN, 404, 200, 200, 403, 200, SIGN_IN),
    ("inbox:draft", "PUT"):                 (SIGN_IN, 404, 200, 200, 403, 200, SIGN_IN),
    ("inbox:draft", "POST"):                (SIGN_IN, 404, 200, 200, 403, 200, SIGN_IN),
    ("inbox:draft", "DELETE"):              (SIGN_IN, 404, 200, 200, 403, 200, SIGN_IN),
    ("inbox:canned", "GET"):                (SIGN_IN, 404, 200, 200, 403, 200, SIGN_IN),
    ("inbox:presence", "GET"):              (SIGN_IN, 404, 200, 200, 200, 200, SIGN_IN),
    ("inbox:presence", "POST"):             (SIGN_IN, 404, 200, 200, 200, 200, SIGN_IN),
    ("inbox:presence", "DELETE"):           (SIGN_IN, 404, 204, 204, 204, 204, SIGN_IN),
    ("inbox:assignment", "fragment"):       (SIGN_IN, 404, 200, 200, 403, 200, SIGN_IN),
    ("inbox:assignment", "POST"):           (SIGN_IN, 404, 302, 302, 403, 302, SIGN_IN),
    ("inbox:assignment", "fragment POST"):  (SIGN_IN, 404, 200, 200, 403, 200, SIGN_IN),
    ("inbox:takeover", "POST"):             (SIGN_IN, 404, 302, 302, 403, 302, SIGN_IN),
    ("inbox:closure", "POST"):              (SIGN_IN, 404, 302, 302, 403, 302, SIGN_IN),
    ("inbox:closure", "fragment DELETE"):   (SIGN_IN, 404, 200, 200, 403, 200, SIGN_IN),
    ("inbox:snooze", "fragment"):           (SIGN_IN, 404, 200, 200, 403, 200, SIGN_IN),
    ("inbox:snooze", "POST"):               (SIGN_IN, 404, 302, 302, 403, 302, SIGN_IN),
    ("inbox:snooze", "fragment DELETE"):    (SIGN_IN, 404, 200, 200, 403, 200, SIGN_IN),
    ("inbox:labels", "fragment"):           (SIGN_IN, 404, 200, 200, 403, 200, SIGN_IN),
    ("inbox:labels", "POST"):               (SIGN_IN, 404, 302, 302, 403, 302, SIGN_IN),
    ("inbox:label", "fragment DELETE"):     (SIGN_IN, 404, 200, 200, 403, 200, SIGN_IN),
    ("inbox:silence", "POST"):              (SIGN_IN, 404, 302, 302, 403, 302, SIGN_IN),
    ("inbox:silence", "fragment DELETE"):   (SIGN_IN, 404, 200, 200, 403, 200, SIGN_IN),
    ("inbox:unread", "POST"):               (SIGN_IN, 404, 302, 302, 302, 302, SIGN_IN),
    ("inbox:unread", "fragment DELETE"):    (SIGN_IN, 404, 200, 200, 200, 200, SIGN_IN),
    ("inbox:person", "GET"):                (SIGN_IN, 404, 200, 200, 403, 200, SIGN_IN),
    ("inbox:person", "fragment"):           (SIGN_IN, 404, 200, 200, 403, 200, SIGN_IN),
    ("inbox:person", "POST"):               (SIGN_IN, 404, 302, 302, 403, 302, SIGN_IN),
    ("inbox:person", "fragment POST"):      (SIGN_IN, 404, 200, 200, 403, 200, SIGN_IN),
    ("inbox:linked", "POST"):               (SIGN_IN, 404, 302, 302, 403, 302, SIGN_IN),
    ("inbox:linked", "fragment DELETE"):    (SIGN_IN, 404, 200, 200, 403, 200, SIGN_IN),
    ("inbox:notes", "fragment"):            (SIGN_IN, 404, 200, 200, 403, 200, SIGN_IN),
    ("inbox:notes", "POST"):                (SIGN_IN, 404, 302, 302, 403, 302, SIGN_IN),
    ("inbox:note", "fragment DELETE"):      (SIGN_IN, 404, 200, 403, 403, 403, SIGN_IN),
    ("inbox:story", "GET"):                 (SIGN_IN, 404, 200, 200, 200, 200, SIGN_IN),
    ("inbox:story", "fragment"):            (SIGN_IN, 404, 200, 200, 200, 200, SIGN_IN),
    ("inbox:moments", "fragment"):          (SIGN_IN, 404, 200, 200, 200, 200, SIGN_IN),
    ("inbox:schedule", "fragment POST"):    (SIGN_IN, 404, 409, 409, 403, 409, SIGN_IN),
    ("inbox:words", "fragment POST"):       (SIGN_IN, 404, 200, 200, 403, 200, SIGN_IN),
    ("inbox:hold", "POST"):                 (SIGN_IN, 404, 302, 302, 302, 302, SIGN_IN),
    ("inbox:hold", "fragment DELETE"):      (SIGN_IN, 404, 200, 200, 403, 200, SIGN_IN),
    ("inbox:retry", "fragment POST"):       (SIGN_IN, 404, 409, 409, 403, 409, SIGN_IN),
    ("inbox:settlement", "fragment POST"):  (SIGN_IN, 404, 409, 409, 403, 409, SIGN_IN),
    ("inbox:choose-media", "fragment POST"): (SIGN_IN, 404, 200, 200, 403, 200, SIGN_IN),
    ("inbox:media", "fragment"):            (SIGN_IN, 404, 200, 200, 200, 200, SIGN_IN),
    ("inbox:media-file", "GET"):            (SIGN_IN, 404, 200, 200, 200, 200, SIGN_IN),
    ("inbox:served-file", "GET"):           (200, 200, 200, 200, 200, 200, 200),
    ("inbox:deauthorisation", "POST"):      (401, 401, 401, 401, 401, 401, 401),
    ("inbox:deletions", "POST"):            (401, 401, 401, 401, 401, 401, 401),
    ("inbox:deletion", "GET"):              (200, 200, 200, 200, 200, 200, 200),
    ("agents:queue", "GET"):                (SIGN_IN, 200, 200, 200, 200, 200, SIGN_IN),
    ("agents:queue", "fragment"):           (SIGN_IN, 200, 200, 200, 200, 200, SIGN_IN),
    ("agents:decided", "GET"):              (SIGN_IN, 200, 200, 200, 200, 200, SIGN_IN),
    ("agents:proposal", "GET"):             (SIGN_IN, 404, 200, 200, 200, 200, SIGN_IN),
    ("agents:proposal", "fragment"):        (SIGN_IN, 404, 200, 200, 200, 200, SIGN_IN),
    ("agents:decision", "POST"):            (SIGN_IN, 404, 403, 302, 403, 302, SIGN_IN),
    ("agents:takeover", "POST"):            (SIGN_IN, 404, 302, 302, 403, 302, SIGN_IN),
    ("health", "GET"):                      (200, 200, 200, 200, 200, 200, 200),
    ("login", "GET"):                       (200, 302, 302, 302, 302, 302, 200),
    ("logout", "POST"):                     (SIGN_IN, 302, 302, 302, 302, 302, SIGN_IN),
    ("welcome", "GET"):                     (404, 404, 404, 404, 404, 404, 404),
    ("invitation", "GET"):                  (404, 302, 302, 302, 302, 302, 404),
    ("invitation-link", "GET"):             (302, 302, 302, 302, 302, 302, 302),
    ("connected", "GET"):                   (SIGN_IN, 400, 400, 400, 400, 400, SIGN_IN),
    ("preferences", "GET"):                 (SIGN_IN, 200, 200, 200, 200, 200, SIGN_IN),
    ("stops", "GET"):                       (SIGN_IN, 200, 200, 200, 200, 200, SIGN_IN),
    ("stops", "fragment"):                  (SIGN_IN, 200, 200, 200, 200, 200, SIGN_IN),
    ("stops", "POST"):                      (SIGN_IN, 404, 403, 302, 302, 302, SIGN_IN),
    ("stop", "POST"):                       (SIGN_IN, 404, 403, 403, 302, 302, SIGN_IN),
    ("password", "GET"):                    (SIGN_IN, 200, 200, 200, 200, 200, SIGN_IN),
    ("admin:index", "GET"):                 (SIGN_IN, 403, 403, 403, 200, 200, SIGN_IN),
    ("admin:people", "GET"):                (SIGN_IN, 403, 403, 403, 200, 200, SIGN_IN),
    ("admin:people", "POST"):               (SIGN_IN, 403, 403, 403, 302, 302, SIGN_IN),
    ("admin:invite", "GET"):                (SIGN_IN, 403, 403, 403, 200, 200, SIGN_IN),
    ("admin:invite", "POST"):               (SIGN_IN, 403, 403, 403, 422, 422, SIGN_IN),
    ("admin:health", "GET"):                (SIGN_IN, 403, 403, 403, 200, 200, SIGN_IN),
    ("admin:health-now", "fragment"):       (SIGN_IN, 403, 403, 403, 200, 200, SIGN_IN),
    ("admin:accounts_account_checklist", "fragment"): (SIGN_IN, 403, 403, 403, 200, 200, SIGN_IN),
    ("admin:accounts_account_test", "GET"): (SIGN_IN, 403, 403, 403, 200, 200, SIGN_IN),
    ("admin:accounts_account_test", "POST"): (SIGN_IN, 403, 403, 403, 403, 302, SIGN_IN),
    ("admin:ingestion", "GET"):             (SIGN_IN, 403, 403, 403, 200, 200, SIGN_IN),
    ("admin:ingestion-now", "fragment"):    (SIGN_IN, 403, 403, 403, 200, 200, SIGN_IN),
    ("admin:ingestion-replay", "GET"):      (SIGN_IN, 403, 403, 403, 403, 200, SIGN_IN),
    ("admin:ingestion-replay", "POST"):     (SIGN_IN, 403, 403, 403, 403, 302, SIGN_IN),
    ("admin:connect", "GET"):               (SIGN_IN, 403, 403, 403, 200, 200, SIGN_IN),
    ("admin:connect", "POST"):              (SIGN_IN, 403, 403, 403, 403, 302, SIGN_IN),
    ("admin:connecting", "GET"):            (SIGN_IN, 403, 403, 403, 404, 200, SIGN_IN),
    ("admin:connecting", "fragment"):       (SIGN_IN, 403, 403, 403, 404, 200, SIGN_IN),
    ("admin:connecting", "POST"):           (SIGN_IN, 403, 403, 403, 404, 302, SIGN_IN),
    ("admin:accounts_account_token", "GET"): (SIGN_IN, 403, 403, 403, 200, 200, SIGN_IN),
    ("admin:accounts_account_token", "POST"): (SIGN_IN, 403, 403, 403, 302, 302, SIGN_IN),
    ("admin:login", "GET"):                 (SIGN_IN, SIGN_IN, SIGN_IN, SIGN_IN, SIGN_IN, SIGN_IN, SIGN_IN),
}  # fmt: skip
# What people do with an open conversation.
WORK = [f"inbox:{noun}" for noun in ("assignment", "takeover", "closure", "snooze", "labels", "silence", "unread", "notes", "person")]
# The root leads to the list, `admin/login/` to our own sign-in; neither shows anything.
ELSEWHERE = {"", "admin/login/"}


class Member:
    """One of the cast with a browser, in a house where everything has something in it."""

    def __init__(self, cast, name: str) -> None:
        self.cast, self.name = cast, name
        self.browser = Client()
        user = cast.assistant.user if name == "assistant" else getattr(cast, name, None)
        if name == "assistant":
            # Even with a password of its own, an agent has no way in.
            user.set_password("agents-have-no-password")
            user.save()
            assert not self.browser.login(username=user.email, password="agents-have-no-password")
        elif user:
            self.browser.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])

    def open(self, name: str, how: str) -> int:
        *kind, method = how.split() if how != "fragment" else ("fragment", "GET")
        headers = {"HX-Request": "true"} if kind else {}
        path, typed = self._address(name), self._typed(name)
        if method == "POST":
            response = self.browser.post(self._chosen(name, path), typed, headers=headers)
        else:
            response = self.browser.generic(method, f"{path}?conversation={self._conversation.public_id}", headers=headers)
        if response.streaming:
            b"".join(response.streaming_content)  # to its end, where the client closes the file
        return response.status_code

    def _chosen(self, name: str, path: str) -> str:
        return f"{path}?conversation={self._conversation.public_id}" if name == "admin:accounts_account_test" else path

    @property
    def _conversation(self):
        return self.cast.conversation(self.cast.amina)

    def _address(self, name: str) -> str:
        things = {
            "inbox:saved-view": lambda: self._saved_view().public_id,
            "inbox:sharing": lambda: self._saved_view().public_id,
            "inbox:conversation": lambda: self._conversation.public_id,
            "inbox:messages": lambda: self._conversation.public_id,
            "inbox:draft": lambda: self._conversation.public_id,
            "inbox:canned": lambda: self._conversation.public_id,
            "inbox:presence": lambda: self._conversation.public_id,
            "stop": lambda: self._stop().public_id,
            **dict.fromkeys(WORK, lambda: self._conversation.public_id),
            "inbox:label": lambda: [self._conversation.public_id, self._label().public_id],
            "inbox:linked": lambda: [self._conversation.public_id, self._linked().public_id],
            "inbox:note": lambda: self._note().public_id,
            "inbox:story": lambda: self._held().message.public_id,
            "inbox:moments": lambda: self._conversation.public_id,
            "inbox:schedule": lambda: self._held().public_id,
            "inbox:words": lambda: self._held().public_id,
            "inbox:hold": lambda: self._held().public_id,
            "inbox:retry": lambda: self._held().public_id,
            "inbox:settlement": lambda: self._held().public_id,
            "inbox:media": lambda: self._media().public_id,
            "inbox:media-file": lambda: self._media().public_id,
            "inbox:served-file": lambda: self._served(),
            "inbox:deauthorisation": lambda: self.cast.shop.meta_app.public_id,
            "inbox:deletions": lambda: self.cast.shop.meta_app.public_id,
            "inbox:deletion": lambda: ask(self.cast.shop.meta_app, "7300", at=now()).public_id,
            "invitation-link": lambda: self._invitation(),
            "admin:accounts_account_checklist": lambda: self.cast.shop.pk,
            "admin:accounts_account_test": lambda: self.cast.shop.pk,
            "connected": lambda: "facebook",
            "admin:connecting": lambda: self._connection().public_id,
            "admin:accounts_account_token": lambda: self.cast.shop.pk,
            "agents:proposal": lambda: self._proposal().public_id,
            "agents:decision": lambda: self._proposal().public_id,
            "agents:takeover": lambda: self._proposal().public_id,
        }
        named = things[name]() if name in things else []
        return reverse(name, args=named if isinstance(named, list) else [named])

    def _invitation(self) -> str:
        """What the link of an open invitation holds."""
        link = invite("erin@example.test", name="Erin", grants={self.cast.shop: "operator"}, by=self.cast.dana, at=now())[1]
        return link.rstrip("/").rpartition("/")[2]

    def _typed(self, name: str) -> dict:
        if name in ("agents:decision", "agents:takeover"):
            proposal = self._proposal()
            shown = {"digest": proposal.digest, "revision": self._conversation.revision}
            return shown | ({"answer": "approve"} if name == "agents:decision" else {"text": "My own words"})
        return {
            "stops": lambda: {"where": f"account:{self.cast.shop.public_id}", "reason": "Why"},
            "stop": lambda: {"reason": "Why not"},
            "inbox:selection": lambda: {"act": "close", "ids": [self._conversation.public_id]},
            "inbox:saved-views": lambda: {"name": "Mine", "query": "lane=mine"},
            "inbox:saved-view": lambda: {"name": "My own"},
            "inbox:messages": lambda: {"kind": "text", "text": "Hello"},
            "inbox:assignment": lambda: {"to": "me"},
            "inbox:snooze": lambda: {"preset": "hour"},
            "inbox:labels": lambda: {"label": "VIP"},
            "inbox:notes": lambda: {"note": "Between us"},
            "inbox:person": lambda: {"other": self.cast.conversation(self.cast.noor).public_id},
            "inbox:linked": lambda: {"method": "delete"},
            "inbox:hold": lambda: {"method": "post"},
            "inbox:draft": lambda: {"kind": "text", "text": "Hello", "key": "walk", "writer": "w", "number": "1"},
            "admin:accounts_account_test": lambda: {"text": "A test", "key": "walk"},
            "inbox:schedule": lambda: {"moment": "2090-01-01T09:00"},
            "inbox:settlement": lambda: {"outcome": "arrived"},
            "admin:connect": lambda: {"method": "token", "token": "EAAsomething"},
            "admin:connecting": lambda: {"do": "cancel"},
            "admin:accounts_account_token": lambda: {"token": "EAAsomething"},
            "inbox:choose-media": lambda: {"conversation": self._conversation.public_id, "file": SimpleUploadedFile("a.png", picture())},
        }.get(name, dict)()

    def _held(self) -> Dispatch:
        Account.objects.update(reply_hold=60)
        held = Dispatch.objects.filter(state=Dispatch.State.QUEUED).first()
        return held or self._conversation.reply(Content(text="Held"), by=self.cast.bob).dispatch

    def _saved_view(self) -> SavedView:
        """One of bob's."""
        return SavedView.objects.get_or_create(user=self.cast.bob, name="Mine", query="lane=mine")[0]

    def _label(self) -> Label:
        return Label.objects.get_or_create(name="VIP")[0]

    def _linked(self) -> Conversation:
        """Of the same person as amina."""
        noor = self.cast.conversation(self.cast.noor)
        link(self._conversation, noor, by=self.cast.bob)
        return noor

    def _note(self) -> Note:
        return write_note(self._conversation, "Between us", by=self.cast.bob)

    def _connection(self):
        return begin_token("EAAsomething", app=None, by=self.cast.root, at=now())

    def _media(self):
        return keep_upload(self.cast.shop, SimpleUploadedFile("a.png", picture()), by=self.cast.bob)

    def _served(self) -> list[str]:
        """What the address of a card's picture holds."""
        media = self._media()
        message = self._held().message
        Message.objects.filter(pk=message.pk).update(link={"url": "https://a.example", "title": "A"})
        Attachment.objects.create(message=message, kind="image", media=media)
        return address_of(media).split("/")[-2:]

    def _stop(self) -> Stop:
        return Stop.place(by=self.cast.dana, reason="Why", at=now(), account=self.cast.shop)

    def _proposal(self) -> Proposal:
        return Proposal.objects.first() or propose(self.cast.assistant, self._conversation, Content(text="Proposed")).proposal


def _names(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            yield prefix + (pattern.name or str(pattern.pattern))
        elif pattern.namespace != "admin":  # each of its pages is opened in tests/admin
            yield from _names(pattern.url_patterns, f"{pattern.namespace}:" if pattern.namespace else prefix)


def test_somebody_has_said_who_may_open_every_address():
    walked = {name for name, _how in PAGES if not name.startswith("admin:")}
    assert set(_names(get_resolver().url_patterns)) - ELSEWHERE == walked


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize(("name", "how"), PAGES)
def test_everybody_gets_of_every_address_what_is_theirs(cast, name, how, who):
    expected = PAGES[name, how][WHO.index(who)]
    member = Member(cast, who)
    before = Dispatch.objects.count()
    assert member.open(name, how) == expected
    if expected in (403, 404) or who in ("nobody", "assistant"):
        assert Dispatch.objects.exclude(message__text="Held").count() == before


@pytest.mark.parametrize("who", ["charlie", "bob", "alice", "dana", "root"])
def test_everybody_sees_only_their_own_conversations_in_the_list(cast, who):
    shown = Member(cast, who).browser.get(reverse("inbox:conversations")).content.decode()
    assert (cast.conversation(cast.amina).public_id in shown) is (who != "charlie")


def test_every_model_is_in_the_admin_or_is_part_of_one_that_is():
    registered = {model._meta.label for model in admin.site._registry}
    ours = {model._meta.label for app in ("accounts", "inbox", "agents") for model in apps.get_app_config(app).get_models()}
    # The places of an account's pace last for a second and tell nobody anything.
    of_a_person = {"inbox.ReadMark", "inbox.Presence", "inbox.SavedView", "inbox.Draft"}
    # A person behind several contacts is nothing but their contacts; the page of each shows the others.
    assert ours - registered <= of_a_person | {"inbox.Person", "inbox.SearchEntry", "accounts.InvitedGrant", "accounts.AccountPace"}


# Streams and doors ------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@pytest.mark.parametrize("who", WHO)
def test_the_stream_opens_for_people_only(who, simulator):
    browser = Member(make_cast(simulator), who).browser
    cookie = browser.cookies.get(settings.SESSION_COOKIE_NAME)
    headers = [("cookie", f"{settings.SESSION_COOKIE_NAME}={cookie.value}")] if cookie else []

    async def status() -> int:
        call = Call(events, "/events", headers=headers)
        start = await call.next()
        call.hang_up()
        await call.task
        return start["status"]

    try:
        assert asyncio.run(status()) == (401 if who in ("nobody", "assistant") else 200)
    finally:
        connection.close()


@pytest.mark.parametrize(("path", "status"), [("/webhooks/meta/", 401), ("/mcp", 401)])
def test_the_doors_for_machines_turn_away_who_brings_no_proof(db, path, status):
    async def answered() -> int:
        call = Call(build_application(), path, method="POST", headers=[("host", "localhost"), ("content-type", "application/json")])
        call.feed(b"{}")
        status, _headers, _body = await call.answer()
        return status

    assert asyncio.run(answered()) == status


# Tools ------------------------------------------------------------------------------------------------------------

TOOLS = ("list_conversations", "get_conversation", "propose_message", "get_proposal")


def _tool_arguments(tool: str, conversation, proposal: Proposal) -> dict:
    return {
        "list_conversations": {},
        "get_conversation": {"conversation_id": conversation.public_id},
        "propose_message": {"conversation_id": conversation.public_id, "text": "Proposed"},
        "get_proposal": {"proposal_id": proposal.public_id},
    }[tool]


def test_somebody_has_said_who_may_call_every_tool(cast):
    async def names(client):
        return tuple(tool.name for tool in (await client.list_tools()).tools)

    assert as_agent(cast.key, names) == TOOLS


@pytest.mark.parametrize("tool", TOOLS)
def test_an_agent_with_its_grant_may_call_every_tool(cast, tool):
    conversation = cast.conversation(cast.amina)
    proposal = propose(cast.assistant, conversation, Content(text="Proposed")).proposal
    assert answer(cast.key, tool, **_tool_arguments(tool, conversation, proposal))


@pytest.mark.parametrize("tool", TOOLS)
def test_an_agent_without_a_grant_finds_nothing(cast, tool):
    conversation = cast.conversation(cast.amina)
    proposal = propose(cast.assistant, conversation, Content(text="Proposed")).proposal
    stranger = Agent.create("Stranger", owner=cast.dana, at=now())
    _key, text = AgentKey.issue(stranger, name="walk", by=cast.dana, at=now())
    arguments = _tool_arguments(tool, conversation, proposal)
    if tool == "list_conversations":
        assert answer(text, tool)["conversations"] == []
    else:
        assert refusal(text, tool, **arguments)["code"] == "not_found"


@pytest.mark.parametrize("ended", ["revoked", "expired", "inactive"])
def test_a_key_that_ended_opens_nothing(cast, ended):
    key = AgentKey.objects.get()
    if ended == "revoked":
        key.revoke(by=cast.dana, at=now())
    elif ended == "expired":
        AgentKey.objects.update(expires_at=now() - timedelta(seconds=1))
    else:
        User.objects.filter(pk=cast.assistant.user_id).update(is_active=False)
    assert AgentKey.find(cast.key, at=now()) is None
