// Turns whatever was thrown into something to read: what happened, what to do about it, and the facts for a bug report.

import { SandboxApiException, SandboxException, SandboxStreamException } from "opensandbox-wasm";

/** What the reader can do at once. */
export type Remedy = "key" | "retry" | "new-sandbox";

export interface Problem {
  title: string;
  advice: string;
  remedy: Remedy | undefined;
  /** `unreachable`: worth asking again by itself. `gone`: this sandbox will not come back. */
  kind: "unreachable" | "gone" | "key" | "other";
  code: string | undefined;
  status: number | undefined;
  requestId: string | undefined;
  /** The error's own words. */
  message: string;
}

/** The package's aborts and the platform's have the same name. */
export const isAbort = (error: unknown): boolean => error instanceof Error && error.name === "AbortError";

/** `doing` completes "could not …": "create the sandbox". */
export function explain(error: unknown, doing: string): Problem {
  const known = error instanceof SandboxException ? error : undefined;
  const status = error instanceof SandboxApiException ? error.statusCode : undefined;
  return {
    ...words(error, doing, known?.code ?? "", status),
    code: known?.code,
    status,
    requestId: known?.requestId,
    message: error instanceof Error ? error.message : String(error),
  };
}

type Words = Pick<Problem, "title" | "advice" | "remedy" | "kind">;

function words(error: unknown, doing: string, code: string, status: number | undefined): Words {
  if (status === 401 || status === 403) {
    return {
      kind: "key",
      remedy: "key",
      title: "The server refused the key",
      advice: "Enter the key that the server printed when it started. A server that was restarted may have a new one.",
    };
  }
  if (code.endsWith("SANDBOX_NOT_FOUND") || (status === 404 && /sandbox/i.test(messageOf(error)))) {
    return {
      kind: "gone",
      remedy: "new-sandbox",
      title: "This sandbox has ended",
      advice: "It was killed, its time ran out, or the server was restarted. The next run makes a new one.",
    };
  }
  if (error instanceof SandboxStreamException) return streamWords(error);
  switch (code) {
    case "NETWORK_ERROR":
      return {
        kind: "unreachable",
        remedy: "retry",
        title: "The server does not answer",
        advice: `Check that it still runs at ${location.host}. This page asks again every few seconds, and your code is kept.`,
      };
    case "REQUEST_TIMEOUT":
      return other(`It took too long to ${doing}`, "The server is busy or stuck. Try again in a moment.", "retry");
    case "READY_TIMEOUT":
      return other(
        "The sandbox did not become ready",
        "It was made, but its daemon did not answer in time. Try again; the server’s log says more.",
        "retry",
      );
    case "WASM_UNAVAILABLE":
      return other(
        "WebAssembly could not be started",
        "The page’s Content-Security-Policy must allow it: script-src 'wasm-unsafe-eval'.",
      );
    case "REDIRECT_REFUSED":
      return other(
        "The server answered with a redirect",
        "Open the page at the address that the server really has: requests with a key are never sent elsewhere.",
      );
  }
  if (status === 429) return other("The server has too much to do", "Wait a few seconds and try again.", "retry");
  if (status !== undefined && status >= 500) {
    return other(
      `The server could not ${doing}`,
      "The fault is on its side. Try again; the request id below finds the reason in the server’s log.",
      "retry",
    );
  }
  if (status !== undefined) return other(`The server did not ${doing}`, "Its own words are below.");
  return other(`It was not possible to ${doing}`, "What the page knows of it is below.");
}

function streamWords(error: SandboxStreamException): Words {
  if (error.code === "EVENT_TOO_LARGE") {
    return other("One line of output was too long", "A line may have up to 64 MiB. What came before it is shown.");
  }
  if (error.code === "MALFORMED_EVENT") {
    return other(
      "The output could not be read",
      "The server sent something that is no event. What came before is shown.",
    );
  }
  const program =
    error.stillRunning === true
      ? "The program still runs in the sandbox: kill the sandbox to end it."
      : error.stillRunning === false
        ? "The program has ended, but the rest of its output could not be read."
        : "Whether the program still runs could not be found out.";
  return other("The connection was lost in the middle of the run", `${program} What had arrived is shown.`, "retry");
}

const other = (title: string, advice: string, remedy?: Remedy): Words => ({ kind: "other", title, advice, remedy });

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : "");
