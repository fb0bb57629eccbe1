"""The whole path over loopback: a contact writes, a person and an agent answer, and Meta gets each answer once.

The real server (and on PostgreSQL a real procrastinate worker), the simulated Meta, an MCP client from the SDK and two people's
browsers, each in its own process or over real HTTP.
"""

import hashlib
import html
import io
import re
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.loopback.stage import INSTAGRAM, PAGE, PASSWORD, Browser, Stage, call_tool, eventually, forms, text_of

pytestmark = [pytest.mark.loopback, pytest.mark.xdist_group("loopback")]

@pytest.mark.parametrize("account", [PAGE, INSTAGRAM], ids=["page", "instagram"])
def test_text_image_and_link_by_a_person_and_by_an_agent_each_arrive_once_as_shown(installation, key, account):
    meta = installation.meta
    contact = meta.post("contacts", account=account, name="Amina Okafor", username="amina")["id"]
    meta.post("messages", account=account, contact=contact, text="Hi! Is the Yirgacheffe back in stock?")
    bob, alice = installation.browser(), installation.browser()
    bob.sign_in("bob@example.test", PASSWORD)
    alice.sign_in("alice@example.test", PASSWORD)
    name = {PAGE: "Harbour Coffee", INSTAGRAM: "Harbour Studio"}[account]
    path = eventually(lambda: _conversation_on_screen(bob, name), "the conversation in the list")
    eventually(lambda: "Yirgacheffe" in bob.page(path) and "Amina Okafor" in bob.page(path), "the message with the contact's name")

    expected = _person_answers(bob, path)
    _arrived(meta, account, contact, len(expected))
    expected += _agent_answers(installation, key, alice, path, account, contact, len(expected))

    received = _arrived(meta, account, contact, len(expected))
    assert [_shape(message) for message in received] == expected
    assert len({message["mid"] for message in received}) == len(expected)
    eventually(lambda: _is_settled(bob.page(path)), "every message shown as sent")
    shown = text_of(html.unescape(bob.page(path)))
    for _kind, what in expected:
        if not re.fullmatch(r"[0-9a-f]{64}", what):
            assert what in shown
    assert shown.count("another app") == 0
    for secret in ("EAApagetoken", "IGAAtoken", "facebook-secret", "instagram-secret", key):
        assert secret not in installation.log


def _conversation_on_screen(browser: Browser, account: str) -> str:
    page = browser.page("/conversations/")
    rows = re.findall(r'href="(/conversations/[0-9A-Za-z]{16}/)[^"]*"[^>]*>(.*?)</a>', page, re.DOTALL)
    return next((path for path, row in rows if account in html.unescape(row)), "")


def _person_answers(bob: Browser, path: str) -> list[tuple[str, str]]:
    picture = _picture("teal")
    bob.submit(path, "/messages/", kind="text", text="Yes, a fresh batch — 250 g bags. ☕")
    conversation = path.split("/")[2]
    chosen = _choose(bob, path, file=("cup.png", picture, "image/png"), conversation=conversation)
    bob.submit(path, "/messages/", kind="file", media=chosen)
    bob.submit(path, "/messages/", kind="link", url="https://shop.example.test/yirgacheffe", title="Yirgacheffe", subtitle="Roasted today")
    return [
        ("text", "Yes, a fresh batch — 250 g bags. ☕"),
        ("image", hashlib.sha256(picture).hexdigest()),
        ("link", "https://shop.example.test/yirgacheffe"),
    ]


def _choose(bob: Browser, path: str, *, file: tuple[str, bytes, str], conversation: str) -> str:
    """As the composer does: the picture goes up as soon as it is chosen, and comes back as a preview."""
    token = next(form for form in forms(bob.page(path)) if form.action.endswith("/messages/")).fields["csrfmiddlewaretoken"]
    answer = bob.http.post("/media/", data={"conversation": conversation, "csrfmiddlewaretoken": token}, files={"file": file}, headers={"HX-Request": "true"})
    assert answer.status_code == 200, answer.text
    return re.search(r'name="media" value="([0-9A-Za-z]+)"', answer.text).group(1)


