// The credential vault: asks the sidecar, keeps secrets out of errors, and rebuilds what it answers field by field: what is not
// listed here is dropped, whatever a server puts in.

import { json } from "./answer.js";
import { core } from "./core.js";
import { SandboxApiException, SandboxError, SandboxException } from "./errors.js";
import { describe, unexpected } from "./failure.js";
import { explained, sidecarOf } from "./sidecar.js";

/** `secrets`: the values of the credentials in the request. Called from Rust. */
export async function askVault(execd, wire, secrets, call) {
  const sidecar = sidecarOf(execd);
  const { headers } = await sidecar.endpoint(call);
  let exchange;
  try {
    exchange = await sidecar.send(wire, call);
  } catch (error) {
    // It repeats neither the credentials nor the sidecar's token, even if a server should.
    const tokens = headers.map(([, token]) => token);
    throw without(explained(error), [...secrets, ...tokens].flatMap(spellings));
  }
  let raw;
  try {
    raw = json(exchange);
  } catch (error) {
    // What the host's parser says of an answer that is no JSON quotes it.
    delete error.cause;
    throw error;
  }
  const { what, answer } = wire;
  if (answer === "nothing") return undefined;
  try {
    return SHAPES[answer](object("the answer", raw), "");
  } catch ({ message }) {
    throw unexpected(`${what}: the answer is wrong: ${message}`, { requestId: exchange.requestId });
  }
}

const quoted = (text) => JSON.stringify(text).slice(1, -1);

/** A secret as it stands in JSON that is itself quoted, as it stands in JSON, and as it is. */
const spellings = (secret) => [quoted(quoted(secret)), quoted(secret), secret];

/** An error without any of the secrets, in case that a server repeats what it was sent. A new one: the stack tells the message, too. */
function without(error, secrets) {
  if (!(error instanceof SandboxException)) return error;
  const mask = (text) => core.maskAll(text, secrets);
  const tells = (value) => {
    const text = (typeof value === "string" ? value : JSON.stringify(value)) ?? "";
    // One so long was cut off somewhere, perhaps in the middle of a secret.
    return new TextEncoder().encode(text).length > 60_000 || mask(text) !== text;
  };
  const message = mask(error.message);
  const { cause, code, rawBody } = error;
  return new error.constructor({
    ...error,
    message,
    error: new SandboxError(error instanceof SandboxApiException ? mask(code) : code, message),
    rawBody: tells(rawBody) ? undefined : rawBody,
    cause: tells(describe(cause)) ? undefined : cause,
  });
}

// What the answer is made of: each is given a value and where it stands, and throws for one that is wrong. No value is repeated.

function wrong(path, wanted, value) {
  const got = value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
  throw new TypeError(`${path} must be ${wanted}, got ${got}`);
}

function object(path, value) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) wrong(path, "an object", value);
  return value;
}

function text(path, value) {
  if (typeof value !== "string") wrong(path, "a string", value);
  if (value.includes("\0")) throw new TypeError(`${path} cannot contain a NUL character`);
}

function count(path, value) {
  if (typeof value !== "number") wrong(path, "a number", value);
  if (!(Number.isSafeInteger(value) && value >= 0)) {
    throw new TypeError(`${path} must be a whole number of at least 0`);
  }
}

function each(path, value, wanted, read) {
  if (!Array.isArray(value)) wrong(path, `an array of ${wanted}`, value);
  return value.map((item, index) => read(`${path}[${index}]`, item));
}

function given(path, value) {
  if (value === undefined || value === null) throw new TypeError(`${path} is missing`);
  return value;
}

/** A new object with these fields, as far as they are there. */
const someOf = (raw, ...names) =>
  Object.fromEntries(names.map((name) => [name, raw[name] ?? undefined]).filter(([, value]) => value !== undefined));

const revision = (raw, at) => count(`${at}revision`, given(`${at}revision`, raw.revision));

/** `CredentialMetadata`. */
function credential(raw, at) {
  for (const name of ["name", "sourceType"]) text(at + name, raw[name]);
  revision(raw, at);
  return someOf(raw, "name", "sourceType", "revision");
}

/** `CredentialBindingMetadata`. */
function binding(raw, at) {
  text(`${at}name`, raw.name);
  revision(raw, at);
  const { match, auth } = someOf(raw, "match", "auth");
  const found = someOf(raw, "name", "revision");
  if (match !== undefined) found.match = matchOf(object(`${at}match`, match), `${at}match.`);
  if (auth !== undefined) found.auth = authOf(object(`${at}auth`, auth), `${at}auth.`);
  return found;
}

function matchOf(raw, at) {
  for (const name of ["schemes", "hosts", "methods", "paths"]) each(at + name, raw[name] ?? [], "strings", text);
  given(`${at}hosts`, raw.hosts);
  each(`${at}ports`, raw.ports ?? [], "numbers", count);
  return someOf(raw, "schemes", "hosts", "methods", "paths", "ports");
}

function authOf(raw, at) {
  text(`${at}type`, raw.type);
  text(`${at}name`, raw.name ?? "");
  return someOf(raw, "type", "name");
}

const listed = (name, read) => (raw, at) =>
  each(at + name, raw[name], "objects", (path, item) => read(object(path, item), `${path}.`));
const credentials = listed("credentials", credential);
const bindings = listed("bindings", binding);

/** `CredentialVaultState`. */
function state(raw, at) {
  revision(raw, at);
  return { revision: raw.revision, credentials: credentials(raw, at), bindings: bindings(raw, at) };
}

/** By the names that requests have for them. */
const SHAPES = { state, credentials, credential, bindings, binding };
