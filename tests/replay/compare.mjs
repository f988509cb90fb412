// Replays recordings of a real server and compares what another one answers. Knows nothing of execd or lifecycle:
// what varies from run to run is told by rules.
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import http from "node:http";
import { join } from "node:path";

/** The recordings of a folder in the order in which they were made. */
export function loadSequence(dir) {
  const { steps } = JSON.parse(readFileSync(join(dir, "sequence.json"), "utf8"));
  return steps.map(({ name, captures = [] }) => ({
    name,
    captures,
    ...JSON.parse(readFileSync(join(dir, `${name}.json`), "utf8")),
    body: readFileSync(join(dir, `${name}.body`)),
  }));
}

/** Puts captured ids in place of `${name}` everywhere in a value. A name nobody captured gets a fresh id. */
export function substitute(value, captures) {
  if (typeof value === "string") {
    return value.replace(/\$\{(\w+)\}/g, (_, name) => (captures[name] ??= randomUUID()));
  }
  if (Array.isArray(value)) return value.map((item) => substitute(item, captures));
  if (value && typeof value === "object") {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [substitute(key, captures), substitute(item, captures)]),
    );
  }
  return value;
}

/** The same recording with another directory, of the same length so that Content-Length stays right. */
export function relocate(recording, from, to) {
  if (from.length !== to.length) throw new Error("the new directory must have the same length");
  const text = (value) => JSON.parse(JSON.stringify(value).replaceAll(from, to));
  const bytes = (buffer) => Buffer.from(buffer.toString("latin1").replaceAll(from, to), "latin1");
  const request = text(recording.request);
  if (request.raw_base64) request.raw_base64 = bytes(Buffer.from(request.raw_base64, "base64")).toString("base64");
  return { ...recording, request, body: bytes(recording.body) };
}

/** One raw request. Ends with the connection, or after `stopAfterMs`. */
export function request(base, { method = "GET", path, headers = {}, body, stopAfterMs, onData } = {}) {
  const url = new URL(base);
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const chunks = [];
    const all = { connection: "close", ...headers };
    if (body !== undefined) all["content-length"] = Buffer.byteLength(body);
    // The path goes out as it is written: `new URL` would tidy it.
    const sent = http.request({ host: url.hostname, port: url.port, method, path, headers: all, agent: false });
    let timer;
    sent.on("error", reject);
    sent.on("response", (response) => {
      const finish = (stopped) => {
        clearTimeout(timer);
        resolve({
          status: response.statusCode,
          headers: response.headers,
          rawHeaders: response.rawHeaders,
          body: Buffer.concat(chunks),
          complete: response.complete,
          closedAfter: stopped ? null : (performance.now() - began) / 1000,
        });
      };
      response.on("data", (chunk) => {
        chunks.push(chunk);
        onData?.(chunk, sent);
      });
      response.on("close", () => finish(false));
      response.on("error", () => {});
      if (!stopAfterMs) return;
      timer = setTimeout(() => {
        finish(true);
        sent.destroy();
      }, stopAfterMs);
    });
    sent.end(body);
  });
}

/** Sends a recorded request. A stream that was still open at the end of the recording is read for `openMs`. */
export function send(base, recording, captures, { headers = {}, openMs = 4600 } = {}) {
  const wanted = substitute(recording.request, captures);
  const body =
    wanted.raw_base64 !== undefined
      ? Buffer.from(wanted.raw_base64, "base64")
      : wanted.json !== undefined
        ? JSON.stringify(wanted.json)
        : undefined;
  const stopAfterMs = recording.connection_closed_after_s === null ? openMs : undefined;
  return request(base, {
    method: wanted.method,
    path: wanted.path,
    headers: { ...wanted.headers, ...headers },
    body,
    stopAfterMs,
  });
}

/** The id a response brings: of an object, or of a stream's first event. */
export function capturedId(body) {
  const first = JSON.parse(body.toString().split("\n\n")[0]);
  return first.session_id ?? first.id ?? (first.type === "init" ? first.text : undefined);
}

/** Ids and times in text, made equal. */
export function mask(text) {
  return text
    .replace(/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, "<uuid>")
    .replace(/\b[0-9a-f]{32}\b/g, "<id>")
    .replace(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)/g, "<time>");
}

