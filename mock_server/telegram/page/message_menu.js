// What a person can do with one message.

import { api } from "./api.js";
import { attempt, copyText, element } from "./dom.js";
import { inColour } from "./message_view.js";

const QUICK_REACTIONS = ["👍", "❤", "🔥", "🎉", "👀", "👎"];

export function openMenu(message, anchor, { store, person, composer }) {
  const isMine = message.from.id === person.id;
  const close = () => menu.remove();
  const run = (work) => () => {
    close();
    attempt(work);
  };
  const item = (text, work, className = "") =>
    element("button", { type: "button", className, text, attributes: { role: "menuitem" }, on: { click: run(work) } });
  const reactions = QUICK_REACTIONS.map((emoji) =>
    element("button", { type: "button", text: inColour(emoji), attributes: { role: "menuitem", "aria-label": "React with " + emoji }, on: { click: run(() => api.react(message, person.id, emoji)) } }),
  );
  const menu = element(
    "div",
    { className: "menu", popover: "auto", attributes: { role: "menu", "aria-label": "Actions on the message" } },
    element("div", { className: "menu-reactions" }, ...reactions),
    item("Reply", async () => composer.replyTo(message)),
    isMine ? item("Edit", async () => composer.startEditing(message)) : null,
    message.text || message.caption ? item("Copy text", async () => copyText(message.text || message.caption, "the text")) : null,
    item("Show in the inspector", async () => store.emit("inspect", { chatId: message.chat.id, messageId: message.message_id })),
    item("Delete", () => api.remove(message, person.id), "danger"),
  );
  menu.addEventListener("toggle", (event) => {
    if (event.newState === "closed") close();
  });
  menu.addEventListener("keydown", (event) => moveFocus(event, menu));
  document.body.append(menu);
  menu.showPopover();
  place(menu, anchor);
  menu.querySelector("button").focus();
}

export function place(menu, anchor) {
  const around = anchor.getBoundingClientRect();
  const { width, height } = menu.getBoundingClientRect();
  const left = Math.min(Math.max(8, around.left), innerWidth - width - 8);
  const below = around.bottom + 4;
  const top = below + height < innerHeight - 8 ? below : Math.max(8, around.top - height - 4);
  menu.style.left = `${left}px`;
  menu.style.top = `${top}px`;
}

export function moveFocus(event, menu) {
  const steps = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };
  if (!(event.key in steps)) return;
  event.preventDefault();
  const items = [...menu.querySelectorAll("button:not(:disabled)")];
  const next = (items.indexOf(document.activeElement) + steps[event.key] + items.length) % items.length;
  items[next].focus();
}
