// The keyboard that a bot may put in the place of the letters; it stays until the bot takes it away.

import { element } from "./dom.js";

export class ReplyKeys {
  #messageId = 0;

  // `onPress` is called with the text of a key.
  constructor(input, onPress) {
    Object.assign(this, { input, onPress, placeholder: "" });
    this.root = element("div", { className: "reply-keys", hidden: true, attributes: { role: "group", "aria-label": "Answers the bot offers" } });
  }

  // Takes the newest message with a reply markup; tells whether it asks for a reply to itself.
  take(message) {
    if (!message || message.message_id === this.#messageId) return false;
    this.#messageId = message.message_id;
    const markup = message.sandbox.reply_keyboard;
    const rows = markup.keyboard ?? [];
    this.placeholder = markup.input_field_placeholder ?? "";
    this.root.hidden = !rows.length;
    this.root.replaceChildren(...rows.map((row) => element("div", { className: "key-row" }, ...row.map((one) => this.#key(one, markup)))));
    return Boolean(markup.force_reply);
  }

  #key(one, markup) {
    const text = one.text ?? one;
    const press = () => {
      if (markup.one_time_keyboard) this.root.hidden = true;
      this.onPress(text);
    };
    return element("button", { type: "button", className: "key", text, onclick: press });
  }
}
