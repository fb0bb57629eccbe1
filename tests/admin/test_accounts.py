"""The pages of connected accounts: the list, the checklist that keeps itself fresh, the deeds, and the test message."""

from datetime import timedelta

import pytest
from django.db import connection

from accounts.admin.account_list import dispatches
from accounts.models import Account, Activity, Grant, Right
from core.clock import now
from inbox.content import Content
from inbox.models import Dispatch, Message
from inbox.work import work_until_idle
from tests.admin.pages import page

FRAGMENT = {"HX-Request": "true"}
COFFEE, STUDIO = "Harbour Coffee", "Harbour Studio"


def checklist(browser, account, mark: str = ""):
    return browser.get(page(account, "checklist"), {"mark": mark}, headers=FRAGMENT)


# The list -----------------------------------------------------------------------------------------------------------
def test_the_list_says_of_each_account_what_an_admin_wants_to_know(cast, browser):
    Account.objects.filter(pk=cast.shop.pk).update(
        reply_hold=60, agents_may_send=True, human_agent_feature=True, poll_due_at=now(), token_expires_at=now() + timedelta(days=3, hours=1), checked_at=now()
    )
    cast.conversation(cast.amina).reply(Content(text="Waits"), by=cast.bob)
    shown = browser.get(page(Account)).text
    for words in ("in 3 days", "delayed", "1 waits", "60\N{NO-BREAK SPACE}s\N{NO-BREAK SPACE}/ 0", "people&#x27;s own words", "without review"):
        assert words in shown, words
    assert f"account__id__exact={cast.shop.pk}&amp;state__exact=queued" in shown


def test_the_queue_tells_what_waits_from_what_nobody_knows(cast, browser):
    conversation = cast.conversation(cast.amina)
    conversation.reply(Content(text="Unknown"), by=cast.bob)
    Dispatch.objects.update(state=Dispatch.State.UNKNOWN, unknown_since=now())
    Account.objects.update(reply_hold=60)
    conversation.reply(Content(text="Waits"), by=cast.bob)
    shop, studio = browser.get(page(Account)).context["cl"].result_list
    assert [(each.queued, each.unknown) for each in (shop, studio)] == [(1, 1), (0, 0)]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"token": "soon"}, [COFFEE]), ({"token": "expired"}, []), ({"token": "missing"}, [STUDIO]), ({"token": "nonsense"}, [COFFEE, STUDIO]),
        ({"comes": "delayed"}, [COFFEE]), ({"comes": "webhook"}, [STUDIO]), ({"sending": "paused"}, [COFFEE]), ({"sending": "unknown"}, []),
        ({"q": "studio"}, [STUDIO]),
    ],
)  # fmt: skip
def test_the_list_is_narrowed_down(cast, browser, asked, found):
    Account.objects.filter(pk=cast.shop.pk).update(token_expires_at=now() + timedelta(days=3), poll_due_at=now(), held_at=now())
    Account.objects.filter(pk=cast.studio.pk).update(token="")
    assert [account.name for account in browser.get(page(Account), asked).context["cl"].result_list] == found


def test_only_superusers_filter_by_app(cast, browser, dana):
    # Django offers a filter only where there is a choice.
    other = type(cast.shop.meta_app).objects.create(kind="instagram", app_id="2", name="Second app", secret="s", verify_token="v")
    Account.objects.filter(pk=cast.studio.pk).update(meta_app=other)
    assert "Second app" in browser.get(page(Account)).text
    assert "Second app" not in dana.get(page(Account)).text


def test_counting_the_queue_reads_no_other_dispatch(cast):
    plan = Account.objects.annotate(queued=dispatches("queued"), unknown=dispatches("unknown")).explain()
    if connection.vendor == "sqlite":
        assert plan.count("dispatches_of_account (account_id=? AND state=?)") == 2
    else:
        assert "SubPlan" in plan


# The checklist --------------------------------------------------------------------------------------------------------
def test_the_page_of_an_account_begins_with_its_checklist(cast, browser):
    shown = browser.get(page(cast.shop, "change"))
    assert [line.line.name for line in shown.context["checklist"].lines][:4] == ["https", "handshake", "callback", "subscription"]
    assert shown.text.index('id="checklist"') < shown.text.index('id="account_form"')
    assert f'hx-get="{page(cast.shop, "checklist")}?mark=' in shown.text


def test_a_check_is_asked_for_with_one_press_and_its_result_comes_by_itself(cast, browser):
    Account.objects.filter(pk=cast.shop.pk).update(checked_at=now() - timedelta(hours=1), check_due_at=None)
    calm = browser.get(page(cast.shop, "change"))
    assert "Being checked" not in calm.text
    busy = browser.post(page(cast.shop, "check"), follow=True)
    assert busy.redirect_chain == [(page(cast.shop, "change"), 302)]
    assert "Being checked" in busy.text
    assert busy.context["checklist"].trigger == "every 1s"
    work_until_idle("tend")
    fresh = checklist(browser, cast.shop, busy.context["checklist"].mark)
    assert fresh.status_code == 200
    assert "Being checked" not in fresh.text
    assert "Checked on" in fresh.text
    assert "<html" not in fresh.text
    assert checklist(browser, cast.shop, fresh.context["checklist"].mark).status_code == 204


