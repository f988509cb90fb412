// Importing this starts an execd with a directory for the tests of one file, and ends it after them.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before } from "node:test";
import { until } from "../local/server.mjs";
import { request } from "./compare.mjs";
import { startExecd, stopAll } from "./execd-server.mjs";

export let server;
/** An empty directory. */
export let box;

before(async () => {
  server = await startExecd({ args: ["--graceful-shutdown-timeout", "100ms"] });
  box = join(server.temporary, "box");
  mkdirSync(box);
});
after(async () => {
  await server?.stop();
  stopAll();
});

/** A request to this execd, or to another one (`on`). */
export const call = (method, path, body, more = {}) =>
  request((more.on ?? server).base, {
    method,
    path,
    body: body === undefined || typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body),
    ...more,
  });
export const command = (text, more = {}) => call("POST", "/command", { command: text, ...more });
export const query = (path) => encodeURIComponent(path);

export const json = (response) => JSON.parse(response.body.toString());
export const events = (response) =>
  response.body
    .toString()
    .split("\n\n")
    .filter(Boolean)
    .map((text) => JSON.parse(text));
export const noPings = (response) => events(response).filter(({ type }) => type !== "ping");
export const stdout = (response) =>
  noPings(response)
    .filter(({ type }) => type === "stdout")
    .map(({ text }) => text);
export const last = (response) => noPings(response).at(-1);

export const isAlive = (pid) => {
  try {
    // A zombie is not alive.
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
};

/** Something that commands wait for and a test lets happen: `sh` is the waiting, `open()` its end. */
export function gate(name) {
  const file = join(box, `gate-${name}`);
  return {
    sh: `while ! [ -e '${file}' ]; do sleep 0.05; done`,
    open: () => writeFileSync(file, ""),
  };
}

/** Starts a POST whose events are watched while they come: `text()`, and `done` for the whole answer. */
export function start(path, body) {
  let text = "";
  const done = request(server.base, {
    method: "POST",
    path,
    body: JSON.stringify(body),
    onData: (chunk) => {
      text += chunk;
    },
  });
  return {
    done,
    /** Waits until this has come. */
    shows: (part) => until(() => text.includes(part)),
    id: () => /"init","text":"(\w+)"/.exec(text)?.[1],
  };
}

/** Starts a POST and goes away as soon as `when(text so far)` holds. Returns the text. */
export function abandon(path, body, when) {
  let text = "";
  return request(server.base, {
    method: "POST",
    path,
    body: JSON.stringify(body),
    onData(chunk, sent) {
      text += chunk;
      if (when(text)) sent.destroy();
    },
  }).then(
    () => text,
    () => text,
  );
}

/** Waits until a command has ended; its status. */
export const ended = (id) =>
  until(async () => {
    const answer = await call("GET", `/command/status/${id}`);
    return answer.status === 200 && !json(answer).running && json(answer);
  });
