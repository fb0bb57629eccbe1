"""The client and the simulator understand each other: whole walks through Meta's doors, as the product takes them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from graph.app_client import AppClient
from graph.client import GraphClient
from graph.errors import AppRefused, NotFound, OutcomeUnknown, Rejected, TokenInvalid, Unavailable
from graph.logins import LoginClient, dialog_url
from graph.networks import Login, Network
from graph.payloads import Link, Media, MediaKind, Text
from graph.scopes import ASKED_SCOPES
from graph.simulator import Simulator, SimulatorTransport
from graph.simulator.media import picture
from graph.subscription_fields import fields_for, needed_fields_for
from graph.usage import Usage

APP, SECRET = "1200000000000001", "sim-app-secret-0001"
PAGE, LINKED, STUDIO = "104857600000001", "17841400000000099", "17841400000000042"
NOON = 1_794_700_000.0
BACK = "https://inbox.test/connected/"
SHOP: dict[str, Any] = {"token": "EAAshoptoken", "node": PAGE, "login": Login.FACEBOOK, "network": Network.MESSENGER}
HARBOUR = SHOP | {"network": Network.INSTAGRAM}
STUDIOS: dict[str, Any] = {"token": "IGAAstudiotoken", "node": STUDIO, "login": Login.INSTAGRAM, "network": Network.INSTAGRAM}
HOSTS = {Login.FACEBOOK: "http://127.0.0.1:8900/fb", Login.INSTAGRAM: "http://127.0.0.1:8900/ig"}


@dataclass
class Walk:
    """One account at the simulator, a contact who has just written, and the client."""

    simulator: Simulator
    graph: GraphClient
    account: str
    contact: str
    used: list[Usage]


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    simulator = Simulator(clock=lambda: NOON)
    simulator.add_app(APP, SECRET, "verify-me", require_proof=True)
    simulator.add_account("messenger", PAGE, "Harbour Coffee", token=SHOP["token"], app=APP)
    simulator.add_account("instagram", LINKED, "Harbour", "harbour", token=SHOP["token"], app=APP, page_id=PAGE)
    simulator.add_account("instagram", STUDIO, "Studio", "studio", token=STUDIOS["token"], app=APP, login="instagram")
    yield simulator
    simulator.close()


def walk(simulator: Simulator, options: dict[str, Any], account: str) -> Walk:
    contact, used = simulator.add_contact(account, "Amina Okafor", "amina"), list[Usage]()
    simulator.write(account, contact, "Hello")
    transport = SimulatorTransport(simulator)
    graph = GraphClient(transport=transport, base_url=HOSTS[options["login"]], app_secret=SECRET, on_usage=used.append, **options)
    return Walk(simulator, graph, account, contact, used)


@pytest.fixture(params=[(SHOP, PAGE), (HARBOUR, LINKED), (STUDIOS, STUDIO)], ids=["shop", "harbour", "studio"])
def there(request: pytest.FixtureRequest, simulator: Simulator) -> Iterator[Walk]:
    found = walk(simulator, *request.param)
    yield found
    found.graph.close()


def test_a_message_arrives_and_is_found_again(there: Walk) -> None:
    sent = there.graph.send(Text("On its way"), to=there.contact, metadata="out:1")
    (arrived,) = there.simulator.messages(there.account, direction="out")
    assert (arrived["mid"], arrived["text"]) == (sent.message_id, "On its way")
    ours, theirs = there.graph.recent_messages(there.contact).messages
    assert (ours.mid, ours.text, theirs.text, theirs.from_id) == (sent.message_id, "On its way", "Hello", there.contact)
    assert there.graph.message(sent.message_id) == ours
    assert there.used


def test_a_reply_names_what_it_answers(there: Walk) -> None:
    (hello,) = there.simulator.messages(there.account)
    sent = there.graph.send(Text("Hi"), to=there.contact, reply_to=hello["mid"])
    found = there.graph.message(sent.message_id)
    assert found is not None
    assert found.reply_to_mid == hello["mid"]


def test_a_picture_is_uploaded_and_sent(there: Walk) -> None:
    uploaded = there.graph.upload(picture(), kind=MediaKind.IMAGE, name="a.png", mime="image/png")
    sent = there.graph.send(Media(MediaKind.IMAGE, attachment_id=uploaded.attachment_id), to=there.contact)
    found = there.graph.message(sent.message_id)
    assert found is not None
    assert [media.kind for media in found.attachments] == ["image"]


def test_a_link_arrives_as_a_card_or_as_words(there: Walk) -> None:
    card = there.graph.send(Link("https://shop.test/1", "Order 1042"), to=there.contact)
    words = there.graph.send(Link("https://shop.test/1", "Order 1042", plain=True), to=there.contact)
    drawn, written = there.graph.message(card.message_id), there.graph.message(words.message_id)
    assert drawn is not None and written is not None
    assert [media.kind for media in drawn.attachments] == ["card"]
    assert (written.text, written.attachments) == ("Order 1042\nhttps://shop.test/1", ())


def test_gestures_are_taken(there: Walk) -> None:
    (hello,) = there.simulator.messages(there.account)
    there.graph.show_typing(to=there.contact)
    there.graph.show_typing(to=there.contact, on=False)
    there.graph.mark_seen(to=there.contact)
    there.graph.react(hello["mid"], to=there.contact)
    assert there.simulator.messages(there.account)[0]["reaction"]
    there.graph.unreact(hello["mid"], to=there.contact)
    assert not there.simulator.messages(there.account)[0]["reaction"]


def test_every_conversation_is_found_with_its_contact(there: Walk) -> None:
    people = {there.contact}
    for number in range(44):
        contact = there.simulator.add_contact(there.account, f"Guest {number}", f"guest{number}")
        there.simulator.write(there.account, contact, "Hello")
        people.add(contact)
    found = list(there.graph.every_conversation())
    assert (len(found), {each.contact_id for each in found}) == (45, people)
    assert len(there.graph.conversations(limit=7).conversations) == 7


def test_only_the_newest_twenty_messages_are_opened(there: Walk) -> None:
    mids = [there.simulator.write(there.account, there.contact, f"Line {number}") for number in range(25)]
    (conversation,) = there.graph.conversations().conversations
    found = there.graph.messages(conversation.id)
    assert [message.mid for message in found] == mids[:4:-1]
    assert there.graph.message(mids[0]) is None


def test_the_account_and_its_contact_are_known(there: Walk) -> None:
    assert there.graph.account().id == there.account
    assert there.graph.contact(there.contact).name == "Amina Okafor"
    with pytest.raises(NotFound):
        there.graph.contact("999999999")


def test_an_account_is_subscribed(there: Walk) -> None:
    there.graph.subscribe(["messages", "standby"])
    assert there.graph.subscriptions(app_id=APP) == ("messages", "standby")
    there.graph.unsubscribe()
    assert there.graph.subscriptions() == ()


def test_a_lost_answer_leaves_a_message_open_and_a_gesture_repeatable(there: Walk) -> None:
    there.simulator.fault("drop_after", times=2)
    with pytest.raises(OutcomeUnknown):
        there.graph.send(Text("Hi"), to=there.contact)
    with pytest.raises(Unavailable):
        there.graph.show_typing(to=there.contact)
    assert [message.text for message in there.graph.recent_messages(there.contact).messages] == ["Hi", "Hello"]


def test_a_dead_token_is_told_everywhere(there: Walk) -> None:
    there.simulator.fault("token_dead", route="*", times=None)
    for call in (there.graph.account, there.graph.conversations, there.graph.subscriptions):
        with pytest.raises(TokenInvalid):
            call()


def test_the_pages_of_a_person_come_with_their_instagram_accounts(simulator: Simulator) -> None:
    graph = walk(simulator, SHOP, PAGE).graph
    (page,) = graph.pages()
    assert (page.id, page.token, page.instagram_id) == (PAGE, SHOP["token"], LINKED)
    assert "MESSAGING" in page.tasks


def test_the_app_asks_what_a_token_is(simulator: Simulator) -> None:
    with AppClient(APP, SECRET, base_url=HOSTS[Login.FACEBOOK], transport=SimulatorTransport(simulator)) as app:
        facts = app.debug_token(SHOP["token"])
        assert (facts.is_valid, facts.app_id, facts.kind, facts.expires_at, facts.profile_id) == (True, APP, "PAGE", None, PAGE)
        dead = app.debug_token("EAAneverissued")
        assert (dead.is_valid, dead.error_code) == (False, 190)


def test_the_app_orders_webhooks(simulator: Simulator) -> None:
    def answer(url: str) -> tuple[int, bytes]:
        return 200, httpx.URL(url).params["hub.challenge"].encode()

    simulator._fetch = answer
    with AppClient(APP, SECRET, base_url=HOSTS[Login.FACEBOOK], transport=SimulatorTransport(simulator)) as app:
        app.subscribe("page", callback_url="https://inbox.test/webhooks/", verify_token="verify-me", fields=["messages"])
        (found,) = app.subscriptions()
    assert (found.object, found.callback_url, found.fields) == ("page", "https://inbox.test/webhooks/", ("messages",))


# History


@pytest.mark.parametrize(("options", "account"), [(SHOP, PAGE), (HARBOUR, LINKED), (STUDIOS, STUDIO)], ids=["shop", "harbour", "studio"])
def test_a_whole_history_is_read_and_counted(simulator: Simulator, options: dict[str, Any], account: str) -> None:
    there = walk(simulator, options, account)
    simulator.add_history(account, 45, 4, oldest_days=60)
    pages = [there.graph.threads(limit=20)]
    while pages[-1].after:
        pages.append(there.graph.threads(after=pages[-1].after, limit=pages[-1].limit))
    threads = [thread for page in pages for thread in page.threads]
    assert [len(page.threads) for page in pages] == [20, 20, 6]
    assert len({thread.summary.contact_id for thread in threads}) == 46
    assert sum(len(thread.messages) for thread in threads) == 1 + 45 * 4
    assert all(thread.messages[0].sent_at == thread.summary.updated_at for thread in threads)
    assert simulator.counts()["GET conversations"] == 3
    assert len(there.graph.listed().conversations) == 46


def test_a_history_that_is_too_much_at_once_is_read_in_smaller_steps(simulator: Simulator) -> None:
    there = walk(simulator, STUDIOS, STUDIO)
    simulator.add_history(STUDIO, 9, 2)
    simulator.fault("too_much", route="conversations", most=2, times=None)
    page = there.graph.threads()
    assert (page.limit, len(page.threads), bool(page.after)) == (2, 2, True)


@pytest.mark.parametrize("options", [SHOP, STUDIOS], ids=["shop", "studio"])
def test_a_dead_token_is_heard_of(simulator: Simulator, options: dict[str, Any]) -> None:
    heard = list[str]()
    simulator.set_token(options["token"], dead=460)
    with GraphClient(
        transport=SimulatorTransport(simulator), base_url=HOSTS[options["login"]], on_error=lambda error: heard.append(type(error).__name__), **options
    ) as graph:
        for call in (graph.account, graph.threads, graph.subscriptions):
            with pytest.raises(TokenInvalid):
                call()
    assert heard == ["TokenInvalid"] * 3


# Logins


def _code(simulator: Simulator, address: str, who: str) -> str:
    with httpx.Client(transport=SimulatorTransport(simulator)) as browser:
        assert "Continue as" in browser.get(address).text
        back = browser.get(f"{address}&as={who}").headers["location"]
    assert back.startswith(BACK)
    return httpx.URL(back).params["code"]


def test_a_person_connects_their_page_by_facebook_login(simulator: Simulator) -> None:
    alice = simulator.add_person("Alice", APP, [PAGE])["id"]
    transport = SimulatorTransport(simulator)
    with LoginClient(APP, SECRET, login=Login.FACEBOOK, base_url=HOSTS[Login.FACEBOOK], transport=transport) as login:
        asked = login.dialog_url(login_url=HOSTS[Login.FACEBOOK], redirect_uri=BACK, state="s", scopes=ASKED_SCOPES[Login.FACEBOOK])
        short = login.token_for(_code(simulator, asked, alice), redirect_uri=BACK)
        long = login.lengthen(short.token)
    assert (short.lasts_seconds, long.lasts_seconds) == (3600, 5184000)
    app = AppClient(APP, SECRET, base_url=HOSTS[Login.FACEBOOK], transport=transport)
    with GraphClient(transport=transport, base_url=HOSTS[Login.FACEBOOK], app_secret=SECRET, **(SHOP | {"node": "me", "token": long.token})) as graph:
        (page,) = graph.pages()
    facts = app.debug_token(page.token)
    assert (facts.kind, facts.profile_id, facts.user_id, facts.expires_at) == ("PAGE", PAGE, alice, None)
    assert set(facts.scopes) == {*ASKED_SCOPES[Login.FACEBOOK], "public_profile"}
    assert facts.granular["instagram_manage_messages"] == (LINKED,)
    assert app.permissions()["pages_messaging"] == "live"
    app.close()


def test_an_account_connects_itself_by_instagram_login(simulator: Simulator) -> None:
    transport, host = SimulatorTransport(simulator), HOSTS[Login.INSTAGRAM]
    with LoginClient(APP, SECRET, login=Login.INSTAGRAM, base_url=host, token_url="http://127.0.0.1:8900/ig-api", transport=transport) as login:
        code = _code(simulator, login.dialog_url(login_url=host, redirect_uri=BACK, state="s", scopes=ASKED_SCOPES[Login.INSTAGRAM]), STUDIO)
        short = login.token_for(f"{code}#_", redirect_uri=BACK)
        long = login.lengthen(short.token)
        with pytest.raises(Rejected):
            login.refresh(long.token)
        simulator.advance(24 * 3600)
        fresh = login.refresh(long.token)
    assert (short.user_id, short.permissions) == (STUDIO, ASKED_SCOPES[Login.INSTAGRAM])
    assert fresh.token not in (short.token, long.token) and fresh.lasts_seconds == 5184000
    with GraphClient(transport=transport, base_url=host, **(STUDIOS | {"node": "me", "token": fresh.token})) as graph:
        assert (graph.account().id, len(graph.threads().threads)) == (STUDIO, 0)


def test_a_wrong_secret_and_a_used_code_are_told_apart(simulator: Simulator) -> None:
    alice = simulator.add_person("Alice", APP, [PAGE])["id"]
    transport, host = SimulatorTransport(simulator), HOSTS[Login.FACEBOOK]
    code = _code(simulator, dialog_url(APP, login=Login.FACEBOOK, login_url=host, redirect_uri=BACK, state="s", scopes=[]), alice)
    with LoginClient(APP, "another-secret", login=Login.FACEBOOK, base_url=host, transport=transport) as login, pytest.raises(AppRefused):
        login.token_for(code, redirect_uri=BACK)
    with LoginClient(APP, SECRET, login=Login.FACEBOOK, base_url=host, transport=transport) as login:
        login.token_for(code, redirect_uri=BACK)
        with pytest.raises(Rejected) as used:
            login.token_for(code, redirect_uri=BACK)
    assert used.value.subcode == 36009


# Subscriptions


@pytest.mark.parametrize("options", [SHOP, HARBOUR, STUDIOS], ids=["shop", "harbour", "studio"])
def test_an_account_is_subscribed_to_everything_that_it_understands(simulator: Simulator, options: dict[str, Any]) -> None:
    fields = fields_for(options["login"], options["network"])
    with GraphClient(transport=SimulatorTransport(simulator), base_url=HOSTS[options["login"]], app_secret=SECRET, **options) as graph:
        given = graph.subscribe_most(fields, needed=needed_fields_for(options["login"], options["network"]))
        assert set(graph.subscriptions(app_id=APP)) == set(given) == set(fields)


def test_an_unknown_field_costs_the_others_nothing(simulator: Simulator) -> None:
    with GraphClient(transport=SimulatorTransport(simulator), base_url=HOSTS[Login.FACEBOOK], app_secret=SECRET, **SHOP) as graph:
        assert graph.subscribe_most(["messages", "message_edit", "feed"], needed=["messages"]) == ("messages", "feed")
