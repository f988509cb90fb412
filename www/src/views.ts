// On a narrow screen either the code or the output is seen.

import { byId } from "./dom.ts";

export type View = "code" | "output";

export function showView(view: View): void {
  document.body.dataset.view = view;
  byId("view-code").setAttribute("aria-pressed", String(view === "code"));
  byId("view-output").setAttribute("aria-pressed", String(view === "output"));
  if (view === "output") markOutput(false);
}

/** A dot on the switch: there is output that has not been looked at. */
export function markOutput(marked: boolean): void {
  byId("view-mark").hidden = !marked || document.body.dataset.view === "output";
}

export function setUpViews(): void {
  byId("view-code").addEventListener("click", () => showView("code"));
  byId("view-output").addEventListener("click", () => showView("output"));
}