def test_a_check_without_an_answer_is_not_under_way_for_ever(cast, browser, clock):
    browser.post(page(cast.shop, "check"))
    clock.shift(timedelta(minutes=4))
    assert "Being checked" not in checklist(browser, cast.shop).text


def test_a_line_offers_what_helps(cast, browser):
    Account.objects.filter(pk=cast.shop.pk).update(subscribed_fields=[], checked_at=now())
    shown = checklist(browser, cast.shop).text
    assert f'action="{page(cast.shop, "subscribe")}"' in shown
    assert page(cast.shop, "test") in shown
    assert "broken" in shown


def test_a_manager_is_not_led_where_only_superusers_may_go(cast, browser, dana):
    app = page(cast.shop.meta_app, "change")
    assert app in checklist(browser, cast.shop).text
    assert app not in checklist(dana, cast.shop).text


def test_nobody_sees_the_checklist_of_an_account_that_they_do_not_manage(cast, dana):
    assert checklist(dana, cast.shop).status_code == 200
    assert checklist(dana, cast.studio).status_code == 404


# Deeds ----------------------------------------------------------------------------------------------------------------
def test_each_state_offers_what_makes_sense(cast, browser):
    def offered(account) -> set[str]:
        return {deed.name for deed, _address in browser.get(page(account, "change")).context["deeds"]}

    assert offered(cast.shop) == {"check", "subscribe", "pause", "disconnect"}
    assert offered(cast.studio) == {"check", "refresh", "subscribe", "pause", "disconnect"}
    browser.post(page(cast.shop, "disconnect"), {"reason": "Sold."})
    assert offered(cast.shop) == {"mend"}
    ways = dict(browser.get(page(cast.shop, "change")).context["ways"])
    assert list(ways.values()) == [f"/admin/connect/?account={cast.shop.public_id}"]


def test_an_account_is_paused_with_a_reason_and_resumed(cast, browser):
    assert browser.post(page(cast.shop, "pause"), {"length": "day", "reason": ""}).status_code == 422
    assert browser.post(page(cast.shop, "pause"), {"length": "day", "reason": "Wrong prices"}).status_code == 302
    shop = Account.objects.get(pk=cast.shop.pk)
    assert shop.is_held(now() + timedelta(hours=23))
    assert not shop.is_held(now() + timedelta(hours=25))
    assert "Wrong prices" in browser.get(page(shop, "change")).text
    assert browser.post(page(cast.shop, "resume")).status_code == 302
    assert not Account.objects.get(pk=cast.shop.pk).is_held(now())
    assert set(Activity.objects.filter(by=cast.root, account=cast.shop).values_list("verb", flat=True)) == {"account.paused", "account.resumed"}


def test_a_pause_without_an_end_lasts_until_somebody_resumes(cast, browser):
    browser.post(page(cast.shop, "pause"), {"reason": "Holidays"})
    assert Account.objects.get(pk=cast.shop.pk).is_held(now() + timedelta(days=900))


def test_a_refusal_of_a_deed_is_told_in_a_sentence(cast, browser):
    Account.objects.filter(pk=cast.studio.pk).update(token_stored_at=now())
    refused = browser.post(page(cast.studio, "refresh"))
    assert refused.status_code == 422
    assert "24 hours old" in refused.text


def test_several_are_checked_and_one_that_refuses_keeps_none_from_it(cast, browser):
    Account.objects.filter(pk=cast.studio.pk).update(state=Account.State.DISCONNECTED)
    both = {"_selected_action": [cast.shop.pk, cast.studio.pk]}
    shown = browser.post(page(Account), both | {"action": "check_selected"}, follow=True).text
    assert "1 account is being checked." in shown
    assert "Harbour Studio: The account is disconnected." in shown


def test_several_are_paused_after_a_question_and_resumed(cast, browser):
    both = {"_selected_action": [cast.shop.pk, cast.studio.pk], "action": "pause_selected"}
    asked = browser.post(page(Account), both)
    assert "Harbour Studio" in asked.text
    assert not Account.objects.exclude(held_at=None).exists()
    assert browser.post(page(Account), both | {"pause": "1", "reason": ""}).status_code == 422
    assert "2 accounts are paused." in browser.post(page(Account), both | {"pause": "1", "reason": "Storm"}, follow=True).text
    assert "2 accounts send again." in browser.post(page(Account), both | {"action": "resume_selected"}, follow=True).text


