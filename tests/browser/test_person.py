"""One person who writes from two places: an operator links them, a colleague sees it, and both go from one conversation to the other."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.test_looks import COLOURS, LEVELS, PHONE, WIDTH
from tests.loopback.stage import INSTAGRAM

pytestmark = [pytest.mark.browser, pytest.mark.two_operators, pytest.mark.thorough]
WIDE = {"width": 1440, "height": 900}


@pytest.fixture
def two_places(shop):
    """Makes somebody who writes to the Page and to Instagram."""

    def make(name: str):
        return shop.contact(name, "Do you open on Mondays?"), shop.contact(name, "I asked on your Page too.", account=INSTAGRAM)

    return make


def linked(page: Page):
    return page.locator("#facts .linked-one")


def open_the_one_of(page: Page, name: str, network: str, *others: str) -> str:
    """Once everybody who is to be found is known by their name."""
    page.goto("/conversations/")
    expect(page.locator("#rows .row").filter(has_text=name)).to_have_count(2)
    for other in others:
        expect(page.locator("#rows .row").filter(has_text=other)).to_be_visible()
    page.locator("#rows .row").filter(has_text=name).filter(has=page.locator(f'use[href="#i-{network}"]')).click()
    expect(page.get_by_role("heading", level=1, name=name)).to_be_focused()
    return page.url.rstrip("/").rsplit("/", 1)[1]


def link_by_suggestion(page: Page, name: str) -> None:
    page.locator("#opens-linking").click()
    offer = page.locator("#linkable .choice").filter(has_text=name)
    expect(offer).to_contain_text("Same name")
    offer.click()
    expect(linked(page)).to_have_count(1)


def test_one_links_the_other_sees_it_follows_the_link_and_takes_it_back(two_places, enter):
    two_places("Hanna Brecht")
    bob, alice = enter("operator", viewport=WIDE), enter("approver", viewport=WIDE)
    page_id = open_the_one_of(bob, "Hanna Brecht", "messenger")
    open_the_one_of(alice, "Hanna Brecht", "messenger")
    link_by_suggestion(bob, "Hanna Brecht")
    expect(bob.locator("#announcer")).to_contain_text("Linked with \u2068Hanna Brecht")
    expect(bob.locator("#opens-linking")).to_be_focused()
    expect(bob.locator(".linking")).not_to_have_attribute("open", "")
    # The colleague, at once.
    expect(linked(alice)).to_contain_text("Waits")
    expect(alice.locator("#also")).to_contain_text("also on")
    expect(alice.locator("#facts .history")).to_contain_text("Olive Park linked a contact on")
    linked(alice).get_by_role("link").click()
    expect(alice.locator("#thread")).to_contain_text("I asked on your Page too.")
    expect(alice.locator("#conversation-title")).to_be_focused()
    expect(alice.locator(".row[aria-current]")).to_have_id(f"row-{alice.url.rstrip('/').rsplit('/', 1)[1]}")
    # Back by a key, which leads through all conversations of the person.
    alice.keyboard.press("p")
    expect(alice.locator("#thread")).to_contain_text("Do you open on Mondays?")
    assert alice.url.rstrip("/").endswith(page_id)
    alice.locator("#facts .linked-off").click()
    for page in (alice, bob):
        expect(linked(page)).to_have_count(0)
        expect(page.locator("#also")).to_be_empty()
    alice.locator("#announcer").get_by_role("button", name="Undo").click()
    for page in (alice, bob):
        expect(linked(page)).to_have_count(1)


def test_whoever_has_one_open_hears_what_became_of_the_other(two_places, enter):
    """Nothing of the open one changes, and nobody touches the page."""
    two_places("Tuva Lind")
    bob, alice = enter("operator", viewport=WIDE), enter("approver", viewport=WIDE)
    open_the_one_of(bob, "Tuva Lind", "messenger")
    link_by_suggestion(bob, "Tuva Lind")
    expect(linked(bob)).to_contain_text("Waits")
    expect(bob.locator("#also")).to_contain_text("also on")
    open_the_one_of(alice, "Tuva Lind", "instagram")
    alice.locator("#work").get_by_role("button", name="Close").click()
    expect(linked(bob)).to_contain_text("Closed")
    expect(bob.locator("#also")).to_be_empty()


def test_it_is_done_by_keys_and_what_is_typed_survives_what_comes_in(two_places, shop, enter):
    here, _there = two_places("Ida Moen")
    other = shop.contact("Stine Vold", "Hi", account=INSTAGRAM)
    page = enter("operator", viewport=WIDE)
    open_the_one_of(page, "Ida Moen", "messenger", other.name)
    page.locator("#opens-linking").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("searchbox", name="Name or username")).to_be_focused()
    page.keyboard.type(other.name[:7])
    expect(page.locator("#linkable .choice")).to_contain_text("Stine Vold")
    here.writes("Are you there?")
    expect(page.locator("#thread")).to_contain_text("Are you there?")
    expect(page.locator("#linkable-q")).to_have_value("Stine V")
    expect(page.locator("#linkable .choice")).to_contain_text("Stine Vold")
    expect(page.locator("#linkable-q")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(linked(page)).to_contain_text("Stine Vold")
    page.keyboard.press("u")
    expect(page.locator("#announcer")).to_contain_text("is not linked any more")
    expect(linked(page)).to_have_count(0)


def test_whom_one_would_have_linked_here_is_not_offered_in_the_next_conversation(two_places, enter):
    for name in ("Runa Haug", "Siv Berge"):
        two_places(name)
    page = enter("operator", viewport=WIDE)
    open_the_one_of(page, "Siv Berge", "messenger")
    open_the_one_of(page, "Runa Haug", "messenger")
    page.locator("#opens-linking").click()
    expect(page.locator("#linkable .choice")).to_contain_text("Runa Haug")
    page.locator("#rows .row").filter(has_text="Siv Berge").first.click()
    expect(page.get_by_role("heading", level=1, name="Siv Berge")).to_be_focused()
    expect(page.locator("#linkable .choice")).to_have_count(0)
    page.locator("#opens-linking").click()
    expect(page.locator("#linkable .choice")).to_contain_text("Siv Berge")


def test_bringing_two_persons_together_is_said_before_and_undone_as_a_whole(two_places, shop, enter):
    two_places("Jorid Lie")
    more = shop.contact("Petra Nord", "Hello", account=INSTAGRAM)
    page = enter("operator", viewport=WIDE)
    open_the_one_of(page, "Jorid Lie", "instagram", more.name)
    page.locator("#opens-linking").click()
    page.get_by_role("searchbox", name="Name or username").fill(more.name)
    page.locator("#linkable .choice").filter(has_text="Petra Nord").click()
    expect(linked(page)).to_have_count(1)
    two_places("Kaja Ruud")
    open_the_one_of(page, "Kaja Ruud", "messenger")
    link_by_suggestion(page, "Kaja Ruud")
    page.locator("#opens-linking").click()
    page.get_by_role("searchbox", name="Name or username").fill("Petra")
    offer = page.locator("#linkable .choice").filter(has_text="Petra Nord")
    expect(offer).to_contain_text("Linked already with")
    expect(offer).to_contain_text("Jorid Lie")
    offer.click()
    expect(linked(page)).to_have_count(3)
    page.locator("#announcer").get_by_role("button", name="Undo").click()
    expect(linked(page)).to_have_count(1)
    expect(linked(page)).to_contain_text("Kaja Ruud")


def test_who_may_only_read_sees_and_changes_nothing(two_places, enter):
    two_places("Liv Sand")
    bob, rosa = enter("operator", viewport=WIDE), enter("reader", viewport=WIDE)
    open_the_one_of(bob, "Liv Sand", "messenger")
    link_by_suggestion(bob, "Liv Sand")
    open_the_one_of(rosa, "Liv Sand", "messenger")
    expect(linked(rosa)).to_have_count(1)
    expect(rosa.locator("#facts button, #opens-linking")).to_have_count(0)


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
def test_it_is_for_everybody_on_every_screen(two_places, enter, direction):
    name = {"ltr": "Maren Dahl", "rtl": "ليلى منصور"}[direction]
    two_places(name)
    # Axe is no part of the page and writes styles that its policy forbids.
    page, axe = enter("operator", viewport=WIDE, bypass_csp=True), Axe()
    open_the_one_of(page, name, "messenger")
    link_by_suggestion(page, name)
    page.locator("#opens-linking").click()
    page.get_by_role("searchbox", name="Name or username").fill("a")
    expect(page.locator("#linkable .choice").filter(has_text="Amina Okafor")).to_be_visible()
    page.evaluate("direction => document.documentElement.dir = direction", direction)
    found = [axe.run(page, options=LEVELS)]
    page.emulate_media(color_scheme="dark")
    found.append(axe.run(page, options=COLOURS))
    page.set_viewport_size(PHONE)
    page.locator(".facts-opener").click()
    expect(linked(page)).to_be_visible()
    found.append(axe.run(page, options=LEVELS))
    assert [each.generate_report() for each in found if each.violations_count] == []
    assert page.evaluate(WIDTH) <= PHONE["width"]


def test_without_scripts_it_is_done_all_the_same(two_places, enter):
    two_places("Nora Voll")
    page = enter("operator", viewport=WIDE)
    address = f"/conversations/{open_the_one_of(page, 'Nora Voll', 'messenger')}/"
    bare = enter("operator", viewport=WIDE, java_script_enabled=False)
    bare.goto(address)
    bare.locator("#opens-linking").click()
    bare.get_by_role("link", name="Who seems to be the same person").click()
    bare.locator("#linkable .choice").filter(has_text="Nora Voll").click()
    expect(linked(bare)).to_have_count(1)
    bare.get_by_role("link", name="Nora Voll").filter(has_text="Waits").click()
    expect(bare.locator("#thread")).to_contain_text("I asked on your Page too.")
    bare.locator("#facts .linked-off").click()
    expect(linked(bare)).to_have_count(0)
