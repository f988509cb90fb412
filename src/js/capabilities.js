// What a sandbox and its server can do, found out with a few small requests that change nothing.

import { json } from "./answer.js";
import { once } from "./call.js";
import { SandboxApiException, SandboxConnectionException } from "./errors.js";
import { isOfLookUp } from "./failure.js";
import { drive } from "./run.js";
import { explained } from "./sidecar.js";
import { within } from "./timers.js";
import { ask, newWire, setJson } from "./wire.js";

/** Where the official code interpreter image has its Jupyter. */
const JUPYTER_PORT = 44771;
const WHAT = "Get capabilities failed";
/** The code of an answer that has none of its own. */
const UNKNOWN = "UNEXPECTED_RESPONSE";

/** What is known of one sandbox. */
export class Capabilities {
  #execd;
  #policy;
  /** The findings as JSON, so that each caller gets an object of its own; and whether languages were asked for. */
  #known;

  constructor(execd, policy) {
    this.#execd = execd;
    this.#policy = policy;
  }

  /**
   * What was found, now or before. Those who ask at the same time share the requests, each with its own signal. `listing`: the run that
   * lists the kernels, where languages are wanted. Called from Rust.
   */
  async get(refresh, listing, call) {
    const { transport } = this.#execd;
    transport.check(call);
    if (refresh || !this.#known || (listing && !this.#known.listed)) {
      const finding = this.#find(listing, call);
      this.#known = { finding, listed: Boolean(listing) };
      finding.catch(() => {
        this.#known = undefined;
      });
    }
    const found = await within(this.#known.finding, Number.POSITIVE_INFINITY, transport.bareSignals(call));
    transport.check(call);
    return JSON.parse(found);
  }

  /** All questions at once. */
  async #find(listing, asking) {
    const execd = this.#execd;
    // That nobody answers is an answer here.
    const call = { ...once(asking), signal: undefined, probe: true };
    const get = (to, url, what = WHAT) => heard(ask(to, newWire("GET", url, what, "json"), call));
    const change = newWire("PATCH", "/credential-vault", WHAT, "json");
    setJson(change, "capability probe");
    const { transport } = execd;
    const answers = await Promise.all([
      get(execd, "/code/contexts"),
      // `GET /api` tells Jupyter's version and asks for no token.
      get(execd.atPort(JUPYTER_PORT), "/api"),
      // A terminal that does not exist is not found by an execd that has terminals; others do not know the route.
      get(execd, "/pty/capability-probe"),
      get(execd, "/v1/isolated/capabilities"),
      heard(this.#policy.ask("GET", undefined, "Get sandbox egress policy failed", call).then(json)),
      // A text is no change, and the vault looks at it only after all else that could stand in the way of one: it refuses it, and
      // nothing has changed.
      heard(
        ask(this.#policy.sidecar, change, call).catch((error) => {
          throw explained(error);
        }),
      ),
      // It stands beside `/v1` and asks for no key.
      get(transport, `${transport.base.replace(/\/v1$/, "")}/version`, "Get server version failed"),
      listing && drive(execd, { ...listing, call }),
    ]);
    return JSON.stringify(summary(answers));
  }
}

/** Called from Rust. */
export const newCapabilities = (execd, policy) => new Capabilities(execd, policy);

/** The answer, or the exception that stands for an error answer or for nobody there. No answer in time is no answer. */
const heard = (asked) =>
  asked.catch((error) => {
    if (isOfLookUp(error)) throw error;
    const told = error instanceof SandboxApiException && error.code !== "REDIRECT_REFUSED";
    if (told || error instanceof SandboxConnectionException) return error;
    throw error;
  });

/** The status of an exception; none for an answer, 0 for nobody there. */
const statusOf = (answer) => (answer instanceof Error ? (answer.statusCode ?? 0) : undefined);

/**
 * Whether execd has one of its routes, by its answer: not where it has no such route, or where that cannot be had on its system. Any
 * other refusal is no answer to the question.
 */
function hasRoute(answer) {
  const status = statusOf(answer);
  if (status === undefined) return true;
  if (status === 501 || (status === 404 && answer.code === UNKNOWN)) return false;
  throw answer;
}

function summary([contexts, jupyter, pty, isolation, egress, vault, server, run]) {
  const runsCode = hasRoute(contexts);
  const inUse = languages(Array.isArray(contexts) ? contexts : []);
  const installed = run && kernels(run);
  // Without a context and without Jupyter at its usual port, code may run all the same: it can be elsewhere.
  let interpreter = "unknown";
  if (inUse.length > 0 || typeof jupyter?.version === "string") interpreter = true;
  else if (!runsCode || installed?.length === 0) interpreter = false;
  // Not found, but by somebody who knows what it is.
  const missed = statusOf(pty) === 404 && pty.code !== UNKNOWN;
  return {
    interpreter,
    languages: installed ?? (inUse.length > 0 ? inUse : "unknown"),
    pty: missed || hasRoute(pty),
    isolation: hasRoute(isolation) && Boolean(isolation?.available),
    egress: statusOf(egress) === undefined,
    // Or a server that looks first whether there is a vault.
    vault: [undefined, 400, 409, 422].includes(statusOf(vault)) || vault.code === "VAULT_NOT_FOUND",
    versions: typeof server?.version === "string" ? { server: server.version } : {},
  };
}

/** Each name once. */
const languages = (list) =>
  [...new Set(list.map((each) => each?.language).filter((name) => typeof name === "string"))].sort();

/** The languages of the kernels; `undefined` where Jupyter's own program does not tell. */
function kernels({ stdout }) {
  try {
    const all = Object.entries(JSON.parse(stdout)?.kernelspecs ?? {});
    // The one kernel that execd never takes.
    return languages(all.filter(([name]) => name !== "python3").map(([, kernel]) => kernel?.spec));
  } catch {
    return undefined;
  }
}
