// The `retry` option of the configuration and of calls: one place that checks it, and puts one over the other. What follows from it
// is decided in src/core/retry.rs.

import { core } from "./core.js";
import { InvalidArgumentException } from "./errors.js";

/** A day. */
const LONGEST = 86_400_000;

/** Number fields: the least and the most that they may be, and whether they must be whole. */
const NUMBERS = {
  attempts: [1, 100, true],
  initialDelayMillis: [0, LONGEST],
  maxDelayMillis: [0, LONGEST],
  maxRetryAfterMillis: [0, LONGEST],
};

/** All of them. An object of the caller's may have them from a prototype. */
const FIELDS = [...Object.keys(NUMBERS), "retryPost", "onRetry"];

/** Gives it back, or throws. */
export function checkRetry(retry) {
  if (retry === undefined || retry === null || typeof retry === "boolean") return retry ?? undefined;
  if (typeof retry !== "object" || Array.isArray(retry)) {
    throw invalid(`retry must be a boolean or an object, got ${Array.isArray(retry) ? "an array" : typeof retry}`);
  }
  for (const [name, [least, most, whole]] of Object.entries(NUMBERS)) {
    const value = retry[name] ?? undefined;
    if (value === undefined) continue;
    if (typeof value !== "number") throw invalid(`retry.${name} must be a number, got ${typeof value}`);
    if (!(value >= least && value <= most && (!whole || Number.isInteger(value)))) {
      throw invalid(`retry.${name} must be a ${whole ? "whole " : ""}number from ${least} to ${most}, got ${value}`);
    }
  }
  for (const [name, type] of [
    ["retryPost", "boolean"],
    ["onRetry", "function"],
  ]) {
    const value = retry[name] ?? undefined;
    if (value !== undefined && typeof value !== type) {
      throw invalid(`retry.${name} must be a ${type}, got ${typeof value}`);
    }
  }
  return retry;
}

/**
 * The policy `base`, or the default one, with what `retry` says, which was checked: `false` for no repetition, `true` for repetition,
 * or an object, whose fields replace those of the policy.
 */
export function over(base, retry) {
  const policy = base ?? defaults();
  if (retry === undefined || retry === null) return policy;
  const said = FIELDS.map((name) => [name, retry[name]]).filter(([, value]) => value !== undefined && value !== null);
  return { ...policy, ...Object.fromEntries(said), off: retry === false };
}

function defaults() {
  const [attempts, initialDelayMillis, maxDelayMillis, maxRetryAfterMillis] = core.retryDefaults();
  return { attempts, initialDelayMillis, maxDelayMillis, maxRetryAfterMillis, retryPost: false, off: false };
}

const invalid = (message) => new InvalidArgumentException({ message });
