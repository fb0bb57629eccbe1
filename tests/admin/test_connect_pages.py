"""The pages on which accounts are connected, as browsers see them; what the worker does behind them is in tests/accounts."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse

from accounts.connecting.begin import begin_login
from accounts.models import Account, ConnectionRequest, Grant, MetaApp
from core.clock import now
from tests.accounts.connecting import GALLERY, MARTA, ROASTERY, ROASTERY_GRAM, begin, choose_who, code_of, come_back, make_town, work
from tests.admin.pages import page

State = ConnectionRequest.State
START = "/admin/connect/"


@pytest.fixture
def town(cast):
    return make_town(cast)


@pytest.fixture
def root(town, sign_in):
    return sign_in(town.cast.root)


@pytest.fixture
def dana(town, sign_in):
    return sign_in(town.cast.dana)


def address(request) -> str:
    return reverse("admin:connecting", args=[request.public_id])


def text(answer) -> str:
    return " ".join(answer.content.decode().split())


def logged_in(browser, app, method, who, account=None) -> ConnectionRequest:
    request = begin(browser, method, app, account)
    answer = come_back(browser, choose_who(request, who))
    assert answer.status_code == 302, text(answer)
    assert answer.headers["Location"] == f"{address(request)}#connecting"
    work()
    request.refresh_from_db()
    return request


# The start --------------------------------------------------------------------------------------------------------


def test_without_an_app_the_start_leads_to_adding_one(db, client, django_user_model):
    client.force_login(django_user_model.objects.create_superuser("root@example.test", "correct-horse-battery", name="Root"))
    shown = text(client.get(START))
    assert "First, an app at Meta" in shown
    assert reverse("admin:accounts_metaapp_add") in shown


def test_the_start_shows_three_ways_and_what_to_write_down(root, settings):
    settings.PUBLIC_URL = "https://inbox.example"
    shown = text(root.get(START))
    for words in ("Continue with Facebook", "Continue with Instagram", "Check the token", "pages_messaging", "instagram_business_manage_messages"):
        assert words in shown, words
    for path in ("/connected/facebook/", "/connected/instagram/", "/webhooks/meta/"):
        assert f"https://inbox.example{path}" in shown
    assert "app-secret" not in shown and "verify-me" not in shown


def test_a_private_address_is_warned_of(root, settings):
    settings.HTTPS, settings.DEMO = False, False
    assert "Meta sends people back only to https addresses" in text(root.get(START))


def test_a_manager_is_shown_her_accounts_and_no_way_to_connect_a_new_one(town, dana):
    shown = text(dana.get(START))
    assert "Harbour Coffee" in shown and "Continue with Facebook" not in shown
    assert "1200000000000001" not in shown


def test_a_manager_connects_nothing_new(town, dana):
    assert dana.post(START, {"method": "token", "token": town.marta}).status_code == 403
    assert dana.post(START, {"method": "facebook", "app": town.facebook.public_id}).status_code == 403
    assert not ConnectionRequest.objects.exists()


def test_a_manager_reconnects_what_she_manages_and_nothing_else(town, dana):
    Grant.objects.filter(user=town.cast.dana, account=town.cast.studio).delete()
    assert dana.get(f"{START}?account={town.cast.shop.public_id}").status_code == 200
    assert dana.get(f"{START}?account={town.cast.shop.pk}").status_code == 200
    assert dana.get(f"{START}?account={town.cast.studio.public_id}").status_code == 404
    assert dana.post(f"{START}?account={town.cast.studio.public_id}", {"method": "token", "token": "IGAAstudio"}).status_code == 404


@pytest.mark.parametrize("who", ["alice", "bob", "charlie"])
def test_who_manages_nothing_has_no_page(town, sign_in, who):
    browser = sign_in(getattr(town.cast, who))
    for where in (START, page(town.cast.shop, "token")):
        assert browser.get(where).status_code == 403
        assert browser.post(where, {"token": town.marta}).status_code == 403


def test_a_refused_token_is_not_repeated(root):
    answer = root.post(START, {"method": "token", "token": "MARKER ü with an umlaut"})
    assert answer.status_code == 422
    assert "This cannot be an access token" in text(answer) and "MARKER" not in text(answer)


# There and back ---------------------------------------------------------------------------------------------------


def test_the_login_leads_to_meta_with_what_meta_has_to_know(town, root, settings):
    request = begin(root, "facebook", town.facebook)
    shown = root.get(f"{address(request)}?go")
    assert 'http-equiv="refresh"' in text(shown)
    link = next(line for line in shown.content.decode().split('"') if line.startswith("https://www.facebook.com/"))
    query = parse_qs(urlsplit(link.replace("&amp;", "&")).query)
    assert query["state"] == [request.public_id]
    assert query["redirect_uri"] == [f"{settings.PUBLIC_URL}/connected/facebook/"]
    assert "pages_messaging" in query["scope"][0]
    assert "secret" not in link


def test_a_facebook_login_is_walked_from_the_button_to_the_account(town, root):
    request = logged_in(root, town.facebook, "facebook", MARTA)
    shown = text(root.get(address(request)))
    assert "Harbour Roastery" in shown and "connected already" in shown
    root.post(address(request), {"do": "choose", "account": [f"messenger-{ROASTERY}", f"instagram-{ROASTERY_GRAM}"], "history": "everything"})
    assert "Being connected" in text(root.get(address(request)))
    work()
    shown = text(root.get(address(request)))
    assert "2 accounts are connected" in shown
    request.refresh_from_db()
    assert (request.state, request.history_days) == (State.DONE, None)


def test_an_instagram_login_is_walked_and_its_odd_ending_is_stripped(town, root):
    request = begin(root, "instagram", town.instagram)
    back = choose_who(request, GALLERY)
    assert back.endswith("#_")
    # Not every browser takes it for a fragment.
    come = {"code": f"{code_of(back)}#_", "state": request.public_id}
    assert root.get("/connected/instagram/", come).status_code == 302
    work()
    request.refresh_from_db()
    assert request.state == State.CHOOSING


def test_a_token_is_walked_from_the_box_to_the_account(town, root):
    answer = root.post(START, {"method": "token", "token": town.marta}, follow=True)
    assert "Meta is being asked" in text(answer)
    work()
    request = ConnectionRequest.objects.get()
    assert "Choose what is connected" in text(root.get(address(request)))
    assert "Choose at least one" in text(root.post(address(request), {"do": "choose", "history": "90"}, follow=True))


def test_the_page_moves_on_by_itself(town, root):
    root.post(START, {"method": "token", "token": town.marta})
    request = ConnectionRequest.objects.get()
    shown = root.get(address(request), headers={"HX-Request": "true"})
    mark = shown.context["progress"].mark
    assert 'hx-trigger="every 1s"' in text(shown)
    assert root.get(address(request), {"mark": mark}, headers={"HX-Request": "true"}).status_code == 204
    work()
    fresh = root.get(address(request), {"mark": mark}, headers={"HX-Request": "true"})
    assert "Choose what is connected" in text(fresh) and "hx-trigger" not in text(fresh)


def test_who_cancels_at_meta_is_told_so_and_shown_the_way_back(town, root):
    request = begin(root, "facebook", town.facebook)
    answer = root.get(urlsplit(choose_who(request, "nobody"))._replace(scheme="", netloc="", fragment="").geturl(), follow=True)
    assert "You cancelled at Meta" in text(answer)
    assert f'href="{START}"' in text(answer)


def test_what_meta_refuses_is_told_without_its_words(town, root):
    request = begin(root, "facebook", town.facebook)
    told = {"state": request.public_id, "error_code": "1349187", "error_message": "<b>Evil</b> words"}
    shown = text(root.get("/connected/facebook/", told, follow=True))
    assert "1349187" in shown and "Evil" not in shown


# Whose return it is -----------------------------------------------------------------------------------------------


def test_an_unknown_state_is_refused(town, root):
    for state in ("", "x", "AAAABBBBCCCCDDDD"):
        answer = root.get("/connected/facebook/", {"state": state, "code": "stolen-code"})
        assert answer.status_code == 400
        assert "not begun by you" in text(answer) and "stolen-code" not in text(answer)


def test_a_return_of_somebody_elses_login_is_refused(town, root, sign_in):
    """Who lures an admin to the end of their own login would have their accounts connected in the admin's name."""
    request = begin(root, "facebook", town.facebook)
    back = choose_who(request, MARTA)
    assert come_back(sign_in(town.cast.dana), back).status_code == 400
    assert come_back(sign_in(town.cast.root), back).status_code == 400  # the same person in another browser
    request.refresh_from_db()
    assert (request.state, request.secret.reveal()) == (State.BEGUN, "")
    assert come_back(root, back).status_code == 302


