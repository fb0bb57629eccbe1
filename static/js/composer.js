// Counts in Meta's own units, sends by Ctrl+Enter, shows a link while it is written, names the message that is answered, and keeps
// unsent words in this tab.
"use strict";
{
  const bytes = new TextEncoder();
  const units = { bytes: (text) => bytes.encode(text).length, characters: (text) => [...text].length };
  const number = new Intl.NumberFormat(document.documentElement.lang);
  const draft = (box) => `draft:${box.closest("[data-conversation]").dataset.conversation}`;

  function count(box) {
    const place = document.getElementById(box.dataset.counter), limit = Number(box.dataset.limit);
    if (!place) return;
    place.dataset.plain ??= place.textContent;
    const size = units[box.dataset.unit](box.value);
    place.textContent = size ? `${number.format(size)} / ${number.format(limit)}` + (box.dataset.unit === "bytes" ? ` ${document.body.dataset.bytes}` : "") : place.dataset.plain;
    place.toggleAttribute("data-over", size > limit);
  }

  function mirror(box) {
    for (const place of box.form.querySelectorAll(`[data-shows="${box.dataset.mirror}"]`)) place.textContent = box.value || place.dataset.empty;
  }

  document.addEventListener("input", ({ target }) => {
    if (target.dataset.limit) count(target);
    if (target.dataset.mirror) mirror(target);
    if (target.id === "composer-text") target.value ? sessionStorage.setItem(draft(target), target.value) : sessionStorage.removeItem(draft(target));
  });

  document.addEventListener("change", ({ target }) => {
    if (target.name === "kind") target.form.querySelector(".composer fieldset > .errors")?.remove();
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.repeat && event.target.form) {
      event.preventDefault();
      event.target.form.requestSubmit();
    } else if (event.key === "Enter" && event.target.id === "file-address") {
      event.preventDefault();
      event.target.parentElement.querySelector("button").click();
    }
  });

  // The message that is answered in particular, or none.
  function answer({ answers, quote = "" }) {
    const place = document.getElementById("replying");
    if (!place) return;
    place.querySelector("[name=reply_to]").value = answers;
    place.querySelector("q").textContent = quote;
    place.hidden = !answers;
    document.getElementById("composer-text").focus();
  }

  document.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-answers]");
    if (button) answer(button.dataset);
  });

  function begin(root) {
    root.querySelectorAll("[data-limit]").forEach(count);
    root.querySelectorAll("[data-mirror]").forEach(mirror);
    const box = root.querySelector("#composer-text");
    if (!box) return;
    if (box.closest("[data-sent]") && !box.value) sessionStorage.removeItem(draft(box));
    else if (!box.value && sessionStorage.getItem(draft(box))) (box.value = sessionStorage.getItem(draft(box))), count(box);
  }

  // Nothing was sent and nothing lost: back into the box, which was locked during the attempt.
  document.addEventListener("htmx:sendError", () => document.getElementById("composer-text")?.focus());
  document.addEventListener("htmx:afterSwap", () => begin(document));
  begin(document);
}
