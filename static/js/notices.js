// Tells somebody who is elsewhere that there is news, by a notice of the browser and a soft sound, where they chose so: never what was written.
"use strict";
{
  const EVERY = 5_000, TOGETHER = 400;
  const wishes = document.getElementById("notices")?.dataset ?? {};
  const news = new Map();
  let known = new Map(), shownAt = -EVERY, due, audio;

  // Browsers let a page sound only after somebody has touched it.
  function wake() {
    audio ??= new AudioContext();
    audio.resume().catch(() => {});
  }

  function chime() {
    if (audio?.state !== "running") return;
    for (const [after, pitch] of [[0, 660], [0.12, 880]]) {
      const tone = audio.createOscillator(), volume = audio.createGain(), at = audio.currentTime + after;
      tone.frequency.value = pitch;
      volume.gain.setValueAtTime(0, at);
      volume.gain.linearRampToValueAtTime(0.06, at + 0.02);
      volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.35);
      tone.connect(volume).connect(audio.destination);
      tone.start(at);
      tone.stop(at + 0.4);
    }
  }

  // What each row of the list has to tell; a mention weighs more than any number.
  function told() {
    return new Map([...document.querySelectorAll("#rows .row")].map((row) => {
      const unread = parseInt(row.querySelector(".row-unread")?.textContent ?? "", 10) || 0;
      return [row.id, unread + (row.querySelector('[href="#i-mention"]') ? 10_000 : 0)];
    }));
  }

  const isOpen = (id) => document.querySelector("#conversation")?.dataset.conversation === id.replace("row-", "");
  const isSeen = (id) => !document.hidden && (isOpen(id) || !document.querySelector("#conversation[data-conversation]"));

  function compare() {
    const now = told();
    for (const [id, weight] of now) {
      if (weight <= (known.get(id) ?? 0) || isSeen(id)) continue;
      news.set(id, document.getElementById(id).querySelector(".row-name")?.textContent.trim() ?? "");
    }
    for (const id of [...news.keys()]) if (!now.get(id)) news.delete(id);
    known = now;
    if (news.size && !due) due = setTimeout(show, Math.max(TOGETHER, shownAt + EVERY - performance.now()));
  }

  function show() {
    due = undefined;
    const fresh = [...news].filter(([id]) => !isSeen(id));
    news.clear();
    if (!fresh.length) return;
    shownAt = performance.now();
    if (wishes.sound) chime();
    if (!wishes.shows || !("Notification" in window) || Notification.permission !== "granted") return;
    const [[id, name]] = fresh, many = fresh.length > 1;
    const notice = new Notification(many ? wishes.many.replace("%s", fresh.length) : wishes.one.replace("%s", name), { tag: "countersign", silent: true, icon: wishes.icon });
    notice.onclick = () => {
      window.focus();
      if (!many) document.getElementById(id)?.click();
      notice.close();
    };
  }

  // Of several tabs with a list one speaks for all.
  function speak() {
    const waits = () => !!document.querySelector("#conversations[aria-busy]");
    let isFirst = waits();
    known = told();
    document.addEventListener("htmx:afterSwap", (event) => {
      // Beside a conversation the list comes a moment later; what it brings first is no news.
      if (isFirst) return void ((isFirst = waits()), (known = told()));
      // Only a list that was asked again has news; another lane only shows other rows.
      event.detail.requestConfig?.elt?.dataset?.live === "list" ? compare() : (known = told());
    });
    return new Promise(() => {});
  }

  if (wishes.sound) for (const touch of ["pointerdown", "keydown"]) addEventListener(touch, wake, { once: true });
  if ((wishes.shows || wishes.sound) && document.getElementById("conversations")) {
    navigator.locks ? navigator.locks.request("countersign-notices", speak) : speak();
  }

  // Preferences: the browser is asked where the person says so, and the sound can be heard.
  const tools = document.getElementById("notice-tools");
  const say = () => (tools.querySelector("output").textContent = tools.dataset["Notification" in window ? Notification.permission : "missing"] ?? "");
  if (tools) {
    tools.hidden = false;
    say();
    tools.querySelector("[data-asks-leave]").addEventListener("click", () => window.Notification?.requestPermission().then(say));
    tools.querySelector("[data-plays]").addEventListener("click", () => (wake(), audio.resume().then(chime)));
  }
}
