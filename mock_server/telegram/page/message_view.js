// One block of a chat: a message, or the messages of an album together. Seen by one person.

import { api, mediaUrl } from "./api.js";
import { attempt, avatar, botAvatar, clock, element, icon } from "./dom.js";
import { formattedText, isJumbo } from "./formatted_text.js";
import { inlineKeys } from "./message_keys.js";
import { contentName, isMedia, mediaView, otherKinds, smallPicture } from "./message_media.js";

// Effects that public bots use, by id; Telegram publishes no list.
const EFFECTS = { "5104841245755180586": "🔥", "5107584321108051014": "👍", "5159385139981059251": "❤️", "5046509860389126442": "🎉" };

export function blockKey(message) {
  return message.media_group_id ? "album-" + message.media_group_id : "message-" + message.message_id;
}

// `view` has: store, person, chat, and what can be done: openPhoto, openMenu, send, showMessage, press.
export function blockView(messages, view) {
  const [first] = messages;
  const isMine = first.from.id === view.person.id;
  const isGroup = view.chat.type !== "private";
  const media = messages.filter(isMedia);
  const shown = media.length ? mediaView(media, view) : null;
  const words = body(messages, view, isMine);
  const bubble = element(
    "div",
    { className: ["bubble", ...manners(messages)].join(" ") },
    isGroup && !isMine ? senderLine(first) : null,
    first.reply_to_message ? quote(first, view) : null,
    first.show_caption_above_media ? words : null,
    shown?.node,
    ...otherKinds(first).map((kind) => element("div", { className: "faint", text: `[${kind.replaceAll("_", " ")}]` })),
    first.show_caption_above_media ? null : words,
    reactions(messages, view),
    menuButton(first, view),
  );
  const column = element("div", { className: "column" }, bubble, inlineKeys(messages.at(-1), view));
  if (shown?.width) column.style.width = `min(${shown.width}px, 92%)`;
  return element(
    "li",
    {
      className: `block ${isMine ? "mine" : "theirs"}`,
      attributes: { "aria-label": label(first, view) },
      data: { key: blockKey(first), first: first.message_id, sender: first.from.id, date: first.date },
      oncontextmenu: (event) => {
        if (event.target.closest("a, .words")) return;
        event.preventDefault();
        event.currentTarget.querySelector(".block-menu").click();
      },
    },
    isGroup && !isMine ? face(first) : null,
    column,
  );
}

function label(message, view) {
  return `${view.store.nameOf(message.from.id)}, ${isMedia(message) ? contentName(message) : "message"}, ${clock(message.date)}`;
}

// Pictures alone and large emoji stand on the wall instead of in a bubble.
function manners(messages) {
  const [first] = messages;
  const isAlone = !first.reply_to_message && !wordedIn(messages)?.caption;
  if (first.sticker || (isJumbo(first.text ?? "") && isAlone)) return ["bare", first.sticker ? "still" : "jumbo"];
  return isAlone && messages.every((message) => message.photo) ? ["bare"] : [];
}

function face(message) {
  return message.sandbox.from_bot ? botAvatar("small") : avatar(message.from.first_name, message.from.id, "small");
}

function senderLine(message) {
  return element(
    "div",
    { className: "sender hue-text-" + (Math.abs(message.from.id) % 7) },
    element("span", { text: message.from.first_name }),
    message.sandbox.from_bot ? element("span", { className: "via", text: "bot" }) : null,
  );
}

function quote(message, view) {
  const now = view.store.message(message.chat.id, message.reply_to_message.message_id);
  const quoted = now ?? message.reply_to_message;
  const isGone = now?.sandbox.deleted;
  const thumb = isGone ? null : smallPicture(quoted);
  const words = isGone ? "Deleted message" : message.quote?.text || quoted.text || quoted.caption || contentName(quoted);
  return element(
    "button",
    { type: "button", className: "quote", title: "Show the message", onclick: () => view.showMessage(quoted.message_id) },
    thumb ? element("img", { src: mediaUrl(thumb), alt: "" }) : null,
    element("span", { className: "quote-text" }, element("b", { text: view.store.nameOf(quoted.from.id) }), element("span", { text: words })),
  );
}

// Telegram's apps show a caption under an album of photos only where it is the only one; each photo's own is in the viewer.
// In an album of files each has its own, the last one's is at the end.
function wordedIn(messages) {
  if (messages[0].document) return messages.at(-1);
  const worded = messages.filter((message) => message.text || message.caption);
  return worded.length === 1 ? worded[0] : undefined;
}

function body(messages, view, isMine) {
  const worded = wordedIn(messages) ?? {};
  const entities = worded.entities ?? worded.caption_entities ?? [];
  const text = worded.text || worded.caption || "";
  return element(
    "div",
    { className: "body" + (text ? "" : " wordless") },
    element("span", { className: "words", attributes: { dir: "auto" } }, formattedText(text, entities, { onCommand: view.send })),
    meta(messages, isMine),
  );
}

function meta(messages, isMine) {
  const [first] = messages;
  const isSilent = first.sandbox.silent && first.sandbox.from_bot;
  return element(
    "span",
    { className: "meta" },
    first.effect_id ? element("span", { title: "Sent with an effect", text: EFFECTS[first.effect_id] ?? "✨" }) : null,
    isSilent ? element("span", { className: "silent", title: "Sent silently: no ping", attributes: { role: "img", "aria-label": "silent" } }, icon("silent")) : null,
    messages.some((message) => message.edit_date) ? element("span", { text: "edited" }) : null,
    element("time", { text: clock(first.date), dateTime: new Date(first.date * 1000).toISOString() }),
    isMine ? ticks(messages) : null,
  );
}

function ticks(messages) {
  const isHeard = messages.every((message) => message.sandbox.delivered);
  const title = isHeard ? "The bot has it" : "Not with the bot (yet)";
  return element("span", { className: "ticks", title, attributes: { role: "img", "aria-label": title } }, icon(isHeard ? "checks" : "check"));
}

function reactions(messages, view) {
  const counts = new Map();
  for (const { by, emoji } of messages.flatMap((message) => message.sandbox.reactions)) {
    for (const one of emoji) counts.set(one, [...(counts.get(one) ?? []), by]);
  }
  if (!counts.size) return null;
  const chips = [...counts].map(([emoji, who]) => {
    const isOwn = who.includes(view.person.id);
    const names = who.map((id) => view.store.nameOf(id)).join(", ");
    const shown = inColour(emoji);
    return element("button", {
      type: "button", className: "reaction" + (isOwn ? " chosen" : ""), title: names, text: who.length > 1 ? `${shown} ${who.length}` : shown,
      attributes: { "aria-label": `${emoji} by ${names}`, "aria-pressed": String(isOwn) },
      onclick: () => attempt(() => api.react(messages[0], view.person.id, isOwn ? "" : emoji)),
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
      onclick: (event) => view.openMenu(message, event.currentTarget),
    },
    icon("more"),
  );
}
