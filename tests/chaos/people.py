"""Whoever writes while everything breaks: clerks in their browsers, an agent with its approver, the admin who mends, and the contacts."""

import io
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import httpx
from PIL import Image

from tests.chaos.course import Course
from tests.chaos.ledger import Intent
from tests.chaos.machine import Machine
from tests.chaos.world import SITES, Conversation
from tests.loopback.stage import Form, call_tool, forms

# How long somebody repeats what got no answer.
STUBBORN = 40.0
# Of so many messages that come in one is by somebody new.
NEW_EVERY = 16
HX = {"HX-Request": "true"}
HOLD = re.compile(r'hx-post="(/dispatches/([0-9A-Za-z]+)/hold/)"(?:(?!</form>).)*name="method" value="delete"', re.DOTALL)
MEDIA = re.compile(r'name="media" value="([0-9A-Za-z]+)"')


class Browser:
    """A person's browser, which asks again where the server was gone."""

    def __init__(self, machine: Machine, name: str, transport: httpx.BaseTransport | None = None) -> None:
        self._http = httpx.Client(
            base_url=machine.url, cookies=machine.cookies(name), timeout=30, headers={"Referer": machine.url}, trust_env=False, transport=transport
        )
        page = self.ask("GET", "/preferences/")
        assert page is not None and page.status_code == 200, f"{name} is not signed in."

    def ask(self, method: str, path: str, *, lost: Callable[[], None] = lambda: None, **more: Any) -> httpx.Response | None:
        """The same request until somebody answers it; None where nobody does for so long.

        Args:
            lost: told of each request that may have done its work and got no answer to it.
        """
        until = time.monotonic() + STUBBORN
        while time.monotonic() < until:
            try:
                answer = self._http.request(method, path, **more)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                time.sleep(0.1)  # nobody was there to take it
                continue
            except httpx.HTTPError:
                lost()
                time.sleep(0.1)
                continue
            if answer.status_code < 500:
                return answer
            lost()
            time.sleep(0.2)
        return None

    @property
    def csrf(self) -> str:
        return str(self._http.cookies["csrftoken"])

    def close(self) -> None:
        self._http.close()


class Contacts:
    """What comes in meanwhile."""

    def __init__(self, machine: Machine, course: Course, conversations: list[Conversation]) -> None:
        self._machine, self._course, self._conversations = machine, course, conversations
        self._dice = course.dice("contacts")

    def chat(self) -> None:
        """One message for four of ours."""
        while not self._course.is_over:
            if self._course.ledger.inbound < 3 + self._course.ledger.accepted // 4:
                if self._course.ledger.inbound % NEW_EVERY == NEW_EVERY // 2:
                    self._come()
                else:
                    self.write(self._dice.choice(self._conversations))
            time.sleep(0.02)

    def write(self, conversation: Conversation) -> None:
        self._say(conversation.site.id, conversation.contact, "And another question")

    def _come(self) -> None:
        """Somebody whom nobody knows, so that a profile is read in bad weather too."""
        site, name = self._dice.choice(SITES), f"new{self._course.ledger.inbound}"
        self._say(site.id, self._machine.meta.post("contacts", account=site.id, name=name, username=name)["id"], "We have not met")

    def _say(self, account: str, contact: str, words: str) -> None:
        self._machine.meta.post("messages", account=account, contact=contact, text=f"{words} ({self._course.ledger.next_inbound()})")


