// Hears from the server that something changed, and has the fragments on this page fetched again. Where the stream cannot be had, asks now and then.
"use strict";
{
  const POLL = 20_000, AGAIN = 5_000, TOGETHER = 120;
  const address = document.body.dataset.events;
  const channel = "BroadcastChannel" in window ? new BroadcastChannel("countersign") : null;
  const waiting = new Map();
  let polling;

  // One fetch for many changes that come together; a thread that nobody looks at waits until somebody does.
  function look(element) {
    if (document.hidden && element.dataset.live !== "list") return void (element.dataset.missed = "");
    if (waiting.has(element.id)) return;
    waiting.set(element.id, setTimeout(() => {
      waiting.delete(element.id);
      // What took its place meanwhile may have been made before the change that we heard of, so it is asked as well.
      const present = document.getElementById(element.id);
      if (!present) return;
      // Nor does a look that is under way see what came after it; and an answer that is under way brings the newest along.
      const busy = present.classList.contains("htmx-request") || document.querySelector("main :is(form, button, .list-pane a:not(.row)).htmx-request");
      busy ? look(present) : htmx.trigger(present, "refresh");
    }, element.dataset.live === "list" ? 4 * TOGETHER : TOGETHER));
  }

  // Who is here changes without anything that is said, and the other way round; a stop has no conversation. A thread tells of the other
  // conversations of the same person as well.
  function concerns(element, { conversation = "", what = "" }) {
    const mine = element.dataset.conversation, kind = element.dataset.live;
    if (what) return kind === what && mine === conversation;
    return !conversation || (!["presence", "stop"].includes(kind) && (!mine || mine === conversation || (element.dataset.linked ?? "").split(" ").includes(conversation)));
  }

  function lookAgain(change = {}) {
    for (const element of document.querySelectorAll("[data-live]")) if (concerns(element, change)) look(element);
  }

  const poll = (on) => {
    clearInterval(polling);
    polling = on ? setInterval(() => lookAgain(), POLL) : undefined;
  };

  function listen() {
    const stream = new EventSource(address);
    // Nobody told us of what changed before the stream stood, not even on a page that is only just there. Where nothing did, the answer is empty.
    stream.addEventListener("open", () => {
      poll(false);
      tell({});
    });
    stream.addEventListener("change", (event) => tell(JSON.parse(event.data || "{}")));
    stream.addEventListener("error", () => {
      poll(true);
      // A stream that was refused does not come back by itself; one that broke does.
      if (stream.readyState === EventSource.CLOSED) setTimeout(() => (listen(), tell({})), AGAIN + Math.random() * AGAIN);
    });
    addEventListener("pagehide", () => stream.close(), { once: true });
  }

  function tell(change) {
    lookAgain(change);
    channel?.postMessage(change);
  }

  // Browsers open six connections to one host; tabs share one stream, held by whichever has the lock.
  if (!address || !document.querySelector("[data-live], #conversation")) {
    channel?.close();
  } else if (channel && navigator.locks) {
    const hold = () => new Promise(listen);
    channel.addEventListener("message", (event) => lookAgain(event.data));
    // Where another tab has the stream, nobody will tell us that it stands.
    navigator.locks.request("countersign-events", { ifAvailable: true }, (lock) => {
      if (lock) return hold();
      lookAgain();
      navigator.locks.request("countersign-events", hold);
    });
  } else {
    listen();
  }

  // Something on the page is over by its clock; the same marks say nothing of that.
  document.addEventListener("look-again", () => {
    mark = "";
    document.querySelectorAll("[data-live]:not([data-live=presence], [data-live=stop])").forEach(look);
  });
  // A list that has not come at all is asked for until it does.
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    if (detail.failed && detail.elt.matches?.("#conversations[aria-busy]")) setTimeout(look, AGAIN, detail.elt);
  });
  // It may have cut a refresh short; where nothing is newer, the server says so in a line.
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.requestConfig.verb !== "get") document.querySelectorAll("[data-live=thread], [data-live=card]").forEach(look);
  });
  addEventListener("pageshow", (event) => event.persisted && location.reload());
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) document.querySelectorAll("[data-missed]").forEach((element) => (delete element.dataset.missed, look(element)));
  });

  // The mark of the list as the server made it; what else is put on the page may have changed what the mark stands for.
  let mark = document.getElementById("list-mark")?.dataset.mark;
  document.addEventListener("htmx:beforeOnLoad", ({ detail: { xhr } }) => {
    if (xhr.status !== 204) mark = xhr.getResponseHeader("List-Mark");
  });

  // Where what had asked was replaced before its answer came, the fragments beside the answer find no place; the list brings the newest.
  let asker;
  document.addEventListener("htmx:beforeSwap", ({ detail }) => (asker = detail.requestConfig?.elt));
  document.addEventListener("htmx:oobErrorNoTarget", () => {
    if (!asker || asker.isConnected) return;
    mark = "";
    document.querySelectorAll("[data-live=list]").forEach(look);
  });

  // As many rows as are on the page, so that a refresh loses none; and which of them is open. The same again need not come twice.
  document.addEventListener("htmx:configRequest", (event) => {
    const { elt, parameters } = event.detail;
    if (elt.dataset.live !== "list") return;
    parameters.rows = elt.querySelectorAll(".row").length;
    parameters.open = document.querySelector(".row[aria-current]")?.id.replace("row-", "") || document.querySelector("#conversation")?.dataset.conversation || "";
    if (mark) parameters.mark = mark;
  });
}
