// Files go up one by one, as soon as they are chosen, pasted or dropped; each has its own place, its progress and its answer.
"use strict";
{
  const choice = () => document.getElementById("file-choice");
  const conversationOf = (element) => element?.closest("[data-conversation]").dataset.conversation;
  const announce = (words) => document.dispatchEvent(new CustomEvent("announce", { detail: { words } }));

  // A card has one picture: a second one takes the place of the first as soon as it is there itself.
  const isChosen = (item) => item.querySelector("[name=picture]");
  function place(file, list) {
    const item = document.getElementById("uploading-file").content.firstElementChild.cloneNode(true);
    item.querySelector("[data-name]").textContent = file.name;
    if (list.id === "card-picture") [...list.children].filter((each) => !isChosen(each)).forEach(remove);
    list.append(item);
    return item;
  }

  function remove(item) {
    item.dataset.removed = "";
    item.dispatchEvent(new Event("removed"));
    item.remove();
  }

  function showOnCard() {
    const shown = document.querySelector("[data-shows-picture]"), chosen = document.querySelector("#card-picture li:has([name=picture]) img");
    if (!shown) return;
    shown.hidden = !chosen;
    chosen ? (shown.src = chosen.src) : shown.removeAttribute("src");
  }

  function fail(item, words) {
    delete item.dataset.uploading;
    item.querySelector("progress")?.remove();
    item.querySelector(".file-trouble").textContent = words;
  }

  // The answer is the file's own place, also where it was refused; anything else is no answer of ours.
  function settle(item, answer) {
    // Either somebody removed it, or opened another conversation while it was on its way.
    if (!item.isConnected) return item.dataset.removed ?? announce(document.body.dataset.uploadLost);
    if (!/^\s*<li/.test(answer)) return fail(item, document.body.dataset.notUploaded);
    const made = document.createRange().createContextualFragment(answer).querySelector("li");
    item.replaceWith(made);
    if (made.parentElement.id === "card-picture" && isChosen(made)) [...made.parentElement.children].filter((each) => each !== made).forEach(remove);
    htmx.process(made);
    showOnCard();
  }

  function upload(file, from) {
    const { uploads, largest, tooLarge, place: box = "chosen-files" } = from.dataset, item = place(file, from.form.querySelector(`#${box}`));
    if (file.size > Number(largest)) return fail(item, tooLarge);
    const form = new FormData(), request = new XMLHttpRequest();
    form.append("file", file);
    if (box === "card-picture") form.append("box", "picture");
    form.append("conversation", conversationOf(item));
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
    const form = choice()?.form, conversation = conversationOf(choice());
    if (!form) return;
    form.querySelector("[name=kind][value=file]").checked = true;
    for (const file of files) {
      // They were chosen for this conversation, and for none that is opened meanwhile.
      if (conversationOf(choice()) !== conversation) return announce(document.body.dataset.uploadLost);
      await upload(file, choice());
    }
  }

  document.addEventListener("change", ({ target }) => {
    if (!target.matches("[data-uploads]") || !target.files.length) return;
    target.dataset.place ? upload(target.files[0], target) : take([...target.files]);
    target.value = "";
  });

  // A spreadsheet copies its cells as words and as a picture; then the words are meant.
  document.addEventListener("paste", (event) => {
    const form = event.target.closest?.("#reply"), files = [...event.clipboardData.files];
    if (!form || !files.length || event.clipboardData.types.includes("text/plain")) return;
    event.preventDefault();
    const cardChoice = document.getElementById("card-picture-choice");
    if (form.elements.kind.value === "link" && form.elements.plain.value === "" && files[0].type.startsWith("image/")) {
      upload(files[0], cardChoice);
      announce(form.dataset.pastedPicture);
    } else {
      take(files);
      announce(form.dataset.pastedFile);
    }
  });

  // Where files may be dropped says so while they are above it.
  const holdsFiles = (event) => event.dataTransfer?.types.includes("Files") && event.target.closest?.(".conversation-pane") && choice();
  const showTarget = (on) => document.getElementById("composer")?.toggleAttribute("data-dropping", on);
  document.addEventListener("dragover", (event) => {
    if (holdsFiles(event)) event.preventDefault(), showTarget(true);
    else showTarget(false);
  });
  document.addEventListener("dragleave", (event) => event.relatedTarget?.closest?.(".conversation-pane") || showTarget(false));
  document.addEventListener("drop", (event) => {
    showTarget(false);
    if (!event.dataTransfer?.files.length || !holdsFiles(event)) return;
    event.preventDefault();
    take([...event.dataTransfer.files]);
  });

  document.addEventListener("click", ({ target }) => {
    const item = target.closest("[data-removes]")?.closest("li");
    if (!item) return;
    const next = item.parentElement.id === "card-picture" ? document.getElementById("card-picture-choice") : choice();
    remove(item);
    showOnCard();
    next.focus();
  });

  // Nobody sends without the file that they have just chosen.
  document.addEventListener("htmx:confirm", (event) => {
    const form = event.target;
    const kind = form.matches?.("#composer form") && form.elements.kind?.value;
    if (!kind || !form.querySelector(`[data-kind="${kind}"] [data-uploading]`)) return;
    event.preventDefault();
    announce(document.body.dataset.uploading);
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
