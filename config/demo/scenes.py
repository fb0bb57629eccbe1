"""What people did on their telephones before one first looks: everything beyond plain words, through the simulated Meta's own verbs."""

import base64
import time
from dataclasses import dataclass
from typing import Any

import httpx
from django.conf import settings

from accounts.models import Activity
from agents.models import Agent
from config.demo.people import INSTAGRAM, PAGE
from config.demo.pictures import cup
from core.clock import now

RAVI, INGRID, MATEO = "7000000000000009", "7000000000000010", "7000000000000011"
ZOFIA, KOFI, LUCIA = "9900000000000007", "9900000000000008", "9900000000000009"
PLAYED = "demo.played"
HOUR = 3600


def play() -> None:
    """All of it, once: begun again after an interruption, nobody says anything twice."""
    if Activity.objects.filter(verb=PLAYED).exists():
        return
    Activity.record(PLAYED, Agent.objects.get(user__name="Barista"), by=None, at=now())
    with httpx.Client(base_url=f"{settings.SIMULATOR_URL}/sim/", timeout=20.0, trust_env=False) as meta:
        _about_a_breakfast(Person(meta, PAGE, RAVI))
        _about_a_grinder(Person(meta, PAGE, INGRID))
        _about_an_order(Person(meta, PAGE, MATEO))
        _about_a_story(Person(meta, INSTAGRAM, ZOFIA))
        _about_an_advertisement(Person(meta, INSTAGRAM, KOFI))
        _about_cups(Person(meta, INSTAGRAM, LUCIA))


@dataclass(frozen=True)
class Person:
    """Somebody with a telephone."""

    meta: httpx.Client
    account: str
    id: str

    def does(self, what: str, **more: Any) -> dict[str, Any]:
        """One of the simulated Meta's verbs."""
        answer = self.meta.post(what, json={"account": self.account, "contact": self.id} | more)
        found: dict[str, Any] = answer.raise_for_status().json()
        return found

    def writes(self, text: str = "", *, hours_ago: float, **more: Any) -> str:
        return str(self.does("messages", text=text, at=time.time() - hours_ago * HOUR, **more)["mid"])

    def was_told(self) -> str:
        """Meta's id of the newest message that reached them."""
        asked = {"account": self.account, "contact": self.id, "direction": "out"}
        return str(self.meta.get("messages", params=asked).raise_for_status().json()["data"][-1]["mid"])


def _about_a_breakfast(ravi: Person) -> None:
    plan = {"type": "file", "payload": {"url": f"{settings.SIMULATOR_URL}/sim/document.pdf"}}
    ravi.writes(hours_ago=2.08, attachments=[plan])
    ravi.writes("That is the plan of the tables we have in mind. The rest is quicker said:", hours_ago=2.06)
    ravi.writes(hours_ago=2.05, media=[["audio", "sample"]])
    ravi.writes("And this is how it looked last year.", hours_ago=2.02)
    ravi.writes(hours_ago=2.01, media=[["video", "sample"]])
    place = {"type": "location", "payload": {"coordinates": {"lat": 53.7997, "long": -1.5492}}}
    ravi.writes(hours_ago=2, attachments=[place])


def _about_a_grinder(ingrid: Person) -> None:
    ingrid.does("reactions", mid=ingrid.was_told())
    ingrid.writes("Yes please. Does it grind fine enough for a moka pot?", hours_ago=8.1, referral={"product": {"id": "5001"}})
    mid = ingrid.writes("And do you post it to Bergen, Norwey?", hours_ago=8.05)
    ingrid.does("edits", mid=mid, text="And do you post it to Bergen, Norway?")
    ingrid.does("unsends", mid=ingrid.writes("My address is Storgata 5, second floor", hours_ago=8.02))
    ingrid.writes("By post", hours_ago=8, quick_reply="DELIVERY_POST")
    thumb = {"type": "sticker", "payload": {"url": f"{settings.SIMULATOR_URL}/sim/picture.png", "sticker_id": 369239263222822}}
    ingrid.writes(hours_ago=7.98, attachments=[thumb])


def _about_an_order(mateo: Person) -> None:
    mateo.does("holds")
    mateo.does("elsewhere", text="Hello Mateo, I am on the phone with the carrier and write again within the hour.")


def _about_a_story(zofia: Person) -> None:
    picture = f"{settings.SIMULATOR_URL}/sim/picture.png"
    zofia.writes("This swan! 😍 Was that at the Saturday class?", hours_ago=2.3, story={"url": picture, "id": "18000000000000005"})
    zofia.writes(hours_ago=2.25, attachments=[{"type": "story_mention", "payload": {"url": picture}}])
    zofia.writes(hours_ago=2.24, attachments=[{"type": "like_heart"}])


def _about_an_advertisement(kofi: Person) -> None:
    kofi.does("ads", title="Espresso at home: an evening class")
    kofi.writes("Hi, is the espresso evening from the advertisement still on? I would bring my own machine.", hours_ago=31)


def _about_cups(lucia: Person) -> None:
    colours = ((54, 110, 122), (176, 96, 72), (92, 98, 60))
    pictures = [["image", base64.b64encode(cup(colour, leaves=leaves)).decode()] for leaves, colour in enumerate(colours, 2)]
    lucia.writes("These three are fired and ready.", hours_ago=9.6, media=pictures)
    title = "Kiln day. Forty cups went in, thirty-eight came out, and two of them have learnt to dance."
    post = {"url": f"{settings.SIMULATOR_URL}/sim/picture.png", "title": title, "ig_post_media_id": "17890000000000020"}
    lucia.writes(hours_ago=9.55, attachments=[{"type": "ig_post", "payload": post}])
    lucia.writes(hours_ago=9.5, attachments=[{"type": "ephemeral"}])
