"""Thousands of conversations from before: made at once, told to nobody, and listed quickly however many there are."""

import sqlite3
from pathlib import Path

import httpx
import pytest

from graph.simulator import Simulator, SimulatorTransport

from .conftest import LINKED, PAGE, STUDIO, Callback, Meta, make_world

HOUR, DAY = 3600, 24 * 3600
NESTED = "id,updated_time,participants,messages.limit(20){id,created_time,from,to,message}"


def listed(meta: Meta, path: str = f"/fb/{PAGE}/conversations", **more: str) -> dict:
    return meta.get(path, fields=NESTED, **more).json()


def test_history_is_there_and_nobody_was_told(meta: Meta):
    added = meta.client.post("/sim/history", json={"account": PAGE, "contacts": 30, "messages": 4}).json()
    assert added == {"ok": True, "added": {"contacts": 30, "messages": 120}}
    assert meta.simulator.settle() == 0 and meta.callback.received == []
    first = listed(meta, limit="20")
    rest = listed(meta, limit="20", after=first["paging"]["cursors"]["after"])
    assert (len(first["data"]), len(rest["data"]), "next" in rest["paging"]) == (20, 11, False)
    times = [thread["updated_time"] for thread in first["data"] + rest["data"]]
    assert times == sorted(times, reverse=True)
    assert all(len(thread["messages"]["data"]) == 4 for thread in (first["data"] + rest["data"])[1:])


def test_the_last_words_are_spread_over_the_time_that_is_asked_for(meta: Meta):
    meta.simulator.add_history(PAGE, 5, 2, oldest_days=4, newest_hours=24)
    contacts = meta.simulator.world.contacts(PAGE)[1:]
    ends = [meta.simulator.last_at(contact.id) for contact in contacts]
    now = meta.simulator.now_ms()
    assert [round((now - end) / 1000 / DAY, 2) for end in ends] == [1, 1.75, 2.5, 3.25, 4]


def test_the_two_sides_take_turns_and_every_other_conversation_ends_with_the_contact(meta: Meta):
    meta.simulator.add_history(PAGE, 4, 3)
    ends = []
    for contact in meta.simulator.world.contacts(PAGE)[1:]:
        said = [message["direction"] for message in meta.simulator.messages(contact=contact.id)]
        assert said in (["in", "out", "in"], ["out", "in", "out"])
        ends.append(said[-1])
    assert ends == ["in", "out", "in", "out"]


def test_windows_are_as_if_everything_had_happened(meta: Meta):
    meta.simulator.add_history(PAGE, 2, 1, oldest_days=3, newest_hours=1)
    fresh, old = meta.simulator.world.contacts(PAGE)[1:]
    assert meta.send({"text": "a"}, to=fresh.id).status_code == 200
    assert meta.send({"text": "a"}, to=old.id).json()["error"]["error_subcode"] == 2018278


def test_more_of_it_can_be_added_and_what_happens_later_comes_first(meta: Meta):
    for _ in range(2):
        meta.simulator.add_history(STUDIO, 3, 2)
    contacts = meta.simulator.world.contacts(STUDIO)
    assert len({contact.username for contact in contacts}) == 7
    meta.simulator.write(STUDIO, contacts[-1].id, "Me again")
    data = meta.get(f"/ig/{STUDIO}/conversations", token="IGAAstudio", fields="id").json()["data"]
    assert data[0]["id"] == contacts[-1].conversation
    assert len(data) == 7


@pytest.mark.parametrize("wrong", [{"contacts": 0}, {"messages": 101}, {"oldest_days": 1, "newest_hours": 25}, {"account": "1"}])
def test_history_that_cannot_have_been_is_refused(meta: Meta, wrong: dict):
    answer = meta.client.post("/sim/history", json={"account": LINKED, "contacts": 2} | wrong)
    assert answer.status_code in (400, 404)
    assert len(meta.simulator.world.contacts(LINKED)) == 1


def test_what_is_taken_back_gives_its_place_in_the_list_up(meta: Meta):
    older = meta.simulator.add_contact(PAGE, "Bea")
    meta.simulator.write(PAGE, older, "First", at=meta.simulator.now() - HOUR)
    mid = meta.simulator.write(PAGE, older, "Second")
    order = [thread["participants"]["data"][0]["id"] for thread in listed(meta)["data"]]
    meta.simulator.unsend(PAGE, older, mid)
    assert [order, [thread["participants"]["data"][0]["id"] for thread in listed(meta)["data"]]] == [[older, meta.amina], [meta.amina, older]]


def test_a_conversation_of_which_everything_was_taken_back_is_listed_no_more(meta: Meta):
    contact = meta.simulator.add_contact(PAGE, "Bea")
    mid = meta.simulator.write(PAGE, contact, "Oh")
    meta.simulator.unsend(PAGE, contact, mid)
    assert len(listed(meta)["data"]) == 1


def test_an_older_state_file_knows_its_newest_messages_too(tmp_path: Path):
    """As it was before each contact knew: the columns are missing."""
    path = tmp_path / "state.sqlite3"
    before = Simulator(str(path))
    amina, *_ = make_world(before)
    before.write(PAGE, amina, "Hello")
    before.close()
    with sqlite3.connect(path) as db:
        db.executescript(
            "DROP TRIGGER message_came; DROP TRIGGER message_went; DROP INDEX contact_by_newest;"
            "ALTER TABLE contact DROP COLUMN newest_at; ALTER TABLE contact DROP COLUMN newest_number; ALTER TABLE contact DROP COLUMN answered;"
        )
    db.close()
    after = Simulator(str(path))
    with httpx.Client(transport=SimulatorTransport(after), base_url="http://127.0.0.1:8900") as client:
        meta = Meta(after, client, Callback(), amina, "", "")
        assert [thread["messages"]["data"][0]["message"] for thread in listed(meta)["data"]] == ["Hello"]
    after.close()


def test_reading_is_counted_by_what_was_read(meta: Meta):
    meta.get(f"/fb/{PAGE}/conversations")
    meta.get(f"/fb/{PAGE}/conversations", limit="1")
    meta.get("/fb/me")
    meta.get("/fb/no/such/thing")
    seen = meta.client.get("/sim/requests").json()
    assert {name: seen["counts"][name] for name in ("GET conversations", "GET me", "GET ")} == {"GET conversations": 2, "GET me": 1, "GET ": 1}
    assert [each["path"] for each in meta.client.get("/sim/requests", params={"route": "me"}).json()["data"]] == ["/fb/me"]


def test_of_thousands_of_contacts_the_world_shows_the_newest(meta: Meta):
    meta.simulator.add_history(PAGE, 400, 1)
    quiet = meta.simulator.add_contact(PAGE, "Nobody yet")
    account = next(each for each in meta.client.get("/sim/world").json()["accounts"] if each["id"] == PAGE)
    shown = [contact["id"] for contact in account["contacts"]]
    assert (account["contact_count"], len(shown)) == (402, 300)
    assert quiet in shown and meta.amina in shown


def test_a_part_of_the_list_costs_the_same_however_long_the_list_is(meta: Meta):
    asked = list[int]()
    for contacts in (30, 300):
        meta.simulator.add_history(PAGE, contacts, 3)
        statements = list[str]()
        meta.simulator.store.watch(statements.append)
        assert len(listed(meta, limit="20")["data"]) == 20
        meta.simulator.store.watch(None)
        asked.append(len(statements))
    assert asked[0] == asked[1] < 200
