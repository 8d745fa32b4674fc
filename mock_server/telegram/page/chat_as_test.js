// The story of a chat as a test in Python, for the end-to-end tests of the bot. No DOM in here.

import { python, storyOf } from "./chat_story.js";

const INDENT = "        ";

// `people`: who is in the chat; `messages`: what is still there; `records`: the emulator's journal; `samples`: names of
// the files that the emulator offers.
export function chatAsTest(given) {
  const steps = storyOf(given);
  const active = given.people.filter((person) => steps.some((step) => step.who === person.id));
  const names = namesOf(given.chat, active);
  const variables = variablesOf(steps);
  const lines = [...setting(given.chat, active, names), ...steps.flatMap((step, index) => [...moodOf(steps, index), ...linesOf(step, names, variables)])];
  const uses = (words) => lines.some((line) => line.includes(words));
  return [
    ...(uses("Scenario(") ? ["from mock_server.replicate.scenario import Scenario"] : []),
    ...(uses("make_sample(") ? ["from mock_server.telegram.samples import make_sample"] : []),
    ...(uses("pictures.") ? ["from tests.support import pictures"] : []),
    "from tests.support.darkroom import running_bot",
    "",
    "",
    "async def test_recorded_chat(world, tmp_path):",
    "    async with running_bot(world.settings(tmp_path)):",
    ...lines.map((line) => INDENT + line),
    "",
  ].join("\n");
}

function namesOf(chat, people) {
  if (chat.type === "private") return new Map(people.map((person) => [person.id, "user"]));
  const names = new Map();
  for (const [index, { id, first_name: firstName }] of people.entries()) {
    const ascii = firstName.toLowerCase().replace(/[^a-z0-9]/g, "");
    names.set(id, /^[a-z]/.test(ascii) && ![...names.values()].includes(ascii) ? ascii : `user${index + 1}`);
  }
  return names;
}

function setting(chat, people, names) {
  const language = (person) => python(person.language_code ?? "en");
  if (chat.type === "private") return people.map((person) => `user = world.person(${language(person)})`);
  const all = [...names.values()];
  return [
    ...people.map((person) => `${names.get(person.id)} = world.chat.add_user(${python(person.first_name)}, ${language(person)})`),
    `group = world.chat.add_group(${python(chat.title)}, [${all.join(", ")}])`,
    ...all.map((name) => `${name} = ${name}.in_chat(group)`),
  ];
}

// A name for each message that another step refers to, by message id.
function variablesOf(steps) {
  const wanted = new Set(steps.flatMap(({ reply, after, target, on, isOnKnown }) => [reply, after, target, isOnKnown && on]).filter(Boolean));
  const variables = new Map();
  const counts = { sent: 0, answer: 0 };
  for (const step of steps) {
    const [id] = step.ids?.filter((one) => wanted.has(one)) ?? [];
    const kind = step.verb.startsWith("expect") ? "answer" : "sent";
    if (id) variables.set(id, kind + (counts[kind]++ ? counts[kind] : ""));
  }
  return variables;
}

// The mood of the model changes with what is sent: a job may be called off before its prediction is made, and what was
// queued for that one would befall the next.
function moodOf(steps, index) {
  const isSending = (step) => step.verb.startsWith("send");
  if (!isSending(steps[index])) return [];
  const before = steps.slice(0, index).findLast(isSending);
  const [was, is] = [Boolean(before?.isHeld), Boolean(steps[index].isHeld)];
  if (was === is) return [];
  return [`world.models.scenario = Scenario(${is ? 'hold="processing"' : ""})`];
}

function linesOf(step, names, variables) {
  const who = names.get(step.who);
  if (step.verb === "press" && step.isOnKnown) return [`await ${who}.press(${variables.get(step.on)}, ${step.args[0]})`];
  if (step.verb === "press") {
    const after = variables.has(step.after) ? `, after=${variables.get(step.after)}` : "";
    return [`asked = await ${who}.expect(button=${step.args[0]}${after}, within=30)`, `await ${who}.press(asked, ${step.args[0]})`];
  }
  const [id] = (step.ids ?? []).filter((one) => variables.has(one));
  const name = id === undefined ? "" : step.ids.length > 1 ? `${variables.get(id)}, *_ = ` : `${variables.get(id)} = `;
  const target = step.target ? [variables.get(step.target)] : [];
  const reply = variables.has(step.reply) ? [`reply_to=${variables.get(step.reply)}`] : [];
  return [`${name}await ${who}.${step.verb}(${[...target, ...step.args, ...reply].join(", ")})`];
}
