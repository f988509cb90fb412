// Until when something must be done.

export class Deadline {
  #until;

  /** `limitMs` from now; 0: no limit. */
  constructor(limitMs) {
    this.limitMs = limitMs;
    this.#until = limitMs > 0 ? Date.now() + limitMs : Number.POSITIVE_INFINITY;
  }

  /** What is left of it in milliseconds; infinite without a limit. */
  get leftMs() {
    return this.#until - Date.now();
  }

  /** The same for a timer, for which 0 is no limit. */
  get timerMs() {
    return this.limitMs > 0 ? Math.max(this.leftMs, 1) : 0;
  }
}
