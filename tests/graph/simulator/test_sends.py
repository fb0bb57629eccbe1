"""POST /messages: what Meta takes, what it refuses, and what the phone shows."""

import json

import pytest

from graph.simulator.samples import picture

from .conftest import LINKED, PAGE, STUDIO, Meta, error_of

LINK = {
    "attachment": {
        "type": "template",
        "payload": {
            "template_type": "generic",
            "elements": [
                {
                    "title": "Order 1042",
                    "subtitle": "Track it here",
                    "buttons": [{"type": "web_url", "url": "https://shop.example.test/o/1042", "title": "Open order"}],
                }
            ],
        },
    }
}


def link(**changes: object) -> dict:
    message = json.loads(json.dumps(LINK))
    message["attachment"]["payload"]["elements"][0] |= changes
    return message


def received(meta: Meta, contact: str) -> list[dict]:
    return meta.simulator.messages(contact=contact, direction="out")


def test_a_text_reaches_the_phone(meta):
    response = meta.send({"text": "On its way", "metadata": "out:1"})
    assert response.status_code == 200
    assert response.json()["recipient_id"] == meta.amina
    message = received(meta, meta.amina)[0]
    assert (message["mid"], message["kind"], message["text"]) == (response.json()["message_id"], "text", "On its way")
    assert (message["metadata"], message["tag"]) == ("out:1", "")


def test_ids_look_like_metas(meta):
    messenger = meta.send({"text": "a"}).json()["message_id"]
    instagram = meta.direct({"text": "a"}).json()["message_id"]
    assert messenger.startswith("m_")
    assert len(messenger) == 92
    assert instagram.startswith("aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlEO")
    assert len(instagram) > 180


def test_answers_carry_metas_headers(meta):
    assert meta.send({"text": "a"}).headers["facebook-api-version"] == "v26.0"
    assert meta.direct({"text": "a"}).headers["instagram-api-version"] == "v26.0"


def test_me_means_the_page_of_the_token(meta):
    response = meta.post("/fb/me/messages", json={"recipient": {"id": meta.amina}, "message": {"text": "a"}})
    assert response.status_code == 200


def test_the_real_hosts_are_understood(meta):
    body = {"recipient": {"id": meta.amina}, "message": {"text": "a"}}
    assert meta.post(f"https://graph.facebook.com/v25.0/{PAGE}/messages", json=body).status_code == 200
    body["recipient"]["id"] = meta.noor
    url = "https://graph.instagram.com/me/messages"
    assert meta.post(url, token="IGAAstudio", json=body).status_code == 200


def test_a_form_is_as_good_as_json(meta):
    form = {"recipient": json.dumps({"id": meta.amina}), "message": '{"text": "é"}', "messaging_type": "RESPONSE"}
    assert meta.post(f"/fb/{PAGE}/messages", data=form).status_code == 200
    assert received(meta, meta.amina)[0]["text"] == "é"


@pytest.mark.parametrize("scheme", ["Bearer", "OAuth"])
def test_the_token_may_stand_in_the_header(meta, scheme):
    assert meta.client.get("/fb/me", headers={"Authorization": f"{scheme} EAAshop"}).json()["id"] == PAGE


def test_the_token_may_be_a_parameter(meta):
    assert meta.client.get("/fb/me", params={"access_token": "EAAshop"}).status_code == 200
    form = {"access_token": "EAAshop", "recipient": json.dumps({"id": meta.amina}), "message": '{"text": "a"}'}
    assert meta.client.post("/fb/me/messages", data=form).status_code == 200


def test_instagram_behind_a_page_is_sent_through_the_pages_node(meta):
    assert meta.send({"text": "Hi"}, to=meta.lena).status_code == 200
    assert received(meta, meta.lena)[0]["account"] == LINKED


def test_a_link_is_a_card(meta):
    assert meta.send(LINK).status_code == 200
    card = received(meta, meta.amina)[0]
    assert (card["kind"], card["url"], card["title"]) == ("link", "https://shop.example.test/o/1042", "Order 1042")
    assert (card["subtitle"], card["button"]) == ("Track it here", "Open order")


def test_an_image_by_url_is_fetched(meta):
    url = meta.simulator.picture_url
    message = {"attachment": {"type": "image", "payload": {"url": url, "is_reusable": True}}}
    response = meta.send(message)
    assert response.json()["attachment_id"]
    assert received(meta, meta.amina)[0]["sha256"]


def test_an_image_that_cannot_be_fetched_is_refused(meta):
    message = {"attachment": {"type": "image", "payload": {"url": "https://elsewhere.example.test/a.png"}}}
    assert error_of(meta.send(message)) == (400, 100, 2018008)


def test_an_image_may_come_with_the_message_on_messenger(meta):
    form = {
        "recipient": json.dumps({"id": meta.amina}),
        "message": json.dumps({"attachment": {"type": "image", "payload": {}}}),
    }
    response = meta.post(f"/fb/{PAGE}/messages", data=form, files={"filedata": ("a.png", picture(), "image/png")})
    assert response.status_code == 200
    assert received(meta, meta.amina)[0]["kind"] == "image"


def test_texts_up_to_the_limit_pass(meta):
    assert meta.send({"text": "é" * 2000}).status_code == 200
    assert meta.direct({"text": "é" * 500}).status_code == 200


