"""Reading back: conversations, messages, profiles, tokens."""

import re

import pytest

from graph.simulator.samples import sample

from .conftest import APP, LINKED, PAGE, SECRET, STUDIO, Meta, error_of

DAY = 24 * 3600
NESTED = "messages.limit(20){id,created_time,from,to,message,attachments}"


def thread(meta: Meta, **more: str) -> dict:
    return meta.get(f"/fb/{PAGE}/conversations", **more).json()


def test_the_conversation_with_one_person_can_be_found(meta: Meta):
    mid = meta.send({"text": "On its way"}).json()["message_id"]
    found = thread(meta, user_id=meta.amina, platform="messenger", fields=f"id,{NESTED}")["data"]
    assert len(found) == 1
    assert found[0]["id"].startswith("t_")
    newest, oldest = found[0]["messages"]["data"]
    assert (newest["id"], newest["message"], newest["from"]["id"]) == (mid, "On its way", PAGE)
    assert (oldest["message"], oldest["from"]["name"], oldest["to"]["data"][0]["id"]) == ("Hello", "Amina Okafor", PAGE)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0000", newest["created_time"])


def test_platform_tells_the_networks_of_a_page_apart(meta: Meta):
    assert len(thread(meta)["data"]) == 1
    found = thread(meta, platform="instagram", fields="participants")["data"]
    names = [person["username"] for person in found[0]["participants"]["data"]]
    assert names == ["lena", "harbour"]


def test_a_conversation_without_messages_is_not_listed(meta: Meta):
    quiet = meta.simulator.add_contact(PAGE, "Quiet Person")
    assert thread(meta, user_id=quiet) == {"data": []}


def test_instagram_has_no_unread_count(meta: Meta):
    response = meta.get(f"/ig/{STUDIO}/conversations", token="IGAAstudio", fields="unread_count")
    assert error_of(response) == (400, 100, None)


def test_only_the_twenty_newest_can_be_opened(meta: Meta):
    mids = [meta.simulator.write(PAGE, meta.amina, f"number {n}") for n in range(21)]
    assert error_of(meta.get(f"/fb/{mids[0]}", fields="message"))[1] == 9000001
    assert meta.get(f"/fb/{mids[1]}", fields="message").json() == {"message": "number 1", "id": mids[1]}


def test_pages_of_messages_follow_cursors(meta: Meta):
    for number in range(3):
        meta.simulator.write(PAGE, meta.amina, str(number))
    conversation = thread(meta)["data"][0]["id"]
    first = meta.get(f"/fb/{conversation}/messages", limit="3", fields="message").json()
    second = meta.get(f"/fb/{conversation}/messages", limit="3", after=first["paging"]["cursors"]["after"]).json()
    assert [message["message"] for message in first["data"]] == ["2", "1", "0"]
    assert "next" in first["paging"]
    assert len(second["data"]) == 1
    assert "next" not in second["paging"]


def test_one_conversation_can_be_read_by_its_id(meta: Meta):
    conversation = thread(meta)["data"][0]["id"]
    assert meta.get(f"/fb/{conversation}", fields="message_count").json() == {"message_count": 1, "id": conversation}


def test_messages_of_others_are_not_there(meta: Meta):
    mid = meta.simulator.write(STUDIO, meta.noor, "private")
    assert error_of(meta.get(f"/fb/{mid}")) == (400, 100, 33)
    assert error_of(meta.get("/fb/m_unknown")) == (400, 100, 33)


def test_unsent_messages_are_gone(meta: Meta):
    mid = meta.simulator.write(PAGE, meta.amina, "oops")
    meta.simulator.unsend(PAGE, meta.amina, mid)
    assert error_of(meta.get(f"/fb/{mid}"))[1] == 9000001
    assert "oops" not in repr(meta.simulator.messages())


def test_profiles_have_names(meta: Meta):
    person = meta.get(f"/fb/{meta.amina}", fields="first_name,last_name,name,profile_pic").json()
    assert (person["first_name"], person["last_name"], person["name"]) == ("Amina", "Okafor", "Amina Okafor")
    assert meta.get(f"/ig/{meta.noor}", token="IGAAstudio", fields="username").json()["username"] == "noor"


def test_profiles_can_be_withheld(meta: Meta):
    hidden = meta.simulator.add_contact(PAGE, "Hidden", profile=False)
    assert meta.get(f"/fb/{hidden}").json() == {"id": hidden}
    silent = meta.simulator.add_contact(STUDIO, "Silent")
    assert error_of(meta.get(f"/ig/{silent}", token="IGAAstudio"))[:2] == (403, 230)


