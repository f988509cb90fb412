// The options of one call: `{ signal, timeoutSeconds, headers, keepalive, retry, patience, probe }`, checked in Rust
// (src/host/args.rs). Never changed: other ones are copies.

/** Called from Rust. `headers`: pairs. `retry`: as the caller gave it, checked. */
export const callOf = (signal, timeoutSeconds, headers, keepalive, retry) => ({
  signal,
  timeoutSeconds,
  headers,
  keepalive,
  retry,
});

/**
 * For a request that this call causes but that others need too, or that must outlive it: without its signal and limit, with its
 * headers, which may be what a gateway lets it through by.
 */
export const forOthers = ({ headers, retry }) => ({ headers, retry });

/** For what is never repeated, whatever the caller says: interrupts, pings, questions that are asked again anyway. */
export const once = (call) => ({ ...call, retry: false });
