// A short message at the bottom, with one thing to do about it.

import { announce } from "./announcer.ts";
import { byId } from "./dom.ts";

const SHOWN_MS = 4000;
/** Time to read it, to decide and to get there. */
const SHOWN_WITH_ACTION_MS = 10_000;
let timer: ReturnType<typeof setTimeout> | undefined;

export function toast(text: string, action?: { label: string; run: () => void }): void {
  const box = byId("toast");
  const button = byId("toast-action", HTMLButtonElement);
  const hide = () => {
    clearTimeout(timer);
    box.hidden = true;
  };
  byId("toast-text").textContent = text;
  button.hidden = !action;
  button.textContent = action?.label ?? "";
  button.onclick = () => {
    hide();
    action?.run();
  };
  box.hidden = false;
  announce(text);
  clearTimeout(timer);
  timer = setTimeout(hide, action ? SHOWN_WITH_ACTION_MS : SHOWN_MS);
}
