"""The grid of people and accounts: what it shows to whom, and that a change saves exactly that change."""

import pytest

from accounts.admin import people_grid
from accounts.admin.people_grid import words_for
from accounts.granting import preset_of, set_preset
from accounts.inviting import invite
from accounts.models import Activity, Grant, Right, User
from core.clock import now
from tests.admin.test_queries import queries

PEOPLE = "/admin/people/"


@pytest.fixture
def root(cast, sign_in):
    return sign_in(cast.root)


@pytest.fixture
def dana(cast, sign_in):
    return sign_in(cast.dana)


def rights(user, account) -> set[str]:
    return set(Grant.objects.filter(user=user, account=account).values_list("right", flat=True))


def shown(browser, query: str = "") -> dict[str, str]:
    """What the browser would send back, had nobody chosen anything."""
    grid = browser.get(PEOPLE + query).context["grid"]
    rows = [row for row in grid.rows if not row.user.is_superuser]
    return {f"was-{row.user.public_id}": row.was for row in rows} | {cell.name: cell.preset for row in rows for cell in row.cells}


def cell(user, account) -> str:
    return people_grid.cell_name(user, account)


# What it shows --------------------------------------------------------------------------------------------------------------


def test_every_person_stands_beside_every_account(cast, root):
    Grant.objects.filter(user=cast.bob, account=cast.studio).delete()
    form = shown(root)
    assert (form[cell(cast.alice, cast.shop)], form[cell(cast.bob, cast.shop)], form[cell(cast.bob, cast.studio)]) == ("approver", "operator", "")
    page = root.get(PEOPLE).text
    assert "Charlie" in page and "superuser" in page and "Assistant" not in page


def test_what_is_no_preset_is_shown_as_it_is_and_kept(cast, root):
    Grant.objects.create(user=cast.charlie, account=cast.shop, right=Right.READ)
    assert "Only: reads" in root.get(PEOPLE).text
    form = shown(root) | {cell(cast.charlie, cast.studio): "operator"}
    assert root.post(PEOPLE, form).status_code == 302
    assert (rights(cast.charlie, cast.shop), rights(cast.charlie, cast.studio)) == ({Right.READ}, {Right.REPLY})


@pytest.mark.parametrize(
    ("held", "preset", "words"),
    [
        ((), "", "No access"), (("reply",), "operator", "Operator"), (("reply", "read"), "operator", "Operator"),
        (("approve", "reply"), "approver", "Approver"), (("approve", "manage"), "manager", "Manager"), (("read",), None, "Only: reads"),
        (("manage",), None, "Only: configures"), (("reply", "manage"), None, "Only: replies, configures"),
    ],
)  # fmt: skip
def test_rights_that_give_as_much_as_a_preset_are_that_preset(held, preset, words):
    assert (preset_of(held), words_for(held)) == (preset, words)


def test_a_manager_sees_her_accounts_and_the_people_on_them(cast, dana):
    Grant.objects.filter(user=cast.dana, account=cast.studio).delete()
    Grant.objects.filter(user=cast.alice, account=cast.shop).delete()
    page = dana.get(PEOPLE).text
    assert "Harbour Coffee" in page and "Harbour Studio" not in page
    assert "bob@example.test" in page and "alice@example.test" not in page and "charlie@example.test" not in page


@pytest.mark.parametrize("name", ["bob", "charlie", "alice"])
def test_who_manages_nothing_does_not_see_it(name, cast, sign_in):
    User.objects.filter(email=f"{name}@example.test").update(is_staff=True)
    browser = sign_in(getattr(cast, name))
    assert (browser.get(PEOPLE).status_code, browser.post(PEOPLE).status_code, browser.get(PEOPLE + "invite/").status_code) == (403, 403, 403)


def test_open_invitations_stand_among_the_people(cast, root):
    invite("erin@example.test", name="Erin", grants={cast.shop: "approver"}, by=cast.dana, at=now())
    grid = root.get(PEOPLE).context["grid"]
    assert [(invitation.email, [preset for _account, preset in presets]) for invitation, presets in grid.invitations] == [
        ("erin@example.test", ["Approver", ""])
    ]
    assert "invited" in root.get(PEOPLE).text


def test_a_manager_sees_no_invitation_to_accounts_of_others(cast, dana):
    Grant.objects.filter(user=cast.dana, account=cast.studio).delete()
    invite("erin@example.test", name="Erin", grants={cast.studio: "approver"}, by=cast.root, at=now())
    assert "erin@example.test" not in dana.get(PEOPLE).text


