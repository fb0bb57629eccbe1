// Keeps what is typed: on the server, a moment after typing stops and when it is left; in this browser until the server has it.
"use strict";
{
  const AFTER = 1000, AGAIN = 5000;
  const KEPT = new Set(["key", "kind", "text", "address", "url", "title", "subtitle", "plain", "picture", "reply_to", "when", "moment", "unless", "media"]);
  const SAY = ["text", "address", "url", "title", "subtitle", "picture", "media"];
  // This page in this browser: whatever it saves follows on what it saved before.
  const writer = [...crypto.getRandomValues(new Uint32Array(3))].map((part) => part.toString(36)).join("");
  const seen = new Map();
  let number = 0, timer, here = null;

  const says = (words) => SAY.some((name) => words.getAll(name).some((value) => value.trim()));
  const note = () => document.getElementById("draft");

  // What stands in the form; "" where that is nothing, null where it cannot be read because it is being sent.
  function said({ form }) {
    if (form.matches(".htmx-request") || form.querySelector("fieldset").disabled) return null;
    const words = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (KEPT.has(name) && typeof value === "string" && value) words.append(name, value);
    return says(words) ? String(words) : "";
  }

  // In this browser ------------------------------------------------------------------------------------------------
  const place = ({ owner }, by = writer) => `${owner}:${by}`;
  function store(name, copy) {
    try {
      copy ? localStorage.setItem(name, JSON.stringify(copy)) : localStorage.removeItem(name);
    } catch {
      // Without room here there is still the server.
    }
  }

  function copies({ owner }) {
    const names = Object.keys(localStorage).filter((name) => name.startsWith(`${owner}:`));
    return names.map((name) => ({ name, ...JSON.parse(localStorage.getItem(name)) })).sort((one, other) => one.at - other.at);
  }

  // On the server --------------------------------------------------------------------------------------------------
  function put(address, body, leaving = false) {
    const headers = { ...JSON.parse(document.body.getAttribute("hx-headers")), "content-type": "application/x-www-form-urlencoded" };
    return fetch(address, { method: "PUT", headers, body, keepalive: leaving }).then(async (response) => {
      const made = document.createRange().createContextualFragment(await response.text()).querySelector("#draft");
      return { refused: [403, 404].includes(response.status), made, ...made?.dataset };
    }).catch(() => ({}));
  }

  const pack = (words, { conversation }, by = { writer, number, seen: seen.get(conversation) ?? "" }) => String(new URLSearchParams([...new URLSearchParams(words), ...Object.entries(by)]));

  // What stands there already is not read out again.
  function show(...parts) {
    const fresh = document.createElement("div");
    fresh.append(...parts);
    if (!note() || (!fresh.querySelector("button") && fresh.textContent.trim() === note().textContent.trim())) return;
    note().replaceChildren(...fresh.childNodes);
  }

  function touched() {
    const words = here && said(here);
    if (!here || words === null || words === here.words) return;
    here.words = words;
    clearTimeout(timer);
    if (words === here.saved) return store(place(here), null);
    number += 1;
    store(place(here), { at: Date.now(), words, body: pack(words, here) });
    timer = setTimeout(save, AFTER);
  }

  async function save({ leaving = false } = {}) {
    clearTimeout(timer);
    if (leaving) touched(), clearTimeout(timer);
    const at = here, words = at?.words;
    if (!at || [at.saved, at.rejected].includes(words) || (at.busy && !leaving)) return;
    at.busy = true;
    const answer = await put(at.address, pack(words, at), leaving);
    at.busy = false;
    settle(at, words, answer);
  }

  function settle(at, words, { state, version, words: theirs, writer: other, made, refused }) {
    const isOpen = at === here && at.form.isConnected;
    if (state === "elsewhere") {
      // Newer words win; the others are kept, and offered.
      seen.set(at.conversation, version);
      store(place(at, other), { at: Date.now(), words: theirs, body: pack(theirs, at, { writer: other, number: 0, seen: "" }) });
      if (isOpen) offer(at, { name: place(at, other), words: theirs }), save();
      return;
    }
    if (state === "saved") {
      at.saved = words;
      seen.set(at.conversation, version);
      if (JSON.parse(localStorage.getItem(place(at)))?.words === words) store(place(at), null);
    }
    // These the server will not have: other words are tried again, and as long as it has none, this browser keeps them.
    else if (state || refused) at.rejected = words;
    if (!isOpen) return;
    if (!note()?.querySelector("button")) show(...(state ? made.childNodes : [at.form.dataset.unsaved]));
    if (![at.saved, at.rejected].includes(at.words)) timer = setTimeout(save, state ? AFTER : AGAIN);
  }

  // What was written elsewhere -------------------------------------------------------------------------------------
  function offer(at, copy) {
    const words = new URLSearchParams(copy.words), parts = document.getElementById("draft-elsewhere").content.cloneNode(true);
    parts.querySelector("q").textContent = (["text", "title", "url", "address"].map((name) => words.get(name)?.trim()).find(Boolean) ?? "…").slice(0, 140);
    parts.querySelector("[data-use]").addEventListener("click", () => take(at, copy));
    parts.querySelector("[data-keep]").addEventListener("click", () => (store(copy.name, null), show(), document.getElementById("composer-text").focus()));
    show(parts);
  }

  async function take(at, copy) {
    number += 1;
    const words = said(at), { state } = await put(at.address, pack(copy.words, at));
    if (at !== here) return;
    if (state === "saved") load(at, copy, words);
    else state === "refused" ? fill(at, copy) : show(at.form.dataset.unsaved);
  }

  // The place to answer with what is kept, as long as nothing else is typed there than `words`; else what is kept is offered.
  async function load(at, copy, words) {
    if (at !== here) return;
    at.saved = at.words = words;
    const event = new CustomEvent("load-draft", { detail: words });
    if (said(at) === words) await htmx.ajax("GET", `${at.address}?since=${at.form.elements.since.value}`, { target: "#composer", swap: "outerHTML", event }).catch(() => {});
    if (at === here && at.form.isConnected) {
      if (at.saved === words) at.saved = copy.words;
      touched();
      return offer(at, copy);
    }
    store(copy.name, null);
    if (at.words === words) store(place(at), null);
  }

  // An answer that comes once more was typed, or once another conversation is open, is too late.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const by = event.detail.requestConfig?.triggeringEvent;
    if (by?.type === "load-draft" && !(here?.form.isConnected && said(here) === by.detail && event.detail.target.contains(here.form))) event.preventDefault();
  });

  // What the server does not keep is put back from here: words and choices. Files it has itself.
  function fill(at, copy) {
    for (const [name, value] of new URLSearchParams(copy.words)) {
      const box = at.form.elements[name];
      if (!box || ["hidden", "file"].includes(box.type)) continue;
      box.type === "checkbox" ? (box.checked = true) : (box.value = value);
      (box[0] ?? box).dispatchEvent(new Event("input", { bubbles: true }));
    }
    store(copy.name, null);
  }

  // What this browser still has is what a crash, or a server out of reach, has left.
  async function recover(at) {
    for (const copy of copies(at)) {
      if (copy.words === at.saved || !copy.words) {
        store(copy.name, null);
        continue;
      }
      const { state, version } = await put(at.address, copy.body);
      if (at !== here) return;
      if (state === "elsewhere") {
        seen.set(at.conversation, version);
        offer(at, copy);
      } else if (state === "refused") {
        return said(at) === at.saved ? fill(at, copy) : offer(at, copy);
      } else if (state === "saved" && said(at) === at.saved) {
        return load(at, copy, at.saved);
      } else if (state === "saved" || state === "sent") {
        store(copy.name, null);
      }
    }
  }

  // A place to answer comes and goes -------------------------------------------------------------------------------
  function begin() {
    const form = document.getElementById("reply"), composer = form?.closest("#composer");
    if (here?.form === form) return;
    const before = here;
    if (before && !before.form.isConnected && composer?.hasAttribute("data-sent")) store(place(before), null);
    here = null;
    if (!form) return;
    const { conversation, user } = composer.dataset, version = note().dataset.version;
    here = { form, conversation, owner: `draft:${user}:${conversation}`, address: form.dataset.draft, busy: false };
    if (version) seen.set(conversation, version);
    const words = said(here), isOpened = before?.conversation !== conversation;
    here.saved = here.words = version || isOpened ? words : "";
    new MutationObserver(touched).observe(form, { subtree: true, childList: true, attributeFilter: ["value"] });
    touched();
    if (isOpened) recover(here);
  }

  document.addEventListener("input", ({ target }) => target.form?.id === "reply" && touched());
  document.addEventListener("change", ({ target }) => target.form?.id === "reply" && touched());
  document.addEventListener("htmx:beforeSwap", ({ detail }) => detail.target.id !== "composer" && detail.target.contains(here?.form) && save({ leaving: true }));
  document.addEventListener("htmx:afterSwap", begin);
  document.addEventListener("visibilitychange", () => document.hidden && save({ leaving: true }));
  document.addEventListener("leaving", ({ detail }) => detail.waits.push(save({ leaving: true })));
  addEventListener("pagehide", () => save({ leaving: true }));
  addEventListener("online", () => save());
  begin();
}
