// What is timed, in every runtime: import an SDK and ask for the list of sandboxes. A page imports it, main.mjs runs it.

/** The wall clock with fractions of milliseconds. Not `performance.timeOrigin`: it is as right as the clock was long ago. */
export function wallClock() {
  const before = Date.now();
  while (Date.now() === before);
  const zero = Date.now() - performance.now();
  return () => zero + performance.now();
}

/** `start` is what the entry `slim` wants. Gives when the import began and when `fetch` was called. */
export async function first({ entry, domain }, start = () => {}) {
  const now = wallClock();
  const { fetch } = globalThis;
  let called;
  // Both SDKs take the one that is there at their first use, so neither has an advantage.
  globalThis.fetch = (input, options) => {
    if (String(input.url ?? input).includes("/v1/sandboxes")) called ??= now();
    return fetch(input, options);
  };
  const imported = now();
  const sdk = await import(entry);
  await start(sdk);
  const manager = sdk.SandboxManager.create({ connectionConfig: { domain, apiKey: "key", disableMetrics: true } });
  const { items } = await manager.listSandboxInfos();
  if (items?.length !== 0) throw new Error("that is not what the server answered");
  return { imported, called };
}
