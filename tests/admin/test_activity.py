"""Activity: who did what to what, in words, with a way there, and as a table."""

import csv
import io

from accounts.admin.activity_words import in_words
from accounts.models import Activity, Grant
from agents.models import Agent
from core.clock import now
from core.secret import Secret
from tests.admin.pages import page


def table(response) -> list[list[str]]:
    return list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))


def exported(browser, lines) -> list[list[str]]:
    return table(browser.post(page(Activity), {"action": "export", "_selected_action": [line.pk for line in lines]}))


def test_verbs_read_as_people_say_them_and_unknown_ones_as_they_are_written():
    assert in_words("key.rotated") == "put another key in its place"
    assert in_words("metaapp.changed") == "changed it"
    assert in_words("comet.was_seen") == "comet: was seen"


def test_the_list_says_who_did_what_and_leads_to_it(cast, browser):
    Activity.record("account.mended", cast.shop, by=cast.dana, at=now(), account=cast.shop)
    Activity.record("account.deauthorised", cast.studio, by=None, at=now(), account=cast.studio)
    shown = browser.get(page(Activity)).text
    assert "marked it as mended" in shown and "Countersign" in shown
    line = Activity.objects.get(verb="account.mended")
    answer = browser.get(f"/admin/accounts/activity/{line.pk}/target/")
    assert (answer.status_code, answer.headers["Location"]) == (302, page(cast.shop, "change"))


def test_what_is_gone_or_not_theirs_has_no_way_to_it(cast, sign_in, browser):
    gone = Activity.record("grant.taken", Grant.objects.first(), by=cast.root, at=now(), account=cast.shop)
    Grant.objects.all().delete()
    assert browser.get(f"/admin/accounts/activity/{gone.pk}/target/").status_code == 404
    Grant.objects.create(user=cast.dana, account=cast.shop, right="manage")
    elsewhere = Activity.record("account.mended", cast.studio, by=cast.root, at=now(), account=cast.studio)
    no_account = Activity.record("agent.created", Agent.create("Other", owner=cast.root, at=now()), by=cast.root, at=now())
    for line in (elsewhere, no_account):
        assert sign_in(cast.dana).get(f"/admin/accounts/activity/{line.pk}/target/").status_code == 404


def test_the_list_is_narrowed_by_kind_of_actor_and_of_thing(cast, browser):
    itself = Activity.record("account.broken", cast.shop, by=None, at=now(), account=cast.shop)
    by_agent = Activity.record("proposal.made", cast.amina, by=cast.assistant.user, at=now(), account=cast.shop)
    found = {who: set(browser.get(page(Activity), {"who": who}).context["cl"].result_list) for who in ("people", "agents", "itself")}
    assert itself in found["itself"] and found["agents"] == {by_agent} and by_agent not in found["people"]
    assert set(browser.get(page(Activity), {"target_type": "contact"}).context["cl"].result_list) == {by_agent}


def test_chosen_lines_are_taken_along_as_a_table(cast, browser):
    first = Activity.record("stop.placed", cast.shop, by=cast.dana, at=now(), account=cast.shop, reason="=cmd()")
    head, line = exported(browser, [first])
    assert head[1:4] == ["who", "did", "verb"]
    assert line[1:7] == ["Dana", "stopped agents", "stop.placed", "account", cast.shop.public_id, "Harbour Coffee"]
    assert line[7] == '{"reason": "=cmd()"}'


def test_a_table_holds_no_formula_and_no_secret(cast, browser):
    cast.dana.name = "=HYPERLINK(1)"
    cast.dana.save()
    Secret("EAAslipped-into-details")
    line = Activity.record("account.mended", cast.shop, by=cast.dana, at=now(), account=cast.shop, oops="token EAAslipped-into-details")
    (row,) = exported(browser, [line])[1:]
    assert row[1] == "'=HYPERLINK(1)"
    assert "slipped" not in str(row)


def test_a_manager_takes_along_only_what_is_about_her_accounts(cast, sign_in):
    Grant.objects.filter(user=cast.dana, account=cast.studio).delete()
    mine = Activity.record("account.mended", cast.shop, by=cast.root, at=now(), account=cast.shop)
    other = Activity.record("account.mended", cast.studio, by=cast.root, at=now(), account=cast.studio)
    assert [row[6] for row in exported(sign_in(cast.dana), [mine, other])[1:]] == ["Harbour Coffee"]
