// Everybody who chats, their languages and their chats.

import { api } from "./api.js";
import { ask, attempt, avatar, botAvatar, clock, element, field, iconButton, languageSelect } from "./dom.js";
import { contentName } from "./message_media.js";
import { morphChildren } from "./morph.js";
import { cycleTheme } from "./theme.js";
import { Unread } from "./unread.js";

const NAMES_TO_OFFER = ["Mia", "Juan", "Sora", "Lena", "Omar", "Noah", "Vera"];

export class People {
  // `desk` has: open, isShown.
  constructor(store, desk) {
    Object.assign(this, { store, desk });
    this.unread = new Unread(store);
    this.root = document.getElementById("people");
    this.sections = element("div", { className: "people-list" });
    this.offline = element("p", { className: "offline", hidden: true, text: "The emulator does not answer. Waiting for it…", attributes: { role: "status" } });
    this.root.append(
      element(
        "header",
        { className: "bar" },
        element("h1", { text: "Darkroom" }),
        element("span", { className: "tag", text: "sandbox" }),
        element("span", { className: "grow" }),
        iconButton("theme", "Light, dark, or as the system", () => cycleTheme()),
        iconButton("close", "Close the list", () => this.root.classList.remove("open"), { className: "only-narrow" }),
      ),
      this.offline,
      this.sections,
      element(
        "footer",
        {},
        wordedButton("person", "Person", "Add a person", () => attempt(() => this.#addPerson())),
        wordedButton("group", "Group", "New group", () => attempt(() => this.#addGroup())),
      ),
    );
    this.root.addEventListener("keydown", (event) => event.key === "Escape" && this.root.classList.remove("open"));
    for (const kind of ["reload", "people", "message"]) store.on(kind, () => this.draw());
    store.on("connection", ({ isOpen }) => (this.offline.hidden = isOpen));
  }

  draw() {
    for (const { person, chat } of this.#places()) if (this.desk.isShown(person.id, chat.id)) this.unread.read(person.id, chat.id);
    const sections = [...this.store.people.values()].map((person) => this.#section(person));
    morphChildren(this.sections, element("div", {}, ...sections));
    const unread = this.#places().reduce((sum, { person, chat }) => sum + this.unread.count(person.id, chat.id), 0);
    document.title = unread ? `(${unread}) Darkroom sandbox` : "Darkroom sandbox";
  }

  #places() {
    return [...this.store.people.values()].flatMap((person) => this.store.chatsOf(person).map((chat) => ({ person, chat })));
  }

  #section(person) {
    const language = languageSelect(person.language_code ?? "en", {
      className: "language", attributes: { "aria-label": `Language of ${person.first_name}` },
      onchange: (event) => attempt(() => this.#speak(person, event.currentTarget.value)),
    });
    return element(
      "section",
      { className: "person", attributes: { "aria-label": person.first_name }, data: { key: person.id } },
      element(
        "div",
        { className: "person-head" },
        avatar(person.first_name, person.id, "small"),
        element("b", { text: person.first_name }),
        person.blocked_bot ? element("span", { className: "tag", text: "blocked the bot" }) : null,
        element("span", { className: "grow" }),
        language,
      ),
      ...this.store.chatsOf(person).map((chat) => this.#chat(person, chat)),
    );
  }

  #chat(person, chat) {
    const messages = this.store.messagesOf(chat.id);
    const last = messages.at(-1);
    const unread = this.unread.count(person.id, chat.id);
    const isOpen = this.desk.isShown(person.id, chat.id);
    const who = last && chat.type !== "private" ? this.store.nameOf(last.from.id) + ": " : "";
    return element(
      "button",
      {
        type: "button", className: "chat" + (isOpen ? " open" : ""), data: { key: `${person.id}:${chat.id}`, person: person.id, chat: chat.id },
        attributes: { "aria-current": isOpen ? "true" : null },
        title: "Ctrl or Alt: open beside",
        onclick: (event) => this.desk.open(person.id, chat.id, { isBeside: event.ctrlKey || event.altKey || event.metaKey }),
      },
      chat.type === "private" ? botAvatar() : avatar(chat.title, chat.id),
      element(
        "span",
        { className: "chat-words" },
        element("span", { className: "chat-top" }, element("b", { text: this.store.titleOf(chat) }), last ? element("time", { text: clock(last.date) }) : null),
        element(
          "span",
          { className: "chat-bottom" },
          element("span", { className: "faint last", text: last ? who + lastWords(messages) : "No messages yet" }),
          unread ? element("b", { className: "unread", text: String(unread), attributes: { "aria-label": `${unread} unread` } }) : null,
        ),
      ),
    );
  }

  async #speak(person, language) {
    await api.changePerson(person.id, { language_code: language });
    await this.store.refreshPeople();
  }

  async #addPerson() {
    const name = element("input", { name: "first_name", required: true, maxLength: 64, value: NAMES_TO_OFFER[this.store.people.size % NAMES_TO_OFFER.length] });
    const answer = await ask("Add a person", [field("Name", name), field("Language", languageSelect("en", { name: "language_code" }))], "Add");
    if (!answer) return;
    const person = await api.addPerson(Object.fromEntries(answer));
    await this.store.refreshPeople();
    this.desk.open(person.id, person.id);
  }

  async #addGroup() {
    const title = element("input", { name: "title", required: true, maxLength: 128, value: "Photo club" });
    const members = [...this.store.people.values()].map((person) =>
      element("label", { className: "choice" }, element("input", { type: "checkbox", name: "member", value: person.id, checked: true }), person.first_name),
    );
    const answer = await ask("New group with the bot", [field("Title", title), element("fieldset", {}, element("legend", { text: "Members" }), ...members)], "Create");
    if (!answer) return;
    const ids = answer.getAll("member").map(Number);
    if (!ids.length) throw new Error("A group needs somebody in it.");
    const group = await api.addGroup({ title: answer.get("title"), member_ids: ids, admin_ids: ids.slice(0, 1) });
    await this.store.refreshPeople();
    this.desk.open(ids[0], group.id);
  }
}

// An album is one message to people; its words may stand with any of its photos.
function lastWords(messages) {
  const last = messages.at(-1);
  const album = messages.filter((message) => message.media_group_id && message.media_group_id === last.media_group_id);
  const worded = [last, ...album].find((message) => message.text || message.caption);
  return worded?.text || worded?.caption || (album.length > 1 ? "Album" : contentName(last));
}

function wordedButton(name, word, label, work) {
  const made = iconButton(name, label, work, { className: "worded" });
  made.append(word);
  return made;
}
