// The palette: what this page offers now, and where else one can go, found by a few letters. Comes with the first Ctrl+K, see summon.js.
"use strict";
{
  const AFTER = 150, SHOWN_LAST = 5, KEPT = 30, RECENT = 6, QUIET = 400;
  const byId = (id) => document.getElementById(id);
  const dialog = byId("palette"), box = dialog.querySelector("input"), list = byId("palette-list"), said = dialog.querySelector("[role=status]");
  const { from, user, actions: actionWords, recent: recentWords, found: foundWords, none, gone } = dialog.dataset;
  const KEPT_AS = `palette:${user}`;
  // Beside what bears a key: what else has a name on the page. Nothing that says something to a contact.
  const NAMED = "#filters > summary, .later > summary, .emoji > summary, .top-sheet form button";
  const PLAIN = { ø: "o", ł: "l", đ: "d", ð: "d", ħ: "h", ı: "i", ß: "ss", æ: "ae", œ: "oe", þ: "th" };
  // By its option, what an action presses; and where each option stands while nothing is looked for.
  const targets = new WeakMap(), homes = new WeakMap();
  let use = (element) => element.click(), active = null, searching, timer, speaking, passes = false, isFresh = true;

  const part = (id, words) => {
    const group = document.createElement("div"), title = Object.assign(document.createElement("div"), { id: `${id}-title`, className: "palette-group", textContent: words });
    Object.assign(group, { id }).setAttribute("role", "group");
    group.setAttribute("aria-labelledby", title.id);
    group.append(title);
    return group;
  };
  const last = part("palette-last", recentWords), actions = part("palette-actions", actionWords);
  const elsewhere = [document.createElement("div"), document.createElement("div")];
  elsewhere.forEach((each, number) => (each.id = ["palette-places", "palette-found"][number]));
  list.append(last, actions, ...elsewhere);

  const options = () => [...list.querySelectorAll("[role=option]")];
  const shown = () => options().filter((each) => !each.hidden);

  // What this page offers ---------------------------------------------------------------------------------------------
  const visible = (element) => element.checkVisibility({ visibilityProperty: true });
  const lid = (element) => element.parentElement.closest("details:not([open]), [popover]:not(:popover-open)");
  const opens = (closed) => (closed?.matches("details") ? closed.querySelector("summary") : closed && document.querySelector(`[popovertarget="${closed.id}"]`));
  const reachable = (element) => visible(element) || Boolean(opens(lid(element)) && visible(opens(lid(element))));
  const usable = (element) => element.isConnected && !element.matches(":disabled, [aria-disabled=true]") && !element.closest("[aria-hidden=true]") && reachable(element);

  const sheetWords = (key) => [...document.querySelectorAll("#keys dl > div")].find((row) => [...row.querySelectorAll("kbd")].some((each) => each.textContent === key))?.querySelector("dd").textContent;

  function wordsOf(element) {
    const copy = element.cloneNode(true);
    copy.querySelectorAll("kbd, svg, [hidden]").forEach((each) => each.remove());
    const words = element.ariaLabel || element.title.replace(/ \(.\)$/, "") || copy.textContent.replace(/\s+/g, " ").trim();
    const beside = element.closest("#announcer")?.querySelector("span") ?? (element.closest("#selection") && byId("selection-count"));
    return [words, beside?.textContent.trim()].filter(Boolean).join(" · ");
  }

  // The proposal on which it decides, and what the conversation had heard that it puts away.
  function shownWith(element) {
    const card = element.closest("[data-proposal]"), heard = element.form?.elements.namedItem("heard");
    return [card?.id, card?.dataset.shown, heard?.value].join();
  }

  function offered() {
    const found = new Map(), asked = { targets: new Map(), use };
    document.dispatchEvent(new CustomEvent("offer", { detail: asked }));
    use = asked.use;
    const add = (element, key, words) => element && usable(element) && words && !found.has(element) && found.set(element, { key, words });
    const answer = byId("composer-text"), search = [...document.querySelectorAll('input[data-key="/"]')].find(visible);
    if (asked.targets.size) {
      if (!asked.targets.has("r")) add(answer, "r", sheetWords("r"));
      // What decides does not stand first, where Enter alone would do it.
      const decides = (element) => Number(element.matches("[data-proposal] *, #announcer *"));
      for (const [key, element] of [...asked.targets].sort(([, one], [, other]) => decides(one) - decides(other))) add(element, key, wordsOf(element));
      add(search, "/", sheetWords("/"));
    } else {
      // Where single keys do nothing, what bears one is offered without it.
      for (const element of document.querySelectorAll("[data-key]:not(input)")) add(element, "", wordsOf(element));
    }
    for (const element of document.querySelectorAll(NAMED)) add(element, "", wordsOf(element));
    // One in the header, one in its menu.
    const colours = [...document.querySelectorAll(".theme-toggle")].find(usable);
    if (colours) add(colours, "", colours.textContent.trim());
    return found;
  }

  function offer() {
    const before = active && targets.has(active) ? { ...active.dataset } : null;
    options().forEach((each) => targets.has(each) && each.remove());
    let number = 0;
    for (const [element, { key, words }] of offered()) {
      const option = Object.assign(document.createElement("div"), { id: `palette-a-${number++}` });
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      option.dataset.id = key ? `key:${key}` : `name:${words}`;
      Object.assign(option.dataset, { words, shown: shownWith(element) });
      if (key) (option.dataset.key = key), option.setAttribute("aria-keyshortcuts", key);
      const place = Object.assign(document.createElement("span"), { className: "palette-words" });
      place.append(Object.assign(document.createElement("bdi"), { textContent: words }));
      option.append(place);
      if (key) option.append(Object.assign(document.createElement("kbd"), { textContent: key, ariaHidden: "true" }));
      targets.set(option, element);
      settle(option, actions);
      actions.append(option);
    }
    // What stood ready is there as it was, or nothing stands ready: what has changed behind the palette nobody has seen.
    if (before) active = options().find(({ dataset }) => ["id", "words", "shown"].every((name) => dataset[name] === before[name])) ?? null;
  }

  // Order -------------------------------------------------------------------------------------------------------------
  function settle(option, home) {
    homes.set(option, { home, place: home.children.length });
  }

  function remembered() {
    try {
      return JSON.parse(localStorage.getItem(KEPT_AS)) ?? [];
    } catch {
      return [];
    }
  }

  // Ids only, no names. What decides on a proposal, takes something back, stops agents or signs out is not one key away by itself.
  function remember(option) {
    const target = targets.get(option), id = option.dataset.conversation ? `conversation:${option.dataset.conversation}` : option.dataset.id;
    if (target && (target.closest("[data-proposal], #selection, form[action$='/sign-out/']") || ["u", "S"].includes(option.dataset.key))) return;
    try {
      localStorage.setItem(KEPT_AS, JSON.stringify([id, ...remembered().filter((each) => each !== id)].slice(0, KEPT)));
    } catch {
      // A browser that keeps nothing for us runs it all the same.
    }
  }

  const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().replace(/[øłđðħıßæœþ]/g, (letter) => PLAIN[letter]);
  const wordsIn = (text) => plain(text).split(/[^\p{L}\p{N}]+/u).filter(Boolean);
  const isWithin = (letters, word) => [...letters].reduce((at, letter) => (at < 0 ? at : word.indexOf(letter, at) + 1 || -1), 0) > 0;

  // How well it fits, by words in any order; below zero it does not.
  function fit(option, asked) {
    if (option.dataset.key && asked === option.dataset.key) return 100;
    const text = plain(option.textContent), words = wordsIn(option.textContent);
    let sum = 0;
    for (const term of wordsIn(asked)) {
      if (words.includes(term)) sum += 4;
      else if (words.some((word) => word.startsWith(term))) sum += 3;
      else if (term.length > 1 && text.includes(term)) sum += 1;
      else if (term.length > 2 && words.some((word) => word[0] === term[0] && isWithin(term, word))) sum += 0.5;
      else return -1;
    }
    return sum;
  }

  function arrange({ again = false } = {}) {
    const asked = box.value.trim(), ids = remembered(), all = options();
    const foundIds = new Set([...elsewhere[1].querySelectorAll("[data-id]")].map((each) => each.dataset.id));
    const scores = new Map(all.map((each) => [each, isFound(each) && isFresh ? 0 : asked ? (foundIds.has(each.dataset.id) && !isFound(each) ? -1 : fit(each, asked)) : 0]));
    const used = asked ? [] : ids.map((id) => all.find((each) => each.dataset.id === id)).filter(Boolean).slice(0, SHOWN_LAST);
    const byHome = Map.groupBy ? Map.groupBy(all, (each) => homes.get(each).home) : groups(all);
    for (const [home, inside] of byHome) {
      inside.sort((a, b) => scores.get(b) - scores.get(a) || homes.get(a).place - homes.get(b).place);
      home.append(...inside.filter((each) => !used.includes(each)));
    }
    last.append(...used);
    for (const each of all) each.hidden = scores.get(each) < 0 || (!asked && !used.includes(each) && each.id.startsWith("palette-r-"));
    for (const group of list.querySelectorAll("[role=group]")) group.hidden = !group.querySelector("[role=option]:not([hidden])");
    const left = shown();
    if (again || (active && !left.includes(active))) mark(left[0] ?? null);
    else mark(active);
    speak(left.length);
  }

  const isFound = (option) => elsewhere[1].contains(option);

  function groups(all) {
    const found = new Map();
    for (const each of all) found.set(homes.get(each).home, [...(found.get(homes.get(each).home) ?? []), each]);
    return found;
  }

  function mark(option) {
    active?.setAttribute("aria-selected", "false");
    active = option;
    option?.setAttribute("aria-selected", "true");
    option ? box.setAttribute("aria-activedescendant", option.id) : box.removeAttribute("aria-activedescendant");
    // The title of its group stays in sight with the first one.
    if (option) (option === shown()[0] ? list : option).scrollIntoView({ block: "nearest" }), option === shown()[0] && (list.scrollTop = 0);
  }

  // Once somebody has stopped typing and nothing is on its way.
  function speak(number) {
    clearTimeout(speaking);
    const words = number ? foundWords.replace("%s", number) : searching ? "" : none;
    speaking = setTimeout(() => said.textContent !== words && (said.textContent = words), number || searching ? QUIET : 0);
  }

  // What the server knows ---------------------------------------------------------------------------------------------
  async function ask(query, signal) {
    const headers = { "HX-Request": "true", "HX-Current-URL": location.href };
    const answer = await fetch(`${from}?${new URLSearchParams(query)}`, { headers, signal }).catch(() => null);
    return answer?.ok && !answer.redirected ? document.createRange().createContextualFragment(await answer.text()).firstElementChild : null;
  }

  function put(number, fresh) {
    const before = active && elsewhere[number].contains(active) ? active.id : "";
    options().forEach((each) => homes.get(each)?.home.closest(`#${elsewhere[number].id}`) && each.remove());
    for (const option of fresh.querySelectorAll("[role=option]")) settle(option, option.parentElement), link(option);
    elsewhere[number].replaceWith(fresh);
    elsewhere[number] = fresh;
    window.htmx?.process(fresh);
    if (before) active = byId(before);
  }

  // Into the panes of this page where it has them in sight; else it is an ordinary way to another page.
  function link(option) {
    const target = option.getAttribute("hx-target"), inList = target === "#conversations", pane = byId("conversations");
    if (!target || (pane && byId("conversation") && window.htmx && (!inList || visible(pane)))) return;
    for (const { name } of [...option.attributes]) if (name.startsWith("hx-")) option.removeAttribute(name);
  }

  async function places() {
    const recent = remembered().filter((id) => id.startsWith("conversation:")).slice(0, RECENT).map((id) => id.slice(13));
    const fresh = await ask({ recent: recent.join() });
    if (!fresh || !dialog.open) return;
    const isFirst = !active;
    put(0, fresh);
    arrange({ again: isFirst });
  }

  function search() {
    clearTimeout(timer);
    searching?.abort();
    searching = undefined;
    isFresh = false;
    const q = box.value.trim();
    if (!q) return elsewhere[1].replaceChildren();
    const mine = (searching = new AbortController());
    timer = setTimeout(async () => {
      const fresh = await ask({ q }, mine.signal);
      if (mine !== searching) return;
      searching = undefined;
      if (fresh) (isFresh = true), put(1, fresh);
      arrange({ again: !active });
    }, AFTER);
  }

  // What is chosen ----------------------------------------------------------------------------------------------------
  function run(option) {
    const target = targets.get(option);
    if (target && !usable(target)) return offer(), arrange(), void (clearTimeout(speaking), (said.textContent = gone));
    remember(option);
    dialog.close();
    if (target?.matches("input, textarea")) return target.focus(), target.select?.();
    // Whoever goes elsewhere does not go on typing where they were.
    if (!target || (target.form ?? target).getAttribute("hx-target") === "#conversation") byId("main")?.focus({ preventScroll: true });
    if (target) return use(target);
    const row = option.dataset.id.startsWith("conversation:") && byId(`row-${option.dataset.id.slice(13)}`);
    if (row && option.hasAttribute("hx-get") && visible(row)) return row.click();
    passes = true;
    option.click();
    passes = false;
  }

  function step(by) {
    const all = shown(), here = all.indexOf(active);
    if (all.length) mark(all[(here + by + all.length + (here < 0 && by < 0 ? 1 : 0)) % all.length]);
  }

  box.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229 || event.altKey || event.shiftKey) return;
    if (event.key === "ArrowDown") step(1);
    else if (event.key === "ArrowUp") step(-1);
    else if (event.key === "Enter" && active) event.repeat || run(active);
    else return;
    event.preventDefault();
  });
  box.addEventListener("input", () => (search(), arrange({ again: true })));
  // What is typed, pressed or clicked here is nobody else's.
  dialog.addEventListener("keydown", (event) => event.key !== "Escape" && event.stopPropagation());
  dialog.addEventListener("click", (event) => {
    if (passes || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (event.target === dialog) return dialog.close();
    const option = event.target.closest("[role=option]");
    if (!option) return;
    event.preventDefault();
    event.stopPropagation();
    run(option);
  }, true);
  // Focus stays in the box.
  list.addEventListener("pointerdown", (event) => event.pointerType === "mouse" && !event.button && event.preventDefault());

  // The page goes on while the palette stands over it.
  document.addEventListener("htmx:afterSettle", ({ detail }) => {
    const elt = detail.requestConfig?.elt;
    if (dialog.contains(elt)) return arrive(detail.target?.id);
    if (dialog.open) offer(), arrange();
  });

  // Whoever went somewhere reads on from its title; to that of a conversation page.js leads.
  function arrive(where) {
    if (where !== "conversation") byId("list-title")?.focus({ preventScroll: true });
  }

  function begin() {
    active = null;
    said.textContent = "";
    elsewhere[1].replaceChildren();
    offer();
    search();
    arrange({ again: true });
    places();
  }

  dialog.addEventListener("called", begin);
  if (dialog.open) begin();
}
