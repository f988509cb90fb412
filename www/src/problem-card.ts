// The card that says what went wrong: in words first, the facts for a bug report folded away below.

import { announce } from "./announcer.ts";
import { byId, make } from "./dom.ts";
import type { Problem, Remedy } from "./errors.ts";

const LABELS: Record<Remedy, string> = { key: "Enter the key", retry: "Try again", "new-sandbox": "New sandbox" };

let shown: Problem | undefined;

export function showProblem(problem: Problem | undefined, act: (remedy: Remedy) => void): void {
  if (problem === shown) return;
  shown = problem;
  const card = byId("problem");
  card.hidden = !problem;
  card.replaceChildren();
  if (!problem) return;
  const text = make("div", { className: "problem-text" });
  text.append(make("h3", { text: problem.title }), make("p", { text: problem.advice }), facts(problem));
  card.append(text);
  const { remedy } = problem;
  if (remedy) {
    const button = make("button", { className: "quiet bordered", text: LABELS[remedy] });
    button.type = "button";
    button.addEventListener("click", () => act(remedy));
    card.append(button);
  }
  announce(`${problem.title}. ${problem.advice}`);
}

function facts(problem: Problem): HTMLElement {
  const details = make("details");
  details.append(make("summary", { text: "Details" }));
  const list = make("dl", { className: "facts" });
  const rows: [string, string | undefined][] = [
    ["Message", problem.message],
    ["Code", problem.code],
    ["Status", problem.status?.toString()],
    ["Request id", problem.requestId],
  ];
  for (const [name, value] of rows) {
    if (value) list.append(make("dt", { text: name }), make("dd", { className: "mono", text: value }));
  }
  details.append(list);
  return details;
}
