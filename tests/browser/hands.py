"""Somebody who has a keyboard and no mouse. Whatever they do, the focus is somewhere, and one sees where."""

from playwright.sync_api import Locator, Page, expect

STRIDE, FARTHEST = 12, 180
# Goes no further once it is there, so that many steps can be taken before somebody looks where they led.
STAY = """wanted => {
  if (!window.wanted) addEventListener("keydown", (event) => event.key === "Tab" && document.activeElement === window.wanted && event.preventDefault(), true);
  window.wanted = wanted;
  return document.activeElement === wanted;
}"""
# Where the focus is, and whether one sees it. A heading that was only brought into focus for a reader shows nothing, nor does a part of the page.
HERE = """() => {
  const here = document.activeElement;
  if (!here || here === document.body || !here.isConnected) return ["nowhere", false];
  const styles = [here, here.closest("label"), here.closest(".text-frame, .row, .line")].filter(Boolean).map((each) => getComputedStyle(each));
  const seen = styles.some((style) => style.outlineStyle !== "none" || style.boxShadow !== "none") || here.matches("h1, h2, h3, main");
  return [here.id || here.name || here.className || here.localName, seen];
}"""


class Hands:
    """The ten fingers on a page.

    Args:
        page: what they work on.
    """

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def write(self, words: str) -> None:
        self.page.keyboard.type(words)

    def reach(self, wanted: Locator, key: str = "Tab") -> None:
        """By Tab, or by Shift+Tab where it stands before."""
        expect(wanted).to_be_visible()
        for _stride in range(0, FARTHEST, STRIDE):
            if wanted.evaluate(STAY):
                return self.seen()
            self.press(*[key] * STRIDE)
        if wanted.evaluate(STAY):
            return self.seen()
        raise AssertionError(f"{key} never leads to {wanted}, but to {self.page.evaluate(HERE)[0]}.")

    def use(self, wanted: Locator, key: str = "Tab", press: str = "Enter") -> None:
        """Reach it and press it."""
        self.reach(wanted, key)
        self.page.keyboard.press(press)

    def seen(self) -> None:
        """The focus is somewhere, and one sees where."""
        here, seen = self.page.evaluate(HERE)
        assert here != "nowhere", "The focus is lost."
        assert seen, f"Nobody sees that {here} has the focus."

    def kept(self) -> None:
        """The focus is somewhere, once the page has settled."""
        expect(self.page.locator(".htmx-request")).to_have_count(0)
        self.seen()
