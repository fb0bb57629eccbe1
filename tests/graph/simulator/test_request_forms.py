"""Every way in which clients were seen to put a send on the wire. Recorded bodies, with the ids of this world."""

import hashlib
import hmac
import json
from urllib.parse import urlencode

import httpx
import pytest

from .conftest import LINKED, PAGE, SECRET, STUDIO, Meta, error_of

TEXT = "Héllo & <world> 😀"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}
PROOF = hmac.new(SECRET.encode(), b"EAAshop", hashlib.sha256).hexdigest()

# name: (URL, headers, body); CONTACT stands for the contact's id
RECORDED = {
    "axios, a form with the token in it, to a Page": (
        f"https://graph.facebook.com/v21.0/{PAGE}/messages",
        FORM,
        "access_token=EAAshop&recipient=%7B%22id%22%3A%22CONTACT%22%7D"
        "&message=%7B%22text%22%3A%22H%C3%A9llo+%26+%3Cworld%3E+%F0%9F%98%80%22%7D&messaging_type=RESPONSE",
    ),
    "axios, a form without messaging_type, to an Instagram account behind a Page": (
        f"https://graph.facebook.com/v21.0/{LINKED}/messages",
        FORM,
        "access_token=EAAshop&recipient=%7B%22id%22%3A%22CONTACT%22%7D&message=%7B%22text%22%3A%22H%C3%A9llo+%26+%3Cworld%3E+%F0%9F%98%80%22%7D",
    ),
    "fetch, JSON with JSON texts inside and the token beside them": (
        f"https://graph.facebook.com/v25.0/{LINKED}/messages",
        JSON,
        '{"access_token":"EAAshop","recipient":"{\\"id\\":\\"CONTACT\\"}","message":"{\\"text\\":\\"' + TEXT + '\\"}","messaging_type":"RESPONSE"}',
    ),
    "fetch, JSON objects and the token in the query, to graph.instagram.com": (
        f"https://graph.instagram.com/v25.0/{STUDIO}/messages?access_token=IGAAstudio",
        JSON,
        '{"recipient":{"id":"CONTACT"},"message":{"text":"' + TEXT + '"},"messaging_type":"RESPONSE"}',
    ),
    "httpx, a form with token and proof in the query": (
        f"https://graph.facebook.com/v21.0/{LINKED}/messages?access_token=EAAshop&appsecret_proof={PROOF}",
        FORM,
        urlencode({"recipient": '{"id": "CONTACT"}', "message": '{"text": "' + TEXT + '"}'}),
    ),
    "httpx, a form with JSON escapes inside": (
        f"https://graph.instagram.com/v26.0/{STUDIO}/messages",
        FORM,
        "recipient=%7B%22id%22%3A%22CONTACT%22%7D"
        "&message=%7B%22text%22%3A%22H%5Cu00e9llo+%26+%3Cworld%3E+%5Cud83d%5Cude00%22%7D&access_token=IGAAstudio",
    ),
    "a Bearer header, JSON, me, no version": (
        "https://graph.instagram.com/me/messages",
        JSON | {"Authorization": "Bearer IGAAstudio"},
        '{"recipient":{"id":"CONTACT"},"message":{"text":"' + TEXT + '"}}',
    ),
    "an OAuth header, everything in the query": (
        "https://graph.facebook.com/v26.0/me/messages?" + urlencode({"recipient": '{"id":"CONTACT"}', "message": '{"text":"' + TEXT + '"}'}),
        {"Authorization": "OAuth EAAshop"},
        "",
    ),
    "query and body merged, unknown parameters, an id as a number": (
        f"http://127.0.0.1:8900/fb/v99.9/{PAGE}/messages?access_token=EAAshop&messaging_type=UPDATE&nonsense=1",
        JSON,
        '{"recipient":{"id":CONTACT},"message":{"text":"' + TEXT + '","unknown":1},"suggestion_action":"ACCEPT","folder":"PARTNERSHIP"}',
    ),
    "JSON with a charset": (
        "http://127.0.0.1:8900/ig/me/messages",
        {"Content-Type": "application/json; charset=utf-8", "Authorization": "bearer IGAAstudio"},
        '{"recipient":{"id":"CONTACT"},"message":{"text":"' + TEXT + '"}}',
    ),
}


def contact_of(meta: Meta, url: str) -> str:
    if "instagram.com" in url or "/ig/" in url:
        return meta.noor
    return meta.lena if LINKED in url else meta.amina


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_request_is_understood(meta: Meta, name: str):
    url, headers, body = RECORDED[name]
    contact = contact_of(meta, url)
    response = meta.client.post(url.replace("CONTACT", contact), headers=headers, content=body.replace("CONTACT", contact).encode())
    assert response.status_code == 200, response.text
    assert response.json()["recipient_id"] == contact
    assert meta.simulator.messages(direction="out")[-1]["text"] == TEXT


def test_a_first_call_for_the_pages_does_not_encode_its_commas(meta: Meta):
    person = meta.simulator.add_person("Alice", "1200000000000001", [PAGE])
    fields = "id,name,category,fan_count,followers_count,link,description,about,access_token,instagram_business_account"
    url = f"https://graph.facebook.com/v21.0/me/accounts?access_token={person['token']}&fields={fields}"
    page = meta.client.send(httpx.Request("GET", url)).json()["data"][0]
    assert (page["id"], page["instagram_business_account"]) == (PAGE, {"id": LINKED})
    assert "fan_count" not in page


def test_a_persons_token_sends_for_instagram_and_not_for_a_page(meta: Meta):
    token = meta.simulator.add_person("Alice", "1200000000000001", [PAGE])["token"]
    form = {"access_token": token, "recipient": f'{{"id":"{meta.lena}"}}', "message": '{"text":"hi ig"}'}
    assert meta.client.post(f"/fb/v21.0/{LINKED}/messages", data=form).status_code == 200
    assert error_of(meta.client.post(f"/fb/v21.0/{PAGE}/messages", data=form)) == (400, 190, None)


@pytest.mark.parametrize("path", ["bob/?__a=1&__d=dis", "api/v1/users/bob/usernameinfo/", "api/v1/direct_v2/threads/broadcast/text/"])
def test_what_a_private_client_asks_for_is_not_there(meta: Meta, path: str):
    response = meta.client.get(f"/ig/{path}", headers={"Authorization": "Bearer IGAAstudio"})
    assert error_of(response)[1] in (2500, 100)


def test_a_text_in_any_alphabet_survives_a_form(meta: Meta):
    text = "مرحبا 👩‍👩‍👧 – Ωμέγα\nnew line"
    form = {"recipient": json.dumps({"id": meta.amina}), "message": json.dumps({"text": text}, ensure_ascii=False)}
    assert meta.post(f"/fb/{PAGE}/messages", data=form).status_code == 200
    assert meta.simulator.messages(direction="out")[-1]["text"] == text
