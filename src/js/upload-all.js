// Many uploads, some at a time.

import { core } from "./core.js";
import { InvalidArgumentException, makeError } from "./errors.js";
import { describe } from "./failure.js";
import { onAbort } from "./signals.js";
import { upload } from "./upload.js";

/**
 * Called from Rust. Takes entries from `source` as connections get free, never more. At the first failure it takes no further
 * ones, aborts those that are under way, waits until they are gone, and rejects with that failure.
 */
export async function uploadAll(execd, source, concurrency, call, onProgress) {
  const { transport } = execd;
  const controller = new AbortController();
  let failure;
  let stop;
  const stopped = new Promise((resolve) => {
    stop = resolve;
  });
  const fail = (error) => {
    failure ??= { error };
    controller.abort();
    stop({ done: true });
  };
  const links = [];
  const halt = () => {
    try {
      transport.check(call);
    } catch (error) {
      fail(error);
    }
  };
  for (const signal of transport.bareSignals(call)) {
    if (signal.aborted) halt();
    else links.push(onAbort(signal, halt));
  }
  const done = { files: 0, bytes: 0 };
  const report =
    onProgress &&
    ((progress) => {
      try {
        onProgress({ ...progress, filesDone: done.files });
      } catch (error) {
        // The caller's own: not the upload's failure.
        fail(error);
        throw error;
      }
    });

  let iterator;
  let ended = false;
  let index = 0;
  let turn = Promise.resolve();
  // One at a time: only generators queue what is asked of them.
  const next = () => {
    const taken = turn.then(async () => {
      if (ended || failure) return undefined;
      // A source that never answers must not outlast an abort.
      const { done: last, value } = await Promise.race([iterator.next(), stopped]);
      if (!last) return { index: index++, entry: await value };
      ended = !failure;
      return undefined;
    });
    turn = taken.catch(() => {});
    return taken;
  };
  const seen = new Set();
  const send = (index, entry) => {
    const file = core.fileToWrite(index, entry);
    const { path } = file;
    // They are sent at the same time: which one wins would be chance.
    if (seen.has(path)) throw new InvalidArgumentException({ message: `entries has the path "${path}" twice` });
    seen.add(path);
    return upload(execd, file, { ...call, signal: controller.signal }, report, (cause) => {
      const message = `What was to be written to ${path} could not be read: ${describe(cause)}`;
      return makeError("SandboxException", "SOURCE_FAILED", message, { cause, path });
    });
  };
  const worker = async () => {
    try {
      for (let job = await next(); job && !failure; job = await next()) {
        // Not `+= await`: others add to it meanwhile.
        const bytes = await send(job.index, job.entry);
        done.bytes += bytes;
        done.files++;
      }
    } catch (error) {
      fail(error);
    }
  };
  try {
    if (!failure) {
      iterator = (source[Symbol.asyncIterator] ?? source[Symbol.iterator]).call(source);
      await Promise.all(Array.from({ length: concurrency }, worker));
    }
  } finally {
    for (const unlink of links) unlink();
    // Of a generator, this waits behind a step that is under way.
    if (iterator && !ended) (async () => iterator.return?.())().catch(() => {});
  }
  if (failure) throw failure.error;
  return done;
}
