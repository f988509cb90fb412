// Waiting.

import { onAbort } from "./signals.js";

/** The longest that a timer can be set to. One set to more fires at once. */
const LONGEST = 0x7fffffff;

/** `setTimeout` for any time, also `Infinity`. */
export function after(ms, callback) {
  return setTimeout(callback, Math.min(ms, LONGEST));
}

/** Resolves after `ms`, or at once when one of the signals fires: the caller looks at them afterwards. */
export function sleep(ms, signals) {
  return within(new Promise(() => {}), ms, signals);
}

/** `work`, or `undefined` when it has not settled after `ms` or a signal fires. What it does later is nobody's business. */
export function within(work, ms, signals) {
  return new Promise((resolve, reject) => {
    const links = [];
    const end = (settle) => (value) => {
      clearTimeout(timer);
      for (const unlink of links.splice(0)) unlink();
      settle(value);
    };
    const late = end(() => resolve(undefined));
    const timer = after(ms, late);
    Promise.resolve(work).then(end(resolve), end(reject));
    for (const signal of signals) {
      if (signal.aborted) return late();
      links.push(onAbort(signal, late));
    }
  });
}
