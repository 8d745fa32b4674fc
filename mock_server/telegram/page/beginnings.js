// What each job began with: a message, or a press on what an earlier job has given. No DOM in here.
//
// A press says what it is pressed on, not what it leads to. So a job is taken to have begun with the newest press before
// the first word of it, among those on what its message led to; where that has led to a job already, among those of the
// chat. Jobs that nobody is seen to work on, such as those on the cards of a history, begin nowhere.

import { isJob } from "./grouping.js";

// Takes groups of rows, each in order of time. Gives {root, rows}, in order of time as well: for each group, and for each
// job that did not begin with the message of its group. `root` is the update that it began with, if there is one.
export function toldByJob(groups) {
  const told = new Map(groups.map((group) => [group, { root: group.find(isMessage), rows: [] }]));
  const homes = homesOf(groups);
  const presses = groups.flat().filter(isPress).sort(byStart);
  const begun = new Map(); // job → its own story
  const led = new Set(); // groups whose message has led to a job
  for (const [job, { first, home }] of homes) {
    const root = beginningOf(first, home, led.has(home), presses);
    if (root && isMessage(root) && !led.has(home)) led.add(home);
    else if (root) begun.set(job, { root, rows: [root], home });
  }
  share(groups, told, homes, begun);
  return [...told.values(), ...begun.values()].filter(({ rows }) => rows.length);
}

// The first word of each job that Telegram hears of and that is worked on, and the group in which it stands; in order of
// time. A quick job may be over before Telegram hears of it.
function homesOf(groups) {
  const homes = new Map();
  const [heard, worked] = [new Set(), new Set()];
  for (const { row, group } of inOrder(groups)) {
    const isTelegram = row.party === "Telegram";
    for (const job of row.keys.filter(isJob)) {
      if (!homes.has(job)) homes.set(job, { first: row, home: group });
      if (isTelegram) heard.add(job);
      if (!isTelegram || row.isUnderWay) worked.add(job);
    }
  }
  return new Map([...homes].filter(([job]) => heard.has(job) && worked.has(job)));
}

function beginningOf(first, home, hasLed, presses) {
  if (isPress(first)) return first;
  const message = home.find(isMessage);
  const [chat, places] = [chatIn(home), new Set(home)];
  const isNear = hasLed || !message ? (press) => chatOf(press) === chat : (press) => places.has(press);
  const press = presses.findLast((one) => one.start < first.start && isNear(one));
  return press && press.start >= (message?.start ?? 0) ? press : message;
}

// Gives every row to the story that it is part of. What a row made, such as a message, is part of the same one.
function share(groups, told, homes, begun) {
  const stories = [...begun.values()].sort((a, b) => byStart(a.root, b.root));
  const roots = new Set(stories.map(({ root }) => root).filter(isPress));
  const [makers, answers] = [new Map(), new Map()]; // name → the story that it is made in, that answers to it
  const note = (names, story) => names.filter((name) => !makers.has(name)).forEach((name) => makers.set(name, story));
  for (const story of stories) note(story.root.made, story);
  for (const { row, group } of inOrder(groups)) {
    if (roots.has(row)) continue;
    const job = row.keys.find((name) => homes.get(name)?.home === group);
    const latest = () => stories.findLast(({ root, home }) => home === group && root.start <= row.start);
    const story = partOf(row, { job, begun, makers, answers, latest, rest: told.get(group) });
    story.rows.push(row);
    note(row.made ?? row.keys.filter((name) => !isJob(name)), story);
    if (job) for (const name of named(row)) answers.set(name, story);
  }
}

// An answer to a press is told where the press is; else it matters which job a row names, then what it is about: with a
// reaction to a photo that is the job which was the last to answer to it. What has nothing of that goes with the latest
// job; but a person means no job.
function partOf(row, { job, begun, makers, answers, latest, rest }) {
  const query = row.keys.find((name) => name.startsWith("query:") && makers.has(name));
  if (query) return makers.get(query);
  if (job) return begun.get(job) ?? rest;
  const maker = makers.get(row.keys.find((name) => makers.has(name)));
  if (row.update) return maker ?? rest;
  return answers.get(named(row).find((name) => answers.has(name))) ?? maker ?? latest() ?? rest;
}

// What a row is about and did not make.
const named = (row) => row.keys.filter((name) => !isJob(name) && !row.made?.includes(name));

const inOrder = (groups) => groups.flatMap((group) => group.map((row) => ({ row, group }))).sort((a, b) => byStart(a.row, b.row));

const chatIn = (group) => group.map(chatOf).find(Boolean);

export const byStart = (a, b) => a.start - b.start;

const isMessage = (row) => Boolean(row.update?.message);

const isPress = (row) => Boolean(row.update?.callback_query);

export function chatOf({ chatId, update }) {
  return chatId ?? (update?.callback_query ?? update)?.message?.chat.id;
}
