// From journals to timelines: one for each message of a person and each job that a press began. No DOM in here.
//
// Every record names what it is about: messages, files, pressed buttons, predictions, and ids of the bot's own jobs
// (UUIDs, wherever they stand in the JSON; in the data of buttons packed into 22 characters too). Records that share a
// name are told together. A call that only names a chat is taken for an answer to the newest message there.

import { byStart, chatOf, toldByJob } from "./beginnings.js";
import { callCurl } from "./curl.js";
import { grouped } from "./grouping.js";

const UUID = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g;
const UUID_WITHOUT_DASHES = /\b[0-9a-f]{32}\b/g;
const GIVES_RESULT = /^(send|edit|copy).*(Photo|Document|MediaGroup|Media)$/;
const NAMED_JOB = /(?:job=|:)([0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12})(?=[^0-9a-f])/g;
// 16 bytes in base64 for URLs without padding: the last character holds two bits.
const PACKED_UUID = /(?<=[:=])[\w-]{21}[AQgw](?![\w-])/g;

// The updates that a record of the emulator handed to the bot, each with whether the bot took it.
export function updatesIn(record) {
  if (record.kind === "delivery") return [{ update: record.update, isTaken: isGood(record.status) }];
  if (record.method === "getUpdates" && Array.isArray(record.result)) {
    return record.result.map((update) => ({ update, isTaken: true }));
  }
  return [];
}

export function kindOf(update) {
  return Object.keys(update).find((name) => name !== "update_id") ?? "update";
}

// Gives {jobs, background}: jobs newest first, each with `rows` in order of time; background is what belongs to none.
export function timelines(records, neighbourRecords) {
  const rows = [...records.flatMap(rowsOf), ...neighbourRecords.map(neighbourRow)].sort(byStart);
  const [rooted, rootless] = [[], []];
  for (const story of toldByJob(grouped(rows))) (story.root ? rooted : rootless).push(story);
  const background = [];
  for (const story of rootless) (newestBefore(story.rows[0], rooted)?.rows ?? background).push(...story.rows);
  return { jobs: rooted.map(jobOf).sort((a, b) => b.start - a.start), background: background.sort(byStart) };
}

function newestBefore(row, stories) {
  const earlier = stories.filter(({ root }) => chatOf(root) === chatOf(row) && root.start <= row.start);
  return earlier.sort((a, b) => byStart(b.root, a.root))[0];
}

// `message` is the one of a person that it began with, or the one whose button was pressed.
function jobOf({ root, rows: unsorted }) {
  const { callback_query: query, message = query.message } = root.update;
  const rows = unsorted.sort(byStart);
  return {
    key: query ? `press:${query.id}` : `${message.chat.id}:${message.message_id}`,
    chatId: message.chat.id,
    title: query ? `Press: ${pressedLabel(query)}` : messageTitle(message),
    by: (query ?? message).from.id,
    message,
    root,
    rows,
    start: rows[0].start,
    end: lastOf(rows).end,
    state: stateOf(rows),
  };
}

// What somebody does with a result later on, such as a press on it, makes the job take no longer.
function lastOf(rows) {
  const given = rows.findIndex((row) => row.isGood && GIVES_RESULT.test(row.method ?? ""));
  const next = given < 0 ? -1 : rows.findIndex((row, index) => index > given && row.update);
  return next < 0 ? rows.at(-1) : rows[next - 1];
}