def test_people_are_searched_and_paged(cast, root, monkeypatch):
    monkeypatch.setattr(people_grid, "PEOPLE", 2)
    User.objects.filter(pk=cast.alice.pk).update(is_active=False)
    first, last = (root.get(PEOPLE, {"p": page}).context["grid"] for page in ("1", "3"))
    assert [row.user.name for row in first.rows] == ["Bob", "Charlie"]
    assert [row.user.name for row in last.rows] == ["Alice"]  # who is not active comes last
    assert "People 1 to 2 of 5" in root.get(PEOPLE).text and "inactive" in root.get(PEOPLE, {"p": "3"}).text
    assert [row.user for row in root.get(PEOPLE, {"q": "CHAR example.test"}).context["grid"].rows] == [cast.charlie]
    assert "Nobody here is called “nobody”" in root.get(PEOPLE, {"q": "nobody"}).text


@pytest.mark.parametrize("asked", [{"p": "0"}, {"p": "99"}, {"p": "x"}, {"a": "-1"}, {"a": "99"}, {"q": "%"}, {"q": "x" * 500}])
def test_a_strange_address_is_no_error(asked, cast, root):
    assert root.get(PEOPLE, asked).status_code == 200


def test_many_accounts_come_in_several_pages(cast, root, monkeypatch):
    monkeypatch.setattr(people_grid, "ACCOUNTS", 1)
    assert "Accounts 1 to 1 of 2" in root.get(PEOPLE).text
    form = shown(root, "?a=2") | {cell(cast.charlie, cast.studio): "operator"}
    assert root.post(PEOPLE + "?a=2", form).url == PEOPLE + "?a=2"
    assert rights(cast.charlie, cast.studio) == {Right.REPLY} and rights(cast.bob, cast.shop) == {Right.REPLY}


def test_an_installation_without_accounts_says_what_is_missing(db, sign_in):
    first = User.objects.create_superuser("first@example.test")
    assert "No account is connected yet." in sign_in(first).get(PEOPLE).text
    assert "accounts can be granted later" in sign_in(first).get(PEOPLE + "invite/").text


def test_more_people_ask_no_more_of_the_database(cast, root):
    invite("erin@example.test", name="", grants={cast.shop: "operator"}, by=cast.dana, at=now())
    root.get(PEOPLE)
    few = queries(root, PEOPLE)
    for number in range(6):
        user = User.objects.create_user(f"more{number}@example.test")
        Grant.objects.create(user=user, account=cast.shop, right=Right.REPLY)
        invite(f"coming{number}@example.test", name="", grants={cast.shop: "operator"}, by=cast.dana, at=now())
    assert queries(root, PEOPLE) <= few


# What it saves --------------------------------------------------------------------------------------------------------------


def test_one_save_changes_what_was_changed_and_nothing_else(cast, root):
    before = Activity.objects.count()
    form = shown(root) | {cell(cast.charlie, cast.shop): "manager", cell(cast.bob, cast.studio): "", cell(cast.alice, cast.shop): "operator"}
    answer = root.post(PEOPLE, form, follow=True)
    assert "3 changes are saved." in answer.text
    assert (rights(cast.charlie, cast.shop), rights(cast.bob, cast.studio), rights(cast.alice, cast.shop)) == (
        {Right.APPROVE, Right.MANAGE}, set(), {Right.REPLY},
    )  # fmt: skip
    assert (rights(cast.bob, cast.shop), rights(cast.alice, cast.studio)) == ({Right.REPLY}, {Right.APPROVE})
    assert User.objects.get(pk=cast.charlie.pk).is_staff
    assert sorted(Activity.objects.filter(by=cast.root)[: Activity.objects.count() - before].values_list("verb", flat=True)) == [
        "grant.given", "grant.given", "grant.given", "grant.taken", "grant.taken",
    ]  # fmt: skip


def test_saving_what_nobody_changed_does_nothing(cast, root):
    before = Activity.objects.count()
    assert "Nothing was changed." in root.post(PEOPLE, shown(root), follow=True).text
    assert Activity.objects.count() == before


def test_who_manages_nothing_any_more_leaves_the_configuration(cast, root):
    assert root.post(PEOPLE, shown(root) | {cell(cast.dana, cast.shop): "approver"}).status_code == 302
    assert User.objects.get(pk=cast.dana.pk).is_staff  # the studio is left
    assert root.post(PEOPLE, shown(root) | {cell(cast.dana, cast.studio): ""}).status_code == 302
    assert not User.objects.get(pk=cast.dana.pk).is_staff


