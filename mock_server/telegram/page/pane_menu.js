// What can be done with a chat as a whole.

import { api } from "./api.js";
import { ask, copyText, element, field, toast } from "./dom.js";
import { chatAsTest } from "./chat_as_test.js";
import { menuItem, openPopup } from "./popup.js";
import { readSamples } from "./samples.js";

// What a photo bot has to say something friendly about.
const OTHER_CONTENT = [
  ["Voice message", { voice: { file_id: "voice", file_unique_id: "voice", duration: 3, mime_type: "audio/ogg" } }],
  ["Video", { video: { file_id: "video", file_unique_id: "video", width: 1280, height: 720, duration: 5, mime_type: "video/mp4" } }],
  ["Location", { location: { latitude: 48.8584, longitude: 2.2945 } }],
  ["Contact", { contact: { phone_number: "+10000000000", first_name: "Nobody" } }],
  ["Die", { dice: { emoji: "🎲", value: 5 } }],
];

export function openPaneMenu(anchor, { store, person, chat, desk, pane }) {
  const isPrivate = chat.type === "private";
  const isMember = chat.has_bot;
  openPopup(
    anchor,
    { label: "This chat" },
    menuItem("Open by a deep link…", () => askForLink({ store, person, chat })),
    menuItem("Send something else…", () => openOther(anchor, person, chat)),
    menuItem("Open another chat beside", () => desk.openBeside(pane)),
    menuItem("Copy this chat as a test", () => copyAsTest(store, chat)),
    isPrivate
      ? menuItem(person.blocked_bot ? "Unblock the bot" : "Block the bot", () => api.changePerson(person.id, { blocked_bot: !person.blocked_bot }), "danger")
      : menuItem(isMember ? "Remove the bot from the group" : "Add the bot to the group", () => api.setBotMember(chat.id, person.id, !isMember), "danger"),
  );
}

// Asks for what a deep link carries, and follows it.
export async function askForLink({ store, person, chat }) {
  const payload = element("input", { name: "payload", maxLength: 64, pattern: "[A-Za-z0-9_\\-]*", placeholder: "tool_restore", autocomplete: "off" });
  const link = `t.me/${store.bot.username}?${chat.type === "private" ? "start" : "startgroup"}=`;
  const answer = await ask("Open by a deep link", [field(link, payload)], "Start");
  if (answer) await api.start(chat.id, person.id, answer.get("payload"));
}

function openOther(anchor, person, chat) {
  const items = OTHER_CONTENT.map(([name, content]) => menuItem(name, () => api.sendOther(chat.id, person.id, content)));
  openPopup(anchor, { label: "Something else" }, ...items);
}

async function copyAsTest(store, chat) {
  const samples = (await readSamples()).map((sample) => sample.name);
  await store.readJournal();
  const people = [...store.people.values()].filter((one) => chat.member_ids.includes(one.id));
  const messages = store.messagesOf(chat.id);
  if (!messages.length) toast("There is nothing in this chat yet.");
  else await copyText(chatAsTest({ chat, people, messages, records: store.records, samples, bot: store.bot }), "this chat as a test");
}
