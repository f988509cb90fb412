// Light, dark, or what the system says. The colours themselves follow from `color-scheme`, see style/tokens.css.

import { byId } from "./dom.ts";
import { browserStore } from "./storage.ts";

const THEMES = ["system", "light", "dark"] as const;
type Theme = (typeof THEMES)[number];

export function setUpTheme(): void {
  const button = byId("theme", HTMLButtonElement);
  let theme = THEMES.find((one) => one === browserStore.get("theme")) ?? "system";

  const show = () => {
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    const next = after(theme);
    button.setAttribute("aria-label", `Theme: ${theme}. Switch to ${next}`);
    button.title = `Theme: ${theme}`;
    button.dataset.theme = theme;
  };
  button.addEventListener("click", () => {
    theme = after(theme);
    browserStore.set("theme", theme === "system" ? undefined : theme);
    show();
  });
  show();
}

const after = (theme: Theme): Theme => THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? "system";
