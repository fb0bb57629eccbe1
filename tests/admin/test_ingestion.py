"""The page that answers: is everything coming in?"""

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Account, Activity, Grant
from core.clock import now
from graph.signatures import sign
from inbox import incoming
from inbox.models import KeptEvent, MediaFile, RefusedDelivery, WebhookDelivery
from inbox.webhooks.store import store_delivery
from inbox.work import work_until_idle
from tests.admin.pages import page
from tests.inbox.test_retention import broken, comment, reaction_to_nothing, tell

PAGE, NOW, REPLAY = "/admin/ingestion/", "/admin/ingestion/now/", "/admin/ingestion/replay/"


def store(cast, **body: object) -> None:
    raw = json.dumps(body).encode()
    assert store_delivery(raw, sign("app-secret", raw))


def figures(browser) -> dict[str, str]:
    return {figure.name: figure.number for figure in browser.get(PAGE).context["now"].figures}


def verdict(browser) -> tuple[str, str]:
    found = browser.get(PAGE).context["now"].verdict
    return found.sentence, found.tone


# The answer ---------------------------------------------------------------------------------------------------------
def test_where_all_is_well_it_says_so(cast, browser):
    assert verdict(browser) == ("Everything that Meta delivered has been applied.", "good")
    assert figures(browser)["Delivered in 24 hours"] == "2"


def test_what_failed_comes_first(cast, browser):
    broken()
    assert verdict(browser) == ("1 delivery could not be applied.", "bad")


def test_a_worker_that_does_not_run_is_noticed(cast, browser, clock):
    store(cast, object="page", entry=[])
    assert verdict(browser)[1] == "good"
    clock.shift(timedelta(minutes=3))
    assert "the worker does not keep up" in verdict(browser)[0]


def test_what_is_applied_again_after_days_is_no_sign_of_a_stuck_worker(cast, browser, clock):
    broken()
    clock.shift(timedelta(days=3))
    browser.post(REPLAY, {"which": "failed"})
    assert "worker" not in verdict(browser)[0]


def test_silence_for_a_week_is_worth_a_word(cast, browser, clock):
    clock.shift(timedelta(days=8))
    assert verdict(browser) == ("Nothing has come in for a week.", "care")


def test_what_meta_signed_and_nobody_can_read_is_visible_here_and_on_the_index(cast, browser):
    RefusedDelivery.objects.create(hour=now(), reason="not_json", number=1, largest=5, last_at=now())
    assert verdict(browser) == ("Meta signed something today that nobody can read.", "bad")
    assert "Meta signed something today that nobody can read." in browser.get("/admin/").text


# Account by account -----------------------------------------------------------------------------------------------------
def test_each_account_has_its_last_webhook_and_message(cast, browser, clock):
    first = Account.objects.get(pk=cast.shop.pk).webhook_at
    clock.shift(timedelta(minutes=5))
    mid = cast.conversation(cast.amina).last_message.mid
    cast.simulator.react(cast.shop.external_id, cast.amina.external_id, mid)
    work_until_idle("ingest")
    shop, studio = (row["account"] for row in browser.get(PAGE).context["page"].rows)
    assert shop.webhook_at > first + timedelta(minutes=4)
    assert shop.last_message_at == cast.conversation(cast.amina).last_message_at < shop.webhook_at
    assert studio.webhook_at < shop.webhook_at


def test_what_another_app_signed_is_no_sign_of_life(cast, clock):
    before = Account.objects.get(pk=cast.shop.pk).webhook_at
    cast.studio.meta_app.__class__.objects.create(kind="instagram", app_id="2", secret="other", verify_token="x")
    raw = json.dumps({"object": "page", "entry": [{"id": cast.shop.external_id, "messaging": [{"read": {"watermark": 1}}]}]}).encode()
    clock.shift(timedelta(minutes=5))
    assert store_delivery(raw, sign("other", raw))
    work_until_idle("ingest")
    assert Account.objects.get(pk=cast.shop.pk).webhook_at == before


def test_copies_of_media_are_counted_by_state(cast, browser):
    for state in ("ready", "ready", "fetching", "gone", "failed"):
        MediaFile.objects.create(account=cast.shop, at=now(), state=state)
    MediaFile.objects.create(account=cast.shop, by=cast.bob, at=now())
    shown = browser.get(PAGE).text
    assert all(words in shown for words in ("2 saved", "1 being saved", "1 gone at Meta", "1 failed"))


# Kept, and waiting ------------------------------------------------------------------------------------------------------
def test_a_comment_told_twice_is_counted_once(cast, browser):
    comment(cast, 1), comment(cast, 2)
    tell(**json.loads(bytes(WebhookDelivery.objects.latest("pk").body)) | {"told": "again"})
    row = browser.get(PAGE).context["page"].kept[0]
    assert (row["kind"], row["account"], row["different"], row["told"]) == ("comment", cast.shop, 2, 3)
    assert "told 3 times" in browser.get(PAGE).text