def test_me_is_the_page_and_knows_its_instagram_account(meta: Meta):
    me = meta.get("/fb/me", fields="name,instagram_business_account{id,username}").json()
    assert me == {
        "name": "Harbour Coffee",
        "instagram_business_account": {"id": LINKED, "username": "harbour"},
        "id": PAGE,
    }


def test_on_instagram_login_the_account_is_user_id(meta: Meta):
    me = meta.get("/ig/me", token="IGAAstudio", fields="user_id,username,name").json()
    assert (me["user_id"], me["username"]) == (STUDIO, "studio")
    assert me["id"] != STUDIO


def test_the_pages_of_an_app_are_listed_once(meta: Meta):
    listed = meta.get("/fb/me/accounts", fields="id,name,instagram_business_account").json()["data"]
    assert [(page["id"], page["instagram_business_account"]) for page in listed] == [(PAGE, {"id": LINKED})]


def test_a_token_can_be_inspected(meta: Meta):
    app = f"{APP}|{SECRET}"
    assert meta.get("/fb/debug_token", token=app, input_token="EAAshop").json()["data"]["is_valid"]
    meta.simulator.fault("token_dead", route="*", account=PAGE, times=None, subcode=460)
    data = meta.get("/fb/debug_token", token=app, input_token="EAAshop").json()["data"]
    assert (data["is_valid"], data["error"]["subcode"]) == (False, 460)
    assert error_of(meta.get("/fb/debug_token", token="wrong", input_token="EAAshop"))[1] == 190


def read(meta: Meta, mid: str, fields: str, host: str = "fb") -> dict:
    token = "IGAAstudio" if host == "ig" else "EAAshop"
    return meta.get(f"/{host}/{mid}", token=token, fields=fields).json()


@pytest.mark.parametrize(
    ("kind", "key"), [("image", "image_data"), ("video", "video_data"), ("audio", "file_url"), ("file", "file_url")]
)
def test_files_can_be_read_back(meta: Meta, kind: str, key: str):
    mid = meta.simulator.write(PAGE, meta.amina, media=[(kind, sample(kind))])
    file = read(meta, mid, "attachments")["attachments"]["data"][0]
    assert file["size"] == len(sample(kind))
    assert file["mime_type"] == {"image": "image/png", "video": "video/mp4", "audio": "audio/wav", "file": "application/pdf"}[kind]
    url = file[key] if key == "file_url" else file[key]["url"]
    assert meta.client.get(url).content == sample(kind)
    assert meta.get(f"/fb/{mid}/attachments").json()["data"][0]["id"] == file["id"]


def test_only_what_was_asked_for_of_an_attachment_is_told(meta: Meta):
    mid = meta.simulator.write(PAGE, meta.amina, media=[("image", sample("image"))])
    assert set(read(meta, mid, "attachments{mime_type}")["attachments"]["data"][0]) == {"id", "mime_type"}


def test_an_album_is_read_as_several(meta: Meta):
    mid = meta.simulator.write(STUDIO, meta.noor, media=[("image", sample("image"))] * 2)
    assert len(read(meta, mid, "attachments", "ig")["attachments"]["data"]) == 2


def test_shares_stories_and_stickers_have_keys_of_their_own(meta: Meta):
    simulator = meta.simulator
    shared = read(meta, simulator.share_post(STUDIO, meta.noor), "shares,attachments", "ig")
    assert [set(share) for share in shared["shares"]["data"]] == [{"link"}]
    assert "attachments" not in shared
    story = {"url": "https://lookaside.example.test/s.jpg", "id": "18000000000000005"}
    replied = read(meta, simulator.write(STUDIO, meta.noor, "Love it", story=story), "story", "ig")
    assert replied["story"] == {"reply_to": {"link": story["url"], "id": story["id"]}}
    mentioned = read(meta, simulator.mention_in_story(STUDIO, meta.noor), "story", "ig")
    assert set(mentioned["story"]) == {"mention"}
    assert read(meta, simulator.send_sticker(PAGE, meta.amina), "sticker")["sticker"].startswith("http")


def test_what_is_unsupported_says_so_and_others_do_not(meta: Meta):
    mid = meta.simulator.send_unsupported(STUDIO, meta.noor)
    assert read(meta, mid, "is_unsupported,message", "ig") == {"is_unsupported": True, "message": "", "id": mid}
    plain = meta.simulator.write(STUDIO, meta.noor, "a")
    assert read(meta, plain, "is_unsupported,reactions,reply_to,story,shares", "ig") == {"id": plain}


