// Fragments come and go; what a person has typed, opened and scrolled to stays.
"use strict";
{
  const NEAR = 80;
  let kept = [];
  let places = [];
  let opened = [];
  let playing = [];
  let focused = "";
  let trail = [];
  let sign = "";
  let last = null;
  let shown = "";
  let refresh = "";

  const typed = (box) => box.id && (box.value !== box.defaultValue || box.checked !== box.defaultChecked);

  // A box that a refresh took away, because somebody else was faster: what stood in it stays, to be copied.
  function rescue(words) {
    const template = document.getElementById("rescued"), place = document.querySelector(".desk-inner, .scrolled");
    if (!template || !place || !words.trim()) return;
    place.append(template.content.cloneNode(true));
    const box = place.lastElementChild.querySelector("textarea");
    box.id = `rescued-${document.querySelectorAll("[id^=rescued-]").length}`;
    box.value = words;
  }

  function remember(event) {
    refresh = event.detail.requestConfig?.elt?.dataset?.live || "";
    // What is locked while it is being sent has lost its focus already.
    const here = last?.isConnected && last.matches(":disabled") ? last : document.activeElement;
    focused = here?.id || "";
    trail = idsAround(here);
    sign = here ? signOf(here) : "";
    shown = document.getElementById("conversation")?.dataset.conversation || "";
    kept = [...document.querySelectorAll("[data-keep] :is(textarea, [type=datetime-local], [type=checkbox])")].filter(typed).map((box) => ({
      id: box.id, box, value: box.value, checked: box.checked, start: box.selectionStart, end: box.selectionEnd,
    }));
    kept.push(...[...document.querySelectorAll("[data-keep] [data-panel]:not([hidden])")].map((panel) => ({ id: panel.id, box: panel, panel: true })));
    // A fresh place to answer says itself whether its choice of a moment is open; and nothing is open yet in another conversation.
    const pane = event.detail.target?.id === "conversation" ? event.detail.target : null;
    opened = [...document.querySelectorAll("details[id][open]:not(#later)")].filter((each) => !pane?.contains(each)).map((each) => each.id);
    playing = [...document.querySelectorAll("[id^=player-]")].filter((each) => !each.paused && !each.ended);
    places = [...document.querySelectorAll("#scroller, .desk-scroll")].map((box) => ({
      box, fromTop: box.scrollHeight - box.clientHeight + box.scrollTop, near: box.scrollTop > -NEAR, earlier: document.querySelectorAll(".lines").length,
    }));
  }

  // Where something stands, from the inside out.
  function idsAround(element) {
    const ids = [];
    for (let each = element; each && each !== document.body; each = each.parentElement) if (each.id) ids.push(each.id);
    return ids;
  }

  // What has no id is known by what it is and leads to. Where what was in focus is no more: the first thing in the same place, or what that belongs to.
  const signOf = (element) => `${element.localName} ${element.getAttribute("href") ?? element.textContent}`;
  const FIRST = ":is(a[href], button, summary, input:not([type=hidden]), textarea, select, [tabindex='0']):not(:disabled, [tabindex='-1'])";
  function standIn() {
    const isInList = trail.some((id) => ["conversations", "selection", "lanes", "filters", "views"].includes(id));
    if (isInList) return document.querySelector(".list-pane .row[aria-current]") ?? document.getElementById("list-title");
    for (const id of trail) {
      const place = ["thread", "scroller", "conversation"].includes(id) ? null : document.getElementById(id);
      const near = [...(place?.querySelectorAll(FIRST) ?? [])].filter((each) => each.checkVisibility({ visibilityProperty: true }));
      if (near.length) return near.find((each) => signOf(each) === sign) ?? near[0];
      if (id === "thread") return document.getElementById("scroller");
      if (["conversation", "desk"].includes(id)) return document.querySelector("#conversation-title, #desk-title, #list-title");
    }
    return null;
  }

  // What was in focus; where that is gone because of what it did, what stands for it.
  function inFocus({ elt }) {
    const byId = (id) => document.getElementById(id);
    if (elt?.matches?.("form:has(#mark-unread)")) return byId(`row-${shown}`) ?? byId("list-title");
    if (["wakes", "reopens"].includes(focused)) return byId(focused) ?? byId("conversation-title");
    if (focused.startsWith("chip-")) return byId(focused) ?? document.querySelector(".chip-off") ?? byId("list-title");
    return (focused && byId(focused)) || standIn();
  }

  function restore(event) {
    for (const { id, box, value, checked, start, end, panel } of kept) {
      const now = document.getElementById(id);
      if (!now && box.type === "textarea" && ["thread", "card"].includes(refresh)) rescue(value);
      if (!now || now === box) continue;
      if (panel) {
        now.hidden = false;
        document.querySelector(`[data-opens="${id}"]`)?.setAttribute("aria-expanded", "true");
      } else {
        now.value = value;
        if (now.type === "checkbox") now.checked = checked;
        if (now.type === "textarea") now.setSelectionRange(start, end);
        now.dispatchEvent(new Event("input", { bubbles: true }));
      }
    }
    for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
    // A player is moved into what takes its place, and some browsers stop it on the way.
    for (const player of playing) if (player.isConnected && player.paused) player.play().catch(() => {});
    for (const { box, fromTop, near, earlier } of places) {
      // Earlier messages come in above; the distance from the end, which scrollTop is here, is right already.
      if (!box.isConnected || document.querySelectorAll(".lines").length !== earlier) continue;
      box.scrollTop = near ? 0 : fromTop - (box.scrollHeight - box.clientHeight);
    }
    // htmx looks for the focused box before its panel is open again.
    if (document.activeElement === document.body) inFocus(event.detail.requestConfig ?? {})?.focus?.({ preventScroll: true });
    kept = places = [];
  }

  document.addEventListener("focusin", ({ target }) => (last = target));
  document.addEventListener("htmx:beforeSwap", remember);
  document.addEventListener("htmx:afterSwap", restore);
}