def test_an_event_that_waits_says_for_what(cast, browser):
    reaction_to_nothing(cast)
    assert "message …_never" in browser.get(PAGE).text
    assert figures(browser)["Events that wait"] == "1"


def test_the_page_of_an_event_shows_it_without_its_tokens(cast, browser):
    optin = {"type": "notification_messages", "payload": "NEWS", "notification_messages_token": "MARKER", "title": "News"}
    event = {"sender": {"id": cast.amina.external_id}, "recipient": {"id": cast.shop.external_id}, "timestamp": 1794700000000, "optin": optin}
    delivery = tell(object="page", entry=[{"id": cast.shop.external_id, "time": 1, "messaging": [event]}])
    shown = browser.get(page(delivery, "change")).text + browser.get(page(KeptEvent.objects.get(), "change")).text
    assert shown.count("NEWS") == 2
    assert "MARKER" not in shown
    assert "•••" in shown


# Turned away --------------------------------------------------------------------------------------------------------------
def test_what_was_turned_away_is_counted_by_reason_with_what_to_do(cast, browser):
    for hours, number in ((0, 3), (30, 4), (24 * 8, 5)):
        RefusedDelivery.objects.create(hour=now() - timedelta(hours=hours), reason="mis_signed", number=number, largest=812, last_at=now())
    shown = browser.get(PAGE)
    row = shown.context["page"].refused[0]
    assert (row["day"], row["week"], row["largest"]) == (3, 7, 812)
    assert "the app secret that is stored here is not the app" in shown.text


# Looking for one ------------------------------------------------------------------------------------------------------------
def test_deliveries_are_found_by_the_id_of_a_message_or_a_person(cast, browser):
    mid = cast.write(cast.amina, "Find me")
    assert browser.get(PAGE, {"q": mid}).context["page"].found == [WebhookDelivery.objects.latest("pk")]
    assert len(browser.get(PAGE, {"q": cast.amina.external_id}).context["page"].found) == 2
    assert browser.get(PAGE, {"q": "m_nobody"}).context["page"].found == []
    assert "at least four characters" in browser.get(PAGE, {"q": "m"}).text


def test_the_search_looks_at_the_newest_only(cast, browser, monkeypatch):
    cast.write(cast.amina, "Newer")
    monkeypatch.setattr(incoming, "SEARCHED", 1)
    assert len(browser.get(PAGE, {"q": cast.amina.external_id}).context["page"].found) == 1


@pytest.mark.parametrize("asked", [{"q": "x" * 500}, {"account": "nobody"}, {"again": "x", "since": "x"}, {"again": "9" * 30, "since": "9" * 30}])
def test_nonsense_in_the_address_is_no_error(cast, browser, asked):
    assert browser.get(PAGE, asked).status_code == 200
    assert browser.get(NOW, asked).status_code == 200


def test_one_account_can_be_chosen(cast, browser):
    comment(cast)
    shown = browser.get(PAGE, {"account": cast.studio.public_id}).context["page"]
    assert [row["account"] for row in shown.rows] == [cast.studio]
    assert shown.kept == []


# Applied again --------------------------------------------------------------------------------------------------------------
def test_all_that_failed_is_applied_again_after_a_question(cast, browser):
    broken(), tell(object="giraffe", entry=[])
    assert "All 2 deliveries" in browser.get(REPLAY, {"which": "failed"}).text
    assert not WebhookDelivery.objects.filter(state="received").exists()
    answer = browser.post(REPLAY, {"which": "failed"}, follow=True)
    assert "2 deliveries are applied again; 2 are left." in " ".join(answer.text.split())
    line = Activity.objects.get(verb="deliveries.replayed")
    assert (line.by, line.details) == (cast.root, {"number": 2})
    work_until_idle("ingest")
    done = " ".join(browser.get(answer.redirect_chain[-1][0]).text.split())
    assert "All 2 have been tried again." in done
    assert "2 failed once more." in done


def test_only_the_chosen_ones_are_applied_again(cast, browser):
    chosen, other = broken(), tell(object="giraffe", entry=[])
    assert browser.get(REPLAY, {"delivery": chosen.public_id}).context["number"] == 1
    browser.post(REPLAY, {"delivery": chosen.public_id})
    states = dict(WebhookDelivery.objects.values_list("pk", "state"))
    assert (states[chosen.pk], states[other.pk]) == ("received", "failed")
    assert Activity.objects.get(verb="delivery.replayed").target_id == chosen.public_id


