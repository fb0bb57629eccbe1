// Stops agents from any page: the sheet of /stops/ in a dialog. Needs nothing else, because the admin's pages have it as well.
"use strict";
{
  let dialog, opener, busy = false;

  const fragment = (html) => {
    const template = document.createElement("template");
    template.innerHTML = html;
    return template.content;
  };

  async function ask(address, options = {}) {
    const answer = await fetch(address, { ...options, headers: { "HX-Request": "true" } }).catch(() => null);
    // Whoever is signed out meanwhile is led to sign in, which is no sheet.
    return answer && { status: answer.redirected ? 0 : answer.status, html: await answer.text(), words: JSON.parse(answer.headers.get("HX-Trigger") || "{}").announce?.words ?? "" };
  }

  // By their forms: what was typed and chosen stays when the sheet comes anew, as after a refusal.
  const boxes = () => [...dialog.querySelectorAll("form[method=post] :is(input:not([type=hidden]), select)")];
  const nameOf = (box) => `${box.form.getAttribute("action")} ${box.name}`;

  function make() {
    dialog = Object.assign(document.createElement("dialog"), { id: "stop-sheet", className: "stop-sheet" });
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
    // Where somebody came from; what stands for it, where that has been replaced.
    dialog.addEventListener("close", () => (opener?.isConnected ? opener : document.querySelector("#stop-button a, #stop a"))?.focus({ preventScroll: true }));
    document.body.append(dialog);
  }

  function show(html, from = null) {
    if (!dialog) make();
    const typed = from ? new Map(boxes().map((box) => [nameOf(box), box.value])) : new Map();
    dialog.replaceChildren(fragment(html));
    dialog.setAttribute("aria-labelledby", "stops-title");
    for (const box of boxes()) {
      const was = typed.get(nameOf(box));
      if (was !== undefined && (box.localName !== "select" || [...box.options].some(({ value }) => value === was))) box.value = was;
    }
    if (!dialog.open) dialog.showModal();
    const again = from && boxes().find((box) => box.name === "own" && box.form.getAttribute("action") === from.getAttribute("action"));
    (again ?? dialog.querySelector("#stops-title"))?.focus({ preventScroll: !again });
  }

  function complain() {
    const sheet = dialog.querySelector("#stops"), line = Object.assign(document.createElement("p"), { className: "stops-error", textContent: sheet.dataset.unreachable });
    line.setAttribute("role", "alert");
    sheet.querySelector(".stops-error")?.remove();
    sheet.querySelector(".stops-title").after(line);
  }

  // The strip and the button as they are now.
  function put(html) {
    for (const fresh of [...fragment(html).querySelectorAll("#stop, #stop-button")]) {
      fresh.removeAttribute("hx-swap-oob");
      document.getElementById(fresh.id)?.replaceWith(fresh);
      window.htmx?.process(fresh);
    }
  }

  document.addEventListener("click", async (event) => {
    const link = event.target.closest?.("[data-stops]");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (!dialog?.open) opener = [document.body, null].includes(document.activeElement) ? link : document.activeElement;
    const open = document.getElementById("conversation")?.dataset.conversation ?? "";
    const answer = await ask(`${link.href}?conversation=${open}`);
    answer?.status === 200 ? show(answer.html) : (location.href = link.href);
  });

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!dialog?.contains(form) || form.method === "dialog") return;
    event.preventDefault();
    if (busy) return;
    busy = true;
    const answer = await ask(form.action, { method: "POST", body: new FormData(form, event.submitter) });
    busy = false;
    if (!answer || answer.status >= 500) return complain();
    if (![200, 403, 409, 422].includes(answer.status) || /^\s*<!doctype/i.test(answer.html)) return location.assign(form.action.replace(/stops\/.*/, "stops/"));
    if (answer.status !== 200) return show(answer.html, form);
    put(answer.html);
    dialog.close();
    document.dispatchEvent(new CustomEvent("announce", { detail: { words: answer.words } }));
  });
}
