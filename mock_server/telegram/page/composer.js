// The input of one chat: text, captions, commands, files by button, drop and paste, replies, edits.

import { api } from "./api.js";
import { Attachments } from "./attachments.js";
import { attempt, element, icon, iconButton } from "./dom.js";
import { moveFocus, place } from "./message_menu.js";
import { contentName } from "./message_view.js";
import { openSamples } from "./samples.js";

const TALLEST_PX = 160;

export class Composer {
  #reply = null;
  #edited = null;

  constructor(store, person, chat) {
    Object.assign(this, { store, person, chat });
    this.attachments = new Attachments(() => this.#changed());
    this.input = element("textarea", {
      rows: 1, className: "input", attributes: { "aria-label": "Message", enterkeyhint: "send" },
      on: { input: () => this.#typed(), keydown: (event) => this.#key(event) },
    });
    this.picker = element("input", {
      type: "file", multiple: true, hidden: true, accept: "image/*", tabIndex: -1, attributes: { "aria-label": "Photos to send" },
      on: { change: () => this.#picked() },
    });
    this.context = element("div", { className: "context", hidden: true });
    this.send = element("button", { className: "send", title: "Send", attributes: { "aria-label": "Send" } }, icon("send"));
    this.commandButton = iconButton("menu", "Commands of the bot", () => this.#openCommands());
    this.replyKeys = element("div", { className: "reply-keys", hidden: true });
    this.root = element(
      "form",
      { className: "composer", on: { submit: (event) => this.#submit(event) } },
      this.context,
      this.attachments.root,
      element(
        "div",
        { className: "composer-row" },
        this.commandButton,
        iconButton("attach", "Attach photos or files", () => this.picker.click()),
        this.input,
        iconButton("samples", "Sample photos", (event) => openSamples(event.currentTarget, this)),
        this.send,
      ),
      this.replyKeys,
      this.picker,
    );
    this.#changed();
  }

  focus() {
    this.input.focus();
  }

  stage(files, options) {
    this.attachments.add(files, options);
    this.focus();
  }

  replyTo(message) {
    this.#reply = message;
    this.#showContext("Reply to " + this.store.nameOf(message.from.id), message);
  }

  startEditing(message) {
    this.#edited = message;
    this.input.value = message.text || message.caption || "";
    this.#showContext("Edit message", message);
    this.#changed();
  }

  showReplyKeyboard(keyboard) {
    const rows = keyboard?.keyboard ?? [];
    this.replyKeys.hidden = !rows.length;
    const send = (text) => attempt(() => api.sendText(this.chat.id, this.person.id, text));
    const key = (one) => {
      const text = one.text ?? one;
      return element("button", { type: "button", className: "key", text, on: { click: () => send(text) } });
    };
    this.replyKeys.replaceChildren(...rows.map((row) => element("div", { className: "key-row" }, ...row.map(key))));
  }

  #showContext(title, message) {
    this.context.replaceChildren(
      element(
        "span",
        { className: "quote-text" },
        element("b", { text: title }),
        element("span", { text: message.text || message.caption || contentName(message) }),
      ),
      iconButton("close", "Do not " + (this.#edited ? "edit" : "reply"), () => this.#endContext()),
    );
    this.context.hidden = false;
    this.focus();
  }

  #endContext() {
    if (this.#edited) this.input.value = "";
    this.#reply = this.#edited = null;
    this.context.hidden = true;
    this.#changed();
  }

  #picked() {
    this.stage([...this.picker.files]);
    this.picker.value = "";
  }

  #typed() {
    this.#changed();
    if (this.input.value === "/") this.#openCommands();
  }

  #changed() {
    const hasFiles = !this.attachments.isEmpty;
    this.input.placeholder = hasFiles ? "Add a caption…" : "Message";
    this.input.style.height = "auto";
    const wanted = this.input.scrollHeight; // 0 while the chat is not on the page yet
    if (wanted) this.input.style.height = Math.min(wanted, TALLEST_PX) + "px";
    this.send.disabled = !hasFiles && !this.input.value.trim();
  }

  #key(event) {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      this.root.requestSubmit(this.send.disabled ? undefined : this.send);
    } else if (event.key === "Escape" && !this.context.hidden) {
      this.#endContext();
    }
  }

  async #submit(event) {
    event.preventDefault();
    const text = this.input.value;
    if (this.send.disabled) return;
    this.root.classList.add("sending");
    this.send.disabled = true;
    const isDone = await attempt(async () => {
      await this.#sendAll(text);
      return true;
    });
    this.root.classList.remove("sending");
    if (isDone) {
      if (this.input.value === text) this.input.value = "";
      this.attachments.clear();
      this.#reply = this.#edited = null;
      this.context.hidden = true;
    }
    this.#changed();
    this.focus();
  }

  async #sendAll(text) {
    const [chatId, personId, replyTo] = [this.chat.id, this.person.id, this.#reply?.message_id];
    if (this.#edited) return api.edit(this.#edited, personId, text);
    if (this.attachments.isEmpty) return api.sendText(chatId, personId, text, replyTo);
    const asFile = this.attachments.asFile;
    for (const [index, files] of this.attachments.batches().entries()) {
      await api.sendMedia(chatId, personId, files, { caption: index ? "" : text, asFile, replyTo });
    }
    return undefined;
  }

  async #openCommands() {
    const commands = await attempt(() => api.commands(this.chat.id, this.person.id));
    if (!commands?.length) return;
    const choose = (command) => {
      menu.remove();
      this.input.value = "";
      this.#changed();
      attempt(() => api.sendText(this.chat.id, this.person.id, "/" + command));
      this.focus();
    };
    const items = commands.map(({ command, description }) =>
      element(
        "button",
        { type: "button", attributes: { role: "menuitem" }, on: { click: () => choose(command) } },
        element("b", { text: "/" + command }),
        element("span", { className: "faint", text: description }),
      ),
    );
    const menu = element("div", { className: "menu commands", popover: "auto", attributes: { role: "menu", "aria-label": "Commands" } }, ...items);
    menu.addEventListener("toggle", (event) => event.newState === "closed" && menu.remove());
    menu.addEventListener("keydown", (event) => moveFocus(event, menu));
    document.body.append(menu);
    menu.showPopover();
    place(menu, this.commandButton);
    items[0].focus();
  }
}
