// Text with entities as DOM. Offsets of the Bot API count UTF-16 units, as strings of JavaScript do.

import { element } from "./dom.js";

const TAGS = {
  bold: "strong", italic: "em", underline: "u", strikethrough: "s", code: "code", pre: "pre", blockquote: "blockquote",
  expandable_blockquote: "blockquote",
};
const SAFE_LINK = /^(https?|tg|mailto):/i;

export function formattedText(text, entities = [], { onCommand } = {}) {
  const cuts = new Set([0, text.length]);
  for (const { offset, length } of entities) cuts.add(offset).add(offset + length);
  const points = [...cuts].filter((cut) => cut <= text.length).sort((a, b) => a - b);
  const fragment = document.createDocumentFragment();
  for (let index = 0; index + 1 < points.length; index += 1) {
    const [start, end] = [points[index], points[index + 1]];
    const around = entities.filter(({ offset, length }) => offset <= start && end <= offset + length);
    fragment.append(wrapped(text.slice(start, end), around, onCommand));
  }
  return fragment;
}

function wrapped(piece, entities, onCommand) {
  return entities.reduceRight((inner, entity) => wrap(inner, piece, entity, onCommand), document.createTextNode(piece));
}

function wrap(inner, piece, entity, onCommand) {
  if (TAGS[entity.type]) return element(TAGS[entity.type], {}, inner);
  if (entity.type === "spoiler") return spoiler(inner);
  if (entity.type === "text_link") return link(inner, entity.url);
  if (entity.type === "url") return link(inner, SAFE_LINK.test(piece) ? piece : "https:" + "//" + piece);
  if (entity.type === "email") return link(inner, "mailto:" + piece);
  if (entity.type === "bot_command" && onCommand) {
    return element("button", { type: "button", className: "text-button", on: { click: () => onCommand(piece) } }, inner);
  }
  return entity.type === "mention" || entity.type === "hashtag" ? element("span", { className: "mention" }, inner) : inner;
}

function link(inner, url) {
  if (!SAFE_LINK.test(url)) return element("span", { className: "mention" }, inner);
  return element("a", { href: url, target: "_blank", rel: "noopener noreferrer", title: url }, inner);
}

function spoiler(inner) {
  const hidden = element("button", { type: "button", className: "spoiler", title: "Show" }, inner);
  hidden.addEventListener("click", () => hidden.classList.add("shown"));
  return hidden;
}
