"""People at Meta who may be connected, and the way through Meta's dialogs and back, as a browser goes it."""

from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import httpx
from django.conf import settings as django_settings
from django.test import Client
from django.urls import reverse

from accounts.connecting.begin import login_address
from accounts.models import Account, ConnectionRequest, MetaApp
from graph.networks import Login, Network
from inbox.work import work_until_idle

SHOP, ROASTERY = "104857600000001", "104857600000002"
STUDIO, ROASTERY_GRAM, GALLERY = "17841400000000042", "17841400000000077", "17841400000000099"
MARTA, JUNIOR = "7400000000000001", "7400000000000002"


@dataclass
class Town:
    """What is at Meta beside the cast: another Page with its Instagram account, an Instagram app with an account, and people.

    Args:
        marta: the lasting token of somebody who manages both Pages.
    """

    cast: object
    facebook: MetaApp
    instagram: MetaApp
    marta: str

    @property
    def simulator(self):
        return self.cast.simulator

    def page_token(self, page: str, of: str = "") -> str:
        """The Page's token as this person gets it."""
        answer = ask_meta("GET", "http://simulator.test/fb/me/accounts?fields=id,access_token", of or self.marta).json()
        return next(each["access_token"] for each in answer["data"] if each["id"] == page)


def make_town(cast) -> Town:
    simulator, app = cast.simulator, cast.shop.meta_app
    simulator.add_app("1300000000000001", "instagram-secret", "verify-instagram", "http://testserver/webhooks/meta/")
    instagram = MetaApp.objects.create(
        kind="instagram", app_id="1300000000000001", name="Gallery app", secret="instagram-secret", verify_token="verify-instagram"
    )
    simulator.add_account(Network.MESSENGER, ROASTERY, "Harbour Roastery", token="EAAroastery", app=app.app_id)
    simulator.add_account(Network.INSTAGRAM, ROASTERY_GRAM, "Roastery pictures", "roastery", token="EAAroastery-gram", app=app.app_id, page_id=ROASTERY)
    simulator.add_account(Network.INSTAGRAM, GALLERY, "Gallery", "gallery", token="IGAAgallery", app=instagram.app_id, login=Login.INSTAGRAM)
    marta = simulator.add_person("Marta Silva", app.app_id, [SHOP, ROASTERY], id=MARTA)["token"]
    return Town(cast, app, instagram, marta)


def ask_meta(method: str, url: str, token: str = "") -> httpx.Response:
    with httpx.Client(transport=django_settings.GRAPH_TRANSPORT) as http:
        return http.request(method, url, headers={"Authorization": f"Bearer {token}"} if token else {})


def work() -> None:
    work_until_idle("connect")


def choose_who(request: ConnectionRequest, who: str) -> str:
    """Go to the dialog at Meta and choose who one is, or "nobody". Returns the address to which Meta sends one back."""
    answer = ask_meta("GET", f"{login_address(request)}&as={who}")
    assert answer.status_code == 302, answer.text
    return answer.headers["Location"]


def code_of(address: str) -> str:
    return parse_qs(urlsplit(address).query)["code"][0]


def state_of(address: str) -> str:
    return parse_qs(urlsplit(address).query)["state"][0]


def begin(browser: Client, method: str, app: MetaApp, account: Account | None = None) -> ConnectionRequest:
    """Press the button of one login."""
    where = reverse("admin:connect") + (f"?account={account.public_id}" if account else "")
    answer = browser.post(where, {"method": method, "app": app.public_id})
    assert answer.status_code == 302, answer.content.decode()
    return ConnectionRequest.objects.latest("pk")


def come_back(browser: Client, address: str):
    """As the browser does when Meta sends it back: the address without the host and without the fragment."""
    parts = urlsplit(address)
    return browser.get(f"{parts.path}?{parts.query}")
