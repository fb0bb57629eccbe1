// Copies a text by a button: <button type="button" data-copy="#id" data-copied="Copied" hidden>Copy</button>. Without JavaScript the
// button stays hidden, and the text can be selected. Buttons that htmx brings work as well.
"use strict";
{
  const show = (root) => root.querySelectorAll?.("button[data-copy]").forEach((button) => (button.hidden = false));

  // Where the clipboard may not be written (plain http), the text is selected instead, so that Ctrl+C takes it.
  async function copy(place) {
    const text = place.value ?? place.textContent;
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      getSelection().selectAllChildren(place);
      return document.execCommand("copy");
    }
  }

  document.addEventListener("click", async ({ target }) => {
    const button = target.closest?.("button[data-copy]"), place = button && document.querySelector(button.dataset.copy);
    if (!place || !(await copy(place))) return;
    button.dataset.words ??= button.textContent;
    button.textContent = button.dataset.copied || button.dataset.words;
    button.toggleAttribute("data-done", true);
    clearTimeout(button.fading);
    button.fading = setTimeout(() => {
      button.textContent = button.dataset.words;
      button.toggleAttribute("data-done", false);
    }, 2500);
  });

  document.addEventListener("htmx:load", ({ target }) => show(target));
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", () => show(document));
  else show(document);
}