def test_replies_reactions_and_edits_are_read_as_they_are_now(meta: Meta):
    sent = meta.send({"text": "Blue or red?"}).json()["message_id"]
    mid = meta.simulator.write(PAGE, meta.amina, "Blue", reply_to=sent)
    meta.simulator.edit(PAGE, meta.amina, mid, "Red")
    meta.simulator.react(PAGE, meta.amina, sent)
    assert read(meta, mid, "message,reply_to") == {"message": "Red", "reply_to": {"mid": sent, "is_self_reply": False}, "id": mid}
    reaction = read(meta, sent, "reactions")["reactions"]["data"][0]
    assert reaction["users"][0]["id"] == meta.amina


def test_a_card_is_read_as_a_generic_template(meta: Meta):
    button = {"type": "web_url", "url": "https://shop.example.test", "title": "Open"}
    message = {"attachment": {"type": "template", "payload": {"template_type": "button", "text": "Hello", "buttons": [button]}}}
    mid = meta.send(message).json()["message_id"]
    card = read(meta, mid, "attachments")["attachments"]["data"][0]["generic_template"]
    assert (card["title"], card["cta"]["url"]) == ("Hello", "https://shop.example.test")


def test_requests_on_instagram_vanish_after_thirty_quiet_days(meta: Meta):
    def listed() -> int:
        return len(meta.get(f"/ig/{STUDIO}/conversations", token="IGAAstudio").json()["data"])

    meta.simulator.advance(30 * DAY)
    assert listed() == 1
    meta.simulator.advance(1)
    assert listed() == 0
    meta.simulator.write(STUDIO, meta.noor, "me again")
    assert listed() == 1


def test_answered_conversations_stay(meta: Meta):
    meta.direct({"text": "Hello"})
    meta.simulator.advance(31 * DAY)
    assert len(meta.get(f"/ig/{STUDIO}/conversations", token="IGAAstudio").json()["data"]) == 1
    assert len(thread(meta)["data"]) == 1


def test_conversations_can_be_asked_for_by_time(meta: Meta):
    meta.simulator.advance(DAY)
    tom = meta.simulator.add_contact(PAGE, "Tom")
    meta.simulator.write(PAGE, tom, "later")
    noon = 1_794_700_000_000
    later = thread(meta, updated_after_ms=str(noon + 1000), fields="participants")["data"]
    assert [each["participants"]["data"][0]["id"] for each in later] == [tom]
    assert len(thread(meta, updated_before_ms=str(noon + 1000))["data"]) == 1


def test_cursors_lead_forward_and_back_and_next_can_be_followed(meta: Meta):
    for name in "abcde":
        meta.simulator.write(PAGE, meta.simulator.add_contact(PAGE, name), name)
    first = thread(meta, limit="2", fields="snippet")
    second = meta.client.get(first["paging"]["next"]).json()
    back = thread(meta, limit="2", fields="snippet", before=second["paging"]["cursors"]["before"])
    snippets = [[each["snippet"] for each in page["data"]] for page in (first, second, back)]
    assert len({*snippets[0], *snippets[1]}) == 4
    assert snippets[2] == snippets[0]
    assert "EAAshop" in first["paging"]["next"]
    assert error_of(meta.get(f"/fb/{PAGE}/conversations", after="nonsense")) == (400, 100, None)


def test_a_page_holds_twenty_five_unless_asked_and_a_hundred_at_most(meta: Meta):
    for number in range(110):
        meta.simulator.write(PAGE, meta.amina, str(number))
    conversation = thread(meta)["data"][0]["id"]
    sizes = [len(meta.get(f"/fb/{conversation}/messages", **more).json()["data"]) for more in ({}, {"limit": "500"})]
    assert sizes == [25, 100]


def test_of_older_messages_only_the_id_is_listed(meta: Meta):
    for number in range(21):
        meta.simulator.write(PAGE, meta.amina, str(number))
    conversation = thread(meta)["data"][0]["id"]
    listed = meta.get(f"/fb/{conversation}/messages", fields="message").json()["data"]
    assert ["message" in message for message in listed] == [True] * 20 + [False] * 2


def test_messages_are_read_in_the_order_of_their_times(meta: Meta):
    meta.simulator.write(PAGE, meta.amina, "delayed", at=1_794_600_000)
    conversation = thread(meta)["data"][0]["id"]
    listed = meta.get(f"/fb/{conversation}/messages", fields="message").json()["data"]
    assert [message["message"] for message in listed] == ["Hello", "delayed"]


def test_the_page_says_that_routing_is_on(meta: Meta):
    assert meta.get("/fb/me", fields="messaging_feature_status").json()["messaging_feature_status"]["hop_v2"] is True
