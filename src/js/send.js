// Sends a request and reads its answer, again if need be. The only way to the network but for WebSockets.
//
// A request: `{ method, url, what, headers, body, base, endpointHeaders, bare }`. `what` is being done, for messages: "Get sandbox
// failed". `headers`: pairs. `body`: text, Blob, Uint8Array, stream or nothing. `base` and `endpointHeaders` belong to an endpoint: the
// headers go nowhere else, and logs do not show the beginning of the URL, which may hold what opens a port. `bare`: it goes to somebody
// else's server, without any header of the configuration or of the call.
//
// A way: `{ deadline, signals, reader, fresh }`. `reader`: who reads the answer's body: "whole", we do, and one that breaks is no
// answer; "taken", the caller does, and nothing is repeated once there is an answer of success; "stream", the caller does, and nothing
// is repeated at all. `fresh(deadline)` is asked once, when there was no answer, where the request should have gone: `{ url, headers }`.

import { core } from "./core.js";
import { makeError } from "./errors.js";
import { aborted, closed, describe, reworded, timedOut, unexpected, unreached } from "./failure.js";
import { Halt, openExchange } from "./http.js";

/** What the retry policy knows of an end that is no status. */
const NO_ANSWER = -2;
const FINAL = -1;

/** Sends it and reads the answer to its end. Everything but 2xx is an error. */
export function send(transport, request, call, reader = "whole") {
  const [deadline, signals] = [transport.deadline(call), transport.signals(call)];
  return sendBy(transport, request, call, { deadline, signals, reader });
}

/** Sends it in the given way. Gives the exchange. */
export async function sendBy(transport, request, call, way) {
  // Not from inside of the call that led here: what the caller's `fetch` does may be anything.
  await undefined;
  transport.check(call);
  const { what, method, body } = request;
  let { url, endpointHeaders = [] } = request;
  let fresh = way.fresh;
  const retry = transport.retry(call);
  const path = shownPath(request);
  const streamed = typeof body?.getReader === "function";
  for (let number = 1; ; number++) {
    const sent = await attempt(transport, { ...request, url, endpointHeaders, path, streamed }, call, way, number);
    const { exchange, error, status, requestId } = sent;
    if (status === NO_ANSWER && fresh && core.mayMove(method, !streamed, neverSent(sent.cause))) {
      const look = fresh;
      fresh = undefined;
      // A stream has no limit here, but a look-up has one.
      const address = await look(way.deadline.limitMs > 0 ? way.deadline : transport.deadline(call));
      if (address) {
        transport.warn(`${method} ${path}: no answer, and the sandbox's address has changed`);
        ({ url, headers: endpointHeaders } = address);
        continue;
      }
      transport.check(call);
    }
    const again = !retry.off && !streamed && way.reader !== "stream" && status !== FINAL;
    const ms = again ? pauseAfter(retry, sent, { method, number, way, call }) : -1;
    if (ms < 0) {
      if (error) throw error;
      if (status === FINAL) return exchange;
      return await refusal(transport, { method, what, url, endpointHeaders }, call, number, exchange);
    }
    // Its connection is given back before anything else is sent.
    exchange?.abort();
    await pause(transport, retry, { method, path, number, status, requestId, error }, ms, call);
  }
}

/** One attempt: `{ exchange, error, status, requestId, cause }`. `status`: that of a refusal, NO_ANSWER, or FINAL, a success too. */
async function attempt(transport, request, call, way, number) {
  const { method, url, what, headers = [], body, endpointHeaders, path } = request;
  let init;
  let requestId;
  try {
    const sent = request.bare ? {} : transport.headersFor(url, endpointHeaders, headers, call);
    requestId = sent.requestId;
    init = { method, headers: sent.headers ?? {} };
  } catch (error) {
    return { error, status: FINAL };
  }
  if (call.keepalive) init.keepalive = true;
  if (body !== undefined) {
    // Without it fetch refuses a stream as a body.
    if (request.streamed) init.duplex = "half";
    init.body = body;
  }
  const started = Date.now();
  let exchange;
  let halt;
  try {
    exchange = await openExchange(
      transport.fetch,
      url,
      init,
      way.deadline.timerMs,
      way.signals,
      way.reader === "whole",
    );
    // CORS may hide the response's id; the one that was sent is the same one.
    requestId = exchange.header("x-request-id") ?? requestId;
  } catch (thrown) {
    halt = thrown;
  }
  const answer = exchange?.status ?? "no answer";
  const time = Math.trunc(Date.now() - started);
  transport.log(`${method} ${path} -> ${answer} in ${time} ms, request ${requestId ?? "-"}, attempt ${number}`);
  if (exchange?.isRedirect) {
    exchange.abort();
    return { error: redirected(exchange.status, requestId), status: FINAL };
  }
  halt ??= exchange.broken;
  if (!halt) {
    const ok = exchange.status >= 200 && exchange.status < 300;
    Object.assign(exchange, { what, url, limitMs: way.deadline.limitMs, requestId });
    return { exchange, status: ok ? FINAL : exchange.status, requestId };
  }
  const error = failed(halt, what, url, way.deadline.limitMs, requestId);
  if (!(halt instanceof Halt) || halt.kind !== "network") return { error, status: FINAL };
  // What a `fetch` of the caller's says may be anything. A new one: in browsers the stack of the other tells the message that it had.
  const clean = reworded(error, transport.masked(error.message, endpointHeaders, call));
  return { error: clean, status: NO_ANSWER, requestId, cause: halt.cause };
}