def test_a_return_by_the_other_logins_address_is_refused(town, root):
    request = begin(root, "facebook", town.facebook)
    assert root.get("/connected/instagram/", {"state": request.public_id, "code": "x"}).status_code == 400
    assert root.get("/connected/token/", {"state": request.public_id, "code": "x"}).status_code == 404


def test_a_return_that_is_repeated_is_refused_and_leads_to_what_became_of_it(town, root):
    request = begin(root, "facebook", town.facebook)
    back = choose_who(request, MARTA)
    assert come_back(root, back).status_code == 302
    again = come_back(root, back)
    assert again.status_code == 409
    assert address(request) in text(again)


def test_who_is_signed_out_meanwhile_does_not_carry_the_code_through_the_sign_in(town, root):
    back = choose_who(begin(root, "facebook", town.facebook), MARTA)
    root.logout()
    answer = come_back(root, back)
    assert answer.status_code == 302
    assert "code" not in answer.headers["Location"]


def test_a_return_only_comes_by_get(root):
    assert root.post("/connected/facebook/", {"state": "x"}).status_code == 405


def test_a_connection_belongs_to_whoever_began_it(town, root, dana):
    root.post(START, {"method": "token", "token": town.marta})
    request = ConnectionRequest.objects.get()
    assert dana.get(address(request)).status_code == 404
    assert dana.post(address(request), {"do": "cancel"}).status_code == 404


