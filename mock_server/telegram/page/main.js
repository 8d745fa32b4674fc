// Puts the page together: the list of people, the open chats side by side, the inspector.

import { mediaUrl } from "./api.js";
import { attempt, showBotAs } from "./dom.js";
import { ChatPane } from "./chat_pane.js";
import { Inspector } from "./inspector.js";
import { People } from "./people.js";
import { listenToPresses } from "./presses.js";
import { Store } from "./store.js";
import { applyTheme } from "./theme.js";
import { Viewer } from "./viewer.js";

const MOST_PANES = 4;

class Desk {
  panes = [];
  active = null;
  #pool = new Map(); // "person:chat" → pane, so that a chat looks as it was left when it is opened again

  constructor() {
    this.store = new Store();
    this.root = document.getElementById("panes");
    this.viewer = new Viewer(this.store);
    this.people = new People(this.store, this);
    this.inspector = new Inspector(this.store);
    this.store.on("reload", () => this.#restore());
    this.store.on("people", () => this.panes.forEach((pane) => pane.update()));
    for (const kind of ["reload", "people"]) this.store.on(kind, () => this.#showFace());
    this.store.on("message", (event) => this.#each(event.chatId, (pane) => {
      pane.messages.take(event);
      pane.refresh();
    }));
    this.store.on("bot", () => this.#pool.forEach((pane) => pane.refresh()));
    this.store.on("chat_action", (event) => this.#each(event.chat_id, (pane) => pane.messages.showAction(event.action)));
    this.store.on("callback_answer", (event) => this.#each(event.chat_id, (pane) => pane.messages.takeAnswer(event)));
    this.store.on("inspector", () => this.#showInspectorState());
  }

  isShown(personId, chatId) {
    return this.panes.some((pane) => pane.shows(personId, chatId));
  }

  open(personId, chatId, { isBeside = false } = {}) {
    document.getElementById("people").classList.remove("open");
    const known = this.panes.find((pane) => pane.shows(personId, chatId));
    if (known) this.activate(known);
    else this.#put(this.#made(personId, chatId), isBeside && this.panes.length < MOST_PANES ? null : this.active);
    this.active.composer.focus();
    this.people.draw();
    this.#remember();
  }

  openBeside(pane) {
    const pairs = [...this.store.people.values()].flatMap((person) => this.store.chatsOf(person).map((chat) => [person.id, chat.id]));
    const next = pairs.find(([personId, chatId]) => !this.isShown(personId, chatId) && personId !== pane.person.id) ?? pairs.find((pair) => !this.isShown(...pair));
    if (next) this.open(...next, { isBeside: true });
  }

  close(pane) {
    if (this.panes.length === 1) return;
    this.panes = this.panes.filter((one) => one !== pane);
    pane.root.remove();
    this.activate(this.panes[0]);
    this.people.draw();
    this.#remember();
  }

  activate(pane) {
    this.active = pane;
    for (const one of this.panes) one.root.classList.toggle("active", one === pane);
    for (const one of this.panes) one.closeButton.hidden = this.panes.length === 1;
  }

  openPeople() {
    const list = document.getElementById("people");
    list.classList.add("open");
    list.querySelector("button").focus();
  }

  toggleInspector() {
    this.inspector.toggle();
  }

  #made(personId, chatId) {
    const key = `${personId}:${chatId}`;
    if (!this.#pool.has(key)) this.#pool.set(key, new ChatPane(this.store, this.store.people.get(personId), this.store.chats.get(chatId), this));
    const pane = this.#pool.get(key);
    pane.update();
    return pane;
  }

  // In the place of another pane, or beside the last one.
  #put(pane, place) {
    if (place && this.panes.includes(place)) {
      this.panes[this.panes.indexOf(place)] = pane;
      place.root.replaceWith(pane.root);
    } else {
      this.panes.push(pane);
      this.root.append(pane.root);
    }
    this.activate(pane); // before it is measured: on a phone only the active one is seen, as wide as the page
    pane.shown();
    this.#showInspectorState();
  }

  // Those that are not on the page hear of it too: they are shown again as they are.
  #each(chatId, run) {
    [...this.#pool.values()].filter((pane) => pane.chat.id === chatId).forEach(run);
  }

  #restore() {
    const wanted = openedBefore().filter(([personId, chatId]) => this.store.chats.get(chatId)?.member_ids.includes(personId));
    const [first] = this.store.people.keys();
    this.panes = [];
    this.#pool.clear();
    this.root.replaceChildren();
    for (const [personId, chatId] of wanted.length ? wanted : [[first, first]]) this.#put(this.#made(personId, chatId), null);
    this.activate(this.panes[0]);
    this.people.draw();
    if (localStorage.getItem("inspector") && !this.inspector.isOpen) this.inspector.toggle(true);
  }

  #remember() {
    localStorage.setItem("panes", JSON.stringify(this.panes.map((pane) => [pane.person.id, pane.chat.id])));
  }

  #showFace() {
    const biggest = this.store.botPhoto.at(-1);
    showBotAs(biggest ? mediaUrl(biggest) : null);
  }

  #showInspectorState() {
    for (const button of document.querySelectorAll(".inspector-toggle")) button.setAttribute("aria-pressed", String(this.inspector.isOpen));
  }
}

function openedBefore() {
  try {
    return JSON.parse(localStorage.getItem("panes") ?? "[]");
  } catch {
    return [];
  }
}

applyTheme();
listenToPresses();
const desk = new Desk();
await attempt(async () => {
  await desk.store.load();
  document.body.dataset.ready = "true";
  desk.active.composer.focus();
});
