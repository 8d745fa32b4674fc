// One block of a chat: a message, or the messages of an album together. Seen by one person.

import { api, mediaUrl } from "./api.js";
import { attempt, avatar, botAvatar, clock, copyText, element, fileSize, icon } from "./dom.js";
import { formattedText } from "./formatted_text.js";

const SHOWN_SIDE = 800;

export function blockKey(message) {
  return message.media_group_id ? "album-" + message.media_group_id : "message-" + message.message_id;
}

// `view` has: store, person, chat, and what can be done: openPhoto, openMenu, sendText, showMessage.
export function blockView(messages, view) {
  const [first] = messages;
  const isMine = first.from.id === view.person.id;
  const isGroup = view.chat.type !== "private";
  const media = messages.filter((message) => message.photo || message.document);
  const bubble = element(
    "div",
    { className: "bubble" + (isBarePhoto(messages) ? " bare" : "") },
    isGroup && !isMine ? senderLine(first) : null,
    first.reply_to_message ? quote(first, view) : null,
    media.length ? mediaOf(media, view) : null,
    ...otherContent(first),
    body(messages, view, isMine),
    reactions(messages, view),
    menuButton(first, view),
  );
  return element(
    "li",
    {
      className: `block ${isMine ? "mine" : "theirs"}`,
      attributes: { "aria-label": label(first, view) },
      data: { key: blockKey(first), first: first.message_id, sender: first.from.id, date: first.date },
    },
    isGroup && !isMine ? face(first) : null,
    element("div", { className: "column" }, bubble, ...keyboard(messages.at(-1), view)),
  );
}

function label(message, view) {
  const what = message.photo ? "photo" : message.document ? "file" : "message";
  return `${view.store.nameOf(message.from.id)}, ${what}, ${clock(message.date)}`;
}

function face(message) {
  return message.sandbox.from_bot ? botAvatar("small") : avatar(message.from.first_name, message.from.id, "small");
}

function senderLine(message) {
  const isBot = message.sandbox.from_bot;
  return element(
    "div",
    { className: "sender hue-text-" + (Math.abs(message.from.id) % 7) },
    element("span", { text: message.from.first_name }),
    isBot ? element("span", { className: "via", text: "via @" + message.from.username }) : null,
  );
}

function quote(message, view) {
  const quoted = message.reply_to_message;
  const now = view.store.message(message.chat.id, quoted.message_id);
  const isGone = now?.sandbox.deleted;
  const thumb = isGone ? null : (quoted.photo?.[0] ?? quoted.document?.thumbnail);
  const words = isGone ? "Deleted message" : message.quote?.text || quoted.text || quoted.caption || contentName(quoted);
  return element(
    "button",
    { type: "button", className: "quote", title: "Show the message", on: { click: () => view.showMessage(quoted.message_id) } },
    thumb ? element("img", { src: mediaUrl(thumb), alt: "" }) : null,
    element("span", { className: "quote-text" }, element("b", { text: view.store.nameOf(quoted.from.id) }), element("span", { text: words })),
  );
}

export function contentName(message) {
  if (message.photo) return "Photo";
  if (message.document) return message.document.file_name || "File";
  return "Message";
}

function isBarePhoto(messages) {
  return messages.every((message) => message.photo && !message.caption) && !messages[0].reply_to_message;
}

function mediaOf(messages, view) {
  const className = messages.length > 1 && messages[0].photo ? `media album of-${Math.min(messages.length, 4)}` : "media";
  return element("div", { className }, ...messages.map((message) => (message.photo ? photo(message, view) : file(message, view))));
}

function photo(message, view) {
  const shown = message.photo.find((size) => Math.max(size.width, size.height) >= SHOWN_SIDE) ?? message.photo.at(-1);
  const picture = element("img", {
    src: mediaUrl(shown), width: shown.width, height: shown.height, alt: message.caption || "Photo", loading: "lazy", decoding: "async",
  });
  const opener = element(
    "button",
    {
      type: "button", className: "photo" + (message.has_media_spoiler ? " covered" : ""), title: "Open the photo",
      on: { click: () => (opener.classList.contains("covered") ? opener.classList.remove("covered") : view.openPhoto(message)) },
    },
    picture,
  );
  return opener;
}

function file(message, view) {
  const { document: stored } = message;
  const preview = stored.thumbnail
    ? element(
        "button",
        { type: "button", className: "file-preview", title: "Open a preview", on: { click: () => view.openPhoto(message) } },
        element("img", { src: mediaUrl(stored.thumbnail), alt: "Preview of " + stored.file_name }),
      )
    : element("span", { className: "file-preview" }, icon("file"));
  return element(
    "div",
    { className: "file" },
    preview,
    element(
      "span",
      { className: "file-facts" },
      element("a", { href: mediaUrl(stored), download: stored.file_name, text: stored.file_name || "file", title: "Download" }),
      element("span", { className: "faint", text: `${fileSize(stored.file_size)} · ${stored.mime_type}` }),
    ),
  );
}

