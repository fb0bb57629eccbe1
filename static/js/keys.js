// Single keys for what people do two hundred times an hour; never inside boxes, never while a key is held. `_keys.html` is what people are told of them.
"use strict";
{
  // A card that has only just changed is not decided by a finger that was already on its way.
  const LOOK = 400;
  // Whoever was typing in a conversation that another took the place of goes on typing for a moment, and means no commands.
  const PAUSE = 800;
  // What one may press while another conversation is on its way, because it concerns neither.
  const ANY = "jkg/?";
  // How long "g" waits for where to go.
  const GO = 2000;
  // These press what bears them, `data-key`, in the first of these places that has it; what is selected goes before what is open.
  const CLICKED = "aertounimvczlhbfwpS[]";
  const PLACES = ["#selection", "#announcer", "#desk", "#thread", "#work", ".conversation-head", ".list-pane", ".top", "main"];
  // Letters of scripts other than Latin, and what stands where on a keyboard for which the keys are named.
  const OTHER = /^(?!\p{Script=Latin})[\p{L}\p{M}]+$/u, SIGNS = "[]/?", SAME = { "؟": "?" };
  const STANDS = { BracketLeft: "[", BracketRight: "]", Slash: "/" };
  const IS_MAC = /^(Mac|iP)/.test(navigator.platform);
  const since = new Map();
  const sheet = document.getElementById("keys");
  const inBox = (element) => element.closest?.("input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable], dialog");
  const visible = (element) => Boolean(element?.checkVisibility({ visibilityProperty: true }));
  let goes = -GO, isOther = false, pulled = null, hushed = 0;

  // What is printed on the key, in Latin letters; on a keyboard of another script what stands there on a Latin one. Signs may need AltGr (on a Mac
  // Option), which is no Ctrl and Alt; what is pressed together with those is the browser's.
  function meant(event) {
    const { key, code, shiftKey, metaKey, altKey, ctrlKey } = event, sign = key.length === 1 && SIGNS.includes(key) ? key : SAME[key];
    if (event.getModifierState("AltGraph") || (IS_MAC && altKey && !ctrlKey)) return metaKey ? "" : sign ?? "";
    if (metaKey || altKey || ctrlKey) return "";
    const letter = /^Key([A-Z])$/.exec(code)?.[1], isLetter = /^\p{Script=Latin}$/u.test(key);
    if (letter && !shiftKey && (isLetter || OTHER.test(key))) isOther = !isLetter;
    // Neither Caps Lock nor the other script makes another key of it.
    if (isLetter) return event.getModifierState("CapsLock") ? (shiftKey ? key.toUpperCase() : key.toLowerCase()) : key;
    if ((sign && !(letter && isOther && !shiftKey)) || !(isOther || OTHER.test(key))) return sign ?? key;
    if (letter) return shiftKey ? letter : letter.toLowerCase();
    return shiftKey && code === "Slash" ? "?" : STANDS[code] ?? key;
  }

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

  // What is put away in a menu that can be opened here: the menu, or nothing.
  function lidOf(element) {
    const lid = element.parentElement.closest("details:not([open]), [popover]:not(:popover-open)");
    const opener = lid?.matches("details") ? lid.querySelector("summary") : lid && document.querySelector(`[popovertarget="${lid.id}"]`);
    return visible(opener) ? lid : null;
  }

  function targetOf(key) {
    const enabled = (element) => !element.matches(":disabled, [aria-disabled=true]");
    for (const reachable of [visible, lidOf]) {
      for (const place of PLACES) {
        const found = [...document.querySelectorAll(`${place} [data-key="${key}"]`)].filter((element) => enabled(element) && reachable(element));
        // Of several that can be taken back, the newest.
        if (found.length) return found.at(key === "u" ? -1 : 0);
      }
    }
    return key === "f" ? document.querySelector("[popovertarget=facts]") : undefined;
  }

  function press(key) {
    const target = targetOf(key);
    if (target) return use(target);
    if (key === "r") document.getElementById("composer-text")?.focus();
  }

  function use(target) {
    const card = target.closest("[data-proposal]");
    if (card && !inSight(card)) return card.scrollIntoView({ block: "center" }), card.querySelector("h2").focus({ preventScroll: true });
    if (card && isFresh(card)) return;
    pull(target);
  }

  // A menu that opens by a key has its first choice in focus, also where that has to be fetched first.
  function pull(target) {
    const lid = visible(target) ? null : lidOf(target);
    if (lid && target.matches("summary")) lid.matches("details") ? (lid.open = true) : lid.showPopover();
    target.click();
    pulled = target.matches("summary") ? target.parentElement : null;
    begin();
  }

  function begin() {
    if (!pulled?.open) return;
    const first = [...pulled.querySelectorAll(":is(a[href], button, input:not([type=hidden]), select, textarea):not(:disabled)")].find(visible);
    (first ?? pulled.querySelector("summary")).focus();
  }

  const rows = () => [...document.querySelectorAll(".row")];
  const current = () => document.activeElement?.closest(".row, .item")?.closest("li") ?? document.querySelector(".row[aria-current]")?.closest("li");

  function move(step) {
    const all = rows(), here = all.findIndex((row) => row.hasAttribute("aria-current"));
    const next = all[Math.min(Math.max(here + step, 0), all.length - 1)];
    if (next && all.indexOf(next) !== here) return next.scrollIntoView({ block: "nearest" }), next.click();
    // Behind the last one stand those that are not on the page yet.
    const older = step > 0 && document.querySelector(".older [hx-get]");
    if (older) document.addEventListener("htmx:afterSettle", () => rows().length > all.length && move(step), { once: true }), older.click();
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

  function search() {
    const box = [...document.querySelectorAll('input[data-key="/"]')].find(visible);
    box?.focus();
    box?.select();
  }

  const OWN = {
    "?": () => sheet.showModal(),
    "/": search,
    j: () => move(1),
    k: () => move(-1),
    q: answer,
    x: () => current()?.querySelector("input[type=checkbox]")?.click(),
    g: () => (goes = performance.now()),
    Enter: () => current()?.querySelector(".row")?.click(),
  };

  // Whether the key is for what is open over the page.
  function isCovered(key) {
    // What is being sent has locked its boxes: whoever goes on typing means no commands.
    if (document.activeElement === document.body && document.querySelector("#reply.htmx-request, .noting-form.htmx-request")) return true;
    const over = document.querySelector("dialog[open], [popover]:popover-open:not(.work-more)");
    if (over) return targetOf(key)?.getAttribute("popovertarget") !== over.id;
    // In an open menu letters are for its choices, also while they are on their way; only its own key closes it.
    const menu = document.activeElement?.closest(".work-menu[open], .list-menu[open], .later[open], .emoji[open], .top-menu[open], .note-off[open]");
    return Boolean(menu) && targetOf(key) !== menu.querySelector("summary");
  }

  // Whether another conversation is on its way, in which case the key means neither the one before nor what nobody has seen. To answer there is all
  // that one can ask for ahead; what follows is meant for the box, not for the page. See page.js.
  function isAhead(key) {
    const { dataset } = document.body;
    if (!("coming" in dataset)) return false;
    if (key === "r") dataset.coming = "reply";
    return dataset.coming === "reply" || !ANY.includes(key);
  }

  function isHushed() {
    if (performance.now() > hushed) return false;
    hushed = performance.now() + PAUSE;
    return true;
  }

  // Whoever leaves a box goes on beside it: nobody begins again at the top of the page.
  function leave(box) {
    const panel = box.closest("[data-panel]"), beside = [
      panel && document.querySelector(`[data-opens="${panel.id}"]`),
      box.closest("details[open]:not(.noting)")?.querySelector("summary"),
      box.closest(".list-pane") && (document.querySelector(".list-pane .row[aria-current]") ?? document.querySelector(".list-pane h1[tabindex]")),
      box.closest("#conversation") && document.getElementById("scroller"),
    ].find((each) => each && visible(each));
    beside ? beside.focus({ preventScroll: true }) : box.blur();
  }

  document.addEventListener("keydown", (event) => {
    // Some browsers fill in boxes by key presses without a key.
    if (!event.key || event.isComposing || event.keyCode === 229 || event.defaultPrevented) return;
    const { target } = event;
    if (event.key === "Escape" && inBox(target) && !document.querySelector("dialog[open]")) return leave(target);
    const key = meant(event);
    if (event.repeat || !key || inBox(target) || isCovered(key)) return;
    const going = performance.now() - goes < GO && document.querySelector(`[data-go="${CSS.escape(key)}"]`);
    goes = -GO;
    if (isHushed()) return event.preventDefault();
    if (going) return event.preventDefault(), going.click();
    if (isAhead(key)) return;
    // Enter does what is in focus, whatever that is.
    if (key === "Enter" && target !== document.body) return;
    if (Object.hasOwn(OWN, key)) return event.preventDefault(), OWN[key]();
    if (key.length === 1 && CLICKED.includes(key)) event.preventDefault(), press(key);
  });

  // The palette offers what keys would press now, and presses it as they do.
  document.addEventListener("offer", ({ detail }) => {
    detail.use = use;
    for (const key of CLICKED) if (targetOf(key)) detail.targets.set(key, targetOf(key));
  });

  // The same short look for the mouse, where the card changed under it.
  document.addEventListener("htmx:confirm", (event) => {
    const card = event.target.closest?.("[data-proposal]");
    if (card && isFresh(card)) event.preventDefault();
  });
  document.addEventListener("htmx:beforeSwap", ({ detail: { target } }) => {
    const here = document.activeElement;
    if (target.id === "conversation" && target.contains(here) && inBox(here)) hushed = performance.now() + PAUSE;
  });
  document.addEventListener("htmx:afterSwap", ({ detail }) => {
    noteCards();
    if (detail.target?.matches?.("[data-fetched]") && pulled?.contains(detail.target) && !detail.target.contains(document.activeElement)) begin(), (pulled = null);
  });
  noteCards();
}
