// Pictures, albums, files and stickers in a message.

import { mediaUrl } from "./api.js";
import { albumRows } from "./album_layout.js";
import { element, fileSize, icon } from "./dom.js";
import { formattedText } from "./formatted_text.js";

const [WIDEST_PX, NARROWEST_PX, HIGHEST_PX] = [400, 180, 440];
const ALBUM_PX = 440;
const SHOWN_SIDE = 800;
const ALBUM_SIDE = 320;
// What of a Message is not content, or is shown by other means.
const NOT_OTHER = new Set([
  "message_id", "from", "chat", "date", "sandbox", "text", "entities", "caption", "caption_entities", "photo", "document", "edit_date",
  "media_group_id", "reply_to_message", "quote", "reply_markup", "message_thread_id", "is_topic_message", "has_media_spoiler",
  "show_caption_above_media", "has_protected_content", "effect_id", "sticker", "live_photo",
]);

export function isMedia(message) {
  return Boolean(message.photo || message.document || message.sticker);
}

export function hasPicture(message) {
  return Boolean(message.photo || message.document?.thumbnail || message.sticker);
}

// What a message is called where it is only mentioned.
export function contentName(message) {
  if (message.live_photo) return "Live photo";
  if (message.photo) return "Photo";
  if (message.document) return message.document.file_name || "File";
  if (message.sticker) return `${message.sticker.emoji ?? ""} Sticker`.trim();
  const [other] = otherKinds(message);
  return other ? other.replaceAll("_", " ").replace(/^./, (first) => first.toUpperCase()) : "Message";
}

// The smallest picture of what a message holds, if it holds any.
export function smallPicture(message) {
  return message.photo?.[0] ?? message.document?.thumbnail ?? message.sticker?.thumbnail ?? null;
}

export function otherKinds(message) {
  return Object.keys(message).filter((name) => !NOT_OTHER.has(name));
}

// The media of a message, or of the messages of an album, and how wide they are in pixels (0: as wide as they need).
// `view` has: openPhoto.
export function mediaView(messages, view) {
  const [first] = messages;
  if (first.sticker) return { width: 0, node: element("div", { className: "media" }, sticker(first, view)) };
  if (!first.photo) return { width: 0, node: element("div", { className: "media files" }, ...files(messages, view)) };
  if (messages.length > 1) return { width: ALBUM_PX, node: album(messages, view) };
  const { width, ratio } = singleSize(first.photo.at(-1));
  const opener = photo(first, view, SHOWN_SIDE);
  opener.style.aspectRatio = ratio;
  return { width, node: element("div", { className: "media" }, opener) };
}

// The last one's caption stands where that of a single message does.
function files(messages, view) {
  return messages.flatMap((one) => [file(one, view), one === messages.at(-1) ? null : ownCaption(one, view)]);
}

function ownCaption({ caption, caption_entities: entities = [] }, view) {
  if (!caption) return null;
  return element("div", { className: "words", attributes: { dir: "auto" } }, formattedText(caption, entities, { onCommand: view.send }));
}

function singleSize({ width, height }) {
  const ratio = width / height;
  const wide = Math.min(WIDEST_PX, Math.max(width, NARROWEST_PX));
  const fitting = Math.max(NARROWEST_PX, Math.min(wide, HIGHEST_PX * ratio));
  return { width: Math.round(fitting), ratio: String(Math.min(Math.max(ratio, fitting / HIGHEST_PX), 4)) };
}

function album(messages, view) {
  const sizes = messages.map((message) => message.photo.at(-1));
  const rows = albumRows(sizes.map(({ width, height }) => width / height)).map((row) => {
    const cells = row.map(({ index, ratio }) => {
      const cell = photo(messages[index], view, row.length === 1 ? SHOWN_SIDE : ALBUM_SIDE);
      cell.style.flexGrow = ratio;
      return cell;
    });
    const made = element("div", { className: "album-row" }, ...cells);
    made.style.aspectRatio = String(row.reduce((sum, { ratio }) => sum + ratio, 0));
    return made;
  });
  return element("div", { className: "media album" }, ...rows);
}

function photo(message, view, side) {
  const shown = message.photo.find((size) => Math.max(size.width, size.height) >= side) ?? message.photo.at(-1);
  return element(
    "button",
    {
      type: "button", className: "photo" + (message.has_media_spoiler ? " covered" : ""), title: "Open the photo",
      onclick: (event) => {
        const isCovered = event.currentTarget.matches(".covered:not(.shown)");
        if (isCovered) event.currentTarget.classList.add("shown");
        else view.openPhoto(message);
      },
    },
    element("img", { src: mediaUrl(shown), width: shown.width, height: shown.height, alt: message.caption || "Photo", loading: "lazy", decoding: "async" }),
    message.live_photo ? element("span", { className: "badge-live", text: "LIVE", title: "A live photo; bots get its still too" }) : null,
  );
}

function sticker(message, view) {
  const { sticker: still } = message;
  return element(
    "button",
    { type: "button", className: "sticker", title: "Open the sticker", onclick: () => view.openPhoto(message) },
    element("img", { src: mediaUrl(still), width: still.width, height: still.height, alt: `Sticker ${still.emoji ?? ""}`.trim(), decoding: "async" }),
  );
}

function file(message, view) {
  const { document: stored } = message;
  const name = stored.file_name || "file";
  const url = mediaUrl(stored);
  const [, extension = ""] = /\.([a-z0-9]{1,5})$/i.exec(name) ?? [];
  const preview = stored.thumbnail
    ? element(
        "button",
        { type: "button", className: "file-preview", title: "Open a preview", onclick: () => view.openPhoto(message) },
        element("img", { src: mediaUrl(stored.thumbnail), alt: "Preview of " + name }),
      )
    : element(
        "a",
        { className: `file-preview kind-${extension.toLowerCase()}`, href: url, download: name, title: "Download", attributes: { "aria-label": "Download " + name } },
        extension ? element("b", { text: extension.toUpperCase() }) : icon("file"),
      );
  const facts = [fileSize(stored.file_size), stored.mime_type].filter(Boolean).join(" · ");
  return element(
    "div",
    { className: "file" },
    preview,
    element(
      "span",
      { className: "file-facts" },
      element("a", { className: "file-name", href: url, download: name, text: name, title: "Download " + name }),
      element("span", { className: "faint file-size" }, element("span", { text: facts }), element("a", { className: "text-button", href: url, download: name, attributes: { "aria-label": "Download " + name } }, icon("download"))),
    ),
  );
}
