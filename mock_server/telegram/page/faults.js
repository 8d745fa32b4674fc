// Switches for what goes wrong at Telegram and at its neighbours.

import { api } from "./api.js";
import { attempt, element, field, toast } from "./dom.js";

const TELEGRAM_FAULTS = [
  ["429: too fast", "The next message is refused; the bot shall wait 3 s", { method: "sendMessage", error_code: 429, description: "Too Many Requests: retry after 3", retry_after: 3 }],
  ["429 on the result", "The next photo is refused; the bot shall wait 3 s", { method: "sendPhoto", error_code: 429, description: "Too Many Requests: retry after 3", retry_after: 3 }],
  ["Drop the answer", "The next photo is shown, but the bot never hears so", { method: "sendPhoto", action: "drop_answer_after_delivery" }],
  ["Cut the line", "The next call does nothing and gets no answer", { method: "*", action: "reset_before" }],
  ["Server error", "The next three calls end in 500", { method: "*", error_code: 500, description: "Internal Server Error", times: 3 }],
  ["Slow upload", "The next photo takes 6 s", { method: "sendPhoto", action: "none", delay_s: 6 }],
  ["File is gone", "The next download is refused", { method: "getFile", error_code: 400, description: "Bad Request: wrong file_id or the file is temporarily unavailable" }],
];
const PAUSE_S = 4;
const FLOOD = [["off", "No flood limits"], ["real", "Real flood limits"], ["harsh", "Harsh flood limits"]];

export class Faults {
  constructor(store) {
    this.store = store;
    this.armed = element("ul", { className: "armed", attributes: { "aria-live": "polite" } });
    this.neighbours = element("div");
    this.people = element("div", { className: "switches" });
    this.flood = element("select", { on: { change: () => attempt(() => api.setFlood(this.flood.value)) } }, ...FLOOD.map(([value, text]) => element("option", { value, text })));
    this.privacy = element("input", { type: "checkbox", on: { change: () => attempt(() => api.setGroupPrivacy(this.privacy.checked)) } });
    this.root = element("div", { className: "faults" }, this.#bot(), this.neighbours, this.#telegram(), this.#peopleSection());
    store.on("people", () => this.#drawPeople());
    store.on("journal", () => this.root.closest("[hidden]") || this.#drawArmed());
  }

  async refresh() {
    await attempt(async () => {
      this.#drawPeople();
      await this.store.refreshPeople();
      this.flood.value = this.store.flood;
      this.privacy.checked = this.store.groupPrivacy;
      this.restart.hidden = !this.store.canRestartBot;
      this.neighbours.replaceChildren(...(await api.neighbours()).map((neighbour) => this.#neighbour(neighbour)));
      await this.#drawArmed();
    });
  }

  #bot() {
    const restart = (pauseS) => async () => {
      await api.restartBot(pauseS);
      toast(pauseS ? `The bot is down for ${pauseS} s. What is sent meanwhile waits at Telegram.` : "The bot stops and starts anew.");
    };
    this.restart = element(
      "section",
      { hidden: true, attributes: { "aria-label": "The bot" } },
      element("h3", { text: "The bot" }),
      element(
        "div",
        { className: "fault-grid" },
        faultButton("Restart the bot", "It stops in an orderly way and starts anew; jobs go on", restart(0)),
        faultButton(`Take it down for ${PAUSE_S} s`, "Telegram tries again until it is back", restart(PAUSE_S)),
      ),
    );
    return this.restart;
  }

  #telegram() {
    const buttons = TELEGRAM_FAULTS.map(([text, title, fault]) => faultButton(text, title, () => this.#arm(fault)));
    return element(
      "section",
      { attributes: { "aria-label": "Telegram" } },
      element("h3", { text: "Telegram" }),
      field("Limits on how fast the bot may send", this.flood),
      element("label", { className: "choice setting" }, this.privacy, "Privacy mode: in groups the bot gets only commands, mentions and answers to it"),
      element("div", { className: "fault-grid" }, ...buttons),
      element("div", { className: "panel-bar" },
        element("button", { type: "button", text: "Deliver the last update again", on: { click: () => attempt(() => this.#again()) } }),
        element("button", { type: "button", text: "Disarm all", on: { click: () => attempt(() => this.#clear()) } })),
      this.armed,
    );
  }

  #peopleSection() {
    return element("section", { attributes: { "aria-label": "People" } }, element("h3", { text: "Who has blocked the bot" }), this.people);
  }

  #neighbour(neighbour) {
    const { name, scenario, scenarios } = neighbour;
    const select = element(
      "select",
      { on: { change: () => attempt(() => api.chooseScenario(name, select.value)) } },
      ...scenarios.map(({ id, label }) => element("option", { value: id, text: label })),
    );
    if (!scenario) select.prepend(element("option", { value: "", text: "Something else, set elsewhere", disabled: true }));
    select.value = scenario;
    const release = async () => {
      const { released } = await api.release(name);
      toast(released ? `${released} of ${name} go on.` : "Nothing was held back.");
    };
    return element(
      "section",
      { attributes: { "aria-label": name } },
      element("h3", { text: name }),
      field("From now on", select),
      element("div", { className: "panel-bar" }, element("button", { type: "button", text: "Release what is held", on: { click: () => attempt(release) } })),
    );
  }

  #drawPeople() {
    this.people.replaceChildren(
      ...[...this.store.people.values()].map((person) => {
        const box = element("input", {
          type: "checkbox", checked: person.blocked_bot,
          on: { change: () => attempt(() => api.changePerson(person.id, { blocked_bot: box.checked })) },
        });
        return element("label", { className: "choice" }, box, person.first_name);
      }),
    );
  }

  async #arm(fault) {
    await api.addFault(fault);
    await this.#drawArmed();
  }

  async #clear() {
    await api.clearFaults();
    await this.#drawArmed();
  }

  async #again() {
    const last = this.store.records.findLast((record) => record.kind === "delivery" && record.update.message);
    if (!last) throw new Error("Nothing was delivered yet.");
    await api.deliverAgain(last.update_id);
    toast(`Update ${last.update_id} is delivered again.`);
  }

  async #drawArmed() {
    const armed = await api.faults();
    this.armed.replaceChildren(
      ...armed.map((fault) => {
        const what = fault.action === "error" ? `${fault.error_code}` : fault.action.replaceAll("_", " ");
        const whom = fault.method === "*" ? "any call" : fault.method;
        const delay = fault.delay_s ? `, ${fault.delay_s} s late` : "";
        return element("li", { text: `Armed: ${whom} → ${what}${delay} (${fault.times ?? "∞"}×)` });
      }),
    );
  }
}

function faultButton(text, note, work) {
  return element(
    "button",
    { type: "button", className: "fault", on: { click: () => attempt(work) } },
    element("b", { text }),
    element("span", { className: "faint", text: note }),
  );
}