def _agent_answers(installation: Stage, key: str, alice: Browser, path: str, account: str, contact: str, already: int) -> list[tuple[str, str]]:
    meta, conversation = installation.meta, path.split("/")[2]
    picture = httpx.get(f"{meta.url}/sim/picture.png").content
    proposals: list[tuple[dict[str, Any], str | None, tuple[str, str]]] = [
        ({"text": "We open at nine."}, None, ("text", "We open at nine.")),
        ({"text": "We open at ten."}, "We open at half past nine.", ("text", "We open at half past nine.")),
        ({"image_url": f"{meta.url}/sim/picture.png"}, None, ("image", hashlib.sha256(picture).hexdigest())),
        ({"link": {"url": "https://shop.example.test/hours", "title": "Opening hours"}}, None, ("link", "https://shop.example.test/hours")),
    ]
    for number, (what, changed, _expected) in enumerate(proposals, start=1):
        meta.post("messages", account=account, contact=contact, text=f"Question {number}")
        eventually(lambda number=number: f"Question {number}" in alice.page(path), "the question")
        told = _call(installation, key, "propose_message", conversation_id=conversation, reason="They asked", idempotency_key=f"{account}-{number}", **what)
        assert told["status"] == "pending"
        assert len(meta.received(account=account, contact=contact, direction="out")) == already + number - 1
        _approve(alice, told["proposal_id"], changed)
        _arrived(meta, account, contact, already + number)
        outcome = eventually(lambda told=told: _delivered(installation, key, told["proposal_id"]), "the outcome that the agent reads")
        assert outcome["status"] == "approved"
        assert outcome["decision"]["by"] == "Alice"
        assert outcome["decision"]["changed"] is bool(changed)
    _reject_one(installation, key, alice, path, account, contact)
    return [expected for _what, _changed, expected in proposals]


def _reject_one(installation: Stage, key: str, alice: Browser, path: str, account: str, contact: str) -> None:
    installation.meta.post("messages", account=account, contact=contact, text="Do you give discounts?")
    eventually(lambda: "discounts" in alice.page(path), "the question")
    told = _call(installation, key, "propose_message", conversation_id=path.split("/")[2], text="Half price for you.")
    form = _card_form(alice, told["proposal_id"], "reject")
    answer = alice.http.post(form.action, data=form.fields | {"reason": "We never promise discounts."})
    assert answer.status_code == 200
    outcome = _call(installation, key, "get_proposal", proposal_id=told["proposal_id"])
    assert (outcome["status"], outcome["decision"]["reason"]) == ("rejected", "We never promise discounts.")


def _approve(alice: Browser, proposal: str, changed: str | None) -> None:
    assert f"/proposals/{proposal}/" in alice.page("/approvals/")
    form = _card_form(alice, proposal, "edit" if changed else "")
    fields = form.fields | ({"text": changed} if changed else {})
    answers = [alice.http.post(form.action, data=fields) for _twice in range(2)]
    assert [answer.status_code for answer in answers] == [200, 409]


def _card_form(alice: Browser, proposal: str, panel: str) -> Any:
    """The form of the card as it is on the page of the proposal."""
    found = forms(alice.page(f"/proposals/{proposal}/"))
    return next(form for form in found if form.action.endswith("/decision/") and form.fields.get("panel", "") == panel)


def _delivered(installation: Stage, key: str, proposal: str) -> dict[str, Any] | None:
    outcome = _call(installation, key, "get_proposal", proposal_id=proposal)
    return outcome if outcome["delivery"]["state"] == "sent" else None


def _call(installation: Stage, key: str, tool: str, **arguments: Any) -> dict[str, Any]:
    return call_tool(installation.url, key, tool, **arguments)


def _arrived(meta: Any, account: str, contact: str, number: int) -> list[dict[str, Any]]:
    """What Meta received for this contact, once it is as many; more than that would be one too many."""
    received = eventually(lambda: _at_least(meta, account, contact, number), f"{number} messages at Meta")
    assert len(received) == number
    return received


def _at_least(meta: Any, account: str, contact: str, number: int) -> list[dict[str, Any]]:
    received = meta.received(account=account, contact=contact, direction="out")
    return received if len(received) >= number else []


def _shape(message: dict[str, Any]) -> tuple[str, str]:
    return message["kind"], {"text": message["text"], "image": message["sha256"], "link": message["url"]}[message["kind"]]


def _is_settled(page: str) -> bool:
    standings = re.findall(r'class="standing-words"[^>]*>([^<]*)<', page)
    return bool(standings) and set(standings) <= {"Sent", "Delivered", "Read"}


def _picture(colour: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (32, 24), colour).save(buffer, "PNG")
    return buffer.getvalue()
