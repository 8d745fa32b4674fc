// The bot's commands above the input: all of them by the button, or those that begin with what was typed.

import { api } from "./api.js";
import { attempt, element } from "./dom.js";

export class CommandList {
  #commands = [];
  #marked = 0;

  // `onChoose` is called with a command, without its slash; `onKnown` with whether the bot has any.
  constructor(input, { onChoose, onKnown }) {
    Object.assign(this, { input, onChoose, onKnown });
    this.root = element("ul", {
      className: "commands", hidden: true, id: `commands-${crypto.randomUUID()}`, attributes: { role: "listbox", "aria-label": "Commands" },
      // The input keeps the focus, so that one can go on typing.
      onmousedown: (event) => event.preventDefault(),
    });
    input.setAttribute("aria-controls", this.root.id);
    input.setAttribute("aria-autocomplete", "list");
  }

  get isOpen() {
    return !this.root.hidden;
  }

  // Reads the menu that this person sees in this chat; the bot may have changed it.
  async read(chatId, personId) {
    this.#commands = (await attempt(() => api.commands(chatId, personId))) ?? [];
    this.onKnown(this.#commands.length > 0);
    if (document.activeElement === this.input && this.input.value) this.suggest(this.input.value);
  }

  toggle() {
    if (this.isOpen) this.close();
    else this.#show(this.#commands);
  }

  // Shows what fits a text that begins with a slash.
  suggest(text) {
    const [, begun] = /^\/([a-z0-9_]*)$/i.exec(text) ?? [];
    this.#show(begun === undefined ? [] : this.#commands.filter(({ command }) => command.startsWith(begun.toLowerCase())));
  }

  close() {
    this.#show([]);
  }

  // Whether the key was meant for the list.
  takesKey(event) {
    if (!this.isOpen || event.isComposing) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) this.#mark((this.#marked + step + this.root.children.length) % this.root.children.length);
    else if (event.key === "Enter" || event.key === "Tab") this.root.children[this.#marked].click();
    else if (event.key === "Escape") this.close();
    else return false;
    event.preventDefault();
    return true;
  }

  #show(commands) {
    this.root.hidden = !commands.length;
    this.input.setAttribute("aria-expanded", String(this.isOpen));
    const options = commands.map(({ command, description }, index) =>
      element(
        "li",
        {
          id: `${this.root.id}-${index}`, attributes: { role: "option" },
          onclick: () => {
            this.close();
            this.onChoose(command);
          },
          onpointermove: () => this.#mark(index),
        },
        element("b", { text: "/" + command }),
        element("span", { className: "faint", text: description }),
      ),
    );
    this.root.replaceChildren(...options);
    this.#mark(0);
  }

  #mark(index) {
    this.#marked = index;
    const options = [...this.root.children];
    options.forEach((option, at) => option.setAttribute("aria-selected", String(at === index)));
    options[index]?.scrollIntoView({ block: "nearest" });
    if (options[index]) this.input.setAttribute("aria-activedescendant", options[index].id);
    else this.input.removeAttribute("aria-activedescendant");
  }
}
