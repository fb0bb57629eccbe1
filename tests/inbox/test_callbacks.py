"""Meta's calls about people: somebody removed the app, somebody wants to be forgotten, and the page that says how far it is."""

import json
from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from accounts.models import Account, Activity, MetaApp
from core.clock import now
from inbox.models import DeletionRequest, Message, RefusedDelivery
from inbox.webhooks.refusals import Refusals
from inbox.work import work_until_idle
from tests.graph.test_signed_request import said, signed

CONNECTOR = "73000000000"


@pytest.fixture
def refused(monkeypatch) -> Refusals:
    tally = Refusals()
    monkeypatch.setattr("inbox.views.callbacks.refusals", tally)
    return tally


@pytest.fixture
def meta() -> Client:
    """Meta has no cookie and no token of ours."""
    return Client(enforce_csrf_checks=True)


@pytest.fixture
def connected(cast) -> Account:
    Account.objects.filter(pk=cast.shop.pk).update(meta_user_id=CONNECTOR)
    return cast.shop


def call(meta: Client, name: str, app: MetaApp, *, secret: str = "app-secret", **payload: object):
    return meta.post(reverse(f"inbox:{name}", args=[app.public_id]), {"signed_request": signed(said(**payload), secret=secret)})


both = pytest.mark.parametrize("name", ["deauthorisation", "deletions"])


# Who may ------------------------------------------------------------------------------------------------------------
@both
@pytest.mark.parametrize("text", ["", "a.b", signed(said(), secret="another"), "x" * 20_000], ids=["nothing", "nonsense", "forged", "huge"])
def test_what_the_app_did_not_sign_is_refused_and_counted(cast, meta, refused, name, text):
    answer = meta.post(reverse(f"inbox:{name}", args=[cast.shop.meta_app.public_id]), {"signed_request": text})
    assert (answer.status_code, answer.headers["Content-Type"]) == (401, "text/plain; charset=utf-8")
    refused.write_down()
    assert RefusedDelivery.objects.get().reason == RefusedDelivery.Reason.CALLBACK
    assert not DeletionRequest.objects.exists()


@both
def test_another_apps_signature_does_not_count_here(cast, meta, refused, name, connected):
    other = MetaApp.objects.create(kind="instagram", app_id="2", secret="other-secret", verify_token="x")
    assert call(meta, name, other, user_id=CONNECTOR).status_code == 401
    assert Account.objects.get(pk=connected.pk).is_sending


def test_a_removal_signed_more_than_an_hour_ago_is_refused(cast, meta, refused, connected):
    old = int((now() - timedelta(minutes=61)).timestamp())
    assert call(meta, "deauthorisation", cast.shop.meta_app, user_id=CONNECTOR, issued_at=old).status_code == 401
    assert Account.objects.get(pk=connected.pk).is_sending
    fresh = int((now() - timedelta(minutes=59)).timestamp())
    assert call(meta, "deauthorisation", cast.shop.meta_app, user_id=CONNECTOR, issued_at=fresh).status_code == 200
    assert not Account.objects.get(pk=connected.pk).is_sending


def test_to_forget_somebody_late_is_better_than_not_at_all(cast, meta, refused, connected):
    old = int((now() - timedelta(days=3)).timestamp())
    assert call(meta, "deletions", cast.shop.meta_app, user_id=CONNECTOR, issued_at=old).status_code == 200
    work_until_idle("upkeep")
    assert not Account.objects.get(pk=connected.pk).is_sending


@pytest.fixture
def calling(cast, meta, monkeypatch):
    """The simulator with both addresses, posting to our pages."""
    app = cast.shop.meta_app

    def post(url, body, headers):
        answer = meta.post(url.removeprefix("http://testserver"), body, content_type=headers["Content-Type"])
        return answer.status_code, answer.content

    monkeypatch.setattr(cast.simulator, "_post", post)
    addresses = {f"{verb}_url": f"http://testserver{reverse(f'inbox:{name}', args=[app.public_id])}" for verb, name in CALLBACKS.items()}
    cast.simulator.add_app(app.app_id, "app-secret", "verify-me", "http://testserver/webhooks/meta/", **addresses)
    return cast.simulator


CALLBACKS = {"deauthorise": "deauthorisation", "deletion": "deletions"}


def test_the_simulated_meta_removes_the_app(cast, calling, connected):
    assert calling.deauthorise(cast.shop.meta_app.app_id, CONNECTOR)["status"] == 200
    assert Account.objects.get(pk=connected.pk).state == Account.State.NEEDS_RECONNECT


def test_the_simulated_meta_hands_on_a_wish_to_be_forgotten_and_gets_an_address(cast, calling):
    cast.write(cast.amina, "My address is Harbour Street 1")
    answer = json.loads(calling.request_deletion(cast.shop.meta_app.app_id, cast.amina.external_id)["answer"])
    work_until_idle("upkeep")
    asked = DeletionRequest.objects.get(public_id=answer["confirmation_code"])
    assert (answer["url"].endswith(asked.get_absolute_url()), asked.finished_at is None) == (True, False)
    assert not Message.objects.filter(text__contains="Harbour Street").exists()


