// The scrolling list of a chat: keeps to its end, and gets older messages only when they are scrolled to.

import { api } from "./api.js";
import { attempt, day, element, icon, showText, toast } from "./dom.js";
import { morph } from "./morph.js";
import { blockKey, blockView } from "./message_view.js";
import { openMessageMenu } from "./message_menu.js";

const NEAR_END_PX = 90;
const ACTION_SHOWN_MS = 5000;
const ANSWER_WITHIN_MS = 10_000;
const ACTIONS = {
  typing: "typing", upload_photo: "sending a photo", upload_document: "sending a file", choose_sticker: "choosing a sticker",
};

export class MessageList {
  #blocks = new Map(); // key → list item
  #waiting = new Map(); // callback query id → its button
  #answered = new Set(); // callback queries whose answer was here before we knew that they were ours
  #isReading = false;
  #isAtEnd = true;
  #actionTimer = null;
  #missed = 0;
  #left = 0; // where it was scrolled to

  // `onAction` is told what the bot is doing in the chat: a word, or "".
  constructor(store, person, chat, { viewer, composer, onAction, emptyView }) {
    Object.assign(this, { store, person, chat, viewer, composer, onAction });
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

  get #view() {
    return {
      store: this.store,
      person: this.person,
      chat: this.chat,
      openPhoto: (message) => this.viewer.open(this.chat.id, message),
      openMenu: (message, anchor) => openMessageMenu(message, anchor, { store: this.store, person: this.person, composer: this.composer }),
      send: (text) => attempt(() => api.sendText(this.chat.id, this.person.id, text)),
      showMessage: (id) => this.showMessage(id),
      press: (message, button, pressed) => this.#press(message, button, pressed),
    };
  }

