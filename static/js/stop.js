// Stops agents from any page: the sheet of /stops/ in a dialog. Needs nothing else, because the admin's pages have it as well.
"use strict";
{
  let dialog, opener;

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

  function show(html) {
    if (!dialog) {
      dialog = Object.assign(document.createElement("dialog"), { id: "stop-sheet", className: "stop-sheet" });
      dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
      dialog.addEventListener("close", () => opener?.isConnected && opener.focus({ preventScroll: true }));
      document.body.append(dialog);
    }
    dialog.replaceChildren(fragment(html));
    dialog.setAttribute("aria-labelledby", "stops-title");
    if (!dialog.open) dialog.showModal();
    dialog.querySelector("#stops-title")?.focus({ preventScroll: true });
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
    opener = link;
    const open = document.getElementById("conversation")?.dataset.conversation ?? "";
    const answer = await ask(`${link.href}?conversation=${open}`);
    answer?.status === 200 ? show(answer.html) : (location.href = link.href);
  });

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!dialog?.contains(form) || form.method === "dialog") return;
    event.preventDefault();
    const buttons = form.querySelectorAll("button"), body = new FormData(form, event.submitter);
    buttons.forEach((button) => (button.disabled = true));
    const answer = await ask(form.action, { method: "POST", body });
    buttons.forEach((button) => (button.disabled = false));
    if (!answer) return complain();
    if (![200, 403, 409, 422].includes(answer.status)) return location.assign(form.action.replace(/stops\/.*/, "stops/"));
    if (answer.status !== 200) return show(answer.html);
    dialog.close();
    put(answer.html);
    document.dispatchEvent(new CustomEvent("announce", { detail: { words: answer.words } }));
  });
}
