// Waiting.

import { onAbort } from "./signals.js";

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
      for (const unlink of links) unlink();
      settle(value);
    };
    const late = end(() => resolve(undefined));
    const timer = setTimeout(late, ms);
    for (const signal of signals) {
      if (signal.aborted) late();
      else links.push(onAbort(signal, late));
    }
    Promise.resolve(work).then(end(resolve), end(reject));
  });
}