def test_a_connection_is_called_off(town, root):
    request = logged_in(root, town.facebook, "facebook", MARTA)
    assert "You called it off" in text(root.post(address(request), {"do": "cancel"}, follow=True))


def test_a_connection_is_looked_at_again(town, root):
    request = logged_in(root, town.facebook, "facebook", MARTA)
    assert "Meta is being asked" in text(root.post(address(request), {"do": "look-again"}, follow=True))


# A new token ------------------------------------------------------------------------------------------------------


def test_replacing_a_token_is_one_blank_field(town, dana):
    shown = dana.get(page(town.cast.shop, "token"))
    assert "EAAshop" not in text(shown)
    assert [field.name for field in shown.context["form"]] == ["token"]


def test_a_manager_replaces_the_token_and_the_old_one_stays_until_then(town, dana):
    answer = dana.post(page(town.cast.shop, "token"), {"token": town.page_token("104857600000001")}, follow=True)
    assert "Meta is being asked" in text(answer)
    assert Account.objects.get(pk=town.cast.shop.pk).token.reveal() == "EAAshop"
    work()
    request = ConnectionRequest.objects.get()
    assert "One account is connected" in text(dana.get(address(request)))
    assert Account.objects.get(pk=town.cast.shop.pk).token.reveal() == town.page_token("104857600000001")


def test_a_wrong_token_says_so_and_that_the_old_one_is_in_force(town, dana):
    dana.post(page(town.cast.shop, "token"), {"token": town.page_token(ROASTERY)})
    work()
    shown = text(dana.get(address(ConnectionRequest.objects.get())))
    assert "not for “Harbour Coffee”" in shown
    assert "still in force" in shown


def test_a_manager_of_another_account_finds_no_page(town, dana):
    Grant.objects.filter(user=town.cast.dana, account=town.cast.shop).delete()
    assert dana.get(page(town.cast.shop, "token")).status_code == 404
    assert dana.post(page(town.cast.shop, "token"), {"token": town.marta}).status_code == 404


def test_a_token_that_cannot_be_one_is_refused_on_the_page_itself(town, dana):
    answer = dana.post(page(town.cast.shop, "token"), {"token": "MARKER|no ü token"})
    assert answer.status_code == 422
    assert "MARKER" not in text(answer)
    assert dana.post(page(town.cast.shop, "token"), {"token": ""}).status_code == 422


# Every state has its page -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", State.values)
def test_every_state_has_a_page(town, root, state):
    request = begin_login(town.facebook, method="facebook", by=town.cast.root, at=now())
    ConnectionRequest.objects.filter(pk=request.pk).update(state=state)
    assert root.get(address(request)).status_code == 200


# Apps -------------------------------------------------------------------------------------------------------------


def test_a_new_app_leads_to_its_page_with_what_to_write_down(root, settings):
    settings.PUBLIC_URL = "https://inbox.example"
    given = {"kind": "instagram", "app_id": "1399", "name": "New", "secret": "new-app-secret", "verify_token": "new-verify"}
    shown = text(root.post("/admin/accounts/metaapp/add/", given, follow=True))
    app = MetaApp.objects.get(app_id="1399")
    assert app.secret.reveal() == "new-app-secret"
    deletions = reverse("inbox:deletions", args=[app.public_id])
    for words in ("https://inbox.example/connected/instagram/", f"https://inbox.example{deletions}", "message_edit"):
        assert words in shown
    assert "new-app-secret" not in shown and "new-verify" not in shown


def test_an_app_id_that_is_no_number_is_refused(root):
    given = {"kind": "instagram", "app_id": "12 34", "secret": "new-app-secret", "verify_token": "new-verify"}
    assert "app_id" in root.post("/admin/accounts/metaapp/add/", given).context["adminform"].form.errors


def test_the_page_of_an_app_says_how_it_stands_at_meta(town, root, settings):
    settings.PUBLIC_URL = "https://inbox.example"
    MetaApp.objects.filter(pk=town.facebook.pk).update(
        permissions={"pages_messaging": "live", "pages_show_list": "unapproved"},
        subscriptions=[{"object": "page", "callback_url": "https://other.example/hook?secret=MARKER", "fields": ["messages"], "is_active": True}],
    )
    shown = text(root.get(page(town.facebook, "change")))
    assert "elsewhere" in shown and "https://other.example/hook" in shown and "MARKER" not in shown
    assert "not approved" in shown and "never asked for in App Review" in shown


@pytest.mark.parametrize("deed", ["check", "subscribe"])
def test_an_app_is_checked_and_told_to_send_webhooks_here(town, root, deed):
    MetaApp.objects.filter(pk=town.facebook.pk).update(check_due_at=None)
    assert root.post(page(town.facebook, deed)).status_code == 302
    town.facebook.refresh_from_db()
    assert town.facebook.check_due_at is not None
    assert town.facebook.wants == ([] if deed == "check" else ["subscribe"])


@pytest.mark.parametrize("deed", ["check", "subscribe"])
def test_a_manager_has_no_deeds_on_apps(town, dana, deed):
    assert dana.post(page(town.facebook, deed)).status_code in (403, 404)
