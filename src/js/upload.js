// Writing files, one request each. File bytes never enter WebAssembly memory.

import { Deadline } from "./deadline.js";
import { progress } from "./download.js";
import { SandboxException } from "./errors.js";
import { reworded, timedOut } from "./failure.js";
import { requestId } from "./http.js";
import { IdleWatch } from "./idle.js";
import { isBlob, isBytes, isSource, Source } from "./source.js";
import { within } from "./timers.js";

const WHAT = "Upload failed";

/** What is in memory and no larger goes out in one piece: it is gone before a clock that watches its progress would matter. */
const SMALL = 1 << 20;
/** How much of a Blob is read at once. */
const SLICE = 1 << 20;
/** How much is given to the network at once: small enough that a slow line shows progress. */
const PIECE = 1 << 16;

/** Called from Rust: what stands between the parts of a body. */
export const boundary = () => `opensandbox-${requestId()}`;

/** Called from Rust: what is to be written, checked, and the text around it. */
export const fileOf = (path, data, boundary, head, tail) => ({ path, data, boundary, head, tail });

/** Called from Rust: the part's content type, by what was given. Throws for what cannot be uploaded. */
export function contentType(data) {
  if (data === undefined || data === null || typeof data === "string") return "text/plain; charset=utf-8";
  if (isBlob(data)) return data.type || "application/octet-stream";
  if (isBytes(data) || isSource(data)) return "application/octet-stream";
  throw new TypeError("data must be a string, Uint8Array, ArrayBuffer, Blob, ReadableStream or async iterable");
}

/**
 * One file on its way as a multipart body.
 *
 * Where the runtime can send a stream, the body is one: it shows how far the transport has come, for `onProgress` and for a
 * clock that runs only while nothing moves. Small things, and all in a page, are a Blob, which copies nothing and knows its
 * length. (FormData is not used: a fetch from another package, such as npm's undici, does not recognise the platform's.)
 * Browsers over HTTP/1.1 fail to send a stream, or send "[object ReadableStream]": there it is collected first.
 */
class Upload {
  #path;
  #onProgress;
  #source;
  #watch;
  #controller;
  #total;
  #loaded = 0;
  #reported;
  #failure;
  /** A promise of the body. */
  body;
  /** Length of the whole body, where it has to be told because the body does not show it. */
  contentLength;

  /** `idleMs`: how long nothing may move, where that can be seen; 0: for ever. */
  constructor({ path, data, head, tail }, idleMs, onProgress) {
    this.#path = path;
    this.#onProgress = onProgress;
    const given = isSource(data) ? undefined : new Blob([data ?? ""]);
    this.#total = given?.size;
    if (canSendStreams() && (!given || onProgress || given.size > SMALL)) {
      this.#source = new Source(given ? slices(given) : data);
      this.#controller = new AbortController();
      this.#watch = new IdleWatch(idleMs, () => this.#controller.abort());
      const [before, after] = [head, tail].map((text) => new TextEncoder().encode(text));
      this.body = Promise.resolve(this.#streamed(before, after));
      // Node's fetch sends the length if it is told one. Others may choke on a header that is theirs to set.
      if (given && isNode()) this.contentLength = before.length + given.size + after.length;
    } else if (given) {
      this.body = Promise.resolve(new Blob([head, given, tail]));
    } else {
      this.#source = new Source(data);
      this.body = this.#collected(head, tail);
    }
  }

  /** Fires when nothing has moved for too long; `undefined` where that cannot be seen. */
  get stalled() {
    return this.#controller?.signal;
  }

  /** The error of the source itself, or of `onProgress`. */
  get failure() {
    return this.#failure ?? this.#source?.failure;
  }

  /** How many bytes the file has, once it is sent. */
  get size() {
    return this.#total ?? this.#loaded;
  }

  /** Ends the reading of the source when the request is over: Node's fetch would go on pulling. */
  stop() {
    this.#watch?.stop();
    this.#source?.stop();
  }

  /** The server has taken it: the last progress, if that has not been told yet. Gives what `onProgress` throws. */
  accepted() {
    this.#loaded = this.size;
    if (this.#reported !== this.#loaded) this.#report();
  }

  async #collected(head, tail) {
    const parts = [head];
    for (let chunk = await this.#source.next(); chunk !== undefined; chunk = await this.#source.next()) {
      parts.push(chunk);
      this.#loaded += chunk.length;
    }
    return new Blob([...parts, tail]);
  }

  #streamed(head, tail) {
    const pieces = this.#pieces(head, tail);
    let content = 0;
    this.#watch.wait();
    const pull = async (controller) => {
      // Asked for more: what was given before has been taken.
      if (content > 0) {
        this.#loaded += content;
        this.#report();
      }
      const { done, value } = await pieces.next();
      this.#watch.wait();
      if (done) return controller.close();
      content = value.content;
      controller.enqueue(value.bytes);
    };
    // Nothing is made ready in advance: a pull means that the transport has room.
    return new ReadableStream({ pull, cancel: () => this.stop() }, { highWaterMark: 0 });
  }

