"""The keys on every keyboard: what is meant is what is printed on the key, and on a keyboard of another script what stands there on a Latin one."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.steps import look_at

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

# What each press does, as the name of its key; nothing happens, because whatever would be pressed is only written down.
LISTEN = """() => {
  const pressed = window.pressed = [];
  document.addEventListener("click", (event) => {
    const on = event.target.closest("[data-key], [data-go], .row, .older [hx-get], [popovertarget=facts], [name=ids], [data-answers]");
    if (!on) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const other = on.matches(".row, .older *") ? "row" : on.name === "ids" ? "x" : on.hasAttribute("data-answers") ? "q" : "f";
    pressed.push(on.dataset.key ?? (on.dataset.go ? `g${on.dataset.go}` : other));
  }, true);
}"""
PRESS = """(presses) => presses.map(({ on, ...press }) => {
  const sheet = document.getElementById("keys");
  pressed.length = 0;
  document.activeElement.blur();
  const event = new KeyboardEvent("keydown", { bubbles: true, cancelable: true, ...press });
  (on ? document.querySelector(on) : document.body).dispatchEvent(event);
  if (sheet.open) pressed.push("?"), sheet.close();
  if (document.activeElement.id === "q") pressed.push("/");
  return pressed.join(" ") + (event.defaultPrevented ? "" : "-");
})"""
ALT_GR, SHIFT = {"modifierAltGraph": True}, {"shiftKey": True}
# As Windows tells of AltGr.
BOTH = {"modifierAltGraph": True, "ctrlKey": True, "altKey": True}
# What is printed, where it stands, what is held, and what it is meant to do; "" is nothing. Each keyboard begins with one of its letters.
LAYOUTS: dict[str, list[tuple[str, str, dict[str, bool], str]]] = {
    "American": [
        ("c", "KeyC", {}, "c"), ("a", "KeyA", {}, "a"), ("q", "KeyQ", {}, "q"), ("x", "KeyX", {}, "x"), ("f", "KeyF", {}, "f"), ("j", "KeyJ", {}, "row"),
        ("S", "KeyS", SHIFT, "S"), ("C", "KeyC", SHIFT, ""), ("/", "Slash", {}, "/"), ("?", "Slash", SHIFT, "?"), ("[", "BracketLeft", {}, "["),
        ("]", "BracketRight", {}, "]"),
        ("{", "BracketLeft", SHIFT, ""), (";", "Semicolon", {}, ""), (".", "Period", {}, ""),
    ],
    "with Caps Lock": [
        ("C", "KeyC", {"modifierCapsLock": True}, "c"), ("s", "KeyS", {"modifierCapsLock": True} | SHIFT, "S"), ("S", "KeyS", {"modifierCapsLock": True}, ""),
    ],
    "German": [
        ("z", "KeyY", {}, "z"), ("y", "KeyZ", {}, ""), ("/", "Digit7", SHIFT, "/"), ("?", "Minus", SHIFT, "?"), ("[", "Digit8", ALT_GR, "["),
        ("]", "Digit9", BOTH, "]"),
        ("ü", "BracketLeft", {}, ""), ("-", "Slash", {}, ""), ("µ", "KeyM", ALT_GR, ""), ("ß", "Minus", {}, ""), ("€", "KeyE", BOTH, ""),
    ],
    "French": [
        ("a", "KeyQ", {}, "a"), ("q", "KeyA", {}, "q"), ("z", "KeyW", {}, "z"), ("w", "KeyZ", {}, "w"), ("m", "Semicolon", {}, "m"),
        (",", "KeyM", {}, ""), ("?", "KeyM", SHIFT, "?"),
        ("/", "Period", SHIFT, "/"), ("[", "Digit5", BOTH, "["), ("]", "Minus", ALT_GR, "]"), ("Dead", "BracketLeft", {}, ""),
        ("!", "Slash", {}, ""), ("ê", "KeyE", {}, ""),
    ],
    "Spanish": [
        ("n", "KeyN", {}, "n"), ("ñ", "Semicolon", {}, ""), ("/", "Digit7", SHIFT, "/"), ("?", "Minus", SHIFT, "?"),
        ("[", "BracketLeft", BOTH, "["), ("]", "BracketRight", ALT_GR, "]"),
        ("Dead", "Quote", {}, ""), ("é", "KeyE", {}, ""), ("º", "Backquote", {}, ""),
    ],
    "Dvorak": [
        ("i", "KeyG", {}, "i"), ("c", "KeyI", {}, "c"), ("'", "KeyQ", {}, ""), (",", "KeyW", {}, ""), (".", "KeyE", {}, ""),
        ("/", "BracketLeft", {}, "/"), ("z", "Slash", {}, "z"),
    ],
    "Turkish": [("ı", "KeyI", {}, ""), ("i", "Quote", {}, "i"), ("ğ", "BracketLeft", {}, ""), (".", "Slash", {}, ""), ("/", "Digit7", SHIFT, "/")],
    "Russian": [
        ("с", "KeyC", {}, "c"), ("ф", "KeyA", {}, "a"), ("й", "KeyQ", {}, "q"), ("о", "KeyJ", {}, "row"), ("Ы", "KeyS", SHIFT, "S"), ("С", "KeyC", SHIFT, ""),
        ("х", "BracketLeft", {}, "["), ("ъ", "BracketRight", {}, "]"), ("/", "Backslash", SHIFT, "/"), ("?", "Digit7", SHIFT, "?"),
        (".", "Slash", {}, "/"), ("ж", "Semicolon", {}, ""),
    ],
    "Ukrainian": [("і", "KeyS", {}, ""), ("є", "Quote", {}, ""), ("ш", "KeyI", {}, "i"), ("х", "BracketLeft", {}, "["), ("ї", "BracketRight", {}, "]")],
    "Greek": [
        ("ψ", "KeyC", {}, "c"), (";", "KeyQ", {}, "q"), ("ς", "KeyW", {}, "w"), ("Σ", "KeyS", SHIFT, "S"), ("/", "Slash", {}, "/"),
        ("?", "Slash", SHIFT, "?"), ("[", "BracketLeft", {}, "["),
    ],
    "Hebrew": [
        ("ב", "KeyC", {}, "c"), ("/", "KeyQ", {}, "q"), ("'", "KeyW", {}, "w"), ("S", "KeyS", SHIFT, "S"), (".", "Slash", {}, "/"),
        ("?", "Slash", SHIFT, "?"),
    ],
    "Arabic": [
        ("ؤ", "KeyC", {}, "c"), ("ش", "KeyA", {}, "a"), ("لا", "KeyB", {}, "b"), ("ج", "BracketLeft", {}, "["), ("د", "BracketRight", {}, "]"),
        ("ظ", "Slash", {}, "/"), ("؟", "Slash", SHIFT, "?"),
    ],
    "Persian": [("ز", "KeyC", {}, "c"), ("ر", "KeyV", {}, "v"), ("؟", "Slash", SHIFT, "?"), ("/", "Slash", {}, "/")],
    "Thai": [
        ("แ", "KeyC", {}, "c"), ("้", "KeyH", {}, "h"), ("ิ", "KeyB", {}, "b"), ("ๆ", "KeyQ", {}, "q"), ("ฆ", "KeyS", SHIFT, "S"),
        ("บ", "BracketLeft", {}, "["), ("ล", "BracketRight", {}, "]"),
        ("ฝ", "Slash", {}, "/"), ("?", "KeyM", SHIFT, "?"), ("/", "Digit2", {}, "/"),
    ],
    "Korean": [("ㅊ", "KeyC", {}, "c"), ("ㅁ", "KeyA", {}, "a")],
    # Chords are the browser's; whoever composes a letter, holds a key or types into a box means no command.
    "nothing": [
        ("c", "KeyC", {"ctrlKey": True}, ""), ("c", "KeyC", {"altKey": True}, ""), ("c", "KeyC", {"metaKey": True}, ""), ("с", "KeyC", {"ctrlKey": True}, ""),
        ("[", "BracketLeft", {"altKey": True}, ""), ("[", "BracketLeft", {"metaKey": True}, ""), ("/", "Slash", {"ctrlKey": True}, ""),
        ("[", "Digit8", BOTH | {"metaKey": True}, ""),
        ("c", "KeyC", {"isComposing": True}, ""), ("c", "KeyC", {"keyCode": 229}, ""), ("Process", "KeyC", {"keyCode": 229}, ""),
        ("c", "KeyC", {"repeat": True}, ""), ("j", "KeyJ", {"repeat": True}, ""),
        ("Unidentified", "", {}, ""), ("", "", {}, ""), ("Shift", "ShiftLeft", SHIFT, ""), ("F1", "F1", {}, ""), ("", "KeyC", {}, ""),
        ("c", "KeyC", {"on": "#composer-text"}, ""), ("?", "Slash", {"on": "#q"}, ""), ("с", "KeyC", {"on": "#composer-text"}, ""),
    ],
}  # fmt: skip


@pytest.fixture
def page(shop, enter):
    page = enter("approver")
    page.goto(shop.conversation("Amina Okafor"))
    expect(page.locator("#rows .row").first).to_be_visible()
    look_at(page.locator("#thread .proposal"))
    page.wait_for_load_state("networkidle")
    page.locator("#thread .proposal").scroll_into_view_if_needed()
    return page


def pressed(page: Page, layout: str) -> list[str]:
    presses = [{"key": key, "code": code, **held} for key, code, held, _meant in LAYOUTS[layout]]
    return page.evaluate(PRESS, presses)


def test_single_keys_work_on_every_keyboard(page):
    page.evaluate(LISTEN)
    for layout, table in LAYOUTS.items():
        said = [f"{key} at {code}: {meant or '-'}" for key, code, _held, meant in table]
        did = [f"{key} at {code}: {done}" for (key, code, _held, _meant), done in zip(table, pressed(page, layout), strict=True)]
        assert did == said, layout
    presses = [{"key": key, "code": code} for key, code in (("п", "KeyG"), ("ш", "KeyI"), ("п", "KeyG"), ("ф", "KeyA"))]
    assert page.evaluate(PRESS, presses) == ["", "gi", "", "ga"]


def test_an_open_menu_has_the_letters_also_before_its_choices_are_there(page):
    page.evaluate("window.pressed = 0; document.addEventListener('submit', () => (window.pressed += 1), true)")
    page.route("**/labels/", lambda route: None)
    page.keyboard.press("l")
    expect(page.locator("#menu-labels")).to_have_attribute("open", "")
    page.keyboard.type("bcih")
    page.keyboard.press("Escape")
    expect(page.locator("#opens-labels")).to_be_focused()
    page.locator(".top-menu summary").press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("bcih")
    assert page.evaluate("window.pressed") == 0


def test_the_sheet_and_the_ways_are_on_every_page(shop, enter):
    page = enter("operator")
    for address in ("/preferences/", "/stops/", "/approvals/decided/", "/conversations/filters/", "/views/"):
        page.goto(address)
        # Where a box waits for words, keys are letters.
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("?")
        expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
        # The sheet gives the focus back a moment after it is gone.
        page.evaluate("new Promise((done) => setTimeout(done, 150))")
        page.keyboard.press("g")
        page.keyboard.press("a")
        expect(page).to_have_url(f"{shop.url}/approvals/")


def test_option_on_a_mac_prints_signs(page):
    page.add_init_script("Object.defineProperty(navigator, 'platform', { get: () => 'MacIntel' })")
    page.reload()
    expect(page.locator("#rows .row").first).to_be_visible()
    page.evaluate(LISTEN)
    held = [("[", {}), ("c", {}), ("ç", {}), ("[", {"metaKey": True}), ("[", {"ctrlKey": True})]
    presses = [{"key": key, "code": "Digit5", "altKey": True, **more} for key, more in held]
    assert page.evaluate(PRESS, presses) == ["[", "-", "-", "-", "-"]
