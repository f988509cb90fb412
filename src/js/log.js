// The log that execd keeps of a background command: whole, or the answer to one request for it, read piece by piece.

import { core } from "./core.js";
import { within } from "./timers.js";

export const LOGS = "Get command logs failed";

/** What is read at once. A longer log is read as fast as its reader reads; a shorter one does not hold its connection. */
const PIECE = 1 << 18;

// ignoreBOM: a U+FEFF at the beginning of a piece is output like any other character.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** `GET /command/{id}/logs`: the raw output from byte `cursor` on, as much as there is. */
export const logOf = (id, cursor) => ({
  method: "GET",
  url: `/command/${core.segment("commandId", id)}/logs`,
  query: cursor === undefined ? [] : [["cursor", cursor]],
  what: LOGS,
});

/** The official answer. Called from Rust. */
export async function wholeLog(execd, id, cursor, call) {
  const exchange = await execd.send(logOf(id, cursor), call);
  const said = exchange.header("execd-commands-tail-cursor")?.trim();
  // Where CORS hides the header, the bytes that came say the same: the cursor is a byte offset.
  const next = /^\d{1,15}$/.test(said) ? Number(said) : (cursor ?? 0) + exchange.whole.length;
  return { content: exchange.text(), cursor: next };
}

/** The bytes from offset `at` on. They may be cut anywhere, inside of a character, too. */
export class Log {
  #exchange;
  #reader;
  #limitMs;
  #held = new Uint8Array();
  #complete;
  at;
  /** Whether it was asked for after the program had ended: nothing comes after it. */
  final;

  /** `limitMs`: for how long nothing may come; 0 for ever. */
  constructor(exchange, { at, final, limitMs }) {
    this.#exchange = exchange;
    this.#reader = exchange.reader();
    this.#complete = this.#reader === undefined;
    this.#limitMs = limitMs || Number.POSITIVE_INFINITY;
    this.at = at;
    this.final = final;
  }

  /** Waits for a piece, or for the end of what there is. Rejects when nothing came before the connection broke. */
  async fill() {
    if (this.#exchange.halted) throw this.#exchange.halted;
    const chunks = [this.#held];
    let length = this.#held.length;
    let trouble;
    while (length < PIECE && !this.#complete) {
      const chunk = await within(this.#reader.read(), this.#limitMs, []).catch((cause) => ({ cause }));
      if (this.#exchange.halted) throw this.#exchange.halted;
      if (chunk?.value) {
        chunks.push(chunk.value);
        length += chunk.value.length;
      } else {
        this.#complete = true;
        // `undefined`: nothing came in time.
        if (!chunk?.done) trouble = { cause: chunk?.cause };
      }
    }
    if (chunks.length > 1) this.#held = joined(chunks, length);
    // What did come is good. Whoever asks for the rest will see whether the trouble is over.
    if (trouble && wholeLength(this.#held) === 0) throw trouble.cause;
  }

  /** The text that is next, whole characters only, and how many bytes it is. They are passed over. */
  take() {
    const piece = this.#held.subarray(0, PIECE);
    let length = wholeLength(piece);
    // What a program leaves behind that has ended will not be completed.
    if (length === 0 && this.final) length = piece.length;
    this.#held = this.#held.subarray(length);
    this.at += length;
    return { text: decoder.decode(piece.subarray(0, length)), length };
  }

  /** Whether there is nothing more to take. Half a character is nothing: who asks again gets it again. */
  get spent() {
    return this.#complete && wholeLength(this.#held) === 0;
  }

  /** Gives the connection back. */
  close() {
    this.#exchange.abort();
  }
}

function joined(chunks, length) {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** How many bytes at the beginning are whole: all, unless the last one to three begin a character that may yet be completed. */
function wholeLength(bytes) {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back];
    if (byte < 0x80) break;
    if (byte < 0xc0) continue;
    const length = byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : byte < 0xf8 ? 4 : 1;
    return length > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}