  /** The body in pieces, each with how much of the file is in it. */
  async *#pieces(head, tail) {
    yield { bytes: head, content: 0 };
    for (;;) {
      // The source is the caller's: how long it takes is the caller's business.
      this.#watch.rest();
      const chunk = await this.#source.next();
      if (chunk === undefined) break;
      for (let at = 0; at < chunk.length; at += PIECE) {
        const bytes = chunk.subarray(at, at + PIECE);
        yield { bytes, content: bytes.length };
      }
    }
    yield { bytes: tail, content: 0 };
  }

  #report() {
    this.#reported = this.#loaded;
    try {
      this.#onProgress?.(progress(this.#path, this.#loaded, this.#total));
    } catch (error) {
      this.#failure ??= error;
      throw error;
    }
  }
}

async function* slices(blob) {
  for (let at = 0; at < blob.size; at += SLICE) {
    yield new Uint8Array(await blob.slice(at, at + SLICE).arrayBuffer());
  }
}

/** Called from Rust. One after another; stops at the first failure. */
export async function writeFiles(execd, files, call, onProgress) {
  for (const file of files) await upload(execd, file, call, onProgress);
}

/** Writes one file; gives its length. `own`: what becomes of what the source or `onProgress` throws. */
export async function upload(execd, file, call, onProgress, own = (error) => error) {
  const { path } = file;
  const limit = execd.transport.timeoutMs(call);
  let body;
  try {
    // Before its clock starts.
    const endpoint = await execd.endpoint(call);
    body = new Upload(file, limit, onProgress);
    await send(execd, endpoint, file, body, call, limit);
    body.accepted();
    return body.size;
  } catch (error) {
    // The source's own error, not what fetch made of it.
    if (body?.failure !== undefined) throw own(body.failure);
    if (!(error instanceof SandboxException)) throw own(error);
    if (body?.stalled?.aborted) {
      throw timedOut(`${WHAT}: nothing moved for ${Math.trunc(limit)} ms`, { path, requestId: error.requestId });
    }
    // A copy: others may wait for the same look-up of the address.
    throw Object.assign(reworded(error, error.message), { path });
  } finally {
    body?.stop();
  }
}

async function send(execd, endpoint, { boundary }, upload, call, limit) {
  const { transport } = execd;
  // In a page a stream is collected first, which must not outlast an abort either.
  const body = await within(upload.body, Number.POSITIVE_INFINITY, transport.bareSignals(call));
  transport.check(call);
  const headers = [["Content-Type", `multipart/form-data; boundary=${boundary}`]];
  if (upload.contentLength !== undefined) headers.push(["Content-Length", `${upload.contentLength}`]);
  const request = { method: "POST", url: "/files/upload", what: WHAT, headers, body };
  // Where the transport shows how far it has come, only standing still has a limit; elsewhere the whole has it.
  const signals = transport.signals(call);
  if (upload.stalled) signals.push([upload.stalled, "timeout"]);
  const deadline = new Deadline(upload.stalled ? 0 : limit);
  await execd.sendTo(endpoint, request, call, { deadline, signals, reader: "whole" });
}

function isNode() {
  const { process, Deno, Bun } = globalThis;
  return Boolean(process?.versions?.node) && !Deno && !Bun;
}

/** The standard test: a runtime that reads `duplex` and sets no content type can send a stream; a page still cannot. */
function canSendStreams() {
  const { location } = globalThis;
  if (/^https?:$/.test(location?.protocol ?? "")) return false;
  let asked = false;
  try {
    const request = new Request("http://localhost/", {
      method: "POST",
      body: new ReadableStream(),
      get duplex() {
        asked = true;
        return "half";
      },
    });
    return asked && !request.headers.has("content-type");
  } catch {
    return false;
  }
}
