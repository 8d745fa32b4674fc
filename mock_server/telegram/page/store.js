// What the page knows of the emulated Telegram, kept up to date by its stream of events.

import { api } from "./api.js";

const PAGE_OF_MESSAGES = 60;
const JOURNAL_PAUSE_MS = 120;
const JOURNAL_KEPT = 4000;
// Who lives in a sandbox that is empty, so that a newcomer can send at once. Fixed ids: two pages make them only once.
const FIRST_PEOPLE = [
  { user_id: 1001, first_name: "Anna", language_code: "en" },
  { user_id: 1002, first_name: "Иван", language_code: "ru" },
];
const FIRST_GROUP = "Photo club";

export class Store extends EventTarget {
  bot = null;
  people = new Map();
  chats = new Map();
  botPhoto = []; // its sizes, biggest last
  descriptions = {};
  flood = "off";
  groupPrivacy = false;
  canRestartBot = false;
  isBotSilent = false; // the newest delivery to its webhook failed
  records = []; // the emulator's journal, oldest first; read only while somebody looks at it
  neighbours = [];
  neighbourRecords = []; // of all neighbours, each with `party`
  #stream = null;
  #journalTimer = null;
  #journalAfter = 0;
  #isWatched = false;
  #menusTimer = null;

  emit(kind, detail = {}) {
    this.dispatchEvent(new CustomEvent(kind, { detail }));
  }

  on(kind, listener) {
    this.addEventListener(kind, (event) => listener(event.detail));
  }

