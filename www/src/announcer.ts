// Tells screen readers what has changed: states, never output and never a running clock.

import { byId } from "./dom.ts";

export function announce(text: string): void {
  byId("announcer").textContent = text;
}
