// Around an open conversation: menus that close by themselves, the place for notes, where the thread opens, and pictures in full.
"use strict";
{
  const byId = (id) => document.getElementById(id);
  const menuOf = (element) => element?.closest?.(".work-menu");

  // Menus ----------------------------------------------------------------------------------------------------------
  let more = false;

  function closeMenus(except) {
    document.querySelectorAll(".work-menu[open], .note-off[open]").forEach((menu) => menu === except || menu.contains(except) || (menu.open = false));
  }

  document.addEventListener("click", (event) => closeMenus(event.target));
  document.addEventListener("toggle", (event) => {
    const menu = event.target;
    if (menu.id === "noting") return menu.open && menu.isConnected && beginNote();
    if (!menu.matches?.(".work-menu")) return;
    // What it offers depends on the moment, so that it is asked for each time.
    if (!menu.open && menu.isConnected) menu.querySelector("[id^=sheet-]").replaceChildren();
    if (menu.open) showMore(menu), focusIn(menu);
  }, true);

  // On a small screen the menus stand in one that is closed itself.
  function showMore(menu) {
    const around = menu.closest("#work-more");
    if (around && !around.matches(":popover-open") && byId("opens-more")?.checkVisibility()) around.showPopover();
  }

  function focusIn(menu) {
    const sheet = menu.querySelector("[id^=sheet-]");
    if (!sheet.contains(document.activeElement)) sheet.querySelector("input:not([type=hidden]):not([type=checkbox]):not([type=datetime-local]), .choice")?.focus();
  }

  document.addEventListener("keydown", (event) => {
    const menu = menuOf(event.target) ?? event.target.closest?.(".note-off");
    if (event.key === "Escape" && menu?.open) {
      event.stopPropagation();
      menu.open = false;
      menu.querySelector("summary").focus();
    } else if (menu?.open && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      step(menu, event);
    }
  }, true);

  function step(menu, event) {
    const choices = [...menu.querySelectorAll(".choice")], here = choices.indexOf(document.activeElement);
    if (!choices.length || event.target.matches("input")) return;
    event.preventDefault();
    choices[(here + (event.key === "ArrowDown" ? 1 : choices.length - (here < 0 ? 0 : 1))) % choices.length].focus();
  }

  document.addEventListener("htmx:beforeRequest", (event) => {
    const menu = event.target;
    if (menu.matches?.(".work-menu") && (!menu.open || menu.querySelector("[id^=sheet-] form"))) event.preventDefault();
  });
  // A menu that was drawn anew while its choices were on their way asks for them twice; what has been begun there stays.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { target, requestConfig } = event.detail;
    if (target.matches("[id^=sheet-]") && requestConfig.verb === "get" && target.querySelector("form")) event.preventDefault();
  });
  // What was done closes the menu in which it was chosen, before anything is put in its place; also where what was pressed has been drawn anew.
  document.addEventListener("htmx:beforeRequest", ({ detail: { elt, xhr } }) => {
    if (!elt.closest?.("#work, #state") || elt.matches(".work-menu")) return;
    elt.addEventListener("htmx:beforeOnLoad", (event) => event.detail.xhr === xhr && xhr.status < 400 && acted());
  });
  document.addEventListener("htmx:beforeOnLoad", ({ detail: { elt, xhr } }) => elt.matches?.(".noting-form") && xhr.status < 400 && closeNote());
  document.addEventListener("htmx:beforeOnLoad", ({ detail: { elt, xhr } }) => elt.matches?.(".linkable-form, .linked-one form") && xhr.status < 400 && closeLinking());

  function acted() {
    // Focus stays where the menu is, also once another one has taken its place.
    const menu = menuOf(document.activeElement);
    menu?.querySelector("summary").focus({ preventScroll: true });
    closeMenus();
    if (byId("work-more")?.matches(":popover-open")) byId("work-more").hidePopover();
  }

  document.addEventListener("htmx:beforeSwap", () => (more = Boolean(byId("work-more")?.matches(":popover-open"))));
  document.addEventListener("htmx:afterSwap", (event) => {
    // Whoever types fast has begun a name before the names are there.
    if (event.detail.target?.id === "mentionable" && byId("note-text")) offer(byId("note-text"));
    const menu = event.detail.target?.closest?.(".work-menu[open]");
    if (menu) focusIn(menu);
    // What a closed menu showed is kept by its place, and is old.
    document.querySelectorAll(".work-menu:not([open]) [id^=sheet-]").forEach((sheet) => sheet.replaceChildren());
    if (more && byId("work-more")?.isConnected && !byId("work-more").matches(":popover-open")) byId("work-more").showPopover();
  });

  // Who was linked or unlinked is not in focus any more.
  function closeLinking() {
    const summary = byId("opens-linking");
    if (summary) (summary.parentElement.open = false), summary.focus({ preventScroll: true });
  }

  // Notes ----------------------------------------------------------------------------------------------------------
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("#opens-note"), closer = event.target.closest("[data-closes-note]");
    if (opener && byId("noting")) {
      event.preventDefault();
      if (byId("work-more")?.matches(":popover-open")) byId("work-more").hidePopover();
      byId("noting").open ? byId("note-text").focus() : (byId("noting").open = true);
    } else if (closer) {
      event.preventDefault();
      closeNote();
    }
  });

  // A note that is not saved yet is kept in this browser until whoever writes it signs out, for the conversation for which it is written; by whom, so that
  // nobody else who signs in here finds it.
  function keptNote(element) {
    const pane = element.closest("#conversation"), user = pane?.querySelector("#composer")?.dataset.user;
    return user ? `note:${user}:${pane.dataset.conversation}` : "";
  }

  function beginNote() {
    const box = byId("note-text");
    if (!box) return;
    box.value ||= localStorage.getItem(keptNote(box)) ?? "";
    box.focus();
  }

  function keepNote(box) {
    const name = keptNote(box);
    try {
      if (name) box.value.trim() ? localStorage.setItem(name, box.value) : localStorage.removeItem(name);
    } catch {
      // Without room here it stands in its box.
    }
  }

  document.addEventListener("input", ({ target }) => target.id === "note-text" && keepNote(target));
  // Saved, it is kept no longer, also where another conversation has been opened meanwhile.
  document.addEventListener("htmx:beforeRequest", ({ detail: { elt, xhr } }) => {
    if (!elt.matches?.(".noting-form")) return;
    const name = keptNote(elt);
    xhr.addEventListener("load", () => xhr.status < 400 && localStorage.removeItem(name));
  });

  function closeNote() {
    byId("noting").open = false;
    [byId("opens-note"), byId("opens-more")].find((each) => each?.checkVisibility())?.focus();
  }

  document.addEventListener("keydown", (event) => {
    if (event.target.id !== "note-text" || event.isComposing || event.keyCode === 229) return;
    if (chooses(event)) return void (event.preventDefault(), event.stopPropagation());
    if (event.key === "Escape" && !event.target.value) event.stopPropagation(), closeNote();
  }, true);

  // Colleagues whose name goes on as what stands behind the @.
  document.addEventListener("input", (event) => event.target.id === "note-text" && offer(event.target));

  const begun = (box) => /(?:^|[^\p{L}\p{N}_])@([\p{L}\p{N}_'’.-]*(?: [\p{L}\p{N}_'’.-]*)?)$/u.exec(box.value.slice(0, box.selectionStart));

  function offer(box) {
    const list = byId("mentionable"), wanted = begun(box);
    const fits = (name) => wanted && (name.startsWith(wanted[1].toLowerCase()) || name.split(" ").some((part) => wanted[1] && part.startsWith(wanted[1].toLowerCase())));
    const options = [...list.children];
    options.forEach((option) => (option.hidden = !fits(option.dataset.name.toLowerCase())));
    select(box, options.filter((option) => !option.hidden)[0]);
  }

  function select(box, option) {
    const list = byId("mentionable");
    [...list.children].forEach((each) => each.setAttribute("aria-selected", String(each === option)));
    list.hidden = !option;
    box.setAttribute("aria-controls", "mentionable");
    option ? box.setAttribute("aria-activedescendant", option.id) : box.removeAttribute("aria-activedescendant");
    option?.scrollIntoView({ block: "nearest" });
  }

  function mention(box, option) {
    const start = box.selectionStart - begun(box)[1].length;
    box.setRangeText(`${option.dataset.name} `, start, box.selectionStart, "end");
    select(box, null);
    keepNote(box);
    box.focus();
  }

  function chooses(event) {
    const list = byId("mentionable"), box = event.target;
    if (!list || list.hidden) return false;
    const options = [...list.children].filter((option) => !option.hidden), here = options.findIndex((option) => option.ariaSelected === "true");
    if (event.key === "Escape") return select(box, null), true;
    if (event.key === "Enter" || event.key === "Tab") return mention(box, options[here]), true;
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return false;
    return select(box, options[(here + (event.key === "ArrowDown" ? 1 : options.length - 1)) % options.length]), true;
  }

  document.addEventListener("mousedown", (event) => {
    const option = event.target.closest("#mentionable [role=option]");
    if (option) event.preventDefault(), mention(byId("note-text"), option);
  });

  // Where the thread opens -----------------------------------------------------------------------------------------
  function place() {
    const sought = document.querySelector(".line[data-sought]"), fresh = byId("new-from");
    if (sought) sought.scrollIntoView({ block: "center" });
    else fresh?.scrollIntoView({ block: "start" });
  }

  let wasApart = false;
  document.addEventListener("htmx:beforeSwap", () => (wasApart = Boolean(document.querySelector("#thread[data-apart]"))));
  document.addEventListener("htmx:afterSwap", (event) => {
    // Once what else came with it has its place too, and before anything is painted.
    if (event.detail.target?.id === "conversation") return void requestAnimationFrame(place);
    // The newest took the place of a stretch far back: what stood before that stretch does not stand before these.
    if (wasApart && byId("thread") && !byId("thread").hasAttribute("data-apart")) document.querySelectorAll(".scrolled > .lines, #earlier").forEach((each) => each.remove());
  });
  place();

  // Pictures -------------------------------------------------------------------------------------------------------
  let shown = [], at = 0;

  function show(number) {
    const box = byId("lightbox");
    at = (number + shown.length) % shown.length;
    const link = shown[at], small = link.querySelector("img"), large = box.querySelector("img");
    large.src = link.href;
    large.alt = small.alt;
    box.querySelector("p").textContent = shown.length > 1 ? `${small.alt} · ${at + 1}/${shown.length}` : small.alt;
    const download = box.querySelector("[data-download]");
    download.href = link.href;
    link.dataset.lightbox === "ours" ? download.setAttribute("download", "") : download.removeAttribute("download");
    box.querySelectorAll("[data-step]").forEach((button) => (button.hidden = shown.length < 2));
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-lightbox]"), box = byId("lightbox");
    if (link && box && !link.hasAttribute("data-dead") && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      shown = [...link.closest(".gallery").querySelectorAll("a[data-lightbox]:not([data-dead])")];
      show(shown.indexOf(link));
      box.showModal();
    } else if (event.target.closest("[data-step]")) {
      show(at + Number(event.target.closest("[data-step]").dataset.step));
    } else if (event.target.closest("#lightbox") && !event.target.closest("img, a, button") || event.target.closest("[data-closes-lightbox]")) {
      box.close();
    }
  });
  document.addEventListener("keydown", (event) => {
    if (!byId("lightbox")?.open || event.altKey || event.ctrlKey || event.metaKey) return;
    const ahead = getComputedStyle(document.body).direction === "rtl" ? "ArrowLeft" : "ArrowRight";
    if (event.key === "ArrowLeft" || event.key === "ArrowRight") show(at + (event.key === ahead ? 1 : -1));
  });
}
