// Canned replies: `/` at the beginning of a word opens them, letters narrow them down, Enter or Tab takes one.
"use strict";
{
  const AFTER = 120;
  const CALL = /(?:^|\s)\/([\p{L}\p{N}_-]*)$/u;
  let from = -1, left = -1, timer, asking;

  const box = () => document.getElementById("composer-text");
  const list = () => document.getElementById("canned");
  const options = () => [...list().querySelectorAll("[role=option]")];
  const isOpen = () => from >= 0 && list() && !list().hidden;

  function close() {
    from = -1;
    clearTimeout(timer);
    asking?.abort();
    if (list()) list().hidden = true;
    box()?.removeAttribute("aria-activedescendant");
    say("");
  }

  function say(words) {
    const place = document.getElementById("composer-said");
    if (place) place.textContent = words;
  }

  function mark(option) {
    for (const each of options()) each.setAttribute("aria-selected", String(each === option));
    box().setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }

  const marked = () => list().querySelector("[aria-selected=true]");

  // Where the call under the cursor begins, and what is typed after it.
  function call(text) {
    if (text.selectionStart !== text.selectionEnd) return null;
    const found = text.value.slice(0, text.selectionStart).match(CALL);
    return found && { at: text.selectionStart - found[1].length - 1, wanted: found[1] };
  }

  function look({ target }) {
    if (target.id !== "composer-text") return;
    const found = call(target);
    if (!found || found.at === left) {
      if (!found) left = -1;
      return close();
    }
    from = found.at;
    clearTimeout(timer);
    timer = setTimeout(() => ask(target, found.wanted), AFTER);
  }

  async function ask(text, wanted) {
    asking?.abort();
    asking = new AbortController();
    const answer = await fetch(`${text.form.dataset.canned}?q=${encodeURIComponent(wanted)}`, { signal: asking.signal }).catch(() => null);
    if (!answer?.ok || answer.redirected || from < 0) return;
    const made = document.createRange().createContextualFragment(await answer.text()).querySelector("#canned");
    // Another conversation may stand here by now, or other words.
    if (!made || from < 0 || text !== box() || call(text)?.wanted !== wanted) return;
    list().replaceWith(made);
    const [first] = options();
    if (!first) return close();
    mark(first);
    say(text.dataset.found.replace("%s", options().length));
  }

  function take(option) {
    const start = from, end = box().selectionStart;
    close();
    document.dispatchEvent(new CustomEvent("write", { detail: { text: option.dataset.text, start, end } }));
  }

  function press(event) {
    if (event.target.id !== "composer-text" || !isOpen() || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    const all = options(), place = all.indexOf(marked());
    const steps = { ArrowDown: place + 1, ArrowUp: place - 1 };
    if (event.key in steps) mark(all.at(steps[event.key] % all.length));
    else if (event.key === "Enter" || (event.key === "Tab" && !event.shiftKey)) take(marked());
    else if (event.key === "Escape") (left = from), close();
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  document.addEventListener("input", look);
  document.addEventListener("keydown", press, true);
  document.addEventListener("pointerdown", (event) => event.target.closest?.("#canned") && event.preventDefault());
  document.addEventListener("click", ({ target }) => {
    const option = target.closest?.("#canned [role=option]");
    if (option) take(option);
    else if (isOpen() && target !== box()) close();
  });
  document.addEventListener("focusout", ({ target }) => target.id === "composer-text" && isOpen() && close());
}
