"""Meta's own SDK for Python against the simulator over HTTP: nothing but the host is changed."""

import json
import threading
import warnings
from collections.abc import Iterator

import pytest

from graph.simulator import Simulator
from graph.simulator.samples import sample
from graph.simulator.shell import Server

from .conftest import APP, LINKED, PAGE, SECRET, Callback, make_world

with warnings.catch_warnings():  # it was written for older Pythons
    warnings.simplefilter("ignore")
    from facebook_business.adobjects.page import Page
    from facebook_business.adobjects.unifiedthread import UnifiedThread
    from facebook_business.adobjects.user import User
    from facebook_business.api import FacebookAdsApi
    from facebook_business.exceptions import FacebookRequestError
    from facebook_business.session import FacebookSession

# Its lists of fields and types lack some that its own documents name.
pytestmark = [
    pytest.mark.loopback,
    pytest.mark.filterwarnings("ignore:.*does not allow field.*:UserWarning"),
    pytest.mark.filterwarnings("ignore:.*might not be compatible.*:UserWarning"),
]


class Meta:
    """The simulator behind a port of this machine, and its people."""

    def __init__(self, simulator: Simulator, url: str) -> None:
        self.simulator, self.url = simulator, url
        self.sessions: list[FacebookSession] = []
        self.amina, _, self.lena = make_world(simulator)
        self.person = simulator.add_person("Alice", APP, [PAGE])

    def api(self, token: str) -> FacebookAdsApi:
        """As `FacebookAdsApi.init`, but with no default for the whole process."""
        session = FacebookSession(app_id=APP, app_secret=SECRET, access_token=token)
        session.GRAPH = f"{self.url}/fb"
        session.requests.trust_env = False
        self.sessions.append(session)
        return FacebookAdsApi(session)

    def page(self) -> Page:
        """The Page as Alice gets it: by her accounts, with its token."""
        mine = User("me", api=self.api(self.person["token"])).get_accounts(fields=["id", "name", "access_token", "tasks"])
        return Page(mine[0]["id"], api=self.api(mine[0]["access_token"]))


@pytest.fixture
def meta() -> Iterator[Meta]:
    server = Server(("127.0.0.1", 0))
    server.simulator = Simulator(deliver=Callback(), public_url=server.url)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    meta = Meta(server.simulator, server.url)
    yield meta
    for session in meta.sessions:
        session.requests.close()
    server.shutdown()
    thread.join()
    server.server_close()
    server.simulator.close()


def test_the_sdk_lists_the_accounts_of_a_person(meta: Meta):
    accounts = list(User("me", api=meta.api(meta.person["token"])).get_accounts(fields=["name", "tasks", "instagram_business_account"]))
    assert [(each["id"], each["name"]) for each in accounts] == [(PAGE, "Harbour Coffee")]
    assert "MESSAGING" in accounts[0]["tasks"]
    assert accounts[0]["instagram_business_account"]["id"] == LINKED


def test_the_sdk_follows_the_cursors(meta: Meta):
    for number in range(7):
        contact = meta.simulator.add_contact(PAGE, f"Person {number}")
        meta.simulator.write(PAGE, contact, f"Question {number}")
    found = meta.page().get_conversations(fields=["id", "snippet"], params={"platform": "messenger", "limit": 3})
    assert sorted(each["snippet"] for each in found) == [f"Question {number}" for number in range(7)]


def test_the_sdk_reads_a_conversation_and_its_messages(meta: Meta):
    mid = meta.simulator.write(PAGE, meta.amina, "Are you open?")
    page = meta.page()
    thread = page.get_conversations(fields=["id", "updated_time", "participants", "unread_count"], params={"user_id": meta.amina})[0]
    assert isinstance(thread, UnifiedThread)
    assert (thread["unread_count"], thread["participants"]["data"][0]["id"]) == (1, meta.amina)
    (message,) = thread.get_messages(fields=["id", "message", "from"])
    assert (message["id"], message["message"], message["from"]["name"]) == (mid, "Are you open?", "Amina Okafor")


def test_the_sdk_sends_a_text(meta: Meta):
    meta.simulator.write(PAGE, meta.amina, "Are you open?")
    params = {"recipient": {"id": meta.amina}, "message": {"text": "Yes, until six. 😀"}, "messaging_type": Page.MessagingType.response}
    answer = meta.page().create_message(params=params)
    (arrived,) = meta.simulator.messages(contact=meta.amina, direction="out")
    assert (arrived["text"], arrived["mid"]) == ("Yes, until six. 😀", answer["message_id"])


def test_the_sdk_uploads_a_film_and_sends_it(meta: Meta):
    meta.simulator.write(PAGE, meta.amina, "Show me")
    page = meta.page()
    attachment = {"type": "video", "payload": {"url": f"{meta.url}/sim/film.mp4", "is_reusable": True}}
    uploaded = page.get_api().call("POST", (PAGE, "message_attachments"), params={"message": {"attachment": attachment}}).json()
    sent = {"type": "video", "payload": {"attachment_id": uploaded["attachment_id"]}}
    page.create_message(params={"recipient": {"id": meta.amina}, "message": {"attachment": sent}})
    (arrived,) = meta.simulator.messages(contact=meta.amina, direction="out")
    assert (arrived["kind"], arrived["attachments"][0]["size"]) == ("video", len(sample("video")))


def test_the_sdk_subscribes_the_page(meta: Meta):
    page = meta.page()
    page.create_subscribed_app(params={"subscribed_fields": ["messages", "message_echoes"]})
    (app,) = page.get_subscribed_apps(fields=["id", "subscribed_fields"])
    assert (app["id"], app["subscribed_fields"]) == (APP, ["messages", "message_echoes"])


def test_the_sdk_understands_a_refusal(meta: Meta):
    with pytest.raises(FacebookRequestError) as refused:
        meta.page().create_message(params={"recipient": {"id": meta.amina}, "message": {"text": "Hello?"}})
    error = refused.value
    assert (error.http_status(), error.api_error_code(), error.api_error_subcode()) == (400, 10, 2018278)
    assert json.loads(json.dumps(error.body()))["error"]["fbtrace_id"]
