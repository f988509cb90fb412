// What code has produced or how it failed, as values that know their forms. Their own properties are the official ones, so
// that a spread, JSON and structuredClone give the official shape; the rest are accessors.

/** From the richest to the plainest, as notebooks do it. */
const PREFERRED = [
  "text/html",
  "image/svg+xml",
  "image/png",
  "image/jpeg",
  "text/markdown",
  "text/latex",
  "application/json",
  "application/javascript",
  "text/plain",
];

// The escapes that terminals know: CSI, then OSC, then those of two characters.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
const ANSI = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[ -/]*[0-~])/g;

export class ExecutionResult {
  constructor(text, timestamp, raw) {
    this.text = text;
    this.timestamp = timestamp;
    this.raw = raw;
  }

  /** The MIME types that there are, the richest first. execd calls `text/plain` `text`. */
  get formats() {
    const known = Object.keys(this.raw).map((name) => (name === "text" || name === "textPlain" ? "text/plain" : name));
    const rank = (mime) => (PREFERRED.includes(mime) ? PREFERRED.indexOf(mime) : PREFERRED.length);
    return [...new Set(known)].sort((a, b) => rank(a) - rank(b));
  }

  /** The value of a MIME type as it came: text, base64 for images, an object for JSON. */
  get(mime) {
    return mime === "text/plain" ? this.text : own(this.raw, mime);
  }

  get html() {
    return asString(this.get("text/html"));
  }
  get markdown() {
    return asString(this.get("text/markdown"));
  }
  get svg() {
    return asString(this.get("image/svg+xml"));
  }
  get png() {
    return asString(this.get("image/png"));
  }
  get jpeg() {
    return asString(this.get("image/jpeg"));
  }
  get latex() {
    return asString(this.get("text/latex"));
  }
  get javascript() {
    return asString(this.get("application/javascript"));
  }
  get json() {
    return this.get("application/json");
  }

  /** The first of these MIME types that there is, as `{ mime, value }`. */
  preferred(order = PREFERRED) {
    const mime = order.find((each) => this.get(each) !== undefined);
    return mime === undefined ? undefined : { mime, value: this.get(mime) };
  }

  /** The bytes of a form: decoded now, not when it came. */
  bytes(mime) {
    const value = this.get(mime);
    if (value === undefined) return undefined;
    if (!isBase64(mime)) return new TextEncoder().encode(asString(value));
    const binary = atob(asString(value).replace(/\s+/g, ""));
    return Uint8Array.from(binary, (character) => character.charCodeAt(0));
  }

  /** A form as a `data:` URL, for `<img src>`. */
  dataUrl(mime) {
    const value = this.get(mime);
    if (value === undefined) return undefined;
    const text = asString(value);
    return isBase64(mime)
      ? `data:${mime};base64,${text.replace(/\s+/g, "")}`
      : `data:${mime};charset=utf-8,${encodeURIComponent(text)}`;
  }
}

export class ExecutionError {
  constructor(name, value, traceback, timestamp) {
    this.name = name;
    this.value = value;
    this.traceback = traceback;
    this.timestamp = timestamp;
  }

  /** The traceback as one text with the kernel's colours (ANSI escapes). */
  get ansi() {
    return this.traceback.join("\n");
  }

  /** The same without colours; where there is no traceback, name and value. */
  get plain() {
    if (this.traceback.length > 0) return this.ansi.replace(ANSI, "");
    return [this.name, this.value].filter(Boolean).join(": ");
  }
}

/** Jupyter sends binary formats as base64; SVG is text. */
const isBase64 = (mime) =>
  /^(image|audio|video)\//.test(mime) ? mime !== "image/svg+xml" : mime === "application/pdf";

const own = (object, name) => (Object.hasOwn(object, name) ? (object[name] ?? undefined) : undefined);

function asString(value) {
  if (value === undefined || typeof value === "string") return value;
  // Jupyter allows a list of lines.
  return Array.isArray(value) && value.every((line) => typeof line === "string")
    ? value.join("")
    : JSON.stringify(value);
}
