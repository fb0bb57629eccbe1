"""Reading back history in the admin: asked for by who manages the account, watched without loading the page again, stopped."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from accounts.models import Account
from core.clock import now
from inbox.admin.backfill_progress import Progress
from inbox.models import Backfill
from tests.admin.pages import page
from tests.inbox.reading_back import QUICK, ask, carry_on

State = Backfill.State
ADD = "/admin/inbox/backfill/add/"


def backfill(cast, **values) -> Backfill:
    return Backfill.objects.create(**{"account": cast.shop, "by": cast.dana, "at": now(), "not_before": now()} | values)


def progress(row: Backfill) -> str:
    return reverse("admin:inbox_backfill_progress", args=[row.pk])


# Asking for it -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("reach", "days"), [("30", 30), ("365", 365), ("0", None)])
def test_a_manager_asks_for_it_and_gets_to_see_how_far_it_is(cast, sign_in, reach, days):
    dana = sign_in(cast.dana)
    answer = dana.post(ADD, {"account": cast.shop.pk, "reach": reach}, follow=True)
    started = Backfill.objects.get()
    assert answer.redirect_chain == [(page(started, "change"), 302)] and "being counted" in answer.text
    assert (started.account, started.by, started.state) == (cast.shop, cast.dana, State.COUNTING)
    assert started.since == (days and started.at - timedelta(days=days))


def test_an_account_of_others_is_not_offered_and_not_read(cast, sign_in):
    other = Account.objects.create(network="messenger", meta_app=cast.shop.meta_app, name="Elsewhere", external_id="1", token="EAAother")
    dana = sign_in(cast.dana)
    assert "Elsewhere" not in dana.get(ADD).text and "Harbour Coffee" in dana.get(ADD).text
    answer = dana.post(ADD, {"account": other.pk, "reach": "30"})
    assert answer.status_code == 200 and "Select a valid choice" in answer.text and not Backfill.objects.exists()


def test_the_account_can_be_chosen_by_the_address(cast, sign_in):
    assert f'value="{cast.studio.pk}" selected' in sign_in(cast.dana).get(f"{ADD}?account={cast.studio.pk}").text


def test_it_is_refused_with_a_sentence_where_it_makes_no_sense(cast, sign_in):
    dana = sign_in(cast.dana)
    ask(cast, cast.shop)
    assert "is being read already" in dana.post(ADD, {"account": cast.shop.pk, "reach": "30"}).text
    Account.objects.filter(pk=cast.studio.pk).update(state=Account.State.DISCONNECTED)
    assert "Connect it again first" in dana.post(ADD, {"account": cast.studio.pk, "reach": "30"}).text
    assert Backfill.objects.count() == 1


@pytest.mark.parametrize("who", ["alice", "bob", "charlie"])
def test_nobody_else_gets_in(cast, sign_in, who):
    row, browser = backfill(cast), sign_in(getattr(cast, who))
    for address in (ADD, page(row, "change"), progress(row), page(row, "stop")):
        assert browser.get(address).status_code == 403


# Watching it ---------------------------------------------------------------------------------------------------------
def test_the_page_says_how_far_it_is_and_asks_again_by_itself(cast, sign_in, settings):
    settings.GRAPH_READS_PER_SECOND = QUICK
    cast.simulator.add_history(cast.shop.external_id, contacts=40, messages=2)
    row, dana = carry_on(ask(cast, cast.shop), parts=2), sign_in(cast.dana)
    shown = dana.get(page(row, "change")).text
    assert "20 of 41 conversations, 38 messages, back to" in shown
    assert 'max="41" value="20"' in shown and f'hx-get="{progress(row)}?mark=' in shown
    carry_on(row)
    # The whole page is loaded again: there is nothing to stop any more.
    assert dana.get(progress(row)).headers["HX-Refresh"] == "true"
    shown = dana.get(page(row, "change")).text
    assert "Everything that Meta opens has been read" in shown and "41 conversations, 80 messages" in shown
    assert "?mark=" not in shown and "<progress" not in shown and page(row, "stop") not in shown


def test_nothing_newer_is_no_answer(cast, sign_in):
    row, dana = backfill(cast, state=State.READING, total=5_000, conversations=1_240, messages=8_112), sign_in(cast.dana)
    mark = Progress(row).mark
    assert dana.get(f"{progress(row)}?mark={mark}").status_code == 204
    Backfill.objects.update(conversations=1_260)
    assert "1,260 of 5,000 conversations" in dana.get(f"{progress(row)}?mark={mark}").text


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"state": "counting", "counted": 1_200}, ("being counted", "1,200 conversations so far")),
        ({"state": "reading", "total": 5_000, "conversations": 1_240, "messages": 8_112, "oldest_at": datetime(now().year, 3, 3, 12, tzinfo=UTC)},
         ("being read", "1,240 of 5,000 conversations, 8,112 messages, back to 3 March.")),
        ({"state": "reading", "conversations": 1, "messages": 1}, ("1 conversation, 1 message.", "nobody knows how many are left")),
        ({"state": "reading", "total": 9, "trouble": "throttled", "tries": 1}, ("goes on by itself at", "Meta wants fewer calls for now.")),
        ({"state": "reading", "total": 9, "left_out": 2}, ("2 conversations were left out",)),
        ({"state": "done", "total": 9, "conversations": 10}, ("Everything that Meta opens", "10 conversations, 0 messages.")),
        ({"state": "failed", "total": 9, "trouble": "unavailable"}, ("given up", "Meta has trouble at the moment.", "asked for again")),
        ({"state": "cancelled", "total": 9, "trouble": "unavailable"}, ("It was stopped",)),
    ],
)  # fmt: skip
def test_every_state_has_its_words(cast, sign_in, values, words):
    finished_at = None if values["state"] in ("counting", "reading") else now()
    shown = sign_in(cast.dana).get(page(backfill(cast, finished_at=finished_at, **values), "change")).text
    assert all(each in shown for each in words), shown


@pytest.mark.parametrize(("state", "words"), [("needs_reconnect", "until the account is mended"), ("disconnected", "the account is disconnected")])
def test_it_says_what_it_waits_for(cast, sign_in, state, words):
    row = backfill(cast, state=State.READING)
    Account.objects.filter(pk=cast.shop.pk).update(state=state)
    assert words in sign_in(cast.dana).get(page(row, "change")).text


def test_the_list_says_what_is_going_on_and_can_be_narrowed(cast, sign_in):
    dana = sign_in(cast.dana)
    assert "No history has been read back yet" in dana.get(page(Backfill)).text
    backfill(cast, state=State.DONE, finished_at=now(), conversations=12, messages=30)
    backfill(cast, account=cast.studio, state=State.READING, total=7)
    assert "12 conversations, 30 messages." in dana.get(page(Backfill)).text
    only = dana.get(f"{page(Backfill)}?state__exact=reading").text
    assert "0 of 7 conversations" in only and "12 conversations" not in only
    assert "Nothing here fits" in dana.get(f"{page(Backfill)}?state__exact=failed").text


def test_a_manager_sees_what_belongs_to_her_accounts_only(cast, sign_in):
    other = Account.objects.create(network="messenger", meta_app=cast.shop.meta_app, name="Elsewhere", external_id="1", token="EAAother")
    row, dana = backfill(cast, account=other), sign_in(cast.dana)
    assert "Elsewhere" not in dana.get(page(Backfill)).text
    assert dana.get(progress(row)).status_code == 404
    assert "Elsewhere" in sign_in(cast.root).get(page(Backfill)).text


# Stopping it ---------------------------------------------------------------------------------------------------------
def test_a_manager_stops_it(cast, sign_in):
    row, dana = backfill(cast, state=State.READING), sign_in(cast.dana)
    assert "What had been read stays" not in dana.get(page(row, "change")).text
    answer = dana.post(page(row, "stop"), follow=True)
    row.refresh_from_db()
    assert row.state == State.CANCELLED and "It was stopped" in answer.text
    assert page(row, "stop") not in answer.text


def test_what_has_ended_cannot_be_stopped(cast, sign_in):
    row = backfill(cast, state=State.DONE, finished_at=now())
    assert "nothing to do here any more" in sign_in(cast.dana).post(page(row, "stop"), follow=True).text
    row.refresh_from_db()
    assert row.state == State.DONE
