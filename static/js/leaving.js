// Whoever signs out leaves no words in this browser; what was typed last is saved first. Needs nothing else, because the admin's pages have it as well.
"use strict";
{
  const PATIENCE = 2000;

  function forget() {
    for (const store of [localStorage, sessionStorage]) for (const name of Object.keys(store)) if (/^(draft:|note:|emoji-recent|palette:)/.test(name)) store.removeItem(name);
  }

  document.addEventListener("submit", async (event) => {
    const form = event.target, waits = [];
    if (!form.getAttribute("action")?.endsWith("/sign-out/")) return;
    event.preventDefault();
    if ("leaving" in form.dataset) return;
    form.dataset.leaving = "";
    document.dispatchEvent(new CustomEvent("leaving", { detail: { waits } }));
    await Promise.race([Promise.allSettled(waits), new Promise((done) => setTimeout(done, PATIENCE))]);
    forget();
    form.submit();
    // Whoever is asked, and stays, can sign out later.
    delete form.dataset.leaving;
  });
}
