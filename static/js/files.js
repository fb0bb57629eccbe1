// Files go up one by one, as soon as they are chosen, pasted or dropped; each has its own place, its progress and its answer.
"use strict";
{
  const choice = () => document.getElementById("file-choice");

  function place(file) {
    const item = document.getElementById("uploading-file").content.firstElementChild.cloneNode(true);
    item.querySelector("[data-name]").textContent = file.name;
    document.getElementById("chosen-files").append(item);
    return item;
  }

  function fail(item, words) {
    delete item.dataset.uploading;
    item.querySelector("progress")?.remove();
    item.querySelector(".file-trouble").textContent = words;
  }

  // The answer is the file's own place, also where it was refused; anything else is no answer of ours.
  function settle(item, answer) {
    if (!item.isConnected) return;
    if (!/^\s*<li/.test(answer)) return fail(item, document.body.dataset.notUploaded);
    const made = document.createRange().createContextualFragment(answer).querySelector("li");
    item.replaceWith(made);
    htmx.process(made);
  }

  function upload(file) {
    const item = place(file), { uploads, largest, tooLarge } = choice().dataset;
    if (file.size > Number(largest)) return fail(item, tooLarge);
    const form = new FormData(), request = new XMLHttpRequest();
    form.append("file", file);
    form.append("conversation", item.closest("[data-conversation]").dataset.conversation);
    request.open("POST", uploads);
    for (const [name, value] of Object.entries(JSON.parse(document.body.getAttribute("hx-headers")))) request.setRequestHeader(name, value);
    request.setRequestHeader("HX-Request", "true");
    request.upload.onprogress = ({ loaded, total }) => (item.querySelector("progress").value = loaded / total);
    return new Promise((done) => {
      request.onloadend = () => done(settle(item, request.responseText));
      item.addEventListener("removed", () => request.abort());
      request.send(form);
    });
  }

  async function take(files) {
    const form = choice()?.form;
    if (!form) return;
    form.querySelector("[name=kind][value=file]").checked = true;
    for (const file of files) await upload(file);
  }

  document.addEventListener("change", ({ target }) => {
    if (!target.matches("[data-uploads]")) return;
    take([...target.files]);
    target.value = "";
  });
  document.addEventListener("paste", (event) => {
    if (event.target.id === "composer-text" && event.clipboardData.files.length) event.preventDefault(), take([...event.clipboardData.files]);
  });
  document.addEventListener("dragover", (event) => event.target.closest?.(".conversation-pane") && choice() && event.preventDefault());
  document.addEventListener("drop", (event) => {
    if (!event.dataTransfer?.files.length || !event.target.closest?.(".conversation-pane") || !choice()) return;
    event.preventDefault();
    take([...event.dataTransfer.files]);
  });

  document.addEventListener("click", ({ target }) => {
    const item = target.closest("[data-removes]")?.closest("li");
    if (!item) return;
    item.dispatchEvent(new Event("removed"));
    item.remove();
    choice().focus();
  });

  // Nobody sends without the file that they have just chosen.
  document.addEventListener("htmx:confirm", (event) => {
    const form = event.target;
    if (!form.matches?.("#composer form") || form.elements.kind?.value !== "file" || !form.querySelector("[data-uploading]")) return;
    event.preventDefault();
    document.dispatchEvent(new CustomEvent("announce", { detail: { words: document.body.dataset.uploading } }));
  });
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    const box = document.getElementById("file-address");
    if (detail.successful && detail.requestConfig.verb === "post" && detail.elt.closest?.(".file-ways")) box.value = "";
  });

  // Meta's addresses die; a picture that does not come any more says so.
  document.addEventListener("error", ({ target }) => {
    const from = target.closest?.("[data-from-meta]");
    if (from) from.dataset.dead = "";
  }, true);
}
