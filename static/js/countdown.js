// Keeps the countdowns ticking, by the server's clock: by the minute, in the last ten minutes by the second.
// The words are those of inbox/templatetags/windows.py.
"use strict";
{
  const MINUTE = 60_000, HOUR = 60 * MINUTE;
  const words = JSON.parse(document.getElementById("countdown-words").textContent);
  const ahead = Number(document.querySelector('meta[name="server-time"]').content) - Date.now();
  const say = (key, values = {}) => words[key].replace(/%\((\w+)\)s/g, (_, name) => values[name]);

  function spell(left) {
    const seconds = Math.floor(left / 1000), minutes = Math.floor(seconds / 60), hours = Math.floor(minutes / 60), d = Math.floor(hours / 24);
    const [s, m, h] = [seconds % 60, minutes % 60, hours % 24];
    if (d) return say(d > 1 || !h ? "days" : "days_hours", { d, h });
    if (h) return say("hours", { h, m });
    return say(left < 10 * MINUTE ? "seconds" : "minutes", { m, s });
  }

  // What may be written, by which words, and for how long yet; what an advertisement opened may stay open for longer than is certain.
  function standing({ closes = 0, human = 0, perhaps = 0 }, now) {
    if (now < closes) {
      const left = closes - now, tone = left < HOUR ? "last" : left < 4 * HOUR ? "soon" : "open";
      return [tone, perhaps > closes ? "by_ad" : tone, left];
    }
    if (now < human) return ["human", "human", human - now];
    return now < perhaps ? ["perhaps", "perhaps", perhaps - now] : ["closed", "closed", 0];
  }

  // Writes only what changed; returns whether it needs the next second.
  function tickWindow(chip, now) {
    const [tone, key, left] = standing(chip.dataset, now);
    const text = say(key, { left: spell(left), perhaps: spell((chip.dataset.perhaps ?? 0) - now) });
    if (chip.textContent !== text) chip.textContent = text;
    if (chip.dataset.tone !== tone) {
      chip.dataset.tone = tone;
      // The place to answer says what may be written now.
      if (chip.closest("#window-now")) document.dispatchEvent(new Event("look-again"));
    }
    return left > 0 && left < 11 * MINUTE;
  }

  function tickHold(place, now) {
    const left = Number(place.dataset.leaves) - now;
    place.textContent = left > 0 ? say("hold", { s: Math.ceil(left / 1000) }) : words.leaving;
    return left > 0;
  }

  // From a certain moment on a person is asked what became of a message; until then the page says that it is being found out.
  function tickAsk(place, now) {
    const left = Number(place.dataset.asks) - now;
    if (left <= 0) {
      place.removeAttribute("data-asks");
      document.dispatchEvent(new Event("look-again"));
    }
    return left > 0 && left < 11_000;
  }

  let timer;
  function tick() {
    clearTimeout(timer);
    const now = Date.now() + ahead;
    let soon = false;
    for (const chip of document.querySelectorAll(".window[data-closes]")) soon = tickWindow(chip, now) || soon;
    for (const place of document.querySelectorAll("[data-leaves]")) soon = tickHold(place, now) || soon;
    for (const place of document.querySelectorAll("[data-asks]")) soon = tickAsk(place, now) || soon;
    timer = setTimeout(tick, soon ? 1000 - (now % 1000) : 10_000);
  }

  document.addEventListener("htmx:afterSwap", tick);
  document.addEventListener("tick", () => queueMicrotask(tick));
  document.addEventListener("visibilitychange", tick);
  tick();
}
