// One chat as one person sees it: header, messages, input.

import { readSamples, card } from "./samples.js";
import { api } from "./api.js";
import { chatAsTest } from "./chat_as_test.js";
import { attempt, avatar, botAvatar, copyText, element, icon, iconButton } from "./dom.js";
import { Composer } from "./composer.js";
import { MessageList } from "./message_list.js";

export class ChatPane {
  #dragDepth = 0;

  // `desk` has: viewer, activate, openBeside, close, openPeople, toggleInspector.
  constructor(store, person, chat, desk) {
    Object.assign(this, { store, person, chat, desk });
    this.composer = new Composer(store, person, chat);
    this.subtitle = element("span", { className: "subtitle", attributes: { "aria-live": "polite" } });
    this.pings = element("b");
    this.closeButton = iconButton("close", "Close this chat", () => desk.close(this));
    this.messages = new MessageList(store, person, chat, {
      viewer: desk.viewer, composer: this.composer, onAction: (action) => this.#showSubtitle(action), emptyView: this.#emptyView(),
    });
    this.root = element(
      "section",
      { className: "pane", attributes: { "aria-label": `${person.first_name}: ${store.titleOf(chat)}` }, on: { focusin: () => desk.activate(this), pointerdown: () => desk.activate(this) } },
      this.#header(),
      this.messages.root,
      this.composer.root,
      this.#dropZones(),
    );
    this.#listenToDrags();
    this.update();
  }

  shows(personId, chatId) {
    return this.person.id === personId && this.chat.id === chatId;
  }

  // After people or pings have changed.
  update() {
    this.person = this.store.people.get(this.person.id);
    this.chat = this.store.chats.get(this.chat.id);
    Object.assign(this.messages, { person: this.person, chat: this.chat });
    Object.assign(this.composer, { person: this.person, chat: this.chat });
    this.pings.textContent = String(this.chat.pings);
    this.#showSubtitle("");
    this.#describe();
    this.composer.showReplyKeyboard(this.store.messagesOf(this.chat.id).findLast((message) => message.sandbox.from_bot)?.sandbox.reply_keyboard);
  }

  stage(files, options) {
    this.composer.stage(files, options);
  }

  #header() {
    const { store, chat, desk } = this;
    const face = chat.type === "private" ? botAvatar() : avatar(chat.title, chat.id);
    const testButton = iconButton("code", "Copy this chat as a test", () => attempt(() => this.#copyAsTest()), { className: "rarely" });
    return element(
      "header",
      { className: "bar" },
      iconButton("menu", "People and chats", () => desk.openPeople(), { className: "only-narrow" }),
      face,
      element("span", { className: "titles" }, element("b", { className: "title", text: store.titleOf(chat) }), this.subtitle),
      element(
        "span",
        { className: "pings", title: "Pings: new messages that notify. Edits and silent messages do not." },
        icon("bell"),
        this.pings,
        element("span", { className: "visually-hidden", text: " pings" }),
      ),
      testButton,
      iconButton("beside", "Open another chat beside", () => desk.openBeside(this), { className: "rarely" }),
      iconButton("inspector", "Inspector", () => desk.toggleInspector(), { className: "inspector-toggle" }),
      this.closeButton,
    );
  }

  #showSubtitle(action) {
    const { chat, store, person } = this;
    const others = chat.member_ids.map((id) => store.nameOf(id)).join(", ");
    const still = chat.type === "private" ? `bot · with ${person.first_name}` : `${others}, ${store.bot.first_name} · as ${person.first_name}`;
    this.subtitle.textContent = action ? (chat.type === "private" ? action : `${store.bot.first_name} is ${action}`) : person.blocked_bot && chat.type === "private" ? "blocked" : still;
    this.subtitle.classList.toggle("acting", Boolean(action));
  }

  #emptyView() {
    this.description = element("p", { className: "description" });
    const photos = element("div", { className: "sample-photos" });
    attempt(async () => {
      const samples = await readSamples();
      photos.append(...samples.filter((sample) => sample.kind === "photo").map((sample) => card(sample, this.composer)));
    });
    const begin = () => attempt(() => api.sendText(this.chat.id, this.person.id, "/start"));
    return element(
      "div",
      { className: "empty" },
      element("div", { className: "empty-card" },
        botAvatar("large"),
        element("h2", { text: this.store.titleOf(this.chat) }),
        this.description,
        element("button", { type: "button", className: "primary start", text: "START", on: { click: begin } }),
        element("p", { className: "faint", text: "or pick a photo, drop one here, paste one" }),
        photos),
    );
  }

  #describe() {
    const { descriptions } = this.store;
    this.description.textContent = descriptions[this.person.language_code] ?? descriptions[""] ?? "The real bot, an emulated Telegram. Nothing leaves this machine.";
  }

  async #copyAsTest() {
    const samples = (await readSamples()).map((sample) => sample.name);
    await this.store.readJournal();
    const story = chatAsTest(this.person, this.store.messagesOf(this.chat.id), this.store.records, samples);
    await copyText(story, "this chat as a test");
  }

  #dropZones() {
    const zone = (text, note, asFile) =>
      element(
        "div",
        { className: "drop-zone", on: { drop: (event) => this.#dropped(event, asFile), dragover: (event) => event.preventDefault() } },
        element("b", { text }),
        element("span", { text: note }),
      );
    this.zones = element("div", { className: "drop-zones", hidden: true }, zone("Drop as photo", "quick, re-encoded", false), zone("Drop as file", "every byte kept", true));
    return this.zones;
  }

  #listenToDrags() {
    const isFiles = (event) => [...event.dataTransfer.types].includes("Files");
    const count = (step) => (event) => {
      if (!isFiles(event)) return;
      event.preventDefault();
      this.#dragDepth += step;
      this.zones.hidden = this.#dragDepth <= 0;
    };
    this.root.addEventListener("dragenter", count(1));
    this.root.addEventListener("dragleave", count(-1));
    this.root.addEventListener("dragover", (event) => isFiles(event) && event.preventDefault());
    this.root.addEventListener("drop", (event) => isFiles(event) && this.#dropped(event));
    this.root.addEventListener("paste", (event) => {
      const files = [...event.clipboardData.files];
      if (!files.length) return;
      event.preventDefault();
      this.stage(files);
    });
  }

  #dropped(event, asFile) {
    event.preventDefault();
    event.stopPropagation();
    this.#dragDepth = 0;
    this.zones.hidden = true;
    this.stage([...event.dataTransfer.files], asFile === undefined ? {} : { asFile });
  }
}
