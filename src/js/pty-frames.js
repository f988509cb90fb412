// The frames of a terminal's WebSocket. JavaScript and not Rust, on purpose: a frame is one byte and a view of the bytes that
// the socket gave. Through WebAssembly every byte would be copied in and out again, to learn what its first one says.

export const OUTPUT = 1;
export const STDERR = 2;
const REPLAY = 3;
const STDIN = 0;

/** What makes a frame unreadable. */
export class MalformedFrame extends Error {}

/**
 * Reads what the server sent: `{channel, bytes}`, `{offset, bytes}` for a replay, or `{message}`, a JSON object with a type.
 * Bytes are a view, not a copy. `undefined` for an empty frame.
 */
export function readFrame(data) {
  if (typeof data === "string") return { message: readMessage(data) };
  const frame = data instanceof ArrayBuffer ? new Uint8Array(data) : data;
  if (!(frame instanceof Uint8Array)) throw new MalformedFrame("a binary frame that did not come as bytes");
  if (frame.length === 0) return undefined;
  const channel = frame[0];
  if (channel === OUTPUT || channel === STDERR) return { channel, bytes: frame.subarray(1) };
  if (channel !== REPLAY) throw new MalformedFrame(`a binary frame of the unknown kind ${channel}`);
  if (frame.length < 9) throw new MalformedFrame("a replay without its offset");
  const offset = Number(new DataView(frame.buffer, frame.byteOffset + 1).getBigInt64(0));
  if (!Number.isSafeInteger(offset) || offset < 0) throw new MalformedFrame(`a replay from the offset ${offset}`);
  return { offset, bytes: frame.subarray(9) };
}

function readMessage(text) {
  let message;
  try {
    message = JSON.parse(text);
  } catch {
    throw new MalformedFrame(`a text frame that is not JSON: ${text.slice(0, 200)}`);
  }
  if (typeof message?.type !== "string") throw new MalformedFrame(`a message without a type: ${text.slice(0, 200)}`);
  return message;
}

/** What is typed, as a frame. */
export function stdinFrame(bytes) {
  const frame = new Uint8Array(1 + bytes.length);
  frame[0] = STDIN;
  frame.set(bytes, 1);
  return frame;
}

/**
 * What a replay adds to the `position` that has been reached: `{bytes, gap, position}`. Nothing is given twice, and what the
 * server no longer has is a gap.
 */
export function splice(position, offset, bytes) {
  if (offset >= position) {
    const gap = offset > position ? { from: position, to: offset } : undefined;
    return { bytes, gap, position: offset + bytes.length };
  }
  const fresh = bytes.subarray(Math.min(position - offset, bytes.length));
  return { bytes: fresh, gap: undefined, position: position + fresh.length };
}
