// Ctrl+K calls the palette, on every page, the admin's included. Its script and look come when it is called first; until then it is a box in which
// one types already, so that no key does anything on the page.
"use strict";
{
  const dialog = document.getElementById("palette"), box = dialog?.querySelector("input");
  const isMac = /^(Mac|iP)/.test(navigator.platform);
  let isAsked = false;

  // By its letter; where the alphabet is another one, by its place.
  function isCall({ key, code, ctrlKey, metaKey, altKey, shiftKey }) {
    return (isMac ? metaKey && !ctrlKey : ctrlKey && !metaKey) && !altKey && !shiftKey && (key?.toLowerCase() === "k" || (code === "KeyK" && !/^[a-z]$/i.test(key)));
  }

  function ask() {
    const { dataset } = dialog, style = Object.assign(document.createElement("link"), { rel: "stylesheet", href: dataset.style });
    const script = Object.assign(document.createElement("script"), { src: dataset.script });
    isAsked = true;
    dialog.style.opacity = 0;
    style.onload = style.onerror = () => (dialog.style.opacity = "");
    // What could not be had is asked for at the next call.
    script.onerror = () => (script.remove(), style.remove(), (isAsked = false), dialog.close());
    document.head.append(style, script);
  }

  function call() {
    const over = document.querySelector("dialog[open]");
    if (over === dialog) return dialog.close();
    // The sheet of keys has been read; whatever else is open waits for an answer.
    if (over && over.id !== "keys") return;
    over?.close();
    box.value = "";
    dialog.showModal();
    isAsked ? dialog.dispatchEvent(new Event("called")) : ask();
  }

  if (dialog) {
    document.addEventListener("keydown", (event) => {
      if (!isCall(event) || event.isComposing || event.keyCode === 229) return;
      event.preventDefault();
      event.stopPropagation();
      if (!event.repeat) call();
    }, true);
    document.addEventListener("click", (event) => {
      const menu = event.target.closest?.("[data-summons]")?.closest("details");
      if (!menu) return;
      menu.open = false;
      menu.querySelector("summary").focus();
      call();
    });
    if (isMac) document.querySelectorAll("[data-summons] kbd").forEach((each) => (each.textContent = "⌘ K"));
  }
}
