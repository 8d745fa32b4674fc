// The input of one chat: text, captions, commands, files by button, drop and paste, replies, edits.

import { api } from "./api.js";
import { Attachments } from "./attachments.js";
import { CommandList } from "./command_list.js";
import { attempt, element, icon, iconButton } from "./dom.js";
import { contentName } from "./message_media.js";
import { ReplyKeys } from "./reply_keys.js";
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
      on: { input: () => this.#typed(), keydown: (event) => this.#key(event), blur: () => this.commands.close() },
    });
    this.picker = element("input", {
      type: "file", multiple: true, hidden: true, tabIndex: -1, attributes: { "aria-label": "Photos or files to send" },
      on: { change: () => this.#picked() },
    });
    this.context = element("div", { className: "context", hidden: true });
    this.send = element("button", { className: "send", title: "Send", attributes: { "aria-label": "Send" } }, icon("send"));
    // The input keeps the focus, and the list with it stays open.
    this.menuButton = iconButton("menu", "Commands of the bot", () => this.#openCommands(), { hidden: true, onmousedown: (event) => event.preventDefault() });
    this.commands = new CommandList(this.input, {
      mentioned: () => (this.chat.type === "private" ? [] : [this.store.bot]),
      onChoose: (command) => this.#sendNow("/" + command),
      onMention: ({ username }) => this.#write(this.input.value.replace(/@\w*$/, `@${username} `)),
      onKnown: (hasAny) => (this.menuButton.hidden = !hasAny),
    });
    this.replyKeys = new ReplyKeys(this.input, (text) => this.#sendNow(text));
    this.root = element(
      "form",
      { className: "composer", on: { submit: (event) => this.#submit(event) } },
      this.commands.root,
      this.context,
      this.attachments.root,
      element(
        "div",
        { className: "composer-row" },
        this.menuButton,
        iconButton("attach", "Attach photos or files", () => this.picker.click()),
        this.input,
        iconButton("samples", "Sample photos", (event) => openSamples(event.currentTarget, this)),
        this.send,
      ),
      this.replyKeys.root,
      this.picker,
    );
    this.input.value = localStorage.getItem(this.#draftKey) ?? "";
    this.#changed();
  }

  get #draftKey() {
    return `draft:${this.person.id}:${this.chat.id}`;
  }

  focus() {
    this.input.focus();
  }

  // After something that took a while: the person may have gone elsewhere.
  #focusAgain() {
    const { activeElement } = document;
    if (activeElement === document.body || this.root.contains(activeElement)) this.focus();
  }

  // After people, chats or the bot's menus have changed.
  update(person, chat) {
    Object.assign(this, { person, chat });
    this.commands.read(chat.id, person.id);
  }

  // Once it is on the page, where text has a height.
  shown() {
    this.#changed();
  }

  stage(files, options) {
    this.attachments.add(files, options);
    this.focus();
  }

  // Speaks to the bot, which in a group hears little else.
  mention() {
    const name = "@" + this.store.bot.username;
    this.#write(this.input.value.includes(name) ? this.input.value : `${name} ${this.input.value}`);
  }

  #write(text) {
    this.input.value = text;
    this.#typed();
    this.focus();
  }

  replyTo(message) {
    if (this.#edited) this.#endContext();
    this.#reply = message;
    this.#showContext("Reply to " + this.store.nameOf(message.from.id), message);
  }

  startEditing(message) {
    this.#reply = null;
    this.#edited = message;
    this.input.value = message.text || message.caption || "";
    this.#showContext("Edit message", message);
    this.#changed();
  }

  // The newest message of the bot that says something about the keyboard of this person.
  takeReplyMarkup(message) {
    if (this.replyKeys.take(message)) this.replyTo(message);
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
    this.commands.suggest(this.input.value);
    if (!this.#edited) localStorage.setItem(this.#draftKey, this.input.value);
  }

  #changed() {
    const hasFiles = !this.attachments.isEmpty;
    this.input.placeholder = hasFiles ? "Add a caption…" : this.replyKeys?.placeholder || "Message";
    this.input.style.height = "auto";
    const wanted = this.input.scrollHeight; // 0 while the chat is not on the page yet
    if (wanted) this.input.style.height = Math.min(wanted, TALLEST_PX) + "px";
    this.send.disabled = !hasFiles && !this.input.value.trim();
  }

  #key(event) {
    if (this.commands.takesKey(event)) return;
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      this.root.requestSubmit(this.send.disabled ? undefined : this.send);
    } else if (event.key === "Escape" && !this.context.hidden) {
      this.#endContext();
    } else if (event.key === "ArrowUp" && !this.input.value && this.attachments.isEmpty) {
      this.#editLast(event);
    }
  }

  #editLast(event) {
    const last = this.store.messagesOf(this.chat.id).findLast((message) => message.from.id === this.person.id && (message.text || message.caption));
    if (!last) return;
    event.preventDefault();
    this.startEditing(last);
  }

  async #openCommands() {
    await this.commands.read(this.chat.id, this.person.id);
    this.focus();
    this.commands.toggle();
  }

  async #sendNow(text) {
    this.input.value = "";
    this.#typed();
    await attempt(() => api.sendText(this.chat.id, this.person.id, text));
    this.#focusAgain();
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
      localStorage.removeItem(this.#draftKey);
      this.attachments.clear();
      this.#reply = this.#edited = null;
      this.context.hidden = true;
    }
    this.#changed();
    this.#focusAgain();
  }

  async #sendAll(text) {
    const [chatId, personId, replyTo] = [this.chat.id, this.person.id, this.#reply?.message_id];
    if (this.#edited) return api.edit(this.#edited, personId, text);
    if (this.attachments.isEmpty) return api.sendText(chatId, personId, text, replyTo);
    const { kind } = this.attachments;
    for (const [index, files] of this.attachments.batches().entries()) {
      await api.sendMedia(chatId, personId, files, { caption: index ? "" : text, kind, replyTo });
    }
    return undefined;
  }
}
