// Building blocks of the page. Whatever people or the bot wrote goes in as text nodes and properties, never as HTML.

export function element(tag, { className, text, attributes = {}, data = {}, on = {}, ...properties } = {}, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  Object.assign(made.dataset, data);
  for (const [kind, listener] of Object.entries(on)) made.addEventListener(kind, listener);
  Object.assign(made, properties);
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

export function icon(name) {
  return document.getElementById("icon-" + name).content.firstElementChild.cloneNode(true);
}

export function iconButton(name, label, onClick, { className = "", ...more } = {}) {
  return element(
    "button",
    { type: "button", className: "icon-button " + className, title: label, attributes: { "aria-label": label }, on: { click: onClick }, ...more },
    icon(name),
  );
}

export function clock(seconds) {
  return new Date(seconds * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });
}

export function day(seconds) {
  const date = new Date(seconds * 1000);
  if (date.toDateString() === new Date().toDateString()) return "Today";
  return date.toLocaleDateString([], { day: "numeric", month: "long" });
}

export function fileSize(bytes) {
  if (bytes < 1024) return bytes + " B";
  if (bytes < 1024 ** 2) return (bytes / 1024).toFixed(1) + " KB";
  return (bytes / 1024 ** 2).toFixed(1) + " MB";
}

function initials(name) {
  return [...name.trim()].slice(0, 1).join("").toUpperCase() || "?";
}

export function avatar(name, id, className = "") {
  const hue = "hue-" + (Math.abs(id) % 7);
  return element("span", { className: `avatar ${hue} ${className}`, text: initials(name), attributes: { "aria-hidden": "true" } });
}

export function botAvatar(className = "") {
  return element("span", { className: "avatar bot " + className, attributes: { "aria-hidden": "true" } });
}

// Wherever the bot is shown, also where that is not on the page now. Without a picture of its own it has the page's.
export function showBotAs(url) {
  const { style } = document.documentElement;
  if (url) style.setProperty("--bot-face", `url("${url}")`);
  else style.removeProperty("--bot-face");
}

const TOAST_MS = 4500;

export function toast(text, { isError = false } = {}) {
  if (!text) return;
  const shown = element("div", { className: isError ? "toast error" : "toast", text, attributes: { role: isError ? "alert" : null } });
  const toasts = document.getElementById("toasts");
  for (const old of [...toasts.children]) if (old.textContent === text) old.remove();
  toasts.append(shown);
  setTimeout(() => shown.remove(), TOAST_MS);
}

// Runs what the person asked for; a refusal becomes a sentence on the page.
export async function attempt(work) {
  try {
    return await work();
  } catch (error) {
    toast(error.message, { isError: true });
    return undefined;
  }
}

export async function copyText(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    toast(`Copied ${what}.`);
  } catch {
    showText(what, text);
  }
}

// For browsers that do not let a page write to the clipboard, and for alerts.
export function showText(title, text) {
  const dialog = element(
    "dialog",
    { className: "sheet", attributes: { "aria-label": title }, on: { close: () => dialog.remove() } },
    element("h2", { text: title }),
    element("pre", { className: "json", text, tabIndex: 0 }),
    element("div", { className: "sheet-buttons" }, element("button", { type: "button", className: "primary", text: "Close", on: { click: () => dialog.close() } })),
  );
  document.body.append(dialog);
  dialog.showModal();
}

// A form in a dialog; gives its data when it is sent, null when it is dismissed.
export function ask(title, fields, action) {
  return new Promise((resolve) => {
    const form = element(
      "form",
      {},
      element("h2", { text: title }),
      ...fields,
      element(
        "div",
        { className: "sheet-buttons" },
        element("button", { type: "button", text: "Cancel", on: { click: () => dialog.close() } }),
        element("button", { className: "primary", text: action }),
      ),
    );
    const dialog = element("dialog", { className: "sheet", attributes: { "aria-label": title } }, form);
    let answer = null;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      answer = new FormData(form);
      dialog.close();
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(answer);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

export function field(label, control) {
  return element("label", { className: "field" }, element("span", { text: label }), control);
}

const LANGUAGES = [
  ["en", "English"], ["ru", "Русский"], ["pt-br", "Português"], ["ko", "한국어"],
  ["de", "Deutsch"], ["es", "Español"], ["fr", "Français"], ["ja", "日本語"],
];

export function languageSelect(chosen, properties = {}) {
  const known = LANGUAGES.some(([code]) => code === chosen) ? LANGUAGES : [...LANGUAGES, [chosen, chosen]];
  const select = element("select", properties, ...known.map(([value, name]) => element("option", { value, text: name })));
  select.value = chosen;
  return select;
}
