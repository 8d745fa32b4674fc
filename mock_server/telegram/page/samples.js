// Photos to send with one click, for people who have none at hand, and the traps that photo bots fall into.

import { api } from "./api.js";
import { attempt, element, icon } from "./dom.js";
import { openPopup } from "./popup.js";

let readAlready = null;

export async function readSamples() {
  readAlready ??= await api.samples();
  return readAlready;
}

export async function openSamples(anchor, composer) {
  const samples = await attempt(readSamples);
  if (!samples) return;
  const cards = (...kinds) => samples.filter((sample) => kinds.includes(sample.kind)).map((sample) => card(sample, composer, () => menu.close()));
  const menu = openPopup(
    anchor,
    { className: "samples", role: "dialog", label: "Sample photos" },
    element("h3", { text: "Photos" }),
    element("div", { className: "sample-photos" }, ...cards("photo")),
    element("h3", { text: "In other dress" }),
    element("div", { className: "sample-traps" }, ...cards("sticker", "live_photo", "file")),
    element("h3", { text: "Traps: every one must end in a result or a clear sentence" }),
    element("div", { className: "sample-traps" }, ...cards("trap")),
  );
}

export function card(sample, composer, onChosen = () => {}) {
  const { kind, name, note, title } = sample;
  const isTrap = kind === "trap";
  const choose = async () => {
    onChosen();
    const file = await attempt(() => api.sampleFile(sample));
    if (file) composer.stage([file], isTrap ? { kind: "file", isTrap } : { kind });
  };
  const isPhoto = kind === "photo";
  return element(
    "button",
    { type: "button", className: "sample", title: note, data: { sample: name }, on: { click: choose } },
    isPhoto ? samplePicture(name) : icon(isTrap ? "file" : "samples"),
    element("span", { className: "sample-words" }, element("b", { text: title }), element("span", { className: "faint", text: note })),
  );
}

function samplePicture(name) {
  const loaded = ({ currentTarget }) => currentTarget.classList.remove("loading");
  const src = "/control/samples/" + encodeURIComponent(name);
  return element("img", { className: "loading", src, width: 1280, height: 960, alt: "", on: { load: loaded, error: loaded } });
}