  draw() {
    this.#blocks.clear();
    this.list.replaceChildren(...this.#grouped(this.store.messagesOf(this.chat.id)).map((group) => this.#made(group)));
    for (const block of this.list.children) this.#relate(block);
    this.empty.hidden = this.list.children.length > 0;
    this.toEnd();
  }

  // Where it was left, or at the end.
  shown() {
    if (this.#isAtEnd) this.toEnd();
    else this.scroller.scrollTop = this.#left;
  }

  // Takes an event about one message of this chat.
  take({ kind, message }) {
    const key = blockKey(message);
    const group = this.#groupOf(key);
    const old = this.#blocks.get(key);
    const wasAtEnd = this.#isAtEnd;
    if (!group.length) {
      if (old) this.#leave(key, old);
    } else if (old) {
      this.#redraw(old, group);
    } else {
      this.#insert(this.#made(group), kind);
    }
    if (["edit", "delete"].includes(kind)) this.#redrawQuotes(message.message_id);
    this.empty.hidden = this.#blocks.size > 0;
    if (message.sandbox.from_bot && kind === "message") this.showAction(null);
    if (wasAtEnd || (kind === "message" && message.from.id === this.person.id)) this.toEnd();
    else if (kind === "message") this.#miss();
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
    if (!this.#waiting.has(queryId)) this.#answered.add(queryId);
    this.#waiting.get(queryId)?.classList.remove("waiting");
    this.#waiting.delete(queryId);
    if (isAlert) showText(this.store.bot.first_name, text);
    else toast(url ? `${text} ${url}`.trim() : text);
  }

  async showMessage(id) {
    const find = () => {
      const message = this.store.message(this.chat.id, id);
      return message && this.#blocks.get(blockKey(message));
    };
    while (!find() && !this.store.chats.get(this.chat.id).isComplete && (await this.#readOlder()));
    const block = find();
    if (!block) {
      toast("That message is gone.");
      return;
    }
    block.scrollIntoView({ block: "center", behavior: "smooth" });
    block.classList.remove("found");
    requestAnimationFrame(() => block.classList.add("found"));
  }

  toEnd(isSmooth = false) {
    const top = this.#blocks.size ? this.scroller.scrollHeight : 0; // what stands in an empty chat is read from its beginning
    this.scroller.scrollTo({ top, behavior: isSmooth ? "smooth" : "instant" });
    this.#isAtEnd = true;
    this.#missed = 0;
    this.jump.hidden = true;
  }

  #grouped(messages) {
    return [...Map.groupBy(messages, blockKey).values()];
  }

  #made(group) {
    const made = blockView(group, this.#view);
    this.#blocks.set(made.dataset.key, made);
    this.#followPictures(made);
    return made;
  }

  #redraw(block, group) {
    const shown = morph(block, blockView(group, this.#view));
    this.#blocks.set(shown.dataset.key, shown);
    this.#followPictures(shown);
    this.#relate(shown);
  }

  // Those that quote a message show it as it is now.
  #redrawQuotes(id) {
    const quoting = this.store.messagesOf(this.chat.id).filter((message) => message.reply_to_message?.message_id === id);
    for (const key of new Set(quoting.map(blockKey))) {
      const block = this.#blocks.get(key);
      if (block) this.#redraw(block, this.#groupOf(key));
    }
  }

  #groupOf(key) {
    return this.store.messagesOf(this.chat.id).filter((message) => blockKey(message) === key);
  }

  #followPictures(block) {
    for (const picture of block.querySelectorAll("img")) {
      if (!picture.complete) picture.addEventListener("load", () => this.#isAtEnd && this.toEnd(), { once: true });
    }
  }

  #insert(made, kind) {
    if (kind === "message") made.classList.add("entering");
    const first = Number(made.dataset.first);
    let next = null;
    for (let at = this.list.lastElementChild; at && Number(at.dataset.first) > first; at = at.previousElementSibling) next = at;
    this.list.insertBefore(made, next);
    this.#relate(made);
    if (next) this.#relate(next);
  }

  // What is on its way out can be seen a moment longer, and no more than that.
  async #leave(key, block) {
    this.#blocks.delete(key);
    block.inert = true;
    block.classList.add("leaving");
    await Promise.allSettled(block.getAnimations().map((one) => one.finished));
    const next = block.nextElementSibling;
    block.remove();
    if (next) this.#relate(next);
  }

  // Marks a block as the first of its day, or as one that follows another of the same sender.
  #relate(block) {
    const previous = block.previousElementSibling;
    const today = day(Number(block.dataset.date));
    const isNewDay = !previous || day(Number(previous.dataset.date)) !== today;
    if (isNewDay) block.dataset.day = today;
    else delete block.dataset.day;
    block.classList.toggle("follows", !isNewDay && previous.dataset.sender === block.dataset.sender);
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    if (!clientHeight) return; // not on the page
    this.#left = scrollTop;
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

  // Whether older messages came.
  async #readOlder() {
    if (this.#isReading || this.store.chats.get(this.chat.id).isComplete) return false;
    this.#isReading = true;
    const known = new Set(this.store.messagesOf(this.chat.id).map((message) => message.message_id));
    const count = await attempt(() => this.store.readOlder(this.chat.id));
    if (count) this.#drawOlder(known);
    this.#isReading = false;
    return Boolean(count);
  }

  #drawOlder(known) {
    const groups = this.#grouped(this.store.messagesOf(this.chat.id)).filter((group) => !group.every((message) => known.has(message.message_id)));
    const fromEnd = this.scroller.scrollHeight - this.scroller.scrollTop;
    const wasFirst = this.list.firstElementChild;
    const halved = groups.filter((group) => this.#blocks.has(blockKey(group[0]))); // an album over the edge of a portion
    for (const group of halved) this.#redraw(this.#blocks.get(blockKey(group[0])), group);
    const blocks = groups.filter((group) => !halved.includes(group)).map((group) => this.#made(group));
    this.list.prepend(...blocks);
    for (const block of [...blocks, wasFirst]) if (block) this.#relate(block);
    this.scroller.scrollTop = this.scroller.scrollHeight - fromEnd;
  }

  async #press(message, button, pressed) {
    pressed.classList.add("waiting");
    const answer = await attempt(() => api.press(message, this.person.id, button.callback_data));
    if (!answer || this.#answered.delete(answer.query_id)) {
      pressed.classList.remove("waiting");
      return;
    }
    this.#waiting.set(answer.query_id, pressed);
    setTimeout(() => {
      if (this.#waiting.delete(answer.query_id)) pressed.classList.remove("waiting");
    }, ANSWER_WITHIN_MS);
  }
}
