// Text with entities as DOM. Offsets of the Bot API count UTF-16 units, as strings of JavaScript do.

import { copyText, element } from "./dom.js";

const TAGS = { bold: "strong", italic: "em", underline: "u", strikethrough: "s" };
const BLOCKS = new Set(["pre", "blockquote", "expandable_blockquote"]);
const SAFE_LINK = /^(https?|tg|mailto):/i;
const FEW_EMOJI = /^(?:\p{RI}\p{RI}|\p{Emoji_Presentation}[\p{EMod}\ufe0f]?(?:\u200d\p{Emoji}\ufe0f?)*|\p{Emoji}\ufe0f(?:\u200d\p{Emoji}\ufe0f?)*){1,3}$/u;

// `onCommand` is called with a command that was clicked.
export function formattedText(text, entities = [], { onCommand } = {}) {
  const sorted = [...entities].sort((a, b) => a.offset - b.offset || b.length - a.length);
  const fragment = document.createDocumentFragment();
  fragment.append(...pieces(text, { offset: 0, end: text.length }, sorted, onCommand));
  return fragment;
}

// Whether a text is nothing but up to three emoji, which are shown large.
export function isJumbo(text) {
  return FEW_EMOJI.test(text);
}

// The nodes of one stretch of text; entities inside another become its children.
function pieces(text, { offset, end }, entities, onCommand) {
  const made = [];
  let at = offset;
  let rest = entities;
  while (rest.length) {
    const [entity, ...others] = rest;
    const start = Math.max(entity.offset, at);
    const stop = Math.min(entity.offset + entity.length, end);
    rest = others.filter((one) => one.offset >= stop);
    if (stop <= start) continue;
    const isBlock = BLOCKS.has(entity.type);
    made.push(...plain(text.slice(at, start), { isBeforeBlock: isBlock, isAfterBlock: isLineFree(made) }));
    const inside = others.filter((one) => one.offset < stop);
    made.push(wrap(pieces(text, { offset: start, end: stop }, inside, onCommand), text.slice(start, stop), entity, onCommand));
    at = stop;
  }
  return [...made, ...plain(text.slice(at, end), { isAfterBlock: isLineFree(made) })];
}

// A block stands on lines of its own, so one line break beside it says nothing more.
function plain(text, { isBeforeBlock = false, isAfterBlock = false }) {
  let shown = text;
  if (isAfterBlock) shown = shown.replace(/^\n/, "");
  if (isBeforeBlock) shown = shown.replace(/\n$/, "");
  return shown ? [document.createTextNode(shown)] : [];
}

function isLineFree(made) {
  return made.at(-1)?.dataset?.block !== undefined;
}

function wrap(inner, words, entity, onCommand) {
  const { type } = entity;
  if (TAGS[type]) return element(TAGS[type], {}, ...inner);
  if (type === "code") return clickable("code", "Copy", () => copyText(words, "the text"), inner);
  if (type === "pre") return codeBlock(inner, words, entity.language);
  if (type === "blockquote") return element("blockquote", { data: { block: "" } }, ...inner);
  if (type === "expandable_blockquote") return expandable(inner);
  if (type === "spoiler") return spoiler(inner);
  if (type === "text_link") return link(inner, entity.url);
  if (type === "url") return link(inner, SAFE_LINK.test(words) ? words : "https:" + "//" + words);
  if (type === "email") return link(inner, "mailto:" + words);
  if (type === "bot_command" && onCommand) return clickable("span", "Send the command", () => onCommand(words), inner, "mention");
  return element("span", { className: type === "mention" || type === "hashtag" ? "mention" : "" }, ...inner);
}

// A button breaks lines as one piece, words do not; so what is clicked inside a text is a span with a button's manners.
function clickable(tag, title, work, inner, className = "") {
  return element(
    tag,
    {
      className, title, tabIndex: 0, attributes: { role: "button" }, onclick: work,
      onkeydown: (event) => ["Enter", " "].includes(event.key) && (event.preventDefault(), event.currentTarget.click()),
    },
    ...inner,
  );
}

function codeBlock(inner, words, language) {
  const copy = element("button", { type: "button", className: "text-button", text: "copy", onclick: () => copyText(words, "the code") });
  const head = element("span", { className: "code-head" }, element("span", { text: language || "code" }), copy);
  return element("span", { className: "code-block", data: { block: "" } }, head, element("pre", { tabIndex: 0 }, ...inner));
}

function expandable(inner) {
  const quote = clickable("blockquote", "Show all of it", (event) => event.currentTarget.classList.toggle("shown"), inner, "expandable");
  quote.dataset.block = "";
  return quote;
}

function spoiler(inner) {
  return clickable("span", "Show", (event) => event.currentTarget.classList.add("shown"), inner, "spoiler");
}

function link(inner, url) {
  if (!SAFE_LINK.test(url)) return element("span", { className: "mention" }, ...inner);
  return element("a", { href: url, target: "_blank", rel: "noopener noreferrer", title: url }, ...inner);
}
