// Files that wait above the input: what they are, and how they shall be sent.

import { element, fileSize, icon, iconButton } from "./dom.js";

const PREVIEWED_BYTES = 20_000_000;
const MOST_IN_ALBUM = 10;
const WAYS = [
  ["photo", "as photo", "Quick: Telegram re-encodes it and strips what the camera wrote"],
  ["file", "as file", "Bytes, name and type stay as they are"],
  ["sticker", "as sticker", "WebP, 512 pixels"],
  ["live_photo", "as live photo", "The still with a moment of video, which is a stub here"],
];

export class Attachments {
  #files = []; // {file, url}

  constructor(onChange) {
    this.onChange = onChange;
    this.previews = element("ul", { className: "previews", attributes: { "aria-label": "Files to send" } });
    const name = `way-${crypto.randomUUID()}`;
    this.ways = WAYS.map(([value]) => element("input", { type: "radio", name, value, on: { change: () => this.#draw() } }));
    this.album = element("input", { type: "checkbox", checked: true });
    this.albumChoice = element("label", { className: "choice" }, this.album, "as one album");
    const choices = WAYS.map(([, text, title], index) => element("label", { className: "choice", title }, this.ways[index], text));
    this.root = element(
      "div",
      { className: "attachments", hidden: true },
      this.previews,
      element("div", { className: "ways", attributes: { role: "radiogroup", "aria-label": "Send as" } }, ...choices, this.albumChoice),
    );
    this.#choose("photo");
  }

  get isEmpty() {
    return !this.#files.length;
  }

  get kind() {
    return this.ways.find((way) => way.checked).value;
  }

  // `isTrap`: a file that a browser had better not try to show.
  add(files, { kind, isTrap = false } = {}) {
    for (const file of files) {
      const canShow = !isTrap && /^image\/(jpeg|png|gif|webp|avif|bmp)$/.test(file.type) && file.size < PREVIEWED_BYTES;
      this.#files.push({ file, url: canShow ? URL.createObjectURL(file) : null });
    }
    if (kind) this.#choose(kind);
    else if (files.some((file) => !file.type.startsWith("image/"))) this.#choose("file");
    this.#draw();
  }

  clear() {
    for (const { url } of this.#files) if (url) URL.revokeObjectURL(url);
    this.#files = [];
    this.#choose("photo");
    this.#draw();
  }

  // The files in the portions in which they are sent.
  batches() {
    const files = this.#files.map(({ file }) => file);
    const size = this.#canBeAlbum && this.album.checked ? MOST_IN_ALBUM : 1;
    return Array.from({ length: Math.ceil(files.length / size) }, (_, index) => files.slice(index * size, (index + 1) * size));
  }

  get #canBeAlbum() {
    return ["photo", "file"].includes(this.kind);
  }

  #choose(kind) {
    for (const way of this.ways) way.checked = way.value === kind;
  }

  #draw() {
    this.root.hidden = this.isEmpty;
    this.albumChoice.hidden = this.#files.length < 2 || !this.#canBeAlbum;
    this.previews.replaceChildren(...this.#files.map((one, index) => this.#preview(one, index)));
    this.onChange();
  }

  #preview({ file, url }, index) {
    const remove = () => {
      if (url) URL.revokeObjectURL(url);
      this.#files.splice(index, 1);
      this.#draw();
    };
    return element(
      "li",
      { className: "preview" },
      url ? element("img", { src: url, alt: "" }) : element("span", { className: "preview-icon" }, icon("file")),
      element("span", { className: "preview-name", text: file.name, title: file.name }),
      element("span", { className: "faint", text: fileSize(file.size) }),
      iconButton("close", "Remove " + file.name, remove, { className: "small" }),
    );
  }
}
