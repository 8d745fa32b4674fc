// The story of a chat as a test in Python, for the end-to-end tests of the bot. No DOM in here.

import { kindOf, updatesIn } from "./timeline.js";

const INDENT = "        ";

// `samples`: names of the files that the emulator offers; `records`: its journal.
// Message ids give the order: what somebody pressed comes right after the message that the button was under.
export function chatAsTest(person, messages, records, samples) {
  const own = ownSteps(person, messages, samples);
  const pressed = presses(person, messages, records, own);
  const steps = [...own, ...pressed, ...botSteps(messages)].sort((a, b) => a.place - b.place);
  const lines = steps.flatMap((step) => (pressed.some(({ cause }) => cause === step) ? held(step) : step.lines));
  const usesSamples = lines.some((line) => line.includes("make_sample("));
  const imports = [
    ...(lines.some((line) => line.includes("Scenario(")) ? ["from mock_server.replicate.scenario import Scenario"] : []),
    ...(usesSamples ? ["from mock_server.telegram.samples import make_sample"] : []),
    ...(lines.some((line) => line.includes("pictures.")) ? ["from tests.support import pictures"] : []),
    "from tests.support.darkroom import running_bot",
  ];
  const language = text(person.language_code ?? "en");
  return [
    ...imports,
    "",
    "",
    "async def test_recorded_chat(world, tmp_path):",
    "    async with running_bot(world.settings(tmp_path)):",
    `${INDENT}person = world.person(${language})`,
    ...lines.map((line) => INDENT + line),
    "",
  ].join("\n");
}

// A message whose buttons are pressed: the model waits, so that there is time for that.
function held({ lines }) {
  return ['world.models.next_scenario(Scenario(hold="processing"))', "sent = " + lines[0]];
}

function ownSteps(person, messages, samples) {
  const own = messages.filter((message) => message.from.id === person.id);
  const groups = Map.groupBy(own, (message) => message.media_group_id ?? message.message_id);
  return [...groups.values()].map((group) => ({
    place: group[0].message_id,
    ids: group.map((message) => message.message_id),
    lines: [sending(group, samples)],
  }));
}

function sending(group, samples) {
  const [first] = group;
  const caption = first.caption ? `, caption=${text(first.caption)}` : "";
  if (group.length > 1) {
    const asFile = first.document ? ", as_file=True" : "";
    return `await person.send_album([${group.map((message) => picture(message, samples)).join(", ")}]${caption}${asFile})`;
  }
  if (first.document) {
    const name = text(first.document.file_name);
    return `await person.send_photo(${picture(first, samples)}${caption}, as_file=True, filename=${name})`;
  }
  if (first.photo) return `await person.send_photo(${picture(first, samples)}${caption})`;
  return `await person.send_text(${text(first.text ?? "")})`;
}

function picture(message, samples) {
  const name = message.document?.file_name;
  return name && samples.includes(name) ? `make_sample(${text(name)})` : "pictures.photo()";
}

function presses(person, messages, records, own) {
  const chatId = messages[0]?.chat.id;
  const queries = records
    .flatMap(updatesIn)
    .filter(({ update, isTaken }) => isTaken && kindOf(update) === "callback_query")
    .map(({ update }) => update.callback_query)
    .filter((query) => query.from.id === person.id && query.message.chat.id === chatId);
  return queries.map((query) => {
    const buttons = query.message.reply_markup?.inline_keyboard.flat() ?? [];
    const label = text(buttons.find((button) => button.callback_data === query.data)?.text ?? query.data);
    const cause = own.find((step) => step.ids.includes(query.message.reply_to_message?.message_id));
    const after = cause?.ids.length === 1 ? ", after=sent" : "";
    return {
      place: query.message.message_id + 0.25,
      cause,
      lines: [`asked = await person.expect(button=${label}${after})`, `await person.press(asked, ${label})`],
    };
  });
}

function botSteps(messages) {
  const fromBot = messages.filter((message) => message.sandbox.from_bot);
  return fromBot.map((message) => {
    const what = message.photo ? "photo=True, " : message.document ? "document=True, " : "";
    const words = (message.text ?? message.caption ?? "").split("\n")[0];
    return { place: message.message_id + 0.5, lines: [`await person.expect(${what}text=${text(words)}, within=30)`] };
  });
}

// A JSON text is a Python text too, as long as characters beyond the first plane stay as they are.
function text(value) {
  return JSON.stringify(value);
}
