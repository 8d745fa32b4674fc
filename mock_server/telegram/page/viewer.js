// A photo at full size, with the original when it is the answer to one: beside it, or under a line to drag.

import { mediaUrl, previewUrl } from "./api.js";
import { clock, element, fileSize, icon, iconButton } from "./dom.js";
import { hasPicture } from "./message_media.js";

export class Viewer {
  #chatId = 0;
  #current = null;

  constructor(store) {
    this.store = store;
    this.dialog = document.getElementById("viewer");
    this.figures = element("div", { className: "figures" });
    this.compare = iconButton("compare", "Compare by dragging", () => this.#toggleCompare());
    this.steps = [iconButton("left", "Previous photo", () => this.#step(-1)), iconButton("right", "Next photo", () => this.#step(1))];
    this.place = element("span", { className: "viewer-place" });
    this.dialog.append(
      element(
        "header",
        {},
        ...this.steps,
        this.place,
        element("span", { className: "grow" }),
        this.compare,
        iconButton("close", "Close", () => this.dialog.close()),
      ),
      this.figures,
    );
    this.dialog.addEventListener("keydown", (event) => this.#key(event));
    this.dialog.addEventListener("click", (event) => event.target === this.figures && this.dialog.close());
    this.dialog.addEventListener("close", () => this.figures.replaceChildren());
  }

  open(chatId, message) {
    this.#chatId = chatId;
    this.#show(message);
    if (!this.dialog.open) this.dialog.showModal();
  }

  #pictures() {
    return this.store.messagesOf(this.#chatId).filter(hasPicture);
  }

  #at() {
    return this.#pictures().findIndex((message) => message.message_id === this.#current.message_id);
  }

  #step(by) {
    const next = this.#pictures()[this.#at() + by];
    if (next) this.#show(next);
  }

  #key(event) {
    if (event.target.matches("input")) return;
    if (event.key === "ArrowLeft") this.#step(-1);
    if (event.key === "ArrowRight") this.#step(1);
  }

  #toggleCompare() {
    localStorage.setItem("compare", isDragged() ? "" : "drag");
    this.#show(this.#current);
  }

  #show(message) {
    this.#current = message;
    const [original, result] = this.#pair(message);
    const isPair = Boolean(original && result);
    this.compare.hidden = !isPair;
    this.compare.setAttribute("aria-pressed", String(isDragged()));
    this.figures.classList.toggle("pair", isPair && !isDragged());
    const shown = !isPair ? [figure(message, "")] : isDragged() ? [slider(original, result)] : [figure(original, "Original"), figure(result, "Result")];
    this.figures.replaceChildren(...shown);
    const [at, count] = [this.#at(), this.#pictures().length];
    this.place.textContent = count > 1 ? `${at + 1} of ${count}` : "";
    this.steps[0].disabled = at <= 0;
    this.steps[1].disabled = at >= count - 1;
  }

  // The photo a person sent and the bot's answer to it.
  #pair(message) {
    if (message.sandbox.from_bot) {
      const quotedId = message.reply_to_message?.message_id;
      const original = (quotedId && this.store.message(this.#chatId, quotedId)) || message.reply_to_message;
      return original && hasPicture(original) ? [original, message] : [null, null];
    }
    const answers = this.#pictures().filter((one) => one.sandbox.from_bot && one.reply_to_message?.message_id === message.message_id);
    return answers.length ? [message, answers.at(-1)] : [null, null];
  }
}

function isDragged() {
  return localStorage.getItem("compare") === "drag";
}

function source(message) {
  const file = message.photo?.at(-1) ?? message.sticker;
  return file ? mediaUrl(file) : previewUrl(message.document);
}

function picture(message, alt) {
  return element("img", { src: source(message), alt, draggable: false });
}

function figure(message, title) {
  return element("figure", {}, picture(message, title || message.caption || "Photo"), caption(message, title));
}

// Both at the same place; the line between them follows the pointer or the arrow keys.
function slider(original, result) {
  const range = element("input", { type: "range", min: 0, max: 100, value: 50, attributes: { "aria-label": "How much of the original to show" } });
  const both = element("div", { className: "slider" }, picture(result, "Result"), picture(original, "Original"), element("span", { className: "slider-line" }), range);
  const move = () => both.style.setProperty("--cut", range.value + "%");
  range.addEventListener("input", move);
  move();
  return element("figure", {}, both, element("span", { className: "slider-captions" }, caption(original, "Original"), caption(result, "Result")));
}

function caption(message, title) {
  const size = message.photo?.at(-1) ?? message.sticker ?? null;
  const facts = size ? `${size.width} × ${size.height}, ${fileSize(size.file_size)}` : `${message.document.file_name}, ${fileSize(message.document.file_size)}`;
  const file = size ?? message.document;
  const name = message.document?.file_name ?? (message.sticker ? `sticker_${message.message_id}.webp` : `photo_${message.message_id}.jpg`);
  return element(
    "figcaption",
    {},
    title ? element("b", { text: title }) : null,
    element("span", { text: `${facts} · ${clock(message.date)}` }),
    element("a", { href: mediaUrl(file), download: name, attributes: { "aria-label": `Download ${title}`.trim() } }, icon("download")),
  );
}