const NEVER_COMPARED = new Set(["date", "connection", "keep-alive"]);

/** Differences between headers. Lengths count only where the bodies are the same bytes. */
export function compareHeaders(recorded, actual, sameBytes, ignored = []) {
  const out = [];
  const names = new Set([...Object.keys(recorded), ...Object.keys(actual)].map((name) => name.toLowerCase()));
  for (const name of names) {
    if (NEVER_COMPARED.has(name) || ignored.includes(name)) continue;
    let [left, right] = [recorded[name], actual[name]];
    if (name === "last-modified" || (name === "content-length" && !sameBytes)) {
      [left, right] = [left, right].map((value) => value?.replace(/\w+, \d\d \w+ \d{4} [\d:]+ GMT|\d+/, "*"));
    }
    if (name === "location") [left, right] = [left, right].map((value) => value && mask(value));
    if (left !== right) out.push(`header ${name}: recorded ${left}, got ${right}`);
  }
  return out;
}

/** Differences between two JSON values. `rule(path, recorded, actual, parents)` may return true: equal enough. */
export function compareJson(recorded, actual, rule = () => false, path = [], parents = []) {
  if (rule(path, recorded, actual, parents)) return [];
  const at = path.join(".") || "body";
  if (
    recorded &&
    actual &&
    typeof recorded === "object" &&
    typeof actual === "object" &&
    Array.isArray(recorded) === Array.isArray(actual)
  ) {
    const keys = [Object.keys(recorded), Object.keys(actual)].map((list) => list.map(mask).join());
    if (keys[0] !== keys[1]) return [`${at}: recorded keys ${keys[0]}, got ${keys[1]}`];
    const values = Object.values(actual);
    return Object.entries(recorded).flatMap(([key, value], index) =>
      compareJson(value, values[index], rule, [...path, key], [...parents, recorded]),
    );
  }
  if (typeof recorded === "string" && typeof actual === "string" && mask(recorded) === mask(actual)) return [];
  return Object.is(recorded, actual)
    ? []
    : [`${at}: recorded ${JSON.stringify(recorded)}, got ${JSON.stringify(actual)}`];
}

/**
 * Compares an event stream: pings dropped, times masked, stdout and stderr as two sequences, each event as text. `kernel`: of code
 * that a Jupyter kernel ran; then how output is cut into events and where `execution_complete` stands are a matter of luck.
 */
export function compareEvents(recorded, actual, { kernel = false } = {}) {
  const [left, right] = [recorded, actual].map((body) => (kernel ? ofKernel : readEvents)(body));
  const out = [];
  for (const kind of ["stdout", "stderr", "rest"]) {
    const index = left[kind].findIndex((text, at) => text !== right[kind][at]);
    const at = index >= 0 ? index : left[kind].length;
    if (index >= 0 || right[kind].length !== left[kind].length) {
      const short = (text) => (text && text.length > 300 ? `${text.slice(0, 300)}…` : text);
      out.push(`${kind} event ${at}: recorded ${short(left[kind][at])}, got ${short(right[kind][at])}`);
    }
  }
  if (left.last !== right.last) out.push(`last event: recorded ${left.last}, got ${right.last}`);
  return out;
}

