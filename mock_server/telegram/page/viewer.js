// A photo at full size, with the original beside the result when the one answers the other.

import { mediaUrl, previewUrl } from "./api.js";
import { clock, element, fileSize, icon, iconButton } from "./dom.js";

export class Viewer {
  #chatId = 0;
  #current = null;

  constructor(store) {
    this.store = store;
    this.dialog = document.getElementById("viewer");
    this.figures = element("div", { className: "figures" });
    this.dialog.append(
      element(
        "header",
        {},
        iconButton("left", "Previous photo", () => this.#step(-1)),
        iconButton("right", "Next photo", () => this.#step(1)),
        element("span", { className: "grow" }),
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

  #step(by) {
    const pictures = this.#pictures();
    const index = pictures.findIndex((message) => message.message_id === this.#current.message_id) + by;
    if (pictures[index]) this.#show(pictures[index]);
  }

  #key(event) {
    if (event.key === "ArrowLeft") this.#step(-1);
    if (event.key === "ArrowRight") this.#step(1);
  }

  #show(message) {
    this.#current = message;
    const [original, result] = this.#pair(message);
    const figures = original && result ? [figure(original, "Original"), figure(result, "Result")] : [figure(message, "")];
    this.figures.classList.toggle("pair", figures.length === 2);
    this.figures.replaceChildren(...figures);
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

function hasPicture(message) {
  return Boolean(message.photo || message.document?.thumbnail);
}

function figure(message, title) {
  const size = message.photo?.at(-1) ?? null;
  const facts = size ? `${size.width} × ${size.height}, ${fileSize(size.file_size)}` : `${message.document.file_name}, ${fileSize(message.document.file_size)}`;
  const file = size ?? message.document;
  return element(
    "figure",
    {},
    element("img", { src: size ? mediaUrl(size) : previewUrl(file), alt: title || message.caption || "Photo" }),
    element(
      "figcaption",
      {},
      title ? element("b", { text: title }) : null,
      element("span", { text: `${facts} · ${clock(message.date)}` }),
      element("a", { href: mediaUrl(file), download: message.document?.file_name ?? `photo_${message.message_id}.jpg`, attributes: { "aria-label": "Download " + title } }, icon("download")),
    ),
  );
}
