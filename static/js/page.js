// What every page needs: sentences for people, boxes that open, the menu, and the answers that are no fragments.
"use strict";
{
  const announcer = () => document.getElementById("announcer");
  let fading;

  // A sentence below; where something can be taken back, with the button for it.
  function announce({ words = "", undo = "" }) {
    const toast = announcer();
    toast.textContent = "";
    toast.append(Object.assign(document.createElement("span"), { textContent: words }));
    if (undo) toast.append(undoButton(undo));
    clearTimeout(fading);
    fading = setTimeout(() => (toast.textContent = ""), undo ? 8000 : 5000);
  }

  function undoButton(dispatch) {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: document.body.dataset.undo });
    button.dataset.key = "u";
    button.addEventListener("click", async () => {
      const headers = { ...JSON.parse(document.body.getAttribute("hx-headers")), "HX-Request": "true" };
      const answer = await fetch(`/dispatches/${dispatch}/hold/`, { method: "DELETE", headers }).catch(() => null);
      announce(JSON.parse(answer?.headers.get("HX-Trigger") || "{}").announce || { words: document.body.dataset.unreachable });
      document.dispatchEvent(new Event("look-again"));
    });
    return button;
  }

  document.addEventListener("announce", (event) => announce(event.detail));

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

  // The row that is open, and the heading of what was opened.
  document.addEventListener("htmx:beforeRequest", (event) => {
    const row = event.target.closest?.(".row");
    if (!row) return;
    document.querySelectorAll(".row[aria-current]").forEach((each) => each.removeAttribute("aria-current"));
    row.setAttribute("aria-current", "true");
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.requestConfig?.elt?.closest?.(".row")) document.querySelector("#conversation-title, #desk-title")?.focus({ preventScroll: true });
    title();
  });

  // "(3) Inbox · Countersign"
  function title() {
    const count = document.getElementById("unread-count");
    const plain = document.title.replace(/^\(\d+\+?\) /, "");
    document.title = count && !count.hidden ? `(${count.textContent.trim()}) ${plain}` : plain;
  }

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
  document.addEventListener("submit", (event) => {
    if (event.target.action.endsWith("/sign-out/")) sessionStorage.clear();
  });
  title();
}