function readEvents(body) {
  const out = { stdout: [], stderr: [], rest: [], last: "" };
  const parts = body.toString().split("\n\n");
  // Whole events end with two line feeds; what is behind the last ones is a bare object or nothing.
  const tail = parts.pop();
  const events = [...parts, ...(tail ? [`${tail}<no line feeds>`] : [])];
  for (const text of events) {
    const type = /^\{"type":"(\w+)"/.exec(text)?.[1];
    if (type === "ping") continue;
    const plain = mask(text.replace(/"timestamp":\d+/, '"timestamp":0').replace(/"execution_time":\d+,/, ""));
    out[type === "stdout" || type === "stderr" ? type : "rest"].push(plain);
    out.last = type === "stdout" || type === "stderr" ? "output" : plain;
  }
  return out;
}

/** Events of a kernel: output joined, what counts its runs made equal, `execution_complete` apart (there is exactly one). */
function ofKernel(body) {
  const { stdout, stderr, rest } = readEvents(body);
  const joined = (events) => {
    const text = events.map((event) => JSON.parse(event).text).join("");
    return text ? [JSON.stringify(text)] : [];
  };
  const isEnd = (event) => event.startsWith('{"type":"execution_complete"');
  const plain = (event) =>
    event
      .replace(/In\[\d+\]/g, "In[n]")
      .replace(/"execution_count":\d+/, '"execution_count":0')
      // The name under which IPython compiles a cell.
      .replace(/\(\d+\.py, line/g, "(n.py, line");
  return {
    stdout: joined(stdout),
    stderr: joined(stderr),
    rest: rest.filter((event) => !isEnd(event)).map(plain),
    last: rest.filter(isEnd).join(),
  };
}

/** Differences between two texts, line by line: what one has and the other has not, made comparable by `plain`. */
export function compareLines(recorded, actual, plain) {
  const [left, right] = [recorded, actual].map((body) => body.toString().split("\n").map(plain));
  // Each line of the one takes one equal line of the other.
  const split = (lines, others) => {
    const rest = [...others];
    const [alone, common] = [[], []];
    for (const line of lines) {
      const at = rest.indexOf(line);
      if (at >= 0) rest.splice(at, 1);
      (at < 0 ? alone : common).push(line);
    }
    return { alone, common };
  };
  const [one, other] = [split(left, right), split(right, left)];
  const out = [
    ...one.alone.map((line) => `missing line: ${line}`),
    ...other.alone.map((line) => `extra line: ${line}`),
  ];
  if (one.common.join("\n") !== other.common.join("\n")) out.push("the lines stand in another order");
  return out;
}

/** Differences between two bodies, by the recorded content type. */
export function compareBody(recording, actual, { rule, compareText, kernel }) {
  const type = recording.headers["content-type"] ?? "";
  if (type.startsWith("text/event-stream") && recording.body.includes('"type":'))
    return compareEvents(recording.body, actual.body, { kernel });
  if (type.startsWith("text/event-stream")) {
    const [left, right] = [recording.body, actual.body].map((body) => body.toString().split("\n"));
    if (left.at(-1) !== right.at(-1)) return ["the last line is not whole"];
    const lines = Math.min(left.length, right.length) - 1;
    if (lines < 1) return ["no lines"];
    return left.slice(0, lines).flatMap((line, index) => compareJson(JSON.parse(line), JSON.parse(right[index]), rule));
  }
  if (type.startsWith("application/json")) {
    let value;
    try {
      value = JSON.parse(actual.body.toString());
    } catch {
      return [`not JSON: ${actual.body}`];
    }
    // Compact, like the recording: no spaces, no line feed at the end.
    if (/[{,:]\s|\s$/.test(actual.body.toString().replace(/"(\\.|[^"\\])*"/g, '""'))) return ["JSON is not compact"];
    return compareJson(JSON.parse(recording.body.toString()), value, rule);
  }
  if (compareText) return compareText(recording.body, actual.body);
  return recording.body.equals(actual.body) ? [] : [`recorded ${recording.body}, got ${actual.body}`];
}

/** How much earlier an answer may end than the recorded one, and how much later: a busy machine is late, and never early. */
const EARLIER_SECONDS = 0.8;
const LATER_SECONDS = 10;

/** Everything that differs between a recording and an answer. */
export function compare(recording, actual, { rule, compareText, ignoredHeaders = [], kernel = false } = {}) {
  const out = [];
  if (recording.status !== actual.status) out.push(`status: recorded ${recording.status}, got ${actual.status}`);
  out.push(...compareHeaders(recording.headers, actual.headers, recording.body.equals(actual.body), ignoredHeaders));
  out.push(...compareBody(recording, actual, { rule, compareText, kernel }));
  const [left, right] = [recording.connection_closed_after_s, actual.closedAfter];
  const late = (right ?? 0) - (left ?? 0);
  const differs = (left === null) !== (right === null) || late < -EARLIER_SECONDS || late > LATER_SECONDS;
  if (left !== undefined && differs) {
    out.push(`closed: recorded after ${left} s, got ${right} s`);
  }
  return out;
}