// The ids of the bot's own jobs that a timeline tells of, as UUIDs: what its webhook URLs and its buttons name. Other
// UUIDs, such as names of files, bring records together too, but nobody looks for them in a log. What a press begins is
// another job than the one it is pressed on.
export function jobIds({ root, rows: all }) {
  const rows = all.filter((row) => row !== root);
  const named = (row) => JSON.stringify([row.request, row.response]).matchAll(NAMED_JOB);
  const found = rows.flatMap((row) => [...[...named(row)].map(([, id]) => id.replaceAll("-", "")), ...packedIds(row.request)]);
  return [...new Set(found)].map((id) => id.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-"));
}

// Whether these words, or this id with or without its dashes, stand anywhere in a timeline.
export function tellsOf({ rows }, words) {
  const sought = words.toLowerCase();
  const bare = sought.replaceAll("-", "");
  return rows.some((row) => searchTextOf(row).includes(sought) || (bare.length > 7 && row.keys.some((key) => key.includes(bare))));
}

const searchable = new WeakMap();

function searchTextOf(row) {
  if (!searchable.has(row)) searchable.set(row, JSON.stringify([row.title, row.keys, row.request, row.response]).toLowerCase());
  return searchable.get(row);
}

function stateOf(rows) {
  const answers = rows.filter((row) => row.isGood && /^(send(?!ChatAction)|editMessage(?!ReplyMarkup)|copyMessage)/.test(row.method ?? ""));
  const last = answers.at(-1);
  if (!last) return rows.some((row) => row.update && row.isGood) ? "taken" : "waiting";
  if (GIVES_RESULT.test(last.method)) return "delivered";
  return last.isUnderWay ? "in work" : "answered";
}

// A red button under words about a job is one that stops it.
function isUnderWay({ params }) {
  const rows = parsed(params.reply_markup)?.inline_keyboard ?? [];
  return jobKeys(params.reply_markup).length > 0 && rows.flat().some((button) => button.style === "danger");
}

const rowsOfRecord = new WeakMap();

function rowsOf(record) {
  if (!rowsOfRecord.has(record)) rowsOfRecord.set(record, record.kind === "delivery" ? [deliveryRow(record)] : callRows(record));
  return rowsOfRecord.get(record);
}

function deliveryRow(record) {
  const request = record.update;
  return {
    ...times(record),
    id: "telegram-" + record.seq,
    party: "Telegram",
    toBot: true,
    title: updateTitle(request),
    update: request,
    status: record.status,
    error: record.error ?? (record.retry_in_s === null ? null : `again in ${record.retry_in_s.toFixed(1)} s`),
    isGood: isGood(record.status),
    attempt: record.attempt,
    request,
    response: record.replied_method ? { method: record.replied_method } : null,
    ...keysOfUpdate(request),
    curl: { method: "POST", url: "$WEBHOOK_URL", headers: { "Content-Type": "application/json", "X-Telegram-Bot-Api-Secret-Token": "$WEBHOOK_SECRET" }, body: request },
  };
}

function callRows(record) {
  if (record.method === "getUpdates") return polledRows(record);
  return [
    {
      ...times(record),
      id: "telegram-" + record.seq,
      party: "Telegram",
      toBot: false,
      title: record.method,
      method: record.method,
      chatId: record.chat_id,
      status: record.status || null,
      error: record.status ? (record.result?.description ?? null) : "no answer",
      isGood: isGood(record.status),
      fault: record.fault,
      via: record.via === "http" ? null : record.via,
      isUnderWay: isUnderWay(record),
      request: record.params,
      response: record.result,
      keys: callKeys(record),
      made: madeKeys(record),
      curl: callCurl(record),
    },
  ];
}

// An empty answer to a long poll says nothing; one with updates tells of each of them.
function polledRows(record) {
  return updatesIn(record).map(({ update }) => ({
    ...times(record),
    start: record.at,
    tookMs: null,
    id: `telegram-${record.seq}-${update.update_id}`,
    party: "Telegram",
    toBot: true,
    title: updateTitle(update) + " (polled)",
    update,
    status: record.status,
    isGood: true,
    request: record.params,
    response: update,
    ...keysOfUpdate(update),
    curl: callCurl(record),
  }));
}

function neighbourRow(record, index) {
  return {
    id: `${record.party}-${index}-${record.at}`,
    party: record.party,
    start: record.at,
    end: record.at,
    tookMs: null,
    toBot: record.to_bot,
    title: record.title,
    status: record.status,
    error: record.error,
    isGood: isGood(record.status),
    request: record.request,
    response: record.response,
    keys: [...record.keys.map((key) => `${record.party}:${key}`), ...jobKeys(record.request)],
    curl: record.curl,
  };
}

function times(record) {
  return { start: record.at - record.took_ms / 1000, end: record.at, tookMs: record.took_ms };
}

function isGood(status) {
  return status !== null && status >= 200 && status < 300;
}

function updateTitle(update) {
  if (update.callback_query) return `press: ${pressedLabel(update.callback_query)}`;
  return `update: ${update.message ? nameOf(update.message) : kindOf(update).replaceAll("_", " ")}`;
}

export function pressedLabel({ message, data }) {
  const buttons = message?.reply_markup?.inline_keyboard.flat() ?? [];
  return buttons.find((button) => button.callback_data === data)?.text ?? data;
}

function nameOf(message) {
  return message.document || message.text ? messageTitle(message) : messageTitle(message).toLowerCase();
}

function messageTitle(message) {
  if (message.live_photo) return "Live photo";
  if (message.photo) return message.media_group_id ? "Photo of an album" : "Photo";
  if (message.document) return message.document.file_name || "File";
  if (message.sticker) return "Sticker";
  return message.text ? `“${message.text.slice(0, 32)}”` : "Message";
}

function messageKey(chatId, messageId) {
  return `message:${chatId}:${messageId}`;
}

function updateKeys(update) {
  const body = update[kindOf(update)];
  const message = body?.message ?? body;
  if (!message?.chat || !message.message_id) return ["update:" + update.update_id];
  const keys = [messageKey(message.chat.id, message.message_id)];
  if (message.media_group_id) keys.push("album:" + message.media_group_id);
  for (const file of [...(message.photo ?? []), message.document]) if (file && update.message) keys.push("file:" + file.file_id);
  if (update.callback_query) keys.push("query:" + update.callback_query.id);
  return keys;
}

function keysOfUpdate(update) {
  const query = update.callback_query;
  return { keys: [...updateKeys(update), ...jobKeys(query?.data)], made: query ? ["query:" + query.id] : [] };
}

function madeKeys({ chat_id: chatId, result }) {
  return [result].flat().filter((one) => one?.message_id).map((one) => messageKey(chatId, one.message_id));
}

function callKeys({ chat_id: chatId, method, params, result }) {
  const keys = [];
  const about = [parsed(params.reply_parameters)?.message_id, params.message_id, parsed(params.message_ids)?.[0]];
  for (const made of Array.isArray(result) ? result : [result]) about.push(made?.message_id);
  if (chatId !== null) keys.push(...about.filter(Boolean).map((id) => messageKey(chatId, id)));
  if (method === "getFile") keys.push("file:" + params.file_id);
  if (params.callback_query_id) keys.push("query:" + params.callback_query_id);
  return [...keys, ...jobKeys(params.reply_markup)];
}

function jobKeys(value) {
  if (value === null || value === undefined) return [];
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const ids = [...(text.match(UUID) ?? []).map((id) => id.replaceAll("-", "")), ...(text.match(UUID_WITHOUT_DASHES) ?? []), ...packedIds(text)];
  return [...new Set(ids)].map((id) => "job:" + id);
}

// UUIDs have a version and a variant at fixed places; other bytes of this length are no ids.
function packedIds(value) {
  const text = typeof value === "string" ? value : JSON.stringify(value ?? null);
  return (text.match(PACKED_UUID) ?? []).map(unpacked).filter((id) => /^.{12}[1-8].{3}[89ab]/.test(id));
}

function unpacked(packed) {
  const bytes = atob(packed.replaceAll("-", "+").replaceAll("_", "/"));
  return [...bytes].map((byte) => byte.charCodeAt(0).toString(16).padStart(2, "0")).join("");
}

function parsed(value) {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value);
  } catch {
    return null;
  }
}
