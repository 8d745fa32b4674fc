// The inline keyboard under a message.

import { copyText, element, icon } from "./dom.js";

const STYLES = ["danger", "primary", "success"];

// `view` has: press. Gives nothing when the message has no buttons.
export function inlineKeys(message, view) {
  const rows = message.reply_markup?.inline_keyboard ?? [];
  if (!rows.length) return null;
  const made = rows.map((row) => element("div", { className: "key-row" }, ...row.map((button) => key(message, button, view))));
  return element("div", { className: "keys", attributes: { role: "group", "aria-label": "Buttons of the message" } }, ...made);
}

function key(message, button, view) {
  const className = "key " + (STYLES.includes(button.style) ? button.style : "");
  const label = element("span", { className: "key-text", text: button.text });
  const data = { key: button.callback_data ?? button.url ?? button.copy_text?.text ?? button.text };
  if (button.url) {
    return element("a", { className, data, href: button.url, target: "_blank", rel: "noopener noreferrer", title: button.url }, label, icon("outward"));
  }
  if (button.copy_text) {
    return element("button", { type: "button", className, data, title: "Copy", onclick: () => copyText(button.copy_text.text, "the text") }, label, icon("copy"));
  }
  const canPress = Boolean(button.callback_data) && !button.disabled;
  const why = button.disabled ? "" : "The sandbox cannot press this button";
  return element(
    "button",
    {
      type: "button", className, data, disabled: !canPress, title: canPress ? "" : why,
      onclick: (event) => view.press(message, button, event.currentTarget),
    },
    label,
  );
}
