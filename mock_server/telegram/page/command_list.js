// What may be meant, above the input: the bot's commands, all by the button or those that begin with what was typed; and
// whom one can speak to in a group.

import { api } from "./api.js";
import { attempt, element } from "./dom.js";

export class CommandList {
  #commands = [];
  #marked = 0;

  // `onChoose` is called with a command, without its slash; `onMention` with one of `mentioned`, bots or people, when
  // its name was begun; `onKnown` with whether the bot has any commands.
  constructor(input, { mentioned, onChoose, onKnown, onMention }) {
    Object.assign(this, { input, mentioned, onChoose, onKnown, onMention });
    this.root = element("ul", {
      className: "commands", hidden: true, id: `commands-${crypto.randomUUID()}`, attributes: { role: "listbox", "aria-label": "Suggestions" },
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
    else this.#show(this.#startingWith(""));
  }

  // Shows what fits a text that is the beginning of a command, or ends with that of a name.
  suggest(text) {
    const [, command] = /^\/([a-z0-9_]*)$/i.exec(text) ?? [];
    const [, name] = /(?:^|\s)@(\w*)$/.exec(text) ?? [];
    this.#show(command === undefined ? this.#called(name?.toLowerCase()) : this.#startingWith(command.toLowerCase()));
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

  #startingWith(begun) {
    const fitting = this.#commands.filter(({ command }) => command.startsWith(begun));
    return fitting.map(({ command, description }) => ({ text: "/" + command, note: description, choose: () => this.onChoose(command) }));
  }

  // A name that is there in full needs no help.
  #called(begun) {
    const fitting = begun === undefined ? [] : this.mentioned().filter(({ username }) => username.toLowerCase().startsWith(begun) && username.length > begun.length);
    return fitting.map((one) => ({ text: "@" + one.username, note: one.first_name, choose: () => this.onMention(one) }));
  }

  #show(suggestions) {
    this.root.hidden = !suggestions.length;
    this.input.setAttribute("aria-expanded", String(this.isOpen));
    const options = suggestions.map(({ text, note, choose }, index) =>
      element(
        "li",
        {
          id: `${this.root.id}-${index}`, attributes: { role: "option" },
          onclick: () => {
            this.close();
            choose();
          },
          onpointermove: () => this.#mark(index),
        },
        element("b", { text }),
        element("span", { className: "faint", text: note }),
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