def test_a_cell_that_somebody_changed_meanwhile_is_a_conflict_and_the_rest_is_saved(cast, root):
    form = shown(root) | {cell(cast.bob, cast.shop): "", cell(cast.charlie, cast.studio): "operator"}
    set_preset(cast.bob, "approver", account=cast.shop, by=cast.dana, at=now())
    answer = root.post(PEOPLE, form)
    assert answer.status_code == 409
    assert "Dana changed this after you had opened the page: it is “Approver” now. You chose “No access”" in answer.text
    assert (rights(cast.bob, cast.shop), rights(cast.charlie, cast.studio)) == ({Right.APPROVE}, {Right.REPLY})
    again = {f"was-{row.user.public_id}": row.was for row in answer.context["grid"].rows} | {cell(cast.bob, cast.shop): ""}
    assert root.post(PEOPLE, again).status_code == 302
    assert rights(cast.bob, cast.shop) == set()


def test_a_cell_that_somebody_changed_meanwhile_and_that_one_left_alone_stays(cast, root):
    form = shown(root) | {cell(cast.charlie, cast.shop): "operator"}
    set_preset(cast.bob, "approver", account=cast.shop, by=cast.dana, at=now())
    assert root.post(PEOPLE, form).status_code == 302
    assert rights(cast.bob, cast.shop) == {Right.APPROVE}


def test_a_manager_does_not_shut_herself_out(cast, dana):
    form = shown(dana) | {cell(cast.dana, cast.shop): "operator", cell(cast.charlie, cast.shop): "operator"}
    answer = dana.post(PEOPLE, form | {f"was-{cast.charlie.public_id}": f"{cast.shop.public_id}:"})
    assert answer.status_code == 422 and "You would shut yourself out of Harbour Coffee." in answer.text
    assert Right.MANAGE in rights(cast.dana, cast.shop)


def test_a_colleague_takes_it_from_her(cast, dana, sign_in):
    set_preset(cast.alice, "manager", account=cast.shop, by=cast.dana, at=now())
    alice = sign_in(User.objects.get(pk=cast.alice.pk))
    assert alice.post(PEOPLE, shown(alice) | {cell(cast.dana, cast.shop): ""}).status_code == 302
    assert rights(cast.dana, cast.shop) == set() and Right.MANAGE in rights(cast.dana, cast.studio)


@pytest.mark.parametrize("victim", ["charlie", "root", "assistant"])
def test_nobody_is_changed_whom_a_manager_does_not_see(victim, cast, dana):
    user = cast.assistant.user if victim == "assistant" else getattr(cast, victim)
    before = rights(user, cast.shop)
    dana.post(PEOPLE, {f"was-{user.public_id}": f"{cast.shop.public_id}:{'+'.join(before)}", cell(user, cast.shop): "manager"})
    assert rights(user, cast.shop) == before


def test_no_account_of_others_is_changed(cast, dana):
    Grant.objects.filter(user=cast.dana, account=cast.studio).delete()
    dana.post(PEOPLE, {f"was-{cast.bob.public_id}": f"{cast.studio.public_id}:reply", cell(cast.bob, cast.studio): ""})
    assert rights(cast.bob, cast.studio) == {Right.REPLY}


def test_rights_of_a_superuser_are_not_changed_here(cast, root):
    form = {f"was-{cast.root.public_id}": f"{cast.shop.public_id}:", cell(cast.root, cast.shop): "operator"}
    assert root.post(PEOPLE, form).status_code == 422
    assert rights(cast.root, cast.shop) == set()


@pytest.mark.parametrize("sent", [{"was-x": "y:z"}, {"was-": ""}, {"was-x": ":::: +"}, {"may-x-y": "manager"}])
def test_what_no_page_of_ours_sends_changes_nothing(sent, cast, root):
    before = list(Grant.objects.order_by("pk").values_list())
    assert root.post(PEOPLE, sent).status_code == 302
    assert list(Grant.objects.order_by("pk").values_list()) == before


@pytest.mark.parametrize("preset", ["owner", "propose", "as-it-is"])
def test_only_presets_are_given(preset, cast, root):
    root.post(PEOPLE, shown(root) | {cell(cast.charlie, cast.shop): preset})
    assert rights(cast.charlie, cast.shop) == set()