const MODELLED = new Set([
  "message_id", "from", "chat", "date", "sandbox", "text", "entities", "caption", "caption_entities", "photo", "document", "edit_date",
  "media_group_id", "reply_to_message", "quote", "reply_markup", "message_thread_id", "is_topic_message", "has_media_spoiler",
  "show_caption_above_media", "has_protected_content", "effect_id",
]);

function otherContent(message) {
  const kinds = Object.keys(message).filter((name) => !MODELLED.has(name));
  return kinds.map((kind) => element("div", { className: "faint", text: `[${kind.replaceAll("_", " ")}]` }));
}

function body(messages, view, isMine) {
  const worded = messages.find((message) => message.text || message.caption) ?? messages[0];
  const entities = worded.entities ?? worded.caption_entities ?? [];
  const words = formattedText(worded.text || worded.caption || "", entities, { onCommand: view.sendText });
  const wasEdited = messages.some((message) => message.edit_date);
  const isHeard = isMine && messages.every((message) => view.isDelivered(message));
  return element(
    "div",
    { className: "body" },
    element("span", { className: "words", attributes: { dir: "auto" } }, words),
    element(
      "span",
      { className: "meta" },
      messages[0].sandbox.silent && messages[0].sandbox.from_bot ? element("span", { text: "🔕", title: "Sent silently: no ping" }) : null,
      wasEdited ? element("span", { text: "edited" }) : null,
      element("time", { text: clock(messages[0].date), dateTime: new Date(messages[0].date * 1000).toISOString() }),
      isMine ? element("span", { className: "ticks", title: isHeard ? "The bot has it" : "On its way to the bot" }, icon(isHeard ? "checks" : "check")) : null,
    ),
  );
}

function reactions(messages, view) {
  const counts = new Map();
  for (const message of messages) {
    for (const { by, emoji } of message.sandbox.reactions) {
      for (const one of emoji) counts.set(one, [...(counts.get(one) ?? []), by]);
    }
  }
  if (!counts.size) return null;
  const chips = [...counts].map(([emoji, who]) => {
    const mine = who.includes(view.person.id);
    const names = who.map((id) => view.store.nameOf(id)).join(", ");
    const shown = inColour(emoji);
    return element("button", {
      type: "button", className: "reaction" + (mine ? " chosen" : ""), title: names, text: who.length > 1 ? `${shown} ${who.length}` : shown,
      attributes: { "aria-label": `${emoji} by ${names}`, "aria-pressed": String(mine) },
      on: { click: () => attempt(() => api.react(messages[0], view.person.id, mine ? "" : emoji)) },
    });
  });
  return element("div", { className: "reactions" }, ...chips);
}

// Some emoji are plain signs unless they are asked to be pictures.
export function inColour(emoji) {
  return /^\p{Emoji_Presentation}/u.test(emoji) ? emoji : emoji + "\ufe0f";
}

function menuButton(message, view) {
  return element(
    "button",
    {
      type: "button", className: "icon-button block-menu", title: "Reply, react, …",
      attributes: { "aria-label": "Actions on this message", "aria-haspopup": "menu" },
      on: { click: (event) => view.openMenu(message, event.currentTarget) },
    },
    icon("more"),
  );
}

function keyboard(message, view) {
  const rows = message.reply_markup?.inline_keyboard ?? [];
  if (!rows.length) return [];
  const made = rows.map((row) => element("div", { className: "key-row" }, ...row.map((button) => key(message, button, view))));
  return [element("div", { className: "keys", attributes: { role: "group", "aria-label": "Buttons of the message" } }, ...made)];
}

function key(message, button, view) {
  const className = "key " + (["danger", "primary", "success"].includes(button.style) ? button.style : "");
  if (button.url) return element("a", { className, href: button.url, target: "_blank", rel: "noopener noreferrer", text: button.text + " ↗" });
  if (button.copy_text) {
    return element("button", { type: "button", className, text: button.text, on: { click: () => copyText(button.copy_text.text, "the text") } });
  }
  const canPress = Boolean(button.callback_data) && !button.disabled;
  const pressed = element("button", {
    type: "button", className, text: button.text, disabled: !canPress, title: canPress ? "" : "The sandbox cannot press this button",
    on: { click: () => view.press(message, button, pressed) },
  });
  return pressed;
}
