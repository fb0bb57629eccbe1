"""Reading back: conversations, messages, profiles, tokens."""

import re

from .conftest import APP, LINKED, PAGE, SECRET, STUDIO, Meta, error_of

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
