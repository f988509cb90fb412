// The two files as tabs: a click or the arrow keys.

import { byId } from "./dom.ts";
import { LANGUAGES, type Language } from "./programs.ts";

export function setUpTabs(chosen: (language: Language) => void): void {
  for (const language of LANGUAGES) {
    const tab = byId(`tab-${language}`);
    tab.addEventListener("click", () => chosen(language));
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const at = (LANGUAGES.indexOf(language) + step + LANGUAGES.length) % LANGUAGES.length;
      const next = LANGUAGES[at] ?? language;
      chosen(next);
      byId(`tab-${next}`).focus();
    });
  }
}

export function showTab(language: Language): void {
  for (const one of LANGUAGES) {
    const tab = byId(`tab-${one}`);
    tab.setAttribute("aria-selected", String(one === language));
    tab.tabIndex = one === language ? 0 : -1;
  }
  byId("editor").setAttribute("aria-labelledby", `tab-${language}`);
}
