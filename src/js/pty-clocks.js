// When a terminal's connection counts as dead, and when another one is tried.

import { after, sleep } from "./timers.js";

/** Between two attempts to connect. */
const BACKOFF_MS = [250, 5_000];

/** A ping of ours at each third of `idleMs`: the browser keeps those of the protocol to itself. */
export class Heartbeat {
  #ms;
  #ping;
  #dead;
  #timer;
  #unanswered = 0;

  /** `dead`: the server has not answered. `ping()` sends one; `false`: silence is our own doing, and says nothing. */
  constructor(idleMs, { ping, dead }) {
    this.#ms = idleMs / 3;
    this.#ping = ping;
    this.#dead = dead;
  }

  start() {
    this.stop();
    this.#unanswered = 0;
    if (this.#ms > 0 && Number.isFinite(this.#ms)) this.#tick();
  }

  heard() {
    this.#unanswered = 0;
  }

  stop() {
    clearTimeout(this.#timer);
  }

  #tick() {
    this.#timer = after(this.#ms, () => {
      // Counted in ticks and not by the clock: a computer that slept asks first.
      if (this.#unanswered >= 2) return this.#dead();
      this.#unanswered = this.#ping() ? this.#unanswered + 1 : 0;
      this.#tick();
    });
  }
}

/** The attempts to connect again: the first one at once, the others with pauses, none after `limitMs`. */
export class Attempts {
  #limitMs;
  #deadline;
  /** Of this loss, or of losses that follow on one another. */
  count = 0;

  constructor(limitMs) {
    this.#limitMs = limitMs;
    this.succeeded();
  }

  /** The next loss is a new one. Not called, a server that lets us in and throws us out again is asked less and less often. */
  succeeded() {
    this.count = 0;
    this.#deadline = undefined;
  }

  /** What is left of the time; 0: give up. */
  get left() {
    this.#deadline ??= Date.now() + this.#limitMs;
    return Math.max(this.#deadline - Date.now(), 0);
  }

  /** Before each attempt. */
  async pause(signal) {
    const before = this.count++;
    if (before === 0) return;
    const [first, longest] = BACKOFF_MS;
    const pause = Math.min(first * 2 ** (before - 1), longest) * (0.5 + Math.random() / 2);
    await sleep(Math.min(pause, this.left), [signal]);
  }
}
