// The clock of a transfer: it fires when nothing has moved for too long, however long the whole thing takes.

import { after } from "./timers.js";

export class IdleWatch {
  #ms;
  #fire;
  #timer;
  #since = 0;
  #waiting = false;
  /** Whether it has fired. */
  fired = false;

  /** `ms` 0: never. `fire` is called once. */
  constructor(ms, fire) {
    this.#ms = ms;
    this.#fire = fire;
  }

  /** From now on we wait for the network. Also: something has moved, and we wait for more. */
  wait() {
    this.#since = performance.now();
    this.#waiting = true;
    // One timer, set anew when it goes off: a chunk costs a time stamp.
    if (this.#timer === undefined) this.#arm(this.#ms);
  }

  /** Now somebody else has to move: the caller's own source, or whoever reads. */
  rest() {
    this.#waiting = false;
  }

  stop() {
    this.#ms = 0;
    clearTimeout(this.#timer);
  }

  #arm(ms) {
    if (!(this.#ms > 0)) return;
    this.#timer = after(ms, () => {
      this.#timer = undefined;
      if (!this.#waiting) return;
      const left = this.#since + this.#ms - performance.now();
      if (left > 0) return this.#arm(left);
      this.fired = true;
      this.#fire();
    });
  }
}
