// What a person can do with one message.

import { api, mediaUrl } from "./api.js";
import { attempt, copyText, element } from "./dom.js";
import { inColour } from "./message_view.js";
import { menuItem, openPopup } from "./popup.js";

const QUICK_REACTIONS = ["👍", "❤", "🔥", "🎉", "👀", "👎"];

export function openMessageMenu(message, anchor, { store, person, composer }) {
  const isOwn = message.from.id === person.id;
  const words = message.text || message.caption;
  const file = message.document ?? message.photo?.at(-1) ?? message.sticker;
  const reactions = QUICK_REACTIONS.map((emoji) =>
    element("button", {
      type: "button", text: inColour(emoji), attributes: { role: "menuitem", "aria-label": "React with " + emoji },
      onclick: () => {
        menu.close();
        attempt(() => api.react(message, person.id, emoji));
      },
    }),
  );
  const menu = openPopup(
    anchor,
    { label: "Actions on the message" },
    element("div", { className: "menu-reactions" }, ...reactions),
    menuItem("Reply", () => composer.replyTo(message)),
    isOwn && (message.text || message.caption !== undefined || message.photo) ? menuItem("Edit", () => composer.startEditing(message)) : null,
    words ? menuItem("Copy text", () => copyText(words, "the text")) : null,
    file ? menuItem("Download", () => download(file, message)) : null,
    menuItem("Show in the inspector", () => store.emit("inspect", { chatId: message.chat.id, messageId: message.message_id })),
    menuItem("Delete", () => api.remove(message, person.id), "danger"),
  );
}

function download(file, message) {
  element("a", { href: mediaUrl(file), download: file.file_name ?? `photo_${message.message_id}.jpg` }).click();
}
