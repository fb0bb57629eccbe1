// The list: rows that are selected, menus that are fetched when they are opened, and the words that are looked for.
"use strict";
{
  const bar = document.getElementById("selection");
  // By its id what each says that is selected, which names what its conversation had heard then: nothing is put away that came in since.
  const selected = new Map();
  let last = "", again = [];

  const list = () => document.getElementById("conversations");
  const boxes = () => [...document.querySelectorAll("#rows [name=ids]")];
  const idOf = (box) => box.value.split(".")[0];
  const said = (box) => (box.dataset.said ??= box.value);

  // Selected is what has a tick on this page; what left the list is selected no longer.
  function show() {
    const all = boxes(), words = bar.dataset[selected.size === 1 ? "one" : "many"].replace("%s", selected.size);
    for (const box of all) {
      const fresh = said(box);
      box.checked = selected.has(idOf(box));
      box.value = selected.get(idOf(box)) ?? fresh;
    }
    const every = document.getElementById("select-all");
    every.checked = all.length > 0 && selected.size === all.length;
    every.indeterminate = selected.size > 0 && !every.checked;
    const count = document.getElementById("selection-count");
    if (count.textContent !== words) count.textContent = selected.size ? words : "";
    bar.toggleAttribute("data-some", selected.size > 0);
    list()?.toggleAttribute("data-some", selected.size > 0);
    if (selected.size) return;
    bar.querySelectorAll("details[open]").forEach((menu) => (menu.open = false));
    // The bar goes, and whoever worked in it goes on in the list.
    if (bar.contains(document.activeElement)) (document.querySelector(".list-pane .row[aria-current]") ?? document.getElementById("list-title"))?.focus({ preventScroll: true });
  }

  function choose(box, on) {
    on ? selected.set(idOf(box), said(box)) : selected.delete(idOf(box));
  }

  // With Shift everything between the last one and this one becomes as this one is.
  function range(box) {
    const all = boxes(), [from, to] = [all.findIndex((each) => idOf(each) === last), all.indexOf(box)].sort((a, b) => a - b);
    if (from >= 0) all.slice(from, to + 1).forEach((each) => choose(each, box.checked));
  }

  let shift = false;
  document.addEventListener("click", (event) => (shift = event.shiftKey), true);
  document.addEventListener("change", ({ target }) => {
    if (target.id === "select-all") boxes().forEach((box) => choose(box, target.checked));
    else if (target.matches("#rows [name=ids]")) choose(target, target.checked), shift && range(target), (last = idOf(target));
    else return;
    show();
  });
  bar?.addEventListener("reset", () => (selected.clear(), queueMicrotask(show)));
  // What was done is selected no longer; what was refused stays, as the list that comes with the refusal shows it.
  document.addEventListener("selection", ({ detail }) => {
    if (!detail.keep) return;
    for (const id of [...selected.keys()]) if (!detail.keep.includes(id)) selected.delete(id);
    again = detail.keep;
    if (bar) show();
  });

  document.addEventListener("htmx:configRequest", ({ detail }) => {
    if (detail.target?.id !== "conversations" || detail.elt.dataset.live) return;
    detail.parameters.open = document.querySelector("#conversation")?.dataset.conversation || "";
    if (detail.verb !== "get") detail.parameters.rows = boxes().length;
  });

  document.addEventListener("htmx:afterSwap", ({ detail }) => {
    if (!bar || !list()) return;
    const there = new Set(boxes().map(idOf));
    for (const id of [...selected.keys()]) if (!there.has(id)) selected.delete(id);
    for (const box of boxes()) if (again.includes(idOf(box))) choose(box, selected.has(idOf(box)));
    again = [];
    show();
    const q = document.getElementById("q"), from = detail.requestConfig?.elt;
    if (from?.dataset?.live !== "list" && detail.target?.id === "conversations" && document.activeElement !== q) q.value = list().dataset.q;
  });
  // A conversation that was on its way when another lane was chosen comes with the lanes, and to the address, of the one before it.
  let bringsList = false;
  const laneOf = (lanes) => lanes?.querySelector("[aria-current=page]")?.id.replace(/^\w+-/, "") ?? "";
  document.addEventListener("htmx:beforeSwap", ({ detail }) => (bringsList = detail.target.id === "conversations"));
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const { target, fragment } = event.detail;
    if (target.id === "lanes" && !bringsList && list() && laneOf(fragment) !== laneOf(target)) event.preventDefault();
  });
  document.addEventListener("htmx:beforeHistoryUpdate", ({ detail }) => {
    const row = detail.requestConfig?.elt;
    if (!row?.matches?.(".row") || row.isConnected || !list()) return;
    const path = new URL(detail.history.path, location), asked = new URL(list().getAttribute("hx-get"), location), at = path.searchParams.get("at");
    if (at) asked.searchParams.set("at", at);
    detail.history.path = path.pathname + asked.search;
  });
  // Chosen by hand, another lane begins at its top.
  document.addEventListener("htmx:afterSwap", ({ detail }) => {
    const from = detail.requestConfig?.elt;
    if (detail.target?.id === "conversations" && from?.dataset && !from.dataset.live && from !== bar) document.querySelector(".list-scroll").scrollTop = 0;
  });

  function close(menu) {
    if (menu.contains(document.activeElement)) menu.querySelector("summary").focus({ preventScroll: true });
    menu.open = false;
  }

  // Menus: what is in them is fetched when they open, one is open at a time, and Escape closes it.
  document.addEventListener("toggle", ({ target }) => {
    if (!target.matches?.(".list-menu")) return;
    const sheet = target.querySelector("[data-fetched]");
    if (target.open && sheet) htmx.trigger(sheet, "look");
    if (target.open) document.querySelectorAll(".list-menu[open]").forEach((menu) => menu === target || menu.contains(target) || (menu.open = false));
  }, true);
  document.addEventListener("click", ({ target }) => {
    const followed = target.closest(".list-menu a, .selection .list-menu [type=submit]");
    const shut = () => document.querySelectorAll(".list-menu[open]").forEach((menu) => (!menu.contains(target) || menu.contains(followed)) && close(menu));
    // Which button sends a form is told by its focus, until it has been sent.
    followed?.type === "submit" ? setTimeout(shut) : shut();
  });
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "Enter" && event.target.matches(".choice-new input")) event.preventDefault(), event.target.closest(".choice-new").querySelector("button").click();
    const menu = event.key === "Escape" && (event.target.closest?.(".list-menu[open]") ?? document.querySelector(".list-menu[open]"));
    if (menu) (menu.open = false), menu.querySelector("summary").focus(), event.stopPropagation();
    else if (event.key === "Escape" && selected.size && !event.target.closest("dialog, input:not([type=checkbox]), textarea, select")) bar.reset();
  }, true);

  if (bar) {
    for (const box of boxes()) if (box.checked) choose(box, true);
    show();
  }
}
