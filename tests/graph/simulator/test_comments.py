"""Comments and other public words, and the private reply."""

import json
from typing import Any

import pytest

from .conftest import LINKED, PAGE, STUDIO, Meta, error_of

DAY = 24 * 3600
POST = f"{PAGE}_55"


def changes(meta: Meta) -> list[dict[str, Any]]:
    return [json.loads(body)["entry"][0]["changes"][0] for _, body, _ in meta.callback.received]


def answer(meta: Meta, comment: str, kind: str = "comment_id", text: str = "We wrote to you"):
    return meta.post(f"/fb/{PAGE}/messages", json={"recipient": {kind: comment}, "message": {"text": text}})


def direct_answer(meta: Meta, comment: str):
    body = {"recipient": {"comment_id": comment}, "message": {"text": "We wrote to you"}}
    return meta.post(f"/ig/{STUDIO}/messages", token="IGAAstudio", json=body)


def test_a_comment_on_a_page_is_a_change_in_its_feed(meta: Meta):
    comment = meta.simulator.comment(PAGE, meta.amina, "price?")
    body = json.loads(meta.callback.received[0][1])
    assert list(body["entry"][0]) == ["id", "time", "changes"]
    assert body["entry"][0]["time"] == 1_794_700_000
    change = changes(meta)[0]
    assert change["field"] == "feed"
    value = change["value"]
    assert (value["comment_id"], value["post_id"], value["parent_id"], value["verb"]) == (comment, POST, POST, "add")
    assert (value["from"]["id"], value["message"], value["created_time"]) == (meta.amina, "price?", 1_794_700_000)


def test_a_comment_on_instagram_has_its_own_shape(meta: Meta):
    comment = meta.simulator.comment(STUDIO, meta.noor, "price?", "17890000000000021")
    meta.simulator.comment(STUDIO, meta.noor, "", parent=comment)
    meta.simulator.comment(STUDIO, meta.noor, "live!", live=True)
    first, second, third = changes(meta)
    assert first == {
        "field": "comments",
        "value": {
            "id": comment,
            "from": {"id": meta.noor, "username": "noor"},
            "text": "price?",
            "media": {"id": "17890000000000021", "media_product_type": "FEED"},
        },
    }
    assert "text" not in second["value"]
    assert second["value"]["parent_id"] == comment
    assert (third["field"], third["value"]["media"]["media_product_type"]) == ("live_comments", "LIVE")


def test_a_page_hears_of_changes_and_removals(meta: Meta):
    comment = meta.simulator.comment(PAGE, meta.amina, "price?")
    meta.simulator.edit_comment(PAGE, comment, "price please?")
    meta.simulator.remove_comment(PAGE, comment)
    _, edited, removed = (change["value"] for change in changes(meta))
    assert (edited["verb"], edited["message"]) == ("edited", "price please?")
    assert removed["verb"] == "remove"
    assert "from" not in removed
    assert error_of(answer(meta, comment)) == (400, 100, None)


def test_a_visitors_post_is_no_comment(meta: Meta):
    post = meta.simulator.post_on_page(PAGE, meta.amina, "Are you open?")
    assert changes(meta)[0]["value"]["item"] == "post"
    assert answer(meta, post, "post_id").json()["recipient_id"] == meta.amina
    with pytest.raises(ValueError, match="Only a Page"):
        meta.simulator.post_on_page(STUDIO, meta.noor, "a")


def test_mentions_name_a_post_and_perhaps_a_comment(meta: Meta):
    meta.simulator.mention(STUDIO)
    meta.simulator.mention(STUDIO, in_comment=False)
    meta.simulator.mention(PAGE)
    in_comment, in_caption, on_page = changes(meta)
    assert set(in_comment["value"]) == {"media_id", "comment_id"}
    assert set(in_caption["value"]) == {"media_id"}
    assert (in_caption["field"], on_page["field"]) == ("mentions", "mention")


def test_a_private_reply_reaches_whoever_commented(meta: Meta):
    stranger = meta.simulator.add_contact(PAGE, "Never Wrote")
    comment = meta.simulator.comment(PAGE, stranger, "price?")
    response = answer(meta, comment)
    assert response.json()["recipient_id"] == stranger
    assert meta.simulator.messages(contact=stranger)[0]["text"] == "We wrote to you"


def test_a_private_reply_opens_nothing(meta: Meta):
    stranger = meta.simulator.add_contact(PAGE, "Never Wrote")
    answer(meta, meta.simulator.comment(PAGE, stranger, "price?"))
    assert error_of(meta.send({"text": "and more"}, to=stranger)) == (400, 10, 2018278)


def test_there_is_one_private_reply_for_each_comment(meta: Meta):
    comment = meta.simulator.comment(STUDIO, meta.noor, "price?")
    assert direct_answer(meta, comment).status_code == 200
    assert error_of(direct_answer(meta, comment)) == (400, 10900, None)
    assert direct_answer(meta, meta.simulator.comment(STUDIO, meta.noor, "and size?")).status_code == 200


def test_a_comment_can_be_answered_for_seven_days(meta: Meta):
    page, instagram = meta.simulator.comment(PAGE, meta.amina, "a"), meta.simulator.comment(STUDIO, meta.noor, "a")
    meta.simulator.advance(7 * DAY + 1)
    assert error_of(answer(meta, page)) == (400, 10, 2018278)
    assert error_of(direct_answer(meta, instagram)) == (403, 10, 2534022)


def test_a_comment_that_does_not_exist_cannot_be_answered(meta: Meta):
    assert error_of(direct_answer(meta, "18010000000000001")) == (400, 100, 2534025)
    assert error_of(answer(meta, "55_1")) == (400, 100, None)


def test_who_blocked_the_account_cannot_be_answered(meta: Meta):
    comment = meta.simulator.comment(PAGE, meta.amina, "a")
    meta.simulator.block(PAGE, meta.amina)
    assert error_of(answer(meta, comment)) == (400, 10903, None)


def test_a_comment_behind_a_page_is_answered_through_the_page(meta: Meta):
    comment = meta.simulator.comment(LINKED, meta.lena, "price?")
    assert answer(meta, comment).json()["recipient_id"] == meta.lena
    assert meta.simulator.messages(contact=meta.lena, direction="out")[0]["account"] == LINKED


def test_a_refused_private_reply_may_be_tried_again(meta: Meta):
    comment = meta.simulator.comment(PAGE, meta.amina, "price?")
    assert error_of(answer(meta, comment, text="x" * 2001))[:2] == (400, 100)
    assert answer(meta, comment).status_code == 200
