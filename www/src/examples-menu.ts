// The menu of examples: a popover below its button.

import { byId, make } from "./dom.ts";
import { EXAMPLES, type Example } from "./examples.ts";
import { LANGUAGES, PROGRAMS } from "./programs.ts";

export function setUpExamplesMenu(choose: (example: Example) => void): void {
  const menu = byId("examples-menu");
  for (const language of LANGUAGES) {
    const group = make("div", { className: "menu-group" });
    group.append(make("h2", { text: PROGRAMS[language].name }));
    for (const example of EXAMPLES.filter((one) => one.language === language)) {
      const button = make("button", { className: "menu-item" });
      button.type = "button";
      button.append(
        make("span", { className: "menu-title", text: example.title }),
        make("span", { className: "menu-about", text: example.about }),
      );
      button.addEventListener("click", () => {
        menu.hidePopover();
        choose(example);
      });
      group.append(button);
    }
    menu.append(group);
  }
  // A popover is laid out on its own: it has to be told where its button is.
  let anchor = byId("examples");
  for (const button of [anchor, byId("empty-examples")]) {
    button.addEventListener("click", () => {
      anchor = button;
    });
  }
  menu.addEventListener("beforetoggle", (event) => {
    if ((event as ToggleEvent).newState !== "open") return;
    const box = anchor.getBoundingClientRect();
    const width = Math.min(400, innerWidth - 16);
    const left = Math.max(8, Math.min(box.right - width, innerWidth - width - 8));
    const below = innerHeight - box.bottom > 360;
    Object.assign(menu.style, {
      width: `${width}px`,
      left: `${left}px`,
      top: below ? `${box.bottom + 6}px` : "auto",
      bottom: below ? "auto" : `${innerHeight - box.top + 6}px`,
      maxHeight: `${(below ? innerHeight - box.bottom : box.top) - 16}px`,
    });
  });
  // Into the menu with the arrows, too.
  menu.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const items = [...menu.querySelectorAll<HTMLElement>(".menu-item")];
    const at = items.indexOf(document.activeElement as HTMLElement);
    items[(at + step + items.length) % items.length]?.focus();
  });
}
