// One chat as one person sees it: header, messages, input.

import { api } from "./api.js";
import { Composer } from "./composer.js";
import { attempt, avatar, botAvatar, element, icon, iconButton } from "./dom.js";
import { listenToDrags } from "./drops.js";
import { MessageList } from "./message_list.js";
import { askForLink, openPaneMenu } from "./pane_menu.js";
import { card, readSamples } from "./samples.js";

export class ChatPane {
  #action = "";

  // `desk` has: viewer, activate, openBeside, close, openPeople, toggleInspector.
  constructor(store, person, chat, desk) {
    Object.assign(this, { store, person, chat, desk });
    this.composer = new Composer(store, person, chat);
    this.subtitle = element("span", { className: "subtitle", attributes: { "aria-live": "polite" } });
    this.pings = element("b");
    this.closeButton = iconButton("close", "Close this chat", () => desk.close(this));
    this.messages = new MessageList(store, person, chat, {
      viewer: desk.viewer, composer: this.composer, onAction: (action) => this.#act(action), emptyView: this.#emptyView(),
    });
    this.root = element(
      "section",
      {
        className: "pane", attributes: { "aria-label": `${person.first_name}: ${store.titleOf(chat)}` }, data: { person: person.id, chat: chat.id },
        on: { focusin: () => desk.activate(this), pointerdown: () => desk.activate(this) },
      },
      this.#header(),
      this.messages.root,
      this.composer.root,
    );
    listenToDrags(this.root, (files, options) => this.composer.stage(files, options));
    this.update();
  }

  shows(personId, chatId) {
    return this.person.id === personId && this.chat.id === chatId;
  }

  // Once it is on the page (again), where things have a height.
  shown() {
    this.messages.shown();
    this.composer.shown();
  }

  // After people, chats or the bot's menus have changed.
  update() {
    this.person = this.store.people.get(this.person.id);
    this.chat = this.store.chats.get(this.chat.id);
    Object.assign(this.messages, { person: this.person, chat: this.chat });
    this.composer.update(this.person, this.chat);
    this.description.textContent = this.#about();
    this.refresh();
  }

  // After a message or a delivery.
  refresh() {
    this.pings.textContent = String(this.chat.pings);
    this.subtitle.textContent = this.#state();
    this.subtitle.classList.toggle("acting", Boolean(this.#action));
    this.composer.takeReplyMarkup(this.store.messagesOf(this.chat.id).findLast((message) => message.sandbox.reply_keyboard));
  }

  #about() {
    if (this.chat.type !== "private") return "In a group a bot answers to commands, to replies to it, and where it is mentioned.";
    const { descriptions } = this.store;
    return descriptions[this.person.language_code.slice(0, 2)] ?? descriptions[""] ?? "The real bot, an emulated Telegram. Nothing leaves this machine.";
  }

  #act(action) {
    this.#action = action;
    this.refresh();
  }

  #state() {
    const { chat, store, person } = this;
    const isPrivate = chat.type === "private";
    if (this.#action) return isPrivate ? this.#action : `${store.bot.first_name} is ${this.#action}`;
    if (isPrivate && person.blocked_bot) return "blocked; a message unblocks it";
    if (store.isBotSilent) return "does not answer; Telegram tries again";
    if (isPrivate) return `bot · with ${person.first_name}`;
    const names = [...chat.member_ids.map((id) => store.nameOf(id)), ...(chat.has_bot ? [store.bot.first_name] : [])];
    return `${names.join(", ")} · as ${person.first_name}`;
  }

  #header() {
    const { store, chat, desk } = this;
    return element(
      "header",
      { className: "bar" },
      iconButton("menu", "People and chats", () => desk.openPeople(), { className: "only-narrow" }),
      chat.type === "private" ? botAvatar() : avatar(chat.title, chat.id),
      element("span", { className: "titles" }, element("b", { className: "title", text: store.titleOf(chat) }), this.subtitle),
      element(
        "span",
        { className: "pings", title: "Pings: new messages that notify. Edits and silent messages do not." },
        icon("bell"),
        this.pings,
        element("span", { className: "visually-hidden", text: " pings" }),
      ),
      iconButton("inspector", "Inspector", () => desk.toggleInspector(), { className: "inspector-toggle" }),
      iconButton("more", "More about this chat", (event) => this.#openMenu(event.currentTarget)),
      this.closeButton,
    );
  }

  #openMenu(anchor) {
    openPaneMenu(anchor, { store: this.store, person: this.person, chat: this.chat, desk: this.desk, pane: this });
  }

  #emptyView() {
    const isPrivate = this.chat.type === "private";
    const mention = () => this.composer.mention();
    this.description = element("p", { className: "description" });
    const photos = element("div", { className: "sample-photos" });
    attempt(async () => {
      const samples = await readSamples();
      photos.append(...samples.filter((sample) => sample.kind === "photo").map((sample) => card(sample, this.composer, isPrivate ? undefined : mention)));
    });
    const begin = () => attempt(() => api.start(this.chat.id, this.person.id, ""));
    return element(
      "div",
      { className: "empty" },
      element("div", { className: "empty-card" },
        isPrivate ? botAvatar("large") : avatar(this.chat.title, this.chat.id, "large"),
        element("h2", { text: this.store.titleOf(this.chat) }),
        this.description,
        element("button", { type: "button", className: "primary start", text: "START", on: { click: begin } }),
        isPrivate
          ? element("button", { type: "button", className: "text-button", text: "or by a deep link…", on: { click: () => attempt(() => askForLink(this)) } })
          : element("button", { type: "button", className: "text-button", text: `or mention @${this.store.bot.username}`, on: { click: mention } }),
        element("p", { className: "faint", text: "or pick a photo, drop one here, paste one" }),
        photos),
    );
  }
}
