// The Run button and the line below the output: what the program is doing, and how it ended.

import { announce } from "./announcer.ts";
import { byId } from "./dom.ts";
import { duration, plural } from "./format.ts";
import type { Outcome, Phase } from "./sandbox-session.ts";

type Kind = "idle" | "busy" | "ok" | "bad" | "stopped";

const TICK_MS = 100;

export class RunView {
  readonly #button = byId("run", HTMLButtonElement);
  #began = 0;
  #timer: ReturnType<typeof setInterval> | undefined;
  #verb = "";

  constructor({ run, stop }: { run: () => void; stop: () => void }) {
    this.#button.addEventListener("click", (event) => {
      if (this.#button.getAttribute("aria-disabled") === "true") return;
      if (this.#button.dataset.mode !== "stop") run();
      // The second half of a double click on Run is no wish to stop.
      else if (event.detail < 2) stop();
    });
  }

  /** What the button does now. */
  button(busy: boolean, phase: Phase): void {
    const stopping = busy && (phase === "stopping" || phase === "killing");
    this.#button.dataset.mode = busy ? "stop" : "run";
    this.#button.setAttribute("aria-disabled", String(stopping));
    byId("run-text").textContent = stopping ? "Stopping…" : busy ? "Stop" : "Run";
    byId("run-icon").setAttribute("href", busy ? "#i-stop" : "#i-run");
    byId("run-key").hidden = busy;
  }

  /** Shows what goes on, with a clock that starts at zero. */
  begin(verb: string): void {
    this.#began = performance.now();
    this.#verb = verb;
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#tick();
  }

  #tick(): void {
    this.#show("busy", this.#verb, duration(performance.now() - this.#began));
  }

  end(outcome: Outcome, { total, errors }: { total: number; errors: number }): void {
    clearInterval(this.#timer);
    const time = duration(performance.now() - this.#began, 2);
    const lines = errors
      ? `${plural(total, "line")}, ${errors === total ? "all" : errors.toLocaleString("en-US")} err`
      : plural(total, "line");
    const [kind, words] = described(outcome);
    this.#show(kind, words, `${time} · ${lines}`);
    announce(`${words}, after ${time}, ${lines}`);
  }

  reset(): void {
    clearInterval(this.#timer);
    this.#show("idle", "Ready to run", "");
  }

  #show(kind: Kind, words: string, facts: string): void {
    byId("run-state").dataset.kind = kind;
    byId("run-state-text").textContent = words;
    byId("run-facts").textContent = facts;
  }
}

function described(outcome: Outcome): [Kind, string] {
  switch (outcome.kind) {
    case "exit":
      if (outcome.code === 0) return ["ok", "Exit code 0"];
      if (outcome.code === null) return ["bad", outcome.reason ? `Failed: ${outcome.reason}` : "Failed"];
      return [
        "bad",
        outcome.code < 0 ? `Ended by a signal (${outcome.reason ?? outcome.code})` : `Exit code ${outcome.code}`,
      ];
    case "stopped":
      return ["stopped", outcome.confirmed ? "Stopped" : "Stopped listening; the program may still run"];
    case "killed":
      return ["stopped", "Ended with its sandbox"];
    case "failed":
      return ["bad", "Not finished"];
  }
}