def test_texts_over_the_limit_are_refused(meta):
    assert error_of(meta.send({"text": "a" * 2001})) == (400, 100, None)
    assert error_of(meta.direct({"text": "é" * 501})) == (400, 100, 2534015)


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "x" * 81},
        {"title": ""},
        {"subtitle": "x" * 81},
        {"buttons": [{"type": "web_url", "url": "https://a.test", "title": "x" * 21}]},
        {"buttons": [{"type": "web_url", "url": "not a url", "title": "x"}]},
        {"buttons": [{"type": "web_url", "url": "https://a.test", "title": "x"}] * 4},
        {"image_url": "/relative.png"},
    ],
)
def test_cards_over_the_limits_are_refused(meta, changes):
    assert error_of(meta.send(link(**changes)))[:2] == (400, 100)


def test_a_title_of_eighty_characters_passes(meta):
    assert meta.send(link(title="x" * 80)).status_code == 200


@pytest.mark.parametrize(
    ("body", "subcode"),
    [
        ({"message": {"text": "a"}}, None),
        ({"recipient": {"id": "1", "comment_id": "2"}, "message": {"text": "a"}}, None),
        ({"recipient": {"id": "1"}, "message": {"text": "a"}, "sender_action": "typing_on"}, 2018014),
        ({"recipient": {"id": "1"}, "message": {"text": ""}}, 2018034),
        ({"recipient": {"id": "1"}}, 2018034),
        ({"recipient": {"id": "1"}, "message": {"text": "a"}, "messaging_type": "UTILITY"}, None),
        ({"recipient": {"id": "1"}, "message": {"text": "a"}}, 2018001),
        ({"recipient": "nonsense", "message": {"text": "a"}}, None),
    ],
)
def test_a_body_that_makes_no_sense_is_refused(meta, body, subcode):
    assert error_of(meta.post(f"/fb/{PAGE}/messages", json=body)) == (400, 100, subcode)


def test_a_body_that_is_not_json_is_refused(meta):
    response = meta.client.post("/fb/me/messages", content=b"{", headers={"Content-Type": "application/json"})
    assert error_of(response) == (400, 100, None)


@pytest.mark.parametrize("tag", ["CONFIRMED_EVENT_UPDATE", "ACCOUNT_UPDATE", "POST_PURCHASE_UPDATE"])
def test_retired_tags_are_refused(meta, tag):
    assert error_of(meta.send({"text": "a"}, messaging_type="MESSAGE_TAG", tag=tag)) == (400, 100, None)


def test_strangers_are_unknown_to_each_network(meta):
    assert error_of(meta.send({"text": "a"}, to="7300000000000011")) == (400, 100, 2018001)
    assert error_of(meta.direct({"text": "a"}, recipient={"id": meta.amina})) == (400, 100, 2534014)


def test_a_node_of_somebody_else_is_not_there(meta):
    body = {"recipient": {"id": meta.amina}, "message": {"text": "a"}}
    assert error_of(meta.post("/fb/104857600000999/messages", json=body)) == (400, 100, 33)


def test_a_token_works_on_its_own_host_only(meta):
    body = {"recipient": {"id": meta.noor}, "message": {"text": "a"}}
    assert error_of(meta.post(f"/fb/{STUDIO}/messages", token="IGAAstudio", json=body)) == (400, 190, None)
    assert error_of(meta.post(f"/fb/{PAGE}/messages", token="wrong", json=body)) == (400, 190, None)


def test_no_token_is_said_differently_for_me(meta):
    assert error_of(meta.client.post(f"/fb/{PAGE}/messages", json={})) == (400, 104, None)
    assert error_of(meta.client.get("/fb/me")) == (400, 2500, None)


def test_the_proof_of_the_secret_must_be_right(meta):
    proof = "?appsecret_proof=" + "0" * 64
    assert error_of(meta.post(f"/fb/{PAGE}/messages{proof}", json={})) == (400, 100, None)


def test_sender_actions_answer_with_the_recipient_only(meta):
    body = {"recipient": {"id": meta.amina}, "sender_action": "typing_on"}
    assert meta.post(f"/fb/{PAGE}/messages", json=body).json() == {"recipient_id": meta.amina}


def test_unknown_paths_say_so(meta):
    assert error_of(meta.post(f"/fb/{PAGE}/feed", json={})) == (400, 2500, None)
    assert error_of(meta.get("/fb/v26.0/a/b/c")) == (400, 2500, None)


def test_the_log_of_requests_has_no_tokens(meta):
    meta.client.get("/fb/v26.0/me", params={"access_token": "EAAshop"})
    assert meta.simulator.requests()[-1]["path"] == "/fb/v26.0/me"
    assert "EAA" not in repr(meta.simulator.requests())


@pytest.mark.parametrize(("answer", "mime"), [((200, picture()), "image/png"), ((200, b"<html>"), ""), ((404, b""), ""), ((0, b""), "")])
def test_the_picture_of_a_card_is_fetched_and_one_that_cannot_be_had_is_left_out(meta, answer, mime):
    asked = []
    meta.simulator._fetch = lambda url: (asked.append(url), answer)[1]
    assert meta.send(link(image_url="https://us.test/files/a")).status_code == 200
    sent = meta.simulator.messages(direction="out")[-1]
    assert (asked, sent["mime"], sent["attachments"]) == (["https://us.test/files/a"], mime, [])
