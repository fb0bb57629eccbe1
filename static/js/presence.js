// Tells the server who looks at what and who is typing, and shows who else does: `_presence.html`.
// It begins soon after a conversation was opened, and goes on while the tab can be seen; with it the notes there count as seen.
"use strict";
{
  // Whoever only passes through, as with j and k, is not told of.
  const BEAT = 20_000, TYPED = 3_000, FIRST = 700;
  const place = () => document.getElementById("presence");
  let told = "", toldAt = 0, typedAt = -TYPED, said = "", changing, beginning;

  const headers = () => ({ ...JSON.parse(document.body.getAttribute("hx-headers")), "HX-Request": "true" });

  // Not by htmx: nothing else on the page has to know of it, and nobody has to hear that it failed.
  async function tell(values = {}) {
    const here = place();
    if (!here || document.hidden) return;
    toldAt = performance.now();
    const answer = await fetch(here.dataset.address, { method: "POST", headers: headers(), body: new URLSearchParams({ since: here.dataset.since ?? "", until: here.dataset.until ?? "", ...values }) }).catch(() => null);
    if (!answer?.ok || place()?.dataset.address !== here.dataset.address) return;
    if (answer.headers.has("Mentions-Seen")) htmx.trigger("#conversations", "refresh");
    const template = document.createElement("template");
    template.innerHTML = await answer.text();
    const fresh = template.content.querySelector("#presence");
    if (!fresh || place()?.dataset.address !== here.dataset.address) return;
    place().replaceWith(fresh);
    htmx.process(fresh);
    shown();
  }

  function leave() {
    const here = place();
    if (!here) return;
    fetch(`${here.dataset.address}?seen=${here.dataset.seen ?? ""}`, { method: "DELETE", headers: headers(), keepalive: true }).catch(() => {});
  }

  // What is on the page now: read out where it is news, and asked again when it is over.
  function shown() {
    const here = place(), address = here?.dataset.address ?? "";
    if (address !== told) {
      (told = address), (toldAt = performance.now()), (typedAt = -TYPED), (said = "");
      clearTimeout(beginning);
      if (here) beginning = setTimeout(tell, FIRST);
    }
    clearTimeout(changing);
    noticeTyping(here?.dataset.typing ?? "");
    if (!here) return;
    const words = here.dataset.words ?? "", status = document.getElementById("said");
    if (words !== said && status) status.textContent = words;
    said = words;
    if (here.dataset.changes) changing = setTimeout(() => document.hidden || htmx.trigger(place(), "refresh"), Number(here.dataset.changes));
  }

  // Beside the place to answer as well, where whoever writes looks; sending stays possible.
  function noticeTyping(words) {
    const composer = document.getElementById("composer");
    let note = document.getElementById("someone-types");
    if (!note && words && composer) {
      note = Object.assign(document.createElement("div"), { id: "someone-types", className: "someone-types" });
      note.setAttribute("aria-hidden", "true");
      note.append(document.createElement("p"));
      composer.before(note);
    }
    if (note) (note.hidden = !words), (note.firstChild.textContent = words);
  }

  document.addEventListener("input", (event) => {
    if (!event.isTrusted || !event.target.closest?.("#composer") || !event.target.matches("textarea, input[type=text]") || !event.target.value) return;
    if (performance.now() - typedAt < TYPED) return;
    typedAt = performance.now();
    tell({ typing: "on" });
  });
  setInterval(() => performance.now() - toldAt > BEAT && tell(), BEAT / 5);
  document.addEventListener("visibilitychange", () => performance.now() - toldAt > BEAT / 2 && tell());
  document.addEventListener("htmx:afterSwap", (event) => {
    const { target } = event.detail;
    if (target?.id === "presence" || target?.id === "conversation" || place()?.dataset.address !== told) shown();
  });
  addEventListener("pagehide", leave);
  shown();
}
