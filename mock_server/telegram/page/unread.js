// What nobody has looked at yet, remembered over a reload. Message ids grow, over restarts of the sandbox too.

const KEY = "read";

export class Unread {
  #read = new Map(); // "person:chat" → id of the newest message seen

  constructor(store) {
    this.store = store;
    this.#read = new Map(readBefore());
  }

  // Everything in this chat has been seen by this person.
  read(personId, chatId) {
    const newest = this.store.messagesOf(chatId).at(-1)?.message_id;
    const place = `${personId}:${chatId}`;
    if (!newest || (this.#read.get(place) ?? 0) >= newest) return;
    this.#read.set(place, newest);
    localStorage.setItem(KEY, JSON.stringify([...this.#read]));
  }

  count(personId, chatId) {
    const seen = this.#read.get(`${personId}:${chatId}`) ?? 0;
    return this.store.messagesOf(chatId).filter((message) => message.message_id > seen && message.from.id !== personId).length;
  }
}

function readBefore() {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "[]");
  } catch {
    return [];
  }
}
