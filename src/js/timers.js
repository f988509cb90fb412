// Waiting.

/** Resolves after `ms`, or at once when one of the signals fires: the caller looks at them afterwards. */
export function sleep(ms, signals) {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      for (const signal of signals) signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    for (const signal of signals) {
      if (signal.aborted) end();
      else signal.addEventListener("abort", end);
    }
  });
}

/** `work`, or `undefined` when it has not settled after `ms` or a signal fires. What it does later is nobody's business. */
export function within(work, ms, signals) {
  return new Promise((resolve, reject) => {
    const end = (settle) => (value) => {
      clearTimeout(timer);
      for (const signal of signals) signal.removeEventListener("abort", late);
      settle(value);
    };
    const late = end(() => resolve(undefined));
    const timer = setTimeout(late, ms);
    for (const signal of signals) {
      if (signal.aborted) late();
      else signal.addEventListener("abort", late);
    }
    Promise.resolve(work).then(end(resolve), end(reject));
  });
}