function redirected(statusCode, requestId) {
  const message =
    "The server answered with a redirect, which is not followed because the request carries keys. " +
    "Check the domain and the protocol (http or https) of the connection";
  // The status is 0 where the browser hides it.
  return makeError("SandboxApiException", "REDIRECT_REFUSED", message, {
    statusCode: statusCode || undefined,
    requestId,
  });
}

/** How many milliseconds to wait before the next attempt; less than 0: no other one. */
function pauseAfter(retry, { exchange, status }, { method, number, way, call }) {
  // What is left of the caller's time is not the request's alone.
  const left = Math.min(
    way.deadline.leftMs,
    call.patience ? call.patience.until - Date.now() : Number.POSITIVE_INFINITY,
  );
  const asked = exchange ? askedPause(exchange) : Number.NaN;
  return core.retryDelay(retry, method, number, status, [asked, left, Math.random()]);
}

/** The answer's `Retry-After` in milliseconds, or NaN. A date is compared with the server's own clock where it tells that. */
function askedPause(exchange) {
  const said = exchange.header("retry-after");
  if (said === undefined) return Number.NaN;
  const now = Date.parse(exchange.header("date"));
  return core.retryAfter(said, Number.isNaN(now) ? Date.now() : now, Date.parse(said));
}

/** Tells those who want to know, and waits. Throws when the call is aborted or the object closed meanwhile, or what `onRetry` throws. */
async function pause(transport, retry, { method, path, number, status, requestId, error }, ms, call) {
  const whole = Math.round(ms);
  const { attempts, onRetry } = retry;
  const told = status === NO_ANSWER ? "no answer" : status;
  const next = `attempt ${number + 1} of ${attempts} follows in ${whole} ms`;
  transport.warn(`${method} ${path}: ${told}, ${next}, request ${requestId ?? "-"}`);
  if (onRetry) {
    const report = { attempt: number, attempts, delayMillis: whole, method, path };
    if (status !== NO_ANSWER) report.statusCode = status;
    if (requestId !== undefined) report.requestId = requestId;
    if (error) report.error = error;
    onRetry.call(undefined, report);
  }
  await transport.sleep(ms, call.patience ? { ...call, signal: call.patience.signal } : call);
}

/** What the caller gets of a refusal: an error with the server's words, or, when a repeated DELETE has found nothing, success. */
async function refusal(transport, { method, what, url, endpointHeaders }, call, number, exchange) {
  const { status, requestId } = exchange;
  // The status says more than a body that cannot be read.
  const text = await exchange.errorText();
  if (exchange.halted && exchange.halted.kind !== "timeout") throw failed(exchange.halted, what, url, 0, requestId);
  // A server may repeat what it was sent.
  const error = core.refusal(status, transport.masked(text, endpointHeaders, call), requestId, what);
  if (!core.isGone(method, number, status)) throw error;
  exchange.gone = error;
  return exchange;
}

/** The exception for a Halt; anything else is passed on as it is. */
export function failed(halt, what, url, limitMs, requestId) {
  const error = halt instanceof Halt ? ofHalt(halt, what, url, limitMs) : halt;
  if (error !== halt && requestId !== undefined) error.requestId = requestId;
  return error;
}

function ofHalt({ kind, cause }, what, url, limitMs) {
  switch (kind) {
    case "timeout":
      return timedOut(`${what}: no complete answer within ${Math.trunc(limitMs)} ms`);
    case "closed":
      return closed();
    case "aborted":
      return aborted(cause);
    case "json":
      return unexpected(`${what}: the answer is not JSON`, { cause });
    default:
      return unreached(silence(what, url, cause), cause);
  }
}

/** A body that broke after its headers: a halt, or whatever the platform threw. */
export function brokenBody(what, cause) {
  if (cause instanceof Halt) return ofHalt(cause, what, "", 0);
  return unreached(`${what}: the connection was lost in the middle: ${describe(cause)}`, cause);
}

/** Browsers say no more than "Failed to fetch": the message lists what to look at. Elsewhere the reason is in `cause.cause`. */
function silence(what, url, cause) {
  let reason = describe(cause);
  for (const detail of [cause?.cause?.code, cause?.cause?.message]) {
    if (typeof detail === "string" && detail && !reason.includes(detail)) reason += ` (${detail})`;
  }
  const message = `${what}: fetch failed: ${core.readable(url)} gave no answer: ${reason}`;
  const page = String(globalThis.location?.protocol ?? "");
  if (page === "https:" && url.startsWith("http:")) {
    return `${message}. A page on https cannot call a server on http (mixed content): use protocol "https"`;
  }
  if (!page.startsWith("http")) return message;
  return (
    `${message}. A browser hides the reason. Check that the server runs, that it allows this page's origin (CORS), ` +
    "and, for calls into a sandbox, that useServerProxy is on"
  );
}

/** Whether the platform says that no connection came about. Node keeps the reason in the error's own cause. */
function neverSent(cause) {
  const words = [cause, cause?.cause].flatMap((error) => [error?.code, error?.message]);
  return words.some((text) => typeof text === "string" && core.saysNeverSent(text));
}

/** The path for people: without the host, which may be named after the sandbox, and without the query. */
function shownPath({ url, base }) {
  if (base && url.startsWith(base)) return core.readable(url.slice(base.length));
  const rest = url.slice(url.indexOf("://") + 3);
  return core.readable(rest.includes("/") ? rest.slice(rest.indexOf("/")) : "/");
}
