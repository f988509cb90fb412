// Keys that work everywhere on the page, and the list of them.

import { byId, make } from "./dom.ts";

const APPLE = /Mac|iPhone|iPad/.test(navigator.userAgent);
const MODIFIER = APPLE ? "⌘" : "Ctrl";

const LIST: [string[], string][] = [
  [[MODIFIER, "Enter"], "Run the program"],
  [[MODIFIER, "."], "Stop the program"],
  [["Esc"], "Leave the editor: the focus goes to Run, and Tab moves on from there"],
  [[MODIFIER, "F"], "Find in the code"],
  [[MODIFIER, "Z"], "Undo, also what an example or Reset has replaced"],
  [["?"], "This list, when the focus is not in the code"],
];

export function setUpShortcuts({ run, stop }: { run: () => void; stop: () => void }): void {
  const dialog = byId("help-dialog", HTMLDialogElement);
  const list = byId("shortcuts");
  for (const [keys, what] of LIST) {
    const combination = make("dt");
    combination.append(...keys.map((key) => make("kbd", { text: key })));
    list.append(combination, make("dd", { text: what }));
  }
  byId("run-key").textContent = APPLE ? "⌘↵" : "Ctrl ↵";
  byId("hint-run").textContent = `${MODIFIER} Enter`;
  byId("help").addEventListener("click", () => dialog.showModal());

  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
    const modified = event.ctrlKey || event.metaKey;
    if (modified && event.key === "Enter") {
      event.preventDefault();
      run();
    } else if (modified && event.key === ".") {
      event.preventDefault();
      stop();
    } else if (event.key === "?" && !modified && !isTyping(event.target)) {
      event.preventDefault();
      dialog.showModal();
    }
  });
}

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(input|textarea|select)$/.test(target.localName));