  async load() {
    let state = await this.#readState();
    if (!this.people.size) {
      await this.#settle();
      state = await this.#readState();
    }
    const messages = [...this.chats.keys()].map((id) => this.#readMessages(id));
    [this.neighbours] = await Promise.all([api.neighbours(), ...messages]);
    this.records = [];
    this.#journalAfter = 0;
    if (this.#isWatched) await this.readJournal();
    this.emit("reload");
    this.#listen(state.seq);
  }

  messagesOf(chatId) {
    return [...(this.chats.get(chatId)?.messages.values() ?? [])].filter((message) => !message.sandbox.deleted);
  }

  message(chatId, messageId) {
    return this.chats.get(chatId)?.messages.get(messageId);
  }

  // Fetches older messages; gives how many came.
  async readOlder(chatId) {
    const chat = this.chats.get(chatId);
    const oldest = chat.messages.keys().next().value;
    if (chat.isComplete || oldest === undefined) return 0;
    const older = await api.messages(chatId, PAGE_OF_MESSAGES, oldest);
    chat.isComplete = older.length < PAGE_OF_MESSAGES;
    chat.messages = new Map([...older.map((message) => [message.message_id, message]), ...chat.messages]);
    return older.length;
  }

  // Adds people and groups made since; messages stay.
  async refreshPeople() {
    const known = new Set(this.chats.keys());
    await this.#readState();
    await Promise.all([...this.chats.keys()].filter((id) => !known.has(id)).map((id) => this.#readMessages(id)));
    this.emit("people");
  }

  nameOf(userId) {
    return userId === this.bot.id ? this.bot.first_name : (this.people.get(userId)?.first_name ?? "Somebody");
  }

  chatsOf(person) {
    return [...this.chats.values()].filter((chat) => chat.member_ids.includes(person.id));
  }

  titleOf(chat) {
    return chat.type === "private" ? this.bot.first_name : chat.title;
  }

  async readJournal() {
    const asked = await api.journal(this.#journalAfter);
    const fresh = asked.filter((record) => record.seq > this.#journalAfter); // another reading may have been quicker
    if (fresh.length) {
      this.#journalAfter = fresh.at(-1).seq;
      this.records = [...this.records, ...fresh].slice(-JOURNAL_KEPT);
    }
    if (this.#isWatched) await this.#readNeighbours();
    this.emit("journal");
  }

  // For what nobody waits for: when the emulator does not answer, the page says so instead of failing.
  async inBackground(work) {
    try {
      await work;
    } catch {
      this.emit("connection", { isOpen: false });
    }
  }

  // Keeps the journals up to date from now on, or no longer.
  async watchJournals(isWatched) {
    this.#isWatched = isWatched;
    if (isWatched) await this.readJournal();
  }

  async #readNeighbours() {
    const journals = await Promise.all(
      this.neighbours.map(async ({ name }) => (await api.neighbourJournal(name)).map((record) => ({ ...record, party: name }))),
    );
    this.neighbourRecords = journals.flat();
  }

  async #settle() {
    try {
      for (const person of FIRST_PEOPLE) await api.addPerson(person);
      const ids = FIRST_PEOPLE.map((person) => person.user_id);
      await api.addGroup({ title: FIRST_GROUP, member_ids: ids, admin_ids: ids.slice(0, 1) });
    } catch (error) {
      if (!(await api.state()).users.length) throw error; // else another page was quicker
    }
  }

  async #readState() {
    const state = await api.state();
    this.bot = state.bot;
    this.botPhoto = state.bot_photo;
    this.descriptions = state.descriptions;
    this.flood = state.flood;
    this.groupPrivacy = state.group_privacy;
    this.canRestartBot = state.can_restart_bot;
    this.people = new Map(state.users.map((person) => [person.id, person]));
    const before = this.chats;
    this.chats = new Map(
      state.chats.map((chat) => {
        const old = before.get(chat.id);
        return [chat.id, { ...chat, messages: old?.messages ?? new Map(), isComplete: old?.isComplete ?? true }];
      }),
    );
    return state;
  }

  async #readMessages(chatId) {
    const newest = await api.messages(chatId, PAGE_OF_MESSAGES);
    const chat = this.chats.get(chatId);
    chat.messages = new Map(newest.map((message) => [message.message_id, message]));
    chat.isComplete = newest.length < PAGE_OF_MESSAGES;
  }

  #listen(after) {
    this.#stream?.close();
    const stream = new EventSource("/control/events?after=" + after);
    this.#stream = stream;
    const hear = (kind, react) => stream.addEventListener(kind, (event) => react(JSON.parse(event.data)));
    for (const kind of ["message", "edit", "delete", "reaction", "delivered"]) hear(kind, (event) => this.#takeMessage(event));
    for (const kind of ["person", "chat"]) hear(kind, () => this.inBackground(this.refreshPeople()));
    for (const kind of ["chat_action", "callback_answer"]) hear(kind, (event) => this.emit(kind, event));
    hear("call", (event) => this.#called(event));
    hear("delivery", (event) => this.#delivered(event));
    hear("reset", () => this.inBackground(this.load()));
    stream.onopen = () => this.emit("connection", { isOpen: true });
    stream.onerror = () => this.emit("connection", { isOpen: false });
  }

  #takeMessage({ kind, chat_id: chatId, message, pings }) {
    const chat = this.chats.get(chatId);
    if (!chat || !message) return;
    const isNew = !chat.messages.has(message.message_id);
    if (isNew && kind !== "message") return; // further back than what was read
    chat.messages.set(message.message_id, message);
    chat.pings = pings;
    this.emit("message", { kind: isNew ? "message" : kind, chatId, message });
  }

  #called({ method }) {
    this.#journalHasMore();
    if (!/^(set|delete|remove)My(Commands|Description|ProfilePhoto)/i.test(method)) return;
    this.#menusTimer ??= setTimeout(() => {
      this.#menusTimer = null;
      this.inBackground(this.refreshPeople());
    }, JOURNAL_PAUSE_MS);
  }

  #delivered({ status }) {
    this.#journalHasMore();
    const isSilent = !(status >= 200 && status < 300);
    if (isSilent === this.isBotSilent) return;
    this.isBotSilent = isSilent;
    this.emit("bot");
  }

  #journalHasMore() {
    if (!this.#isWatched) return;
    this.#journalTimer ??= setTimeout(() => {
      this.#journalTimer = null;
      this.inBackground(this.readJournal());
    }, JOURNAL_PAUSE_MS);
  }
}
