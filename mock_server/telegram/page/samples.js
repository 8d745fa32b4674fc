// Photos to send with one click, for people who have none at hand, and the traps that photo bots fall into.

import { api } from "./api.js";
import { attempt, element, icon } from "./dom.js";
import { place } from "./message_menu.js";

let known = null;

export async function readSamples() {
  known ??= await api.samples();
  return known;
}

export async function openSamples(anchor, composer) {
  const samples = await attempt(readSamples);
  if (!samples) return;
  const close = () => menu.remove();
  const cards = (kind) => samples.filter((sample) => sample.kind === kind).map((sample) => card(sample, composer, close));
  const menu = element(
    "div",
    { className: "menu samples", popover: "auto", attributes: { role: "dialog", "aria-label": "Sample photos" } },
    element("h3", { text: "Photos" }),
    element("div", { className: "sample-photos" }, ...cards("photo")),
    element("h3", { text: "Traps: every one must end in a result or a clear sentence" }),
    element("div", { className: "sample-traps" }, ...cards("trap")),
  );
  menu.addEventListener("toggle", (event) => event.newState === "closed" && close());
  document.body.append(menu);
  menu.showPopover();
  place(menu, anchor);
  menu.querySelector("button").focus();
}

export function card(sample, composer, onChosen = () => {}) {
  const isTrap = sample.kind === "trap";
  const choose = async () => {
    onChosen();
    const file = await attempt(() => api.sampleFile(sample));
    if (file) composer.stage([file], isTrap ? { asFile: true, isTrap } : {});
  };
  return element(
    "button",
    { type: "button", className: "sample", title: sample.note, data: { sample: sample.name }, on: { click: choose } },
    isTrap ? icon("file") : element("img", { src: "/control/samples/" + encodeURIComponent(sample.name), alt: "", loading: "lazy" }),
    element("span", { className: "sample-words" }, element("b", { text: sample.title }), element("span", { className: "faint", text: sample.note })),
  );
}
