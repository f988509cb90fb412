// What is made of an answer that has come whole, by the name that the request has for it.

import { unexpected } from "./failure.js";
import { failed } from "./send.js";
import { shapes } from "./shape.js";

/** The body as JSON; `undefined` when it is empty. It and texts never enter WebAssembly memory, which only grows. */
export function json(exchange) {
  if (exchange.gone) throw exchange.gone;
  try {
    return exchange.json();
  } catch (halt) {
    throw failed(halt, exchange.what, exchange.url, exchange.limitMs, exchange.requestId);
  }
}

function text(exchange) {
  if (exchange.gone) throw exchange.gone;
  return exchange.text();
}

const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

const complaint = ({ what, requestId }, problem) => unexpected(`${what}: ${problem}`, { requestId });

function object(exchange) {
  const value = json(exchange);
  if (!isObject(value)) throw complaint(exchange, "the answer is not a JSON object");
  return value;
}

/** An empty body or `null` is an empty list. */
function list(exchange) {
  const value = json(exchange) ?? [];
  if (!Array.isArray(value)) throw complaint(exchange, "the answer is not a JSON array");
  return value;
}

const PLAIN = { nothing() {}, yes: () => true, text, json, object, list };

/** A part of an answer. */
const shaped = (shape, raw, { requestId }) => shape(raw, requestId);

/**
 * `nothing`, `yes` (true), `text`, `json` (`undefined` for none), `object`, `list`, a name of shape.js for an object, `NAME[]` for an array of such
 * objects, `NAME{}` for a page of them, `{ items: […] }`.
 */
export function read(exchange, answer) {
  if (PLAIN[answer]) return PLAIN[answer](exchange);
  const shape = shapes[answer.replace(/\W/g, "")];
  if (answer.endsWith("[]")) {
    const items = list(exchange);
    for (const item of items) if (typeof item === "object" && item !== null) shaped(shape, item, exchange);
    return items;
  }
  const value = object(exchange);
  if (!answer.endsWith("{}")) return shaped(shape, value, exchange);
  if (!Array.isArray(value.items)) throw complaint(exchange, "the answer has no items");
  for (const item of value.items) {
    if (typeof item !== "object" || item === null) {
      throw complaint(exchange, "the list has an item that is no object");
    }
    shaped(shape, item, exchange);
  }
  return value;
}