class Clerk:
    """Somebody who answers in the console, in conversations that are theirs alone."""

    def __init__(self, machine: Machine, course: Course, name: str, conversations: list[Conversation], contacts: Contacts) -> None:
        self._browser = Browser(machine, name)
        self._course, self._conversations, self._contacts = course, conversations, contacts
        self._ledger, self._dice = course.ledger, course.dice(name)

    def work(self) -> None:
        while not self._course.is_over:
            if self._course.messages_are_ahead:
                time.sleep(0.02)
                continue
            self._visit(self._choose())

    def close(self) -> None:
        self._browser.close()

    def _choose(self) -> Conversation:
        return self._dice.choice([each for each in self._conversations if not each.site.is_blind or each.written < self._course.size.blind])

    def _visit(self, conversation: Conversation) -> None:
        answer = self._browser.ask("GET", conversation.path, headers=HX)
        form = _composer(answer, conversation)
        for _ in range(self._dice.randint(1, 1 if conversation.site.is_blind else 4)):
            if form is None or self._course.is_over:
                return
            conversation.written += 1
            form = self._say_something(conversation, form)

    def _say_something(self, conversation: Conversation, form: Form) -> Form | None:
        lot = self._dice.random()
        if lot < 0.25 and not conversation.has_picture:
            return self._send_picture(conversation, form)
        if lot < 0.4 and not conversation.has_card:
            conversation.has_card = True
            return self._send(conversation, form, "card", kind="link", title="{words}", url="https://shop.example.test/{token}")
        if lot < 0.5:
            return self._send(conversation, form, "link", kind="link", plain="on", title="{words}", url="https://shop.example.test/")
        later = self._another_minute() if self._course.size.schedules and lot < 0.54 else {}
        return self._send(conversation, form, "scheduled" if later else "text", kind="text", text="{words}", **later)

    def _another_minute(self) -> dict[str, str]:
        """The composer's boxes tell whole minutes. Some leave only if the contact has not written by then."""
        moment = datetime.now(UTC) + timedelta(minutes=2)
        return {"when": "at", "moment": f"{moment:%Y-%m-%dT%H:%M}", "unless": self._dice.choice(("", "on"))}

    def _send_picture(self, conversation: Conversation, form: Form) -> Form | None:
        """It goes up as soon as it is chosen, and leaves with the form."""
        intent = self._ledger.plan("picture", conversation.site.id, conversation.contact)
        content = _picture(intent.token)
        self._ledger.picture(sha256(content).hexdigest(), intent)
        conversation.has_picture = True
        data = {"conversation": conversation.public_id, "csrfmiddlewaretoken": form.fields["csrfmiddlewaretoken"]}
        answer = self._browser.ask("POST", "/media/", data=data, files={"file": ("cup.png", content, "image/png")}, headers=HX)
        chosen = MEDIA.search(answer.text) if answer is not None and answer.status_code == 200 else None
        return self._post(conversation, form, intent, {"kind": "file", "media": chosen[1]}) if chosen else None

    def _send(self, conversation: Conversation, form: Form, what: str, **typed: str) -> Form | None:
        intent = self._ledger.plan(what, conversation.site.id, conversation.contact)
        return self._post(conversation, form, intent, {name: text.format(token=intent.token, words=intent.words) for name, text in typed.items()})

    def _post(self, conversation: Conversation, form: Form, intent: Intent, typed: dict[str, str]) -> Form | None:
        """Returns the form for what follows; none where this was refused. Only an answer with the conversation in it offers to take back."""
        path, data = f"{conversation.path}messages/", form.fields | {"plain": "", "when": ""} | typed
        regrets = bool(conversation.site.hold) and self._dice.random() < 0.3
        answer = self._browser.ask("POST", path, data=data, headers=HX if regrets else None, lost=lambda: self._ledger.lost(intent))
        if answer is None:
            return None
        self._ledger.heard(intent, answer.status_code < 400)
        if answer.status_code >= 400:
            # Mostly Meta has called the window closed, so somebody has to write first.
            self._contacts.write(conversation)
            return None
        if self._dice.random() < 0.08:
            self._browser.ask("POST", path, data=data)  # a second click
        if regrets:
            self._take_back(answer.text)
        return Form(form.action, form.fields | {"key": f"{self._dice.getrandbits(64):016x}"})

    def _take_back(self, html: str) -> None:
        offered = HOLD.findall(html)
        if not offered:
            return
        path, dispatch = offered[-1]
        self._ledger.asks_back(dispatch)
        answer = self._browser.ask("DELETE", path.replace("&amp;", "&"), headers=HX | {"X-CSRFToken": self._browser.csrf})
        # Asked again after a lost answer it says that it is too late, which may mean either.
        if answer is not None and answer.status_code == 200:
            self._ledger.took_back(dispatch)


