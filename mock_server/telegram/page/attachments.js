// Files that wait above the input: what they are, and how they shall be sent.

import { element, fileSize, icon, iconButton } from "./dom.js";

const PREVIEWED_BYTES = 20_000_000;
const MOST_IN_ALBUM = 10;

export class Attachments {
  #files = []; // {file, url}

  constructor(onChange) {
    this.onChange = onChange;
    this.previews = element("ul", { className: "previews", attributes: { "aria-label": "Files to send" } });
    this.ways = ["photo", "file"].map((value) => element("input", { type: "radio", name: `way-${crypto.randomUUID()}`, value }));
    this.ways[1].name = this.ways[0].name;
    this.ways[0].checked = true;
    this.album = element("input", { type: "checkbox", checked: true });
    this.albumChoice = element("label", { className: "choice" }, this.album, "as one album");
    this.root = element(
      "div",
      { className: "attachments", hidden: true },
      this.previews,
      element(
        "div",
        { className: "ways", attributes: { role: "radiogroup", "aria-label": "Send as" } },
        element("label", { className: "choice" }, this.ways[0], "as photo"),
        element("label", { className: "choice", title: "Bytes, name and type stay as they are" }, this.ways[1], "as file"),
        this.albumChoice,
      ),
    );
  }

  get isEmpty() {
    return !this.#files.length;
  }

  get asFile() {
    return this.ways[1].checked;
  }

  // `isTrap`: a file that a browser had better not try to show.
  add(files, { asFile, isTrap = false } = {}) {
    for (const file of files) {
      const canShow = !isTrap && /^image\/(jpeg|png|gif|webp|avif|bmp)$/.test(file.type) && file.size < PREVIEWED_BYTES;
      this.#files.push({ file, url: canShow ? URL.createObjectURL(file) : null });
    }
    if (asFile !== undefined) this.ways[asFile ? 1 : 0].checked = true;
    this.#draw();
  }

  clear() {
    for (const { url } of this.#files) if (url) URL.revokeObjectURL(url);
    this.#files = [];
    this.ways[0].checked = true;
    this.#draw();
  }

  // The files in the portions in which they are sent.
  batches() {
    const files = this.#files.map(({ file }) => file);
    const size = this.album.checked ? MOST_IN_ALBUM : 1;
    return Array.from({ length: Math.ceil(files.length / size) }, (_, index) => files.slice(index * size, (index + 1) * size));
  }

  #draw() {
    this.root.hidden = this.isEmpty;
    this.albumChoice.hidden = this.#files.length < 2;
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
