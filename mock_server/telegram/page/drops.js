// Photos and files that are dragged over a chat or pasted into it.

import { element } from "./dom.js";

// `stage` is called with the files and how they shall be sent.
export function listenToDrags(pane, stage) {
  let depth = 0;
  const end = () => {
    depth = 0;
    zones.hidden = true;
  };
  const dropped = (event, options = {}) => {
    event.preventDefault();
    event.stopPropagation();
    end();
    stage([...event.dataTransfer.files], options);
  };
  const zone = (text, note, kind) =>
    element("div", { className: "drop-zone", on: { drop: (event) => dropped(event, { kind }) } }, element("b", { text }), element("span", { text: note }));
  const zones = element("div", { className: "drop-zones", hidden: true }, zone("Drop as photo", "quick, re-encoded", "photo"), zone("Drop as file", "every byte kept", "file"));
  pane.append(zones);

  const whenFiles = (react) => (event) => {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    react(event);
  };
  const count = (step) => whenFiles(() => {
    depth += step;
    zones.hidden = depth <= 0;
  });
  pane.addEventListener("dragenter", count(1));
  pane.addEventListener("dragleave", count(-1));
  pane.addEventListener("dragover", whenFiles(() => {}));
  pane.addEventListener("drop", whenFiles((event) => dropped(event)));
  pane.addEventListener("paste", (event) => {
    const files = [...event.clipboardData.files];
    if (!files.length) return;
    event.preventDefault();
    stage(files);
  });
}
