// What a person chose for this device: the theme, and whether single keys act. Kept in the browser, never sent.

import { signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";

const THEME = "satchel.theme"; // read by first-paint.js too
const KEYS = "satchel.keys";
const OFF = "off";

export const theme = signal<Theme>("system");

/** Whether single keys, such as j and k, act in lists (WCAG 2.1.4). */
export const areKeysOn = signal(true);

function kept(name: string): string | null {
  try {
    return localStorage.getItem(name);
  } catch {
    return null; // the browser keeps nothing for this page
  }
}

/** Keep a choice, or forget it. Returns whether the browser keeps it after the page is closed. */
function keep(name: string, value: string | null): boolean {
  try {
    if (value === null) {
      localStorage.removeItem(name);
    } else {
      localStorage.setItem(name, value);
    }
    return true;
  } catch {
    return false;
  }
}

function read(): void {
  const found = kept(THEME);
  theme.value = found === "light" || found === "dark" ? found : "system";
  areKeysOn.value = kept(KEYS) !== OFF;
}

/** Choose the theme of this device, from now on. Returns whether the browser keeps it. */
export function chooseTheme(chosen: Theme): boolean {
  theme.value = chosen;
  return keep(THEME, chosen === "system" ? null : chosen);
}

/** Switch single keys on or off. Returns whether the browser keeps it. */
export function switchKeys(isOn: boolean): boolean {
  areKeysOn.value = isOn;
  return keep(KEYS, isOn ? null : OFF);
}

read();
theme.subscribe((chosen) => {
  const root = document.documentElement;
  if (chosen === "system") {
    delete root.dataset.theme;
  } else {
    root.dataset.theme = chosen;
  }
});
addEventListener("storage", read); // another tab chose anew
