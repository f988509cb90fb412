// What is different about running code: a limit that nobody keeps but us, interrupts that may come before the code has begun,
// and a context that runs something else.

import { asText } from "./execution.js";
import { after, within } from "./timers.js";

// How long a kernel may take to heed an interrupt.
const GRACE_MS = 5_000;
// `init` comes before the kernel begins: an interrupt that is as early as this may find nothing to interrupt. It is said again,
// but not often: what a program does about an interrupt can be interrupted, too.
const EARLY_MS = 2_000;
const AGAIN_MS = 1_000;
const MOST_INTERRUPTS = 3;
// What execd says, with status 200, of a context that runs something else.
const BUSY = /session is busy/;
/** Events that say nothing of the code itself. */
const OF_EXECD = [undefined, "init", "ping", "execution_complete"];

/** Whether an event says that the context runs something else. */
export const isBusy = (event) => event.type === undefined && BUSY.test(asText(event.message));

export class CodeRun {
  #timeoutMs;
  #reader;
  #begunAt = 0;
  #timer;
  /** Whether it was interrupted because its time was over. */
  overdue = false;

  /** `timeoutMs`: 0 for none. `reader`: `interrupt()`, `giveUp()`, `isWaiting()` (for the network), `output()` (how many events), `lastEvent()`. */
  constructor(timeoutMs, reader) {
    this.#timeoutMs = timeoutMs;
    this.#reader = reader;
  }

  /** The first event has come. */
  begin() {
    this.#begunAt = Date.now();
    if (this.#timeoutMs > 0) this.#timer = after(this.#timeoutMs, () => this.#overrun());
  }

  /** It is over, or nobody wants it any more. */
  end() {
    clearTimeout(this.#timer);
  }

  get #isSilent() {
    return this.#reader.output() === 0 && OF_EXECD.includes(this.#reader.lastEvent()?.type);
  }

  /** Whether an interrupt may come before the code has begun. */
  get isEarly() {
    return this.#isSilent && Date.now() - this.#begunAt < EARLY_MS;
  }

  /** Interrupts it; what the kernel says to that is the end of the run. */
  #overrun() {
    this.overdue = true;
    const early = this.isEarly;
    let told = 0;
    let waited = 0;
    const step = () => {
      // Whoever reads slowly may have the end in the pipe already.
      waited = this.#reader.isWaiting() ? waited + AGAIN_MS : 0;
      if (waited > GRACE_MS) return this.#reader.giveUp();
      if (told === 0 || (early && told < MOST_INTERRUPTS && this.#isSilent)) this.#reader.interrupt();
      told++;
      this.#timer = after(AGAIN_MS, step);
    };
    step();
  }

  /** Interrupts until `over` resolves, within reason. */
  async interruptUntil(over) {
    this.end();
    for (let told = 0; told < MOST_INTERRUPTS; told++) {
      this.#reader.interrupt();
      if (await within(over, AGAIN_MS, [])) return;
    }
  }
}