@both
def test_only_posts_to_an_app_that_is_there_are_taken(cast, meta, name):
    assert meta.get(reverse(f"inbox:{name}", args=[cast.shop.meta_app.public_id])).status_code == 405
    assert meta.post(reverse(f"inbox:{name}", args=["nobody"])).status_code == 404


# The app was removed --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("user_id", [CONNECTOR, int(CONNECTOR)])
def test_the_accounts_that_somebody_connected_lose_their_tokens(cast, meta, connected, user_id):
    assert call(meta, "deauthorisation", connected.meta_app, user_id=user_id).status_code == 200
    shop, studio = Account.objects.get(pk=connected.pk), Account.objects.get(pk=cast.studio.pk)
    assert (shop.state, bool(shop.token), shop.is_sending) == (Account.State.NEEDS_RECONNECT, False, False)
    assert shop.state_reason == "app_removed"
    assert studio.is_sending
    assert Activity.objects.filter(verb="account.deauthorised", account=connected, by=None).count() == 1


def test_with_instagram_login_the_person_is_the_account(cast, meta):
    assert call(meta, "deauthorisation", cast.studio.meta_app, user_id=cast.studio.external_id).status_code == 200
    assert Account.objects.get(pk=cast.studio.pk).state == Account.State.NEEDS_RECONNECT
    assert call(meta, "deauthorisation", cast.shop.meta_app, user_id=cast.shop.external_id).status_code == 200
    assert Account.objects.get(pk=cast.shop.pk).is_sending


def test_somebody_who_connected_nothing_changes_nothing(cast, meta):
    assert call(meta, "deauthorisation", cast.shop.meta_app, user_id="1").status_code == 200
    assert not Account.objects.exclude(state=Account.State.CONNECTED).exists()
    assert Activity.objects.filter(verb="app.deauthorised_by_a_stranger").count() == 1


def test_an_account_that_waits_to_be_reconnected_loses_its_token_too(cast, meta, connected):
    Account.objects.filter(pk=connected.pk).update(state=Account.State.NEEDS_RECONNECT)
    call(meta, "deauthorisation", connected.meta_app, user_id=CONNECTOR)
    assert not Account.objects.get(pk=connected.pk).token


# Somebody wants to be forgotten ---------------------------------------------------------------------------------------
def test_the_answer_says_where_to_look_and_with_which_code(cast, meta, settings):
    settings.PUBLIC_URL = "https://inbox.example"
    answer = call(meta, "deletions", cast.shop.meta_app, user_id=cast.amina.external_id)
    asked = DeletionRequest.objects.get()
    expected = {"url": f"https://inbox.example/meta/deletion/{asked.public_id}/", "confirmation_code": asked.public_id}
    assert (answer.status_code, json.loads(answer.content)) == (200, expected)


def test_asking_again_is_the_same_request_until_it_is_done(cast, meta):
    codes = [json.loads(call(meta, "deletions", cast.shop.meta_app, user_id="42").content)["confirmation_code"] for _ in range(2)]
    assert codes[0] == codes[1]
    work_until_idle("upkeep")
    again = json.loads(call(meta, "deletions", cast.shop.meta_app, user_id="42").content)["confirmation_code"]
    assert again != codes[0]
    assert DeletionRequest.objects.count() == 2


# The status page --------------------------------------------------------------------------------------------------------
def test_whoever_has_the_code_sees_how_far_it_is_and_nobodys_name(cast, meta):
    code = json.loads(call(meta, "deletions", cast.shop.meta_app, user_id=cast.amina.external_id).content)["confirmation_code"]
    before = meta.get(f"/meta/deletion/{code}/")
    assert "Your request is being carried out" in before.text
    work_until_idle("upkeep")
    after = meta.get(f"/meta/deletion/{code}/")
    assert "What was found has been erased" in after.text
    assert "The words of messages" in after.text
    for answer in (before, after):
        assert answer.status_code == 200
        assert "noindex" in answer.headers["X-Robots-Tag"]
        assert 'content="noindex' in answer.text
        assert "no-store" in answer.headers["Cache-Control"]
        assert not any(word in answer.text for word in ("Amina", cast.amina.external_id, "Harbour", "Yirgacheffe"))


def test_where_nothing_was_held_it_says_so(cast, meta):
    code = json.loads(call(meta, "deletions", cast.shop.meta_app, user_id="42").content)["confirmation_code"]
    work_until_idle("upkeep")
    found = meta.get(f"/meta/deletion/{code}/").text
    assert "Nothing was stored under this id" in found
    assert "erased</h1>" not in found


def test_an_unknown_code_gets_a_page_that_says_what_to_do(db, meta):
    answer = meta.get("/meta/deletion/nobody-has-this/")
    assert answer.status_code == 404
    assert "Compare it with the confirmation code" in answer.text


def test_it_speaks_the_language_of_the_visitor(db, meta):
    assert settings.USE_I18N
    assert "Accept-Language" in meta.get("/meta/deletion/x/").headers["Vary"]
