// What every page needs: sentences for people, boxes that open, the menu, and the answers that are no fragments.
"use strict";
{
  const announcer = () => document.getElementById("announcer");
  let fading, before = null;

  // A sentence below; where something can be taken back, with the button for it, for as long as it can: a message that waits in the outbox
  // (`undo`, its dispatch), or what the opposite call puts back as it was (`back`).
  function announce({ words = "", undo = "", leaves = 0, left = 0, back = null }) {
    const toast = announcer();
    empty();
    toast.append(Object.assign(document.createElement("span"), { textContent: words }));
    if (undo) toast.append(countdown(leaves), undoButton({ address: `/dispatches/${undo}/hold/`, method: "DELETE" }));
    else if (back) toast.append(undoButton(back));
    fade(undo ? left : back ? 10_000 : 5000);
  }

  // Whoever is about to press its button is not left with nothing under the finger.
  function fade(after) {
    clearTimeout(fading);
    fading = setTimeout(() => (announcer().matches(":hover, :focus-within") ? fade(1000) : empty()), after);
  }

  // Its button goes with it; whoever has pressed it is where they were before.
  function empty() {
    const isFocused = announcer().contains(document.activeElement);
    announcer().textContent = "";
    if (isFocused) (before?.isConnected ? before : document.getElementById("main"))?.focus({ preventScroll: true });
  }

  // Kept ticking by countdown.js; the sentence is read out once, the seconds are not.
  function countdown(leaves) {
    const place = document.createElement("span");
    place.dataset.leaves = leaves;
    place.setAttribute("aria-hidden", "true");
    document.dispatchEvent(new Event("tick"));
    return place;
  }

  function undoButton({ address, method = "POST", values = {} }) {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: document.body.dataset.undo });
    button.dataset.key = "u";
    button.addEventListener("click", async () => {
      // Not disabled, which would take the focus from it.
      if (button.ariaDisabled) return;
      button.ariaDisabled = "true";
      const headers = { ...JSON.parse(document.body.getAttribute("hx-headers")), "HX-Request": "true" };
      const body = method === "DELETE" ? undefined : form(values);
      const answer = await fetch(address, { method, headers, body }).catch(() => null);
      // What could not be asked can be asked again.
      if (!answer && button.isConnected) return keepUndo(button);
      const words = !answer ? document.body.dataset.unreachable : answer.ok ? document.body.dataset.undone : document.body.dataset.refused;
      announce(JSON.parse(answer?.headers.get("HX-Trigger") || "{}").announce || { words });
      document.dispatchEvent(new Event("look-again"));
    });
    return button;
  }

  function keepUndo(button) {
    button.ariaDisabled = null;
    announcer().firstElementChild.textContent = document.body.dataset.unreachable;
    fade(10_000);
  }

  // A value may be a list; each of its members is sent under the same name.
  function form(values) {
    const body = new URLSearchParams();
    for (const [name, value] of Object.entries(values)) for (const each of [value].flat()) body.append(name, each);
    return body;
  }

  document.addEventListener("announce", (event) => announce(event.detail));
  document.addEventListener("focusin", ({ target }) => announcer().contains(target) || (before = target));

  // Panels of a card: one open at a time, its box in focus.
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-opens]");
    if (!button) return;
    const card = button.closest("[data-proposal]"), panel = document.getElementById(button.dataset.opens), open = panel.hidden;
    card.querySelectorAll("[data-panel]").forEach((each) => (each.hidden = true));
    card.querySelectorAll("[data-opens]").forEach((each) => each.setAttribute("aria-expanded", "false"));
    panel.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
    const box = panel.querySelector("textarea");
    if (open) box.focus(), box.setSelectionRange(box.value.length, box.value.length);
  });

  document.addEventListener("click", (event) => {
    document.querySelectorAll(".top-menu[open]").forEach((menu) => menu.contains(event.target) || (menu.open = false));
  });

  // The row that is open, and the one whose conversation is shown: another while that one is on its way.
  let chosen = "", shown = "";
  const byId = (id) => document.getElementById(id);
  const isPane = (element) => element?.id === "conversation";
  function mark(row) {
    document.querySelectorAll(".row[aria-current]").forEach((each) => each.removeAttribute("aria-current"));
    row?.setAttribute("aria-current", "true");
  }
  document.addEventListener("htmx:historyRestore", () => (chosen = shown = ""));
  document.addEventListener("htmx:afterSwap", (event) => {
    const { elt } = event.detail.requestConfig ?? {};
    // A refresh of the list that was on its way when a row was chosen names the one before it.
    const row = elt?.dataset?.live === "list" && chosen && byId(chosen);
    if (row) mark(row);
    if (isPane(event.detail.target)) shown = chosen;
    title();
  });

  // What was opened begins with its heading, or with the place to answer for whoever has asked for that meanwhile; who is in a box elsewhere stays.
  // Only once it has settled: until then it bears the classes of what it takes the place of, and may be hidden by them.
  document.addEventListener("htmx:afterSettle", ({ detail: { target, requestConfig } }) => {
    const { elt } = requestConfig ?? {};
    if (!elt?.closest?.(isPane(target) ? ".row, [data-to], [role=option]" : ".row")) return;
    const here = document.activeElement;
    if (here?.matches("input:not([type=radio], [type=checkbox]), textarea, select") && !here.closest("#conversation, #desk")) return;
    const answer = document.body.dataset.coming === "reply" && byId("composer-text");
    (answer || document.querySelector("#conversation-title, #desk-title"))?.focus({ preventScroll: true });
  });

  // Whose newest lines are on the screen has been read; the list says so at once, and need not be asked again for that.
  document.addEventListener("htmx:afterSwap", ({ detail }) => {
    if (detail.target?.id !== "conversation" || document.querySelector("#thread[data-apart]")) return;
    const row = document.getElementById(`row-${document.getElementById("conversation")?.dataset.conversation}`);
    row?.removeAttribute("data-unread");
    row?.querySelector(".row-unread")?.remove();
  });

  // "(3) Inbox · Countersign"
  function title() {
    const count = document.getElementById("unread-count");
    const plain = document.title.replace(/^\(\d+\+?\) /, "");
    document.title = count && !count.hidden ? `(${count.textContent.trim()}) ${plain}` : plain;
  }

  // What was asked for in a conversation that is open no longer leaves the one in its place alone, whatever fragments come with the answer, and so
  // does what would take the place of one that was asked for later; what there is to say of it is said all the same.
  let asked = null;
  document.addEventListener("htmx:beforeSend", ({ detail }) => {
    const { elt, xhr, target, requestConfig } = detail, pane = elt.closest("#conversation"), opens = isPane(target), acts = requestConfig.verb !== "get";
    if (!opens && elt.matches(".row")) (chosen = elt.id), mark(elt);
    if (!pane && !opens) return;
    const isLate = () => (opens ? asked && asked !== xhr : !pane.isConnected);

    // Heard at what has asked, which may be off the page by then.
    function judge(event) {
      if (event.detail.xhr !== xhr) return;
      const late = isLate(), said = JSON.parse(xhr.getResponseHeader("HX-Trigger") || "{}").announce;
      // Nobody hears what is said at a place that is not on the page any more.
      if (said && (late || !elt.isConnected)) announce(said);
      if (!late) return opens && aim(detail);
      event.preventDefault();
      if (!said && acts && xhr.status >= 400) announce({ words: document.body.dataset.refusedBefore });
    }

    function fail() {
      if (asked !== xhr) return;
      asked = null;
      if (acts) return;
      chosen = shown || `row-${byId("conversation")?.dataset.conversation}`;
      mark(byId(chosen));
      announce({ words: xhr.status && xhr.status < 500 ? document.body.dataset.refused : document.body.dataset.unreachable });
    }

    if (opens) begin(detail);
    elt.addEventListener("htmx:beforeOnLoad", judge);
    xhr.addEventListener("error", () => (acts && pane?.isConnected === false && announce({ words: document.body.dataset.unreachable }), fail()));
    xhr.addEventListener("timeout", fail);
    xhr.addEventListener("abort", () => asked === xhr && (asked = null));
    xhr.addEventListener("load", () => xhr.status >= 400 && detail.target.isConnected && fail());
    xhr.addEventListener("loadend", () => {
      elt.removeEventListener("htmx:beforeOnLoad", judge);
      if (opens && (!asked || asked === xhr)) delete document.body.dataset.coming;
      goOn();
    });
  });

  // Another conversation is on its way, or none; keys.js looks for the mark.
  function begin({ elt, xhr, requestConfig }) {
    asked = xhr;
    document.body.dataset.coming = "";
    if (waiting.length) (waiting = []), announce({ words: document.body.dataset.refusedBefore });
    if (requestConfig.verb !== "get") return;
    const id = /\/conversations\/([^/?]+)\//.exec(requestConfig.path)?.[1];
    (chosen = elt.closest(".row")?.id ?? `row-${id}`), mark(byId(chosen));
  }

  // The place that it was asked for may have been replaced meanwhile; what hears of a swap hears of it at the present one.
  function aim(detail) {
    const before = detail.target, pane = byId("conversation");
    if (before.isConnected || !pane) return;
    detail.target = pane;
    const tell = (event) => pane.dispatchEvent(new CustomEvent(event.type, { bubbles: true, cancelable: true, detail: event.detail })) || event.preventDefault();
    before.addEventListener("htmx:beforeSwap", tell, { once: true });
  }

  // An act that is pressed before the answer to another is here would be lost with what this answer takes the place of. It waits, and is pressed
  // where it stands then: the same act, once, on the same conversation, by whoever had read as much.
  const ACTS = "#work form, #state form";
  let waiting = [], doing = "";
  const open = () => byId("conversation")?.dataset.conversation ?? "";
  const isBusy = () => Boolean(document.querySelector("#thread.htmx-request, #conversation [hx-sync^='#thread'].htmx-request"));

  function signOf(form, button) {
    const values = new URLSearchParams(new FormData(form, button));
    ["csrfmiddlewaretoken", "heard"].forEach((name) => values.delete(name));
    return `${form.getAttribute("action")} ${values}`;
  }

  function buttonNow({ button, sign }) {
    if (button.isConnected) return button;
    const buttons = [...document.querySelectorAll(ACTS)].flatMap((form) => [...form.elements]).filter(({ type }) => type === "submit");
    return buttons.find((each) => signOf(each.form, each) === sign);
  }

  function goOn() {
    if (!isBusy()) doing = "";
    while (waiting.length && !isBusy()) {
      const act = waiting.shift(), button = act.conversation === open() ? buttonNow(act) : null, heard = button?.form.elements.namedItem("heard");
      if (heard && act.heard) heard.value = act.heard;
      button?.click();
    }
  }

  document.addEventListener("htmx:confirm", (event) => {
    const { elt: form, triggeringEvent } = event.detail, button = triggeringEvent?.submitter;
    if (!button || !form.matches(ACTS)) return;
    const sign = signOf(form, button);
    if (!isBusy()) return void (doing = sign);
    event.preventDefault();
    if (sign === doing || waiting.some((act) => act.sign === sign)) return;
    waiting.push({ button, sign, conversation: open(), heard: form.elements.namedItem("heard")?.value });
  });

  // A refusal of ours is a fragment and belongs on the page; a whole error page does not.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr } = event.detail;
    if (xhr.status === 403 && !/^\s*<!doctype/i.test(xhr.responseText)) event.detail.shouldSwap = true;
  });
  document.addEventListener("htmx:responseError", (event) => {
    if (event.detail.requestConfig.verb !== "get") announce({ words: document.body.dataset.refused });
  });
  document.addEventListener("htmx:sendError", (event) => {
    if (event.detail.requestConfig.verb !== "get") announce({ words: document.body.dataset.unreachable });
  });
  title();
}
