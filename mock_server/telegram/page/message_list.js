// The scrolling list of a chat: keeps to its end, and gets older messages only when they are scrolled to.

import { api } from "./api.js";
import { attempt, day, element, icon, showText, toast } from "./dom.js";
import { blockKey, blockView } from "./message_view.js";
import { openMenu } from "./message_menu.js";

const NEAR_END_PX = 90;
const ACTION_SHOWN_MS = 5000;
const LEAVING_MS = 220;
const ANSWER_WITHIN_MS = 10_000;
const ACTIONS = {
  typing: "typing", upload_photo: "sending a photo", upload_document: "sending a file", choose_sticker: "choosing a sticker",
};

export class MessageList {
  #blocks = new Map(); // key → list item
  #waiting = new Map(); // callback query id → its button
  #isReading = false;
  #actionTimer = null;
  #missed = 0;

  constructor(store, person, chat, { viewer, composer, onAction, emptyView }) {
    Object.assign(this, { store, person, chat });
    this.viewer = viewer;
    this.composer = composer;
    this.onAction = onAction;
    this.empty = emptyView;
    this.list = element("ol", { className: "messages" });
    this.activity = element("div", { className: "activity", hidden: true }, element("i"), element("i"), element("i"));
    this.jump = element(
      "button",
      { type: "button", className: "jump", hidden: true, attributes: { "aria-label": "To the newest message" }, on: { click: () => this.toEnd(true) } },
      element("b"),
      icon("down"),
    );
    const label = `Chat of ${person.first_name} with ${store.titleOf(chat)}`;
    this.scroller = element(
      "div",
      { className: "scroller", tabIndex: 0, attributes: { role: "log", "aria-label": label }, on: { scroll: () => this.#scrolled() } },
      this.empty,
      this.list,
      this.activity,
    );
    this.root = element("div", { className: "history" }, this.scroller, this.jump);
    new ResizeObserver(() => this.#isAtEnd && this.toEnd()).observe(this.scroller);
    this.draw();
  }

  #isAtEnd = true;

  get #view() {
    return {
      store: this.store,
      person: this.person,
      chat: this.chat,
      isDelivered: (message) => this.store.delivered.has(`${message.chat.id}:${message.message_id}`),
      openPhoto: (message) => this.viewer.open(this.chat.id, message),
      openMenu: (message, anchor) => openMenu(message, anchor, { store: this.store, person: this.person, composer: this.composer }),
      sendText: (text) => attempt(() => api.sendText(this.chat.id, this.person.id, text)),
      showMessage: (id) => this.showMessage(id),
      press: (message, button, pressed) => this.#press(message, button, pressed),
    };
  }

  draw() {
    this.#blocks.clear();
    this.list.replaceChildren(...this.#grouped(this.store.messagesOf(this.chat.id)).map((group) => this.#made(group)));
    this.#relate();
    this.toEnd();
  }

  // Takes an event about one message of this chat.
  take({ kind, message }) {
    const key = blockKey(message);
    const group = this.store.messagesOf(this.chat.id).filter((one) => blockKey(one) === key);
    const old = this.#blocks.get(key);
    if (!group.length) return old && this.#leave(key, old);
    const wasAtEnd = this.#isAtEnd;
    const made = this.#made(group);
    if (old) old.replaceWith(made);
    else this.#insert(made, kind);
    this.#relate();
    if (message.sandbox.from_bot && kind === "message") this.showAction(null);
    if (wasAtEnd || (kind === "message" && message.from.id === this.person.id)) this.toEnd();
    else if (kind === "message") this.#miss();
    return undefined;
  }

  // Draws again what the bot has meanwhile confirmed.
  refreshTicks(keys) {
    for (const message of this.store.messagesOf(this.chat.id)) {
      const isAffected = keys.has(`${message.chat.id}:${message.message_id}`) && message.from.id === this.person.id;
      const ticks = isAffected && this.#blocks.get(blockKey(message))?.querySelector(".ticks");
      if (ticks) {
        ticks.title = "The bot has it";
        ticks.replaceChildren(icon("checks"));
      }
    }
  }

  showAction(action) {
    clearTimeout(this.#actionTimer);
    const wasAtEnd = this.#isAtEnd;
    this.activity.hidden = !action;
    this.onAction(action ? `${ACTIONS[action] ?? action.replaceAll("_", " ")}…` : "");
    if (action) this.#actionTimer = setTimeout(() => this.showAction(null), ACTION_SHOWN_MS);
    if (wasAtEnd) this.toEnd();
  }

  takeAnswer({ person_id: personId, query_id: queryId, text, show_alert: isAlert, url }) {
    if (personId !== this.person.id) return;
    this.#waiting.get(queryId)?.classList.remove("waiting");
    this.#waiting.delete(queryId);
    if (isAlert) showText(this.store.bot.first_name, text);
    else toast(url ? `${text} ${url}`.trim() : text);
  }

  async showMessage(id) {
    const message = this.store.message(this.chat.id, id);
    const block = message && this.#blocks.get(blockKey(message));
    if (!block) return toast("That message is further back or gone.");
    block.scrollIntoView({ block: "center", behavior: "smooth" });
    block.classList.remove("found");
    requestAnimationFrame(() => block.classList.add("found"));
    return undefined;
  }

  toEnd(isSmooth = false) {
    this.scroller.scrollTo({ top: this.scroller.scrollHeight, behavior: isSmooth ? "smooth" : "instant" });
    this.#isAtEnd = true;
    this.#missed = 0;
    this.jump.hidden = true;
  }

  #grouped(messages) {
    const groups = new Map();
    for (const message of messages) {
      const key = blockKey(message);
      groups.set(key, [...(groups.get(key) ?? []), message]);
    }
    return [...groups.values()];
  }

  #made(group) {
    const made = blockView(group, this.#view);
    this.#blocks.set(made.dataset.key, made);
    for (const picture of made.querySelectorAll("img")) picture.addEventListener("load", () => this.#isAtEnd && this.toEnd(), { once: true });
    made.addEventListener("contextmenu", (event) => {
      if (event.target.closest("a, .words")) return;
      event.preventDefault();
      made.querySelector(".block-menu").click();
    });
    return made;
  }

  #insert(made, kind) {
    if (kind === "message") made.classList.add("entering");
    const first = Number(made.dataset.first);
    const next = [...this.list.children].reverse().find((one, index, all) => {
      const before = all[index + 1];
      return Number(one.dataset.first) > first && (!before || Number(before.dataset.first) < first);
    });
    this.list.insertBefore(made, next ?? null);
  }

  #leave(key, block) {
    this.#blocks.delete(key);
    block.classList.add("leaving");
    setTimeout(() => {
      block.remove();
      this.#relate();
    }, LEAVING_MS);
  }

  // Marks the first of each day, and those that follow one of the same sender.
  #relate() {
    let previous = null;
    for (const block of this.list.children) {
      const today = day(Number(block.dataset.date));
      const isNewDay = !previous || day(Number(previous.dataset.date)) !== today;
      if (isNewDay) block.dataset.day = today;
      else delete block.dataset.day;
      block.classList.toggle("follows", !isNewDay && previous.dataset.sender === block.dataset.sender);
      previous = block;
    }
    this.empty.hidden = this.list.children.length > 0;
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    this.#isAtEnd = scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
    if (this.#isAtEnd) this.#missed = 0;
    this.jump.hidden = this.#isAtEnd;
    if (!this.#missed) this.jump.firstElementChild.textContent = "";
    if (scrollTop < clientHeight) this.#readOlder();
  }

  #miss() {
    this.#missed += 1;
    this.jump.hidden = false;
    this.jump.firstElementChild.textContent = String(this.#missed);
  }

  async #readOlder() {
    if (this.#isReading || this.store.chats.get(this.chat.id).isComplete) return;
    this.#isReading = true;
    const known = new Set(this.store.messagesOf(this.chat.id).map((message) => message.message_id));
    if (await attempt(() => this.store.readOlder(this.chat.id))) {
      const older = this.store.messagesOf(this.chat.id).filter((message) => !known.has(message.message_id));
      const groups = this.#grouped(older).filter((group) => !this.#blocks.has(blockKey(group[0])));
      const fromEnd = this.scroller.scrollHeight - this.scroller.scrollTop;
      this.list.prepend(...groups.map((group) => this.#made(group)));
      this.#relate();
      this.scroller.scrollTop = this.scroller.scrollHeight - fromEnd;
    }
    this.#isReading = false;
  }

  async #press(message, button, pressed) {
    pressed.classList.add("waiting");
    const answer = await attempt(() => api.press(message, this.person.id, button.callback_data));
    if (!answer) return pressed.classList.remove("waiting");
    this.#waiting.set(answer.query_id, pressed);
    setTimeout(() => {
      if (this.#waiting.delete(answer.query_id)) pressed.classList.remove("waiting");
    }, ANSWER_WITHIN_MS);
    return undefined;
  }
}
