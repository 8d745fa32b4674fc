// What happened in a chat, step by step, from its messages and the journal. No DOM in here.
//
// A step is {at, who, verb, args} with `who` a user id, `verb` and `args` as the Python client has them. Steps that
// others refer to have `ids` of messages; `reply`, `after`, `on` and `target` are such ids. `isHeld`: the
// model had better wait; `isOnKnown`: an earlier step gave the message that is pressed.

import { kindOf, pressedLabel, updatesIn } from "./timeline.js";

const START = /^\/start(?:@\w+)?(?: ([\w-]+))?$/;

export function storyOf({ chat, people, messages, records, samples }) {
  const here = records.flatMap((record) => happenings(record)).filter((one) => one.chatId === chat.id);
  const times = timesOf(here);
  const isPerson = (message) => people.some((person) => person.id === message.from.id);
  const own = albumsOf(messages.filter(isPerson)).map((group) => sending(group, times, samples));
  const pressed = here.filter((one) => one.query).map((one) => pressing(one, own, here));
  const edited = messages.filter(isPerson).map((message) => editing(message, times)).filter(Boolean);
  const answers = albumsOf(messages.filter((message) => message.sandbox.from_bot)).map((group) => expecting(group, times, people[0].id));
  const steps = [...own, ...pressed, ...edited, ...answers].sort((a, b) => a.at - b.at);
  const seen = new Set(); // what an `expect` has given it gives no second time, as long as it stays as it is
  for (const step of steps) {
    if (step.verb === "press") step.isOnKnown = seen.has(step.on);
    else step.ids?.forEach((id) => seen.add(id));
  }
  return steps;
}

// A record of the journal as what it says about messages: each {chatId, at} with `sent`, `query` or `made`.
function happenings(record) {
  const at = record.at - record.took_ms / 1000;
  if (record.kind === "call" && record.method !== "getUpdates") {
    const made = [record.result].flat().filter((one) => one?.message_id);
    return record.status === 200 ? made.map((message) => ({ chatId: record.chat_id, at: record.at, made: message })) : [];
  }
  return updatesIn(record).filter(({ isTaken }) => isTaken).map(({ update }) => {
    const body = update[kindOf(update)];
    return { chatId: (body.message ?? body).chat?.id, at, sent: update.message, query: update.callback_query };
  });
}

// When each message came, when it was last changed, and how it first was.
function timesOf(here) {
  const times = new Map();
  for (const { at, sent, made } of here) {
    const message = sent ?? made;
    if (!message) continue;
    const known = times.get(message.message_id);
    times.set(message.message_id, known ? { ...known, changed: sent ? known.changed : at } : { came: at, changed: at, first: message });
  }
  return times;
}

function albumsOf(messages) {
  return [...Map.groupBy(messages, (message) => message.media_group_id ?? message.message_id).values()];
}

function sending(group, times, samples) {
  const now = group[0];
  const known = times.get(now.message_id);
  const first = { ...now, ...known?.first };
  return {
    at: known?.came ?? now.date, who: now.from.id, ids: group.map((message) => message.message_id), reply: now.reply_to_message?.message_id,
    ...(group.length > 1 ? albumCall(group, first, samples) : singleCall(first, samples)),
  };
}

function albumCall(group, first, samples) {
  const pictures = group.map((message) => pictureInPython(message, samples)).join(", ");
  return { verb: "send_album", args: [`[${pictures}]`, ...captioned(first), ...(first.document ? ["as_file=True"] : [])] };
}

function singleCall(message, samples) {
  if (message.sticker) return { verb: "send_sticker", args: [pictureInPython(message, samples), `emoji=${python(message.sticker.emoji ?? "🙂")}`] };
  if (message.live_photo) return { verb: "send_live_photo", args: [pictureInPython(message, samples), ...captioned(message)] };
  if (message.photo) return { verb: "send_photo", args: [pictureInPython(message, samples), ...captioned(message)] };
  if (message.document) {
    const kept = ["as_file=True", `filename=${python(message.document.file_name)}`];
    return { verb: "send_photo", args: [pictureInPython(message, samples), ...captioned(message), ...kept] };
  }
  const [isStart, payload] = START.exec(message.text ?? "") ?? [];
  if (isStart) return { verb: "start", args: payload ? [python(payload)] : [] };
  return { verb: "send_text", args: [python(message.text ?? "")] };
}

function captioned(message) {
  return message.caption ? [`caption=${python(message.caption)}`] : [];
}

function pictureInPython(message, samples) {
  const name = message.sandbox.source_name;
  return samples.includes(name) ? `make_sample(${python(name)})` : "pictures.jpeg()";
}

// What was pressed where no picture ever came is pressed while the model waits, so that there is time for that.
function pressing({ query, at }, own, here) {
  const quotedId = query.message.reply_to_message?.message_id;
  const cause = own.find((step) => step.ids.includes(quotedId));
  const isAnswered = here.some(({ made }) => (made?.photo || made?.document) && made.reply_to_message?.message_id === quotedId);
  if (cause && !isAnswered) cause.isHeld = true;
  return { at, who: query.from.id, verb: "press", args: [python(pressedLabel(query))], on: query.message.message_id, after: cause?.ids.length === 1 ? cause.ids[0] : undefined };
}

// The bot need not have heard of an edit; that it was made shows on the message.
function editing(message, times) {
  const known = times.get(message.message_id);
  if (!known || !message.edit_date || wordsOf(message) === wordsOf(known.first)) return null;
  // The date has whole seconds, and the bot may have heard of the message itself only after it was edited.
  return { at: Math.max(message.edit_date + 1, known.came), who: message.from.id, verb: "edit", args: [python(wordsOf(message))], target: message.message_id };
}

function wordsOf(message) {
  return message.text ?? message.caption ?? "";
}

function expecting(group, times, who) {
  const worded = group.find((message) => message.text || message.caption) ?? group[0];
  const [words] = wordsOf(worded).split("\n");
  const kind = worded.photo ? ["photo=True"] : worded.document ? ["document=True"] : [];
  const isAlbum = group.length > 1;
  return {
    at: times.get(group.at(-1).message_id)?.changed ?? group[0].date, who, ids: group.map((message) => message.message_id),
    verb: isAlbum ? "expect_album" : "expect",
    args: [...(isAlbum ? [String(group.length)] : kind), ...(words ? [`text=${python(words)}`] : []), "within=30"],
  };
}

// A JSON text is a Python text too, as long as characters beyond the first plane stay as they are.
export function python(value) {
  return JSON.stringify(value);
}
