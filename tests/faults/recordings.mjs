// Answers of the real lifecycle server, for scripted ones.
import { readFileSync } from "node:fs";
import { json } from "./fault-server.mjs";

const read = (name) => JSON.parse(readFileSync(new URL(`../fixtures/lifecycle/${name}.json`, import.meta.url), "utf8"));

/** The body of a recording. */
export const body = (name) => read(name).json ?? read(name).text;

/** A route that answers as recorded. */
export function recorded(name) {
  const { status, text, json: value } = read(name);
  return (_, response) => {
    if (value !== undefined) return json(response, status, value);
    response.writeHead(status, { "content-type": "text/plain; charset=utf-8" }).end(text);
  };
}
