// Listening to abort signals: one listener per signal, however many requests hang on it. Node warns of a leak at eleven.

const fans = new WeakMap();

/** Calls `listener` when `signal` fires. Gives the function that lets go of it. */
export function onAbort(signal, listener) {
  let fan = fans.get(signal);
  if (!fan) {
    const listeners = new Set();
    const fire = () => {
      for (const each of [...listeners]) each();
    };
    fan = { listeners, fire };
    fans.set(signal, fan);
    signal.addEventListener("abort", fire);
  }
  fan.listeners.add(listener);
  return () => {
    fan.listeners.delete(listener);
    if (fan.listeners.size === 0 && fans.get(signal) === fan) {
      fans.delete(signal);
      signal.removeEventListener("abort", fan.fire);
    }
  };
}
