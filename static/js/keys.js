// Single keys for what people do two hundred times an hour; never inside boxes, never while a key is held.
"use strict";
{
  // A card that has only just changed is not decided by a finger that was already on its way.
  const LOOK = 400;
  const since = new Map();
  const sheet = document.getElementById("keys");
  const inBox = (element) => element.closest("input:not([type=radio]), textarea, select, [contenteditable], dialog");

  function noteCards() {
    for (const card of document.querySelectorAll("[data-proposal]")) {
      const shown = `${card.id} ${card.dataset.shown}`;
      if (!since.has(shown)) since.set(shown, performance.now());
    }
  }

  function isFresh(card) {
    return performance.now() - (since.get(`${card.id} ${card.dataset.shown}`) ?? 0) < LOOK;
  }

  // The first press on a card that is out of sight brings it into sight.
  function inSight(card) {
    const { top, bottom } = card.getBoundingClientRect();
    return bottom > 60 && top < innerHeight - 60;
  }

  function press(key) {
    const target = document.querySelector(`#desk [data-key="${key}"], #thread [data-key="${key}"], #announcer [data-key="${key}"]`);
    const card = target?.closest("[data-proposal]");
    if (card && !inSight(card)) return card.scrollIntoView({ block: "center" }), card.querySelector("h2").focus({ preventScroll: true });
    if (card && isFresh(card)) return;
    if (target) return target.click();
    if (key === "r") document.getElementById("composer-text")?.focus();
  }

  function move(step) {
    const rows = [...document.querySelectorAll(".row")];
    const here = rows.findIndex((row) => row.ariaCurrent === "true" || row.hasAttribute("aria-current"));
    const next = rows[Math.min(Math.max(here + step, 0), rows.length - 1)];
    if (next && rows.indexOf(next) !== here) next.scrollIntoView({ block: "nearest" }), next.click();
  }

  // The newest message of theirs in particular; pressed again, the one before it.
  function answer() {
    const buttons = [...document.querySelectorAll(".line[data-direction=in] [data-answers]")].filter((each) => each.checkVisibility());
    const now = document.querySelector("#replying:not([hidden]) [name=reply_to]")?.value;
    const here = buttons.findIndex((each) => each.dataset.answers === now);
    const next = buttons[here > 0 ? here - 1 : here === 0 ? 0 : buttons.length - 1];
    next?.scrollIntoView({ block: "nearest" });
    next?.click();
  }

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && inBox(event.target) && !sheet.open) return event.target.blur();
    if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || inBox(event.target)) return;
    if (event.key === "?") return sheet.showModal();
    if (event.key === "j" || event.key === "k") return event.preventDefault(), move(event.key === "j" ? 1 : -1);
    if (event.key === "q") return event.preventDefault(), answer();
    if ("aertou".includes(event.key)) event.preventDefault(), press(event.key);
  });

  // The same short look for the mouse, where the card changed under it.
  document.addEventListener("htmx:confirm", (event) => {
    const card = event.target.closest?.("[data-proposal]");
    if (card && isFresh(card)) event.preventDefault();
  });
  document.addEventListener("htmx:afterSwap", noteCards);
  noteCards();
}
