// Counts in Meta's own units, sends by Ctrl+Enter, shows a link while it is written, and names the message that is answered.
"use strict";
{
  const bytes = new TextEncoder();
  const units = { bytes: (text) => bytes.encode(text).length, characters: (text) => [...text].length };
  const number = new Intl.NumberFormat(document.documentElement.lang);
  // What stands in a box for moments has no zone, so it is read and written in the same one.
  const moments = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
  // A warning comes while there is still room to end a sentence.
  const NEAR = 0.9, SAID_AFTER = 900;
  let saying;

  function count(box) {
    const place = document.getElementById(box.dataset.counter), limit = Number(box.dataset.limit);
    if (!place) return;
    place.dataset.plain ??= place.textContent;
    const size = units[box.dataset.unit](box.value);
    place.textContent = size ? `${number.format(size)} / ${number.format(limit)}` + (box.dataset.unit === "bytes" ? ` ${document.body.dataset.bytes}` : "") : place.dataset.plain;
    place.toggleAttribute("data-over", size > limit);
    place.toggleAttribute("data-near", size > limit * NEAR && size <= limit);
  }

  // Read out once somebody pauses, and only where it matters.
  function say(box) {
    const place = document.getElementById("composer-said"), limit = Number(box.dataset.limit);
    clearTimeout(saying);
    if (!place) return;
    saying = setTimeout(() => {
      const size = units[box.dataset.unit](box.value), unit = box.dataset.unit === "bytes" ? ` ${document.body.dataset.bytes}` : "";
      const words = size > limit ? place.dataset.over : size > limit * NEAR ? place.dataset.left : "";
      place.textContent = words.replace("%s", number.format(Math.abs(limit - size)) + unit);
    }, SAID_AFTER);
  }

  function mirror(box) {
    for (const place of box.form.querySelectorAll(`[data-shows="${box.dataset.mirror}"]`)) place.textContent = box.value || place.dataset.empty;
  }

  document.addEventListener("input", ({ target }) => {
    if (target.dataset.limit) count(target), say(target);
    if (target.dataset.mirror) mirror(target);
  });

  // Something is put into the text: at the cursor, or in place of a part of it. The first gap in it is what one types next.
  const GAP = /⟨[^⟨⟩\n]+\?⟩/;
  document.addEventListener("write", ({ detail: { text, start, end } }) => {
    const box = document.getElementById("composer-text");
    if (!box) return;
    box.focus();
    box.setSelectionRange(start ?? box.selectionStart, end ?? box.selectionEnd);
    const from = box.selectionStart;
    // Unlike setRangeText it can be undone by Ctrl+Z.
    if (!document.execCommand("insertText", false, text)) {
      box.setRangeText(text, from, box.selectionEnd, "end");
      box.dispatchEvent(new Event("input", { bubbles: true }));
    }
    const gap = text.match(GAP);
    if (gap) box.setSelectionRange(from + gap.index, from + gap.index + gap[0].length);
  });

  document.addEventListener("change", ({ target }) => {
    if (target.name === "kind") target.form.querySelector(".composer fieldset > .errors")?.remove();
    if (target.name === "when") target.value === "at" ? document.getElementById("moment").focus() : (document.getElementById("moment").value = "");
    if (target.name === "when") sayWhen();
  });

  // When it leaves: what was chosen stands on the button that opens the choice.
  function sayWhen() {
    const words = document.querySelector(".later-words"), chosen = document.querySelector("#moments [name=when]:checked");
    const typed = chosen?.value === "at" && document.getElementById("moment").value;
    if (words) words.textContent = typed ? moments.format(new Date(typed)) : chosen?.value ? chosen.parentElement.textContent.trim() : words.dataset.plain;
  }

  function closeLater(place) {
    place.open = false;
    place.querySelector("summary").focus();
  }

  document.addEventListener("input", ({ target }) => {
    if (target.id !== "moment" || !target.value) return;
    document.getElementById("when-at").checked = true;
    sayWhen();
  });
  // What is chosen while a newer choice is on its way is chosen there too.
  const boxes = () => [...document.querySelectorAll("#moments input")];
  let left = [];
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    left = detail.target.id === "moments" ? boxes().map(({ name, type, value, checked }) => ({ name, type, value, checked })) : [];
  });
  document.addEventListener("htmx:afterSwap", () => {
    for (const was of left) {
      const now = boxes().find((box) => box.name === was.name && (box.type !== "radio" || box.value === was.value));
      if (!now) continue;
      if (was.type === "radio") now.checked ||= was.checked;
      else if (was.type === "checkbox") now.checked = was.checked;
      else now.value = was.value;
    }
    if (left.length) sayWhen();
    left = [];
  });

  // What may be chosen moves on with the time, and with what the contact does.
  document.addEventListener("toggle", ({ target }) => {
    if (target.id === "later" && target.open) htmx.trigger("#moments", "look"), target.querySelector(":checked").focus();
  }, true);
  document.addEventListener("click", ({ target }) => {
    const place = document.querySelector("#later[open]");
    if (place && target.isConnected && !place.contains(target)) place.open = false;
  });
  document.addEventListener("keydown", (event) => {
    const place = event.target.closest?.("#later[open]");
    if (!place || event.ctrlKey || event.metaKey || !["Escape", "Enter"].includes(event.key) || event.target.localName === "summary") return;
    event.preventDefault();
    event.stopPropagation();
    closeLater(place);
  }, true);

  // What somebody has just taken back is put where they wrote it, unless they write something else already.
  const isEmpty = (form) => !form.querySelector("#chosen-files li, .card-picture li") && ["text", "url", "title", "subtitle"].every((name) => !form.elements[name].value);
  document.addEventListener("taken-back", ({ detail }) => {
    const form = document.querySelector("#composer form");
    if (form && isEmpty(form)) document.getElementById(`words-${detail.dispatch}`)?.click();
  });

  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.repeat && event.target.form) {
      event.preventDefault();
      // Where something is asked before it goes out, the first answer.
      const answer = event.target.form.querySelector("[name=beside]");
      answer ? answer.click() : event.target.form.requestSubmit();
    } else if (event.key === "Enter" && event.target.id === "file-address") {
      event.preventDefault();
      event.target.parentElement.querySelector("button").click();
    }
  });

  // The message that is answered in particular, or none.
  function answer({ answers, quote = "" }) {
    const place = document.getElementById("replying");
    place.querySelector("[name=reply_to]").value = answers;
    place.querySelector("q").textContent = quote;
    place.hidden = !answers;
    document.getElementById("composer-text").focus();
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-answers]");
    // Where there is no place to answer, as among earlier messages, the link leads to it.
    if (button && document.getElementById("replying")) event.preventDefault(), answer(button.dataset);
  });

  function begin(root) {
    root.querySelectorAll("[data-limit]").forEach(count);
    root.querySelectorAll("[data-mirror]").forEach(mirror);
  }

  // Nothing was sent and nothing lost: back into the box, which was locked during the attempt.
  document.addEventListener("htmx:sendError", ({ detail: { elt } }) => {
    const here = document.activeElement;
    if (elt.id === "reply" && (here === document.body || elt.contains(here))) document.getElementById("composer-text")?.focus();
  });
  document.addEventListener("htmx:afterSwap", () => begin(document));
  begin(document);
}
