// Light, dark, or as the system says; remembered.

import { toast } from "./dom.js";

const THEMES = ["", "light", "dark"];
const THEME_NAMES = { "": "Colours as the system has them", light: "Light", dark: "Dark" };

export function applyTheme() {
  const theme = localStorage.getItem("theme") ?? "";
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
}

export function cycleTheme() {
  const next = THEMES[(THEMES.indexOf(localStorage.getItem("theme") ?? "") + 1) % THEMES.length];
  localStorage.setItem("theme", next);
  applyTheme();
  toast(THEME_NAMES[next]);
}
