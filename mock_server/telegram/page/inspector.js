// What went to and fro behind the chat: one timeline for every message of a person and every job.

import { mediaUrl } from "./api.js";
import { curlCommand } from "./curl.js";
import { attempt, clock, copyText, element, icon, iconButton } from "./dom.js";
import { Faults } from "./faults.js";
import { jobIds, tellsOf, timelines } from "./timeline.js";

const SHOWN_JOBS = 60;
const NOTED_PAUSE_S = 0.8;
const REFRESH_MS = 1000;
const STATES = {
  delivered: "delivered", answered: "answered", "in work": "in work", taken: "taken", waiting: "not taken yet",
};

export class Inspector {
  #cards = new Map(); // key → {card, signature}
  #isOpen = new Map(); // key → whether its timeline is unfolded
  #shownRows = new Set();
  #timer = null;

  constructor(store) {
    this.store = store;
    this.root = document.getElementById("inspector");
    this.filter = element("select", { attributes: { "aria-label": "Chat to show" }, on: { change: () => this.draw() } });
    this.search = element("input", {
      type: "search", placeholder: "Job, method, text…", className: "search", attributes: { "aria-label": "Show only timelines with" },
      on: { input: () => this.draw() },
    });
    this.jobs = element("ol", { className: "jobs", attributes: { "aria-label": "Timelines" } });
    this.background = element("details", { className: "background" }, element("summary", { text: "Start and upkeep" }), element("ol", { className: "rows" }));
    this.none = element("p", { className: "faint none" });
    this.faults = new Faults(store);
    this.legend = element("span", { className: "legend" });
    this.#build();
    store.on("journal", () => !this.root.hidden && this.draw());
    store.on("people", () => this.#fillFilter());
    store.on("reload", () => {
      this.#cards.clear();
      this.#fillFilter();
      this.legend.replaceChildren(...legend(store.neighbours));
      this.draw();
    });
    store.on("inspect", ({ chatId, messageId }) => this.reveal(`${chatId}:${messageId}`));
  }

  get isOpen() {
    return !this.root.hidden;
  }

  toggle(isOpen = this.root.hidden) {
    this.root.hidden = !isOpen;
    document.body.classList.toggle("inspecting", isOpen);
    localStorage.setItem("inspector", isOpen ? "open" : "");
    clearInterval(this.#timer);
    attempt(() => this.store.watchJournals(isOpen));
    // The journals of the neighbours tell nobody when they grow.
    if (isOpen) this.#timer = setInterval(() => document.hidden || this.store.inBackground(this.store.readJournal()), REFRESH_MS);
    this.store.emit("inspector", { isOpen });
  }

  async reveal(key) {
    this.filter.value = this.search.value = "";
    if (!this.isOpen) this.toggle(true);
    this.#tab("timeline");
    await attempt(() => this.store.watchJournals(true));
    const { jobs } = timelines(this.store.records, this.store.neighbourRecords);
    const name = "message:" + key;
    const has = (names) => (one) => one.rows.some((row) => row[names]?.includes(name));
    const job = jobs.find((one) => one.key === key) ?? jobs.find(has("made")) ?? jobs.find(has("keys"));
    if (job) this.#isOpen.set(job.key, true);
    this.#cards.delete(job?.key);
    this.draw();
    const card = job && this.#cards.get(job.key)?.card;
    card?.scrollIntoView({ block: "start" });
    card?.querySelector("button").focus();
  }

  draw() {
    const { jobs, background } = timelines(this.store.records, this.store.neighbourRecords);
    const [chatId, words] = [this.filter.value, this.search.value.trim()];
    const shown = jobs.filter((job) => (!chatId || String(job.chatId) === chatId) && tellsOf(job, words)).slice(0, SHOWN_JOBS);
    const newest = shown[0]?.key;
    const cards = shown.map((job) => this.#card(job, job.key === newest));
    // Cards that did not change stay as they are, so that nothing jumps under the pointer.
    if (cards.length !== this.jobs.children.length || cards.some((card, index) => this.jobs.children[index] !== card)) {
      this.jobs.replaceChildren(...cards);
    }
    this.none.hidden = shown.length > 0;
    this.none.textContent = jobs.length ? "Nothing here has that." : "Send something: what it sets in motion shows here.";
    this.background.hidden = !background.length;
    const rows = this.background.lastElementChild;
    if (rows.children.length !== background.length) rows.replaceChildren(...background.map((row) => this.#row(row, background[0].start)));
  }

  #build() {
    this.tabs = ["timeline", "faults"].map((name) =>
      element("button", {
        type: "button", text: name === "timeline" ? "Timeline" : "Faults", data: { tab: name }, id: "tab-" + name,
        attributes: { role: "tab", "aria-controls": "panel-" + name }, on: { click: () => this.#tab(name) },
      }),
    );
    this.panels = [
      element(
        "div",
        { id: "panel-timeline", className: "panel", attributes: { role: "tabpanel", "aria-labelledby": "tab-timeline" } },
        element("div", { className: "panel-bar" }, this.filter, this.search),
        element("div", { className: "panel-bar" }, this.legend),
        this.none,
        this.jobs,
        this.background,
      ),
      element("div", { id: "panel-faults", className: "panel", attributes: { role: "tabpanel", "aria-labelledby": "tab-faults" } }, this.faults.root),
    ];
    this.root.append(
      element(
        "header",
        { className: "bar" },
        element("div", { className: "tabs", attributes: { role: "tablist", "aria-label": "Inspector" } }, ...this.tabs),
        element("span", { className: "grow" }),
        iconButton("close", "Close the inspector", () => this.toggle(false)),
      ),
      ...this.panels,
    );
    this.root.addEventListener("keydown", (event) => {
      const other = { ArrowLeft: "timeline", ArrowRight: "faults" }[event.key];
      if (!other || event.target.getAttribute("role") !== "tab") return;
      this.#tab(other);
      document.getElementById("tab-" + other).focus();
    });
    this.#tab("timeline");
  }

  #tab(name) {
    for (const tab of this.tabs) {
      const isChosen = tab.dataset.tab === name;
      tab.setAttribute("aria-selected", String(isChosen));
      tab.tabIndex = isChosen ? 0 : -1;
    }
    for (const panel of this.panels) panel.hidden = panel.id !== "panel-" + name;
    if (name === "faults") this.faults.refresh();
  }

  #fillFilter() {
    const chosen = this.filter.value;
    const options = [...this.store.chats.values()].map((chat) => {
      const text = chat.type === "private" ? chat.first_name : chat.title;
      return element("option", { value: String(chat.id), text });
    });
    this.filter.replaceChildren(element("option", { value: "", text: "All chats" }), ...options);
    this.filter.value = chosen;
  }

  #card(job, isNewest) {
    const signature = [job.rows.length, job.state, job.rows.filter((row) => row.response).length, this.#unfolded(job, isNewest)].join();
    const old = this.#cards.get(job.key);
    if (old?.signature === signature) return old.card;
    const card = this.#drawCard(job, isNewest);
    this.#cards.set(job.key, { card, signature });
    return card;
  }

  #unfolded(job, isNewest) {
    return this.#isOpen.get(job.key) ?? isNewest;
  }

  #drawCard(job, isNewest) {
    const { message, rows, state, title } = job;
    const isOpen = this.#unfolded(job, isNewest);
    const thumb = message.photo?.[0] ?? message.document?.thumbnail;
    const chat = this.store.chats.get(job.chatId);
    const place = chat && chat.type !== "private" ? ` in ${chat.title}` : "";
    const toggle = () => {
      this.#isOpen.set(job.key, !isOpen);
      this.draw();
      this.#cards.get(job.key).card.querySelector("button").focus();
    };
    const head = element(
      "button",
      { type: "button", className: "job-head", attributes: { "aria-expanded": String(isOpen) }, on: { click: toggle } },
      thumb ? element("img", { src: mediaUrl(thumb), alt: "" }) : element("span", { className: "job-icon" }, icon(message.document ? "file" : "chat")),
      element(
        "span",
        { className: "job-words" },
        element("b", { text: title }),
        element("span", { className: "faint", text: `${clock(job.start)} · ${rows.length} ${rows.length === 1 ? "step" : "steps"} · ${this.store.nameOf(job.by)}${place}` }),
      ),
      element("span", { className: "state " + state.replaceAll(" ", "-"), text: STATES[state] }),
      element("span", { className: "duration", text: seconds(job.end - job.start) }),
    );
    return element("li", { className: "job", data: { job: job.key } }, head, isOpen ? ids(jobIds(job)) : null, isOpen ? element("ol", { className: "rows" }, ...this.#rowsWithPauses(job)) : null);
  }

  #rowsWithPauses({ rows, start }) {
    const made = [];
    rows.forEach((row, index) => {
      const pause = index ? row.start - rows[index - 1].end : 0;
      if (pause > NOTED_PAUSE_S) made.push(element("li", { className: "pause", text: `${seconds(pause)} later` }));
      made.push(this.#row(row, start));
    });
    return made;
  }

  #row(row, start) {
    const party = row.party === "Telegram" ? "telegram" : "neighbour";
    const arrow = row.toBot ? `${row.party} → bot` : `bot → ${row.party}`;
    const details = element("div", { className: "row-details", hidden: !this.#shownRows.has(row.id) });
    const toggle = () => {
      details.hidden = !details.hidden;
      head.setAttribute("aria-expanded", String(!details.hidden));
      if (details.hidden) this.#shownRows.delete(row.id);
      else this.#shownRows.add(row.id);
      this.#fill(details, row);
    };
    const head = element(
      "button",
      { type: "button", className: "row-head", attributes: { "aria-expanded": String(!details.hidden) }, on: { click: toggle } },
      element("span", { className: "offset", text: "+" + seconds(Math.max(0, row.start - start)) }),
      element("span", { className: "lane", title: arrow, attributes: { "aria-label": arrow } }, element("i", { text: row.toBot ? "→" : "←" })),
      element("span", { className: "row-title", text: row.title, title: row.error ?? "" }),
      row.fault || row.via ? element("span", { className: "badge warn", text: row.fault ? row.fault.replaceAll("_", " ") : row.via }) : null,
      row.attempt > 1 ? element("span", { className: "badge warn", text: `try ${row.attempt}` }) : null,
      element("span", { className: "badge " + (row.isGood ? "good" : "bad"), text: row.status ?? "no answer" }),
      element("span", { className: "took", text: row.tookMs === null ? "" : milliseconds(row.tookMs) }),
    );
    if (!details.hidden) this.#fill(details, row);
    return element("li", { className: `row ${party} ${row.toBot ? "in" : "out"}` }, head, details);
  }

  #fill(details, row) {
    if (details.hidden || details.children.length) return;
    const isPolled = row.update && row.response === row.update;
    const arrow = row.toBot && !isPolled ? `${row.party} → bot` : `bot → ${row.party}`;
    details.append(
      element(
        "div",
        { className: "row-tools" },
        element("span", { className: "faint", text: [arrow, clock(row.start), row.error].filter(Boolean).join(" · ") }),
        element("button", { type: "button", className: "text-button", on: { click: () => copyText(curlCommand(row.curl), "a curl command") } }, icon("copy"), "curl"),
      ),
      ...json("Request", row.request),
      ...json("Answer", row.response),
    );
  }
}

// The names under which the jobs stand in logs and records, to copy.
function ids(known) {
  if (!known.length) return null;
  const shown = known.map((id) => element("button", { type: "button", className: "text-button id", text: id, title: "Copy", on: { click: () => copyText(id, "the id") } }));
  return element("div", { className: "ids" }, element("span", { className: "faint", text: known.length > 1 ? "jobs" : "job" }), ...shown);
}

function legend(neighbours) {
  const names = neighbours.map(({ name }) => name).join(", ");
  return [element("i", { className: "telegram" }), "Telegram", ...(names ? [element("i", { className: "neighbour" }), names] : [])];
}

function json(title, value) {
  if (value === null || value === undefined) return [];
  const text = JSON.stringify(readable(value), null, 2);
  return [element("h4", { text: title }), element("pre", { className: "json", text, tabIndex: 0, attributes: { "aria-label": title } })];
}

// Bot API parameters may be JSON in a text; shown as what they are.
function readable(value) {
  if (typeof value === "string" && /^[[{]/.test(value)) {
    try {
      return JSON.parse(value);
    } catch {
      return value;
    }
  }
  if (Array.isArray(value)) return value.map(readable);
  if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, readable(one)]));
  return value;
}

function seconds(value) {
  return value < 9.95 ? value.toFixed(2) + " s" : value.toFixed(1) + " s";
}

function milliseconds(value) {
  return value < 1000 ? `${value < 10 ? value.toFixed(1) : Math.round(value)} ms` : seconds(value / 1000);
}
