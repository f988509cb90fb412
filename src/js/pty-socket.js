// One WebSocket, whichever kind of it: the platform's, that of `ws`, that of undici.

/** How long a server may take to answer our goodbye. execd answers it and then leaves the connection open. */
const GOODBYE_MS = 500;

const [CONNECTING, OPEN, , CLOSED] = [0, 1, 2, 3];

/** The constructor cannot send the headers that the endpoint asks for. */
export class HeadersRefused extends Error {}

function construct(WebSocket, url, headers, required) {
  // `ws` takes options in its third argument, and says so.
  if (WebSocket.length >= 3) return new WebSocket(url, [], { headers });
  try {
    // Node's own, Deno, Bun. Browsers take the object for the name of a subprotocol and throw.
    return new WebSocket(url, { headers });
  } catch (cause) {
    // Not about the headers: a page that may not connect there at all.
    if (cause?.name === "SecurityError") throw cause;
    if (required) throw new HeadersRefused("", { cause });
    return new WebSocket(url);
  }
}

/**
 * `on`: `frame(data)`, and `gone({code, reason, cause})` once, when the connection is over, unless it was dropped from here.
 */
export class PtySocket {
  #socket;
  #on;
  #cause;

  constructor(WebSocket, { url, headers, required }, on) {
    this.#on = on;
    this.#socket = construct(WebSocket, url, headers, required);
    this.#socket.binaryType = "arraybuffer";
    this.#socket.onmessage = ({ data }) => this.#on?.frame(data);
    this.#socket.onerror = (event) => {
      this.#cause = event?.error ?? event?.message;
    };
    this.#socket.onclose = ({ code, reason }) => {
      const { gone } = this.#on ?? {};
      this.#on = undefined;
      gone?.({ code, reason, cause: this.#cause });
    };
  }

  get open() {
    return this.#socket.readyState === OPEN;
  }

  /** What is written and has not left yet, in bytes. */
  get buffered() {
    return this.#socket.bufferedAmount ?? 0;
  }

  send(data) {
    this.#socket.send(data);
  }

  /** Reads no further for now. `false`: this kind of socket cannot do that. */
  pause() {
    if (typeof this.#socket.pause !== "function") return false;
    this.#socket.pause();
    return true;
  }

  resume() {
    this.#socket.resume?.();
  }

  /** Ends it, and hears nothing more of it. Resolves when it is closed, or has been given up. */
  drop() {
    this.#on = undefined;
    const socket = this.#socket;
    if (socket.readyState === CLOSED) return Promise.resolve();
    return new Promise((resolve) => {
      // Without the listener, that of `ws` would throw the error that closing in mid-handshake is.
      socket.onerror = () => {};
      socket.onclose = resolve;
      const end = () => {
        socket.terminate?.();
        resolve();
      };
      const early = socket.readyState === CONNECTING;
      try {
        this.resume();
        socket.close(1000);
      } catch {
        // It never was open: nothing to say goodbye to.
      }
      if (early) return end();
      const timer = setTimeout(end, GOODBYE_MS);
      socket.onclose = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
