// The bar at the bottom: which sandbox there is, how it is, and how long it lives.

import { announce } from "./announcer.ts";
import { copyText } from "./clipboard.ts";
import { byId } from "./dom.ts";
import { clock, countdown } from "./format.ts";
import type { Phase, SandboxSession } from "./sandbox-session.ts";
import { toast } from "./toast.ts";

const WORDS: Record<Phase, string> = {
  none: "No sandbox",
  creating: "Creating…",
  ready: "Ready",
  running: "Running",
  stopping: "Stopping…",
  killing: "Killing…",
  ended: "Sandbox ended",
  failed: "Not connected",
};
const ENDED = { killed: "Sandbox killed", expired: "Sandbox expired", gone: "Sandbox is gone" };
const SOON_MS = 120_000;

export class SandboxBar {
  readonly #session: SandboxSession;
  readonly #bar = document.querySelector<HTMLElement>(".sandbox-bar") as HTMLElement;
  #said = "";
  #warned = false;

  constructor(
    session: SandboxSession,
    { create, renew, kill }: { create: () => void; renew: () => void; kill: () => void },
  ) {
    this.#session = session;
    for (const [id, act] of Object.entries({ create, renew, kill })) {
      byId(id).addEventListener("click", (event) => {
        if ((event.currentTarget as HTMLElement).getAttribute("aria-disabled") !== "true") act();
      });
    }
    byId("sandbox-id").addEventListener("click", async () => {
      try {
        await copyText(session.id ?? "");
        toast("Sandbox id copied");
      } catch {
        toast("The browser did not allow copying");
      }
    });
    setInterval(() => this.#tick(), 1000);
    addEventListener("visibilitychange", () => {
      if (!document.hidden && session.phase === "ready") session.check();
    });
  }

  show(): void {
    const { phase, id, ended, problem } = this.#session;
    const words =
      phase === "ended" && ended ? ENDED[ended] : phase === "failed" && problem ? short(problem.kind) : WORDS[phase];
    this.#bar.dataset.phase = phase;
    byId("sandbox-state").textContent = words;
    if (words !== this.#said && this.#said !== "" && phase !== "failed") announce(words);
    this.#said = words;
    const idButton = byId("sandbox-id", HTMLButtonElement);
    idButton.hidden = !id;
    byId("sandbox-id-text").textContent = id?.slice(0, 8) ?? "";
    idButton.setAttribute("aria-label", `Copy the sandbox id ${id ?? ""}`);
    idButton.title = id ? `${id} (click to copy)` : "";
    const focused = document.activeElement;
    offer("create", id === undefined, phase !== "creating" && !this.#session.busy);
    offer("renew", id !== undefined, phase !== "killing" && phase !== "failed");
    offer("kill", id !== undefined, phase !== "killing");
    // A button that has gone takes the focus with it: it goes to the one in its place.
    if (focused && this.#bar.contains(focused) && !focused.checkVisibility())
      byId(id === undefined ? "create" : "kill").focus();
    this.#showTime();
  }

  #showTime(): number | undefined {
    const { expiresAt } = this.#session;
    byId("time-left").hidden = !expiresAt;
    if (!expiresAt) return undefined;
    const left = expiresAt.getTime() - Date.now();
    byId("time-left-text").textContent = `${countdown(left)} left`;
    byId("ends-at").textContent = `ends by itself at ${clock(expiresAt)}`;
    byId("time-left").dataset.soon = String(left < SOON_MS);
    return left;
  }

  #tick(): void {
    const left = this.#showTime();
    if (left === undefined) return;
    if (left < SOON_MS && !this.#warned) announce("The sandbox ends in less than two minutes. Renew adds fifteen.");
    this.#warned = left < SOON_MS;
    // Once a second from then on, until the server says that it is gone.
    if (left < -500 && ["ready", "running"].includes(this.#session.phase)) this.#session.check();
  }
}

/** Not `disabled`, which would drop the focus. */
function offer(id: string, there: boolean, ready: boolean): void {
  byId(id).hidden = !there;
  byId(id).setAttribute("aria-disabled", String(!ready));
}

const short = (kind: string): string =>
  kind === "unreachable" ? "Server does not answer" : kind === "key" ? "Key refused" : "No sandbox";
