// Menus that open at a button, go away by themselves, and give the focus back.

import { attempt, element } from "./dom.js";

// Opens a menu with this content at `anchor`; gives it, and a function that closes it.
export function openPopup(anchor, { className = "", role = "menu", label }, ...content) {
  const popup = element("div", { className: "menu " + className, popover: "auto", attributes: { role, "aria-label": label } }, ...content);
  const close = () => popup.remove();
  popup.addEventListener("toggle", (event) => {
    if (event.newState !== "closed") return;
    const hadFocus = popup.contains(document.activeElement) || document.activeElement === document.body;
    popup.remove();
    if (hadFocus) anchor.focus?.();
  });
  if (role === "menu") popup.addEventListener("keydown", (event) => moveFocus(event, popup));
  document.body.append(popup);
  popup.showPopover();
  place(popup, anchor);
  popup.querySelector("button:not(:disabled)")?.focus();
  return { popup, close };
}

// One line of a menu; `work` may fail, which becomes a sentence on the page.
export function menuItem(text, work, className = "") {
  return element("button", {
    type: "button", className, text, attributes: { role: "menuitem" },
    onclick: (event) => {
      event.currentTarget.closest(".menu").remove();
      attempt(work);
    },
  });
}

function place(popup, anchor) {
  const around = anchor.getBoundingClientRect();
  const { width, height } = popup.getBoundingClientRect();
  const left = Math.min(Math.max(8, around.left), innerWidth - width - 8);
  const below = around.bottom + 4;
  const top = below + height < innerHeight - 8 ? below : Math.max(8, around.top - height - 4);
  popup.style.left = `${left}px`;
  popup.style.top = `${top}px`;
}

const STEPS = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };

function moveFocus(event, popup) {
  if (!(event.key in STEPS)) return;
  event.preventDefault();
  const items = [...popup.querySelectorAll("button:not(:disabled)")];
  items[(items.indexOf(document.activeElement) + STEPS[event.key] + items.length) % items.length].focus();
}