def test_none_chosen_is_said_and_does_nothing(cast, browser):
    assert "None is chosen" in browser.get(REPLAY).text
    browser.post(REPLAY)
    assert not WebhookDelivery.objects.filter(state="received").exists()


def test_one_is_applied_again_from_its_own_page(cast, browser):
    delivery = broken()
    assert "tries once more" in browser.get(page(delivery, "replay")).text
    assert browser.post(page(delivery, "replay")).headers["Location"].startswith("/admin/ingestion/?again=1&since=")


def test_one_whose_body_is_gone_is_not_offered(cast, browser):
    delivery = comment(cast)
    WebhookDelivery.objects.filter(pk=delivery.pk).update(emptied_at=now(), body=b"")
    assert "its time was over" in browser.get(page(delivery, "change")).text
    assert browser.get(page(delivery, "replay")).status_code == 302
    browser.post(REPLAY, {"delivery": delivery.public_id})
    assert WebhookDelivery.objects.get(pk=delivery.pk).state == "applied"


def test_the_fresh_part_is_sent_only_where_it_changed(cast, browser):
    mark = browser.get(PAGE).context["now"].mark
    assert browser.get(NOW, {"mark": mark}).status_code == 204
    broken()
    fresh = browser.get(NOW, {"mark": mark})
    assert (fresh.status_code, "could not be applied" in fresh.text) == (200, True)
    assert "<html" not in fresh.text


# Who sees what ---------------------------------------------------------------------------------------------------------------
def test_a_manager_sees_her_accounts_and_nothing_of_the_installation(cast, history, dana, browser):
    comment(cast), reaction_to_nothing(cast), broken()
    KeptEvent.objects.create(delivery=WebhookDelivery.objects.latest("pk"), position=9, account=cast.studio, kind="MARKER", reason="x", body={})
    shown = dana.get(PAGE, {"q": cast.amina.external_id})
    assert [row["account"] for row in shown.context["page"].rows] == [cast.shop]
    assert "MARKER" not in shown.text
    for words in ("Harbour Studio", "Could not be applied", "Turned away", "forgotten", "Deliveries that name it", "WEBHOOK_DAYS"):
        assert words not in shown.text, words
    assert {row["kind"] for row in shown.context["page"].kept} == {"comment", "Reacted"}
    assert "MARKER" in browser.get(PAGE).text


def test_a_manager_applies_nothing_again(cast, dana):
    delivery = broken()
    assert dana.get(REPLAY).status_code == 403
    assert dana.post(REPLAY, {"which": "failed"}).status_code == 403
    assert dana.post(page(delivery, "replay")).status_code == 404
    assert WebhookDelivery.objects.get(pk=delivery.pk).state == "failed"


def test_a_manager_opens_kept_events_of_her_accounts_only(cast, dana):
    comment(cast)
    mine = KeptEvent.objects.get()
    theirs = KeptEvent.objects.create(delivery=mine.delivery, position=9, account=cast.studio, kind="comment", reason="x", body={})
    assert dana.get(page(mine, "change")).status_code == 200
    assert page(mine.delivery, "change") not in dana.get(page(mine, "change")).text
    assert dana.get(page(theirs, "change")).status_code == 302


def test_the_page_is_in_the_index_of_whoever_may_see_it(cast, dana, browser, sign_in):
    assert f'href="{PAGE}"' in browser.get("/admin/").text
    assert f'href="{PAGE}"' in dana.get("/admin/").text
    assert f'href="{PAGE}"' not in browser.get("/admin/accounts/").context["app_list"].__repr__()
    Grant.objects.filter(user=cast.dana).delete()
    assert dana.get(PAGE).status_code == 403
    assert dana.get("/admin/").context["app_list"] == []


# What it costs ------------------------------------------------------------------------------------------------------------------
def test_the_page_asks_as_much_for_many_as_for_few(cast, browser):
    comment(cast), reaction_to_nothing(cast), broken()
    browser.get(PAGE)
    few = _queries(browser)
    for number in range(4):
        comment(cast, number + 10)
        tell(object=f"elephant {number}", entry=[])
        Account.objects.create(network="messenger", meta_app=cast.shop.meta_app, name=f"Shop {number}", external_id=str(number), token="t")
        MediaFile.objects.create(account=cast.shop, at=now(), state="ready")
    assert _queries(browser) <= few <= 35


def _queries(browser) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert browser.get(PAGE, {"q": "elephant"}).status_code == 200
    return len(captured)


def test_counts_stop_somewhere(cast, browser, monkeypatch):
    monkeypatch.setattr(incoming, "LOOKED_AT", 2)
    for number in range(4):
        comment(cast, number)
    assert figures(browser)["Delivered in 24 hours"] == "more than 2"
    assert sum(row["different"] for row in browser.get(PAGE).context["page"].kept) == 2
