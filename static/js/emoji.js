// A small picker of emoji; the list is fetched when somebody first opens it.
"use strict";
{
  const MOST_RECENT = 16;
  let groups;

  const picker = () => document.getElementById("emoji");
  const found = () => document.getElementById("emoji-found");
  const shown = () => [...found().querySelectorAll("button")].filter((button) => !button.hidden);
  const own = () => `emoji-recent:${document.getElementById("composer").dataset.user}`;
  const recent = () => JSON.parse(localStorage.getItem(own()) || "[]");

  async function list(source) {
    const answer = await fetch(source);
    const all = Object.entries(await answer.json());
    return new Map(all.map(([group, line]) => [group, line.split(";").map((each) => [each.slice(0, each.indexOf(" ")), each.slice(each.indexOf(" ") + 1)])]));
  }

  function button([sign, name]) {
    const made = Object.assign(document.createElement("button"), { type: "button", textContent: sign, title: name, tabIndex: -1 });
    made.setAttribute("aria-label", name);
    return made;
  }

  function section(group, members) {
    const made = document.createElement("section"), heading = document.createElement("h3"), grid = document.createElement("div");
    heading.textContent = found().dataset[group];
    grid.className = "emoji-grid";
    grid.setAttribute("role", "group");
    grid.setAttribute("aria-label", heading.textContent);
    grid.append(...members.map(button));
    made.append(heading, grid);
    return made;
  }

  async function open(place) {
    const search = document.getElementById("emoji-search"), said = document.getElementById("emoji-said");
    search.value = said.textContent = "";
    search.focus();
    try {
      groups ??= await list(place.dataset.source);
    } catch {
      return void (said.textContent = said.dataset.away);
    }
    if (!place.isConnected) return;
    const named = new Map([...groups.values()].flat()), lately = recent().filter((sign) => named.has(sign)).map((sign) => [sign, named.get(sign)]);
    found().replaceChildren(...(lately.length ? [section("recent", lately)] : []), ...[...groups].map((each) => section(...each)));
    // Somebody may have typed while the list was on its way.
    narrow(search.value);
  }

  // One of them can be reached by Tab; from there on it is the arrows.
  function settle() {
    const all = shown();
    found().querySelectorAll("[tabindex='0']").forEach((each) => (each.tabIndex = -1));
    if (all.length) all[0].tabIndex = 0;
  }

  function narrow(wanted) {
    const words = wanted.toLowerCase().split(/\s+/).filter(Boolean), said = document.getElementById("emoji-said");
    if (!found().firstElementChild) return;
    for (const each of found().querySelectorAll("section")) {
      const isRecent = each === found().firstElementChild && each.querySelector("h3").textContent === found().dataset.recent;
      for (const one of each.querySelectorAll("button")) one.hidden = words.length > 0 && (isRecent || !words.every((word) => one.title.includes(word)));
      each.hidden = !each.querySelector("button:not([hidden])");
    }
    const number = shown().length;
    said.textContent = !words.length ? "" : number ? said.dataset.number.replace("%s", number) : said.dataset.none;
    settle();
  }

  function close(place) {
    place.open = false;
  }

  function take(one) {
    const sign = one.textContent;
    try {
      localStorage.setItem(own(), JSON.stringify([sign, ...recent().filter((each) => each !== sign)].slice(0, MOST_RECENT)));
    } catch {
      // It is only a convenience.
    }
    close(picker());
    document.dispatchEvent(new CustomEvent("write", { detail: { text: sign } }));
  }

  // The one above or below stands nearest in the next line of the same group, or in the group beside it.
  function beside(one, key) {
    const all = shown(), place = all.indexOf(one), isRtl = getComputedStyle(one).direction === "rtl";
    if (key === "ArrowLeft" || key === "ArrowRight") return all[place + ((key === "ArrowRight") !== isRtl ? 1 : -1)];
    const here = one.getBoundingClientRect(), rest = key === "ArrowDown" ? all.slice(place + 1) : all.slice(0, place).reverse();
    const lines = rest.map((each) => [each, each.getBoundingClientRect()]).filter(([, box]) => Math.abs(box.top - here.top) > 4);
    const line = lines.filter(([, box]) => Math.abs(box.top - lines[0][1].top) < 4);
    return line.sort(([, one], [, other]) => Math.abs(one.left - here.left) - Math.abs(other.left - here.left))[0]?.[0];
  }

  function press(event) {
    if (event.isComposing || event.keyCode === 229) return;
    const place = event.target.closest?.("#emoji[open]");
    if (!place || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") {
      close(place);
      document.getElementById("composer-text").focus();
    } else if (event.target.id === "emoji-search" && (event.key === "Enter" || event.key === "ArrowDown")) {
      const [first] = shown();
      if (first) event.key === "Enter" ? take(first) : first.focus();
    } else if (event.target.matches("#emoji-found button") && event.key.startsWith("Arrow")) {
      const next = beside(event.target, event.key);
      if (next) (event.target.tabIndex = -1), (next.tabIndex = 0), next.focus();
      else if (event.key === "ArrowUp") document.getElementById("emoji-search").focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  document.addEventListener("toggle", ({ target }) => target.id === "emoji" && target.open && open(target), true);
  document.addEventListener("input", ({ target }) => target.id === "emoji-search" && narrow(target.value));
  document.addEventListener("keydown", press, true);
  document.addEventListener("click", ({ target }) => {
    const one = target.closest?.("#emoji-found button");
    if (one) return take(one);
    if (picker()?.open && target.isConnected && !picker().contains(target)) close(picker());
  });
}