class Agent:
    """Proposes over MCP, and Alice approves what it proposed."""

    def __init__(self, machine: Machine, course: Course, conversations: list[Conversation]) -> None:
        self._machine, self._course, self._conversations = machine, course, conversations
        self._alice = Browser(machine, "alice")
        self._dice = course.dice("agent")

    def work(self) -> None:
        """One of forty messages."""
        proposed = 0
        while not self._course.is_over:
            if self._course.messages_are_ahead or proposed > 1 + self._course.ledger.accepted // 40:
                time.sleep(0.1)
                continue
            proposed += 1
            conversation = self._dice.choice(self._conversations)
            intent = self._course.ledger.plan("proposal", conversation.site.id, conversation.contact)
            if proposal := self._propose(conversation, intent):
                self._approve(proposal, intent)

    def close(self) -> None:
        self._alice.close()

    def _propose(self, conversation: Conversation, intent: Intent) -> str:
        """The same key until there is an answer; "" where the answer is no."""
        what = {"conversation_id": conversation.public_id, "text": intent.words, "idempotency_key": intent.token}
        while not self._course.is_over:
            try:
                told = call_tool(self._machine.url, self._machine.agent_key, "propose_message", **what)
            except AssertionError:
                return ""
            except Exception:
                time.sleep(0.2)
                continue
            return str(told["proposal_id"]) if told["status"] == "pending" else ""
        return ""

    def _approve(self, proposal: str, intent: Intent) -> None:
        """The conversation may go on while she looks; then she looks again."""
        for _ in range(4):
            page = self._alice.ask("GET", f"/proposals/{proposal}/")
            found = forms(page.text) if page is not None else []
            form = next((form for form in found if form.action.endswith("/decision/") and not form.fields.get("panel")), None)
            if form is None:
                return
            answer = self._alice.ask("POST", form.action, data=form.fields, lost=lambda: self._course.ledger.lost(intent))
            if answer is not None and answer.status_code == 302:
                return self._course.ledger.heard(intent, True)
            if answer is not None and answer.status_code < 400:
                self._course.ledger.lost(intent)  # it says neither yes nor no


class Admin:
    """Stores the token of an account again where it has died, and marks it as mended where Meta had restricted it."""

    def __init__(self, machine: Machine, tokens: dict[str, str]) -> None:
        self._machine, self._tokens = machine, tokens
        self._root = Browser(machine, "root")
        self._done_at: dict[int, float] = {}
        self.mended = 0

    def mend(self) -> None:
        """Look once; what was asked for takes a worker some moments."""
        for pk, account, state in self._machine.records.broken():
            if time.monotonic() - self._done_at.get(pk, -100) < 5:
                continue
            self._done_at[pk] = time.monotonic()
            self.mended += 1
            data = {"csrfmiddlewaretoken": self._root.csrf}
            if state == "needs_reconnect":
                # Meta gives out one that lives.
                self._machine.meta.end_faults(kind="token_dead", account=account)
                self._root.ask("POST", f"/admin/accounts/account/{pk}/token/", data=data | {"token": self._tokens[account]})
            else:
                self._root.ask("POST", f"/admin/accounts/account/{pk}/mend/", data=data)

    def close(self) -> None:
        self._root.close()


def _composer(answer: httpx.Response | None, conversation: Conversation) -> Form | None:
    if answer is None or answer.status_code != 200:
        return None
    return next((form for form in forms(answer.text) if form.action == f"{conversation.path}messages/"), None)


def _picture(token: str) -> bytes:
    """Whose bytes no other picture has."""
    digest = sha256(token.encode()).digest()
    buffer = io.BytesIO()
    Image.frombytes("RGB", (3, 3), digest[:27]).resize((12, 12), Image.Resampling.NEAREST).save(buffer, "PNG")
    return buffer.getvalue()