def test_a_manager_pauses_her_account_and_no_other(cast, dana):
    both = {"_selected_action": [cast.shop.pk, cast.studio.pk], "action": "pause_selected", "pause": "1", "reason": "Storm"}
    assert "1 account is paused." in dana.post(page(Account), both, follow=True).text
    assert list(Account.objects.exclude(held_at=None)) == [cast.shop]
    assert dana.post(page(cast.studio, "check")).status_code == 404


def test_no_account_is_deleted_and_none_is_typed_in(cast, browser, dana):
    assert browser.post(page(cast.shop, "delete"), {"post": "yes"}).status_code == 403
    assert browser.get(page(Account, "add")).headers["Location"] == "/admin/connect/"
    assert dana.get(page(Account, "add")).status_code == 403
    assert "delete_selected" not in dict(browser.get(page(Account)).context["action_form"].fields["action"].choices)


# A test message ---------------------------------------------------------------------------------------------------------
def test_a_test_message_is_sent_to_a_chosen_conversation_and_the_page_says_that_meta_took_it(cast, browser):
    conversation = cast.conversation(cast.amina)
    chosen = f"{page(cast.shop, 'test')}?conversation={conversation.public_id}"
    assert chosen in browser.get(page(cast.shop, "test")).text
    form = browser.get(chosen)
    assert f"Send it to {cast.amina}" in form.text
    words = {"text": "Only a test.", "key": form.context["form"]["key"].value()}
    outcome = browser.post(chosen, words, follow=True)
    assert "It is on its way." in outcome.text
    mark = outcome.context["sent"].mark
    address = outcome.redirect_chain[-1][0]
    assert browser.get(f"{address}&mark={mark}", headers=FRAGMENT).status_code == 204
    work_until_idle("dispatch")
    assert "Meta has accepted it." in browser.get(f"{address}&mark={mark}", headers=FRAGMENT).text
    assert [message["text"] for message in cast.received(cast.amina)] == ["Only a test."]
    assert Account.objects.get(pk=cast.shop.pk).sent_at
    assert Message.objects.get(text="Only a test.").written_by == cast.root


def test_pressing_twice_sends_once(cast, browser):
    chosen = f"{page(cast.shop, 'test')}?conversation={cast.conversation(cast.amina).public_id}"
    for _press in range(2):
        assert browser.post(chosen, {"text": "Once", "key": "k"}).status_code == 302
    assert Dispatch.objects.count() == 1


def test_who_may_not_reply_is_told_and_sends_nothing(cast, dana):
    chosen = f"{page(cast.shop, 'test')}?conversation={cast.conversation(cast.amina).public_id}"
    assert "you may not reply on it" in dana.get(page(cast.shop, "test")).text
    assert dana.post(chosen, {"text": "No", "key": "k"}).status_code == 403
    assert not Dispatch.objects.exists()
    Grant.objects.create(user=cast.dana, account=cast.shop, right=Right.REPLY)
    assert dana.post(chosen, {"text": "Yes", "key": "k"}).status_code == 302


def test_where_nobody_wrote_the_page_says_how_to_get_a_conversation_and_shows_it_when_it_comes(cast, browser, clock):
    clock.shift(timedelta(hours=25))
    empty = browser.get(page(cast.shop, "test"))
    assert "Take your own phone" in empty.text
    mark = empty.context["choices"].mark
    assert browser.get(page(cast.shop, "test"), {"mark": mark}, headers=FRAGMENT).status_code == 204
    cast.write(cast.amina, "Test")
    assert str(cast.amina) in browser.get(page(cast.shop, "test"), {"mark": mark}, headers=FRAGMENT).text


def test_what_the_verb_refuses_is_told_and_the_words_stay(cast, browser, clock):
    chosen = f"{page(cast.shop, 'test')}?conversation={cast.conversation(cast.amina).public_id}"
    clock.shift(timedelta(hours=25))
    refused = browser.post(chosen, {"text": "Too late", "key": "k"})
    assert refused.status_code == 422
    assert "The 24 hours" in refused.text
    assert "Too late" in refused.text


def test_a_test_message_goes_to_no_other_account_and_its_outcome_is_its_senders(cast, browser, sign_in, dana):
    elsewhere = cast.conversation(cast.noor).public_id
    assert browser.get(f"{page(cast.shop, 'test')}?conversation={elsewhere}").status_code == 404
    assert dana.get(page(cast.studio, "test")).status_code == 404
    own = cast.conversation(cast.amina).reply(Content(text="Mine"), by=cast.root).dispatch.public_id
    assert browser.get(page(cast.shop, "test"), {"sent": own}).status_code == 200
    assert dana.get(page(cast.shop, "test"), {"sent": own}).status_code == 404


def test_meta_accepting_a_message_is_noted_on_the_account(cast):
    assert cast.shop.sent_at is None
    cast.conversation(cast.amina).reply(Content(text="Hello"), by=cast.bob)
    work_until_idle("dispatch")
    assert Account.objects.get(pk=cast.shop.pk).sent_at
    assert Account.objects.get(pk=cast.studio.pk).sent_at is None
