// src/js/errors.js: the tree of exceptions.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as errors from "../../src/js/errors.js";

const { SandboxError, SandboxException, SandboxApiException, makeError } = errors;
/** Class, `name`, default code. */
const TREE = [
  ["SandboxException", "SandboxException", "INTERNAL_UNKNOWN_ERROR"],
  ["SandboxApiException", "SandboxApiException", "UNEXPECTED_RESPONSE"],
  ["SandboxInternalException", "SandboxInternalException", "INTERNAL_UNKNOWN_ERROR"],
  ["SandboxUnhealthyException", "SandboxUnhealthyException", "UNHEALTHY"],
  ["SandboxReadyTimeoutException", "SandboxReadyTimeoutException", "READY_TIMEOUT"],
  ["InvalidArgumentException", "InvalidArgumentException", "INVALID_ARGUMENT"],
  ["SandboxAbortException", "AbortError", "ABORTED"],
  ["SandboxTimeoutException", "SandboxTimeoutException", "REQUEST_TIMEOUT"],
  ["SandboxConnectionException", "SandboxConnectionException", "NETWORK_ERROR"],
  ["SandboxStreamException", "SandboxStreamException", "STREAM_INTERRUPTED"],
  ["CommandExitException", "CommandExitException", "NON_ZERO_EXIT"],
];

const classes = new Map(Object.entries(errors));
for (const [className, name, code] of TREE) {
  describe(className, () => {
    const Class = classes.get(className);
    test("is an Error with a literal name, a code, and what it was given", () => {
      const cause = new Error("inner");
      const error = new Class({ message: "words", cause, requestId: "r-1", isRetryable: true });
      assert.ok(error instanceof Class && error instanceof SandboxException && error instanceof Error);
      assert.equal(error.name, name);
      assert.equal(error.message, "words");
      assert.equal(error.cause, cause);
      assert.equal(error.requestId, "r-1");
      assert.equal(error.isRetryable, true);
      assert.equal(error.code, code);
      assert.ok(error.error instanceof SandboxError);
      assert.equal(error.error.code, code);
      assert.equal(error.error.message, "words");
      assert.match(error.stack, /words/);
      assert.equal(String(error), `${name}: words`);
    });
    test("can be made of nothing", () => {
      const error = new Class();
      assert.equal(error.message, "");
      assert.equal(error.code, code);
      assert.equal(error.requestId, undefined);
      assert.equal(error.isRetryable, false);
      assert.ok(!("cause" in error), "no cause at all");
    });
    test("takes another code with `error`", () => {
      assert.equal(
        new Class({ message: "m", error: new SandboxError("DOCKER::NOT_FOUND", "m") }).code,
        "DOCKER::NOT_FOUND",
      );
    });
    test("is what makeError makes by its name, with the given code", () => {
      const error = makeError(className, "SOME::CODE", "words", {
        requestId: "r",
        statusCode: 404,
        isRetryable: true,
        cause: "why",
      });
      assert.equal(error.constructor, Class);
      assert.deepEqual(
        [error.name, error.code, error.error.code, error.message],
        [name, "SOME::CODE", "SOME::CODE", "words"],
      );
      assert.deepEqual([error.requestId, error.isRetryable, error.cause], ["r", true, "why"]);
    });
  });
}

test("every exported exception is in the table", () => {
  const classes = Object.keys(errors).filter((name) => /Exception$/.test(name));
  assert.deepEqual(classes.sort(), TREE.map(([name]) => name).sort());
});

test("SandboxError has the official codes, is no Error, and has a message only when there is one", () => {
  for (const code of [
    "INTERNAL_UNKNOWN_ERROR",
    "READY_TIMEOUT",
    "UNHEALTHY",
    "INVALID_ARGUMENT",
    "UNEXPECTED_RESPONSE",
  ]) {
    assert.equal(SandboxError[code], code);
  }
  assert.ok(!(new SandboxError("A") instanceof Error));
  assert.deepEqual({ ...new SandboxError("A") }, { code: "A" });
  assert.deepEqual({ ...new SandboxError("A", "b") }, { code: "A", message: "b" });
});

describe("an API exception", () => {
  const body = { code: "C", message: "m", token: "s3cret" };
  const error = new SandboxApiException({ message: "m", statusCode: 500, rawBody: body, requestId: "r" });

  test("has the official own fields", () => {
    for (const key of ["name", "error", "requestId", "statusCode", "rawBody"])
      assert.ok(Object.keys(error).includes(key), key);
    assert.equal(error.statusCode, 500);
    assert.deepEqual(error.rawBody, body);
  });

  test("drops what a 422 repeats of the request", () => {
    const detail = [
      { loc: ["body", "env"], msg: "wrong", type: "t", input: { PASSWORD: "s3cret" }, ctx: { error: "s3cret" } },
      { loc: ["body"], msg: "missing", input: "s3cret" },
    ];
    const given = { detail, other: 1 };
    const { rawBody } = new SandboxApiException({ statusCode: 422, rawBody: given });
    assert.deepEqual(rawBody, {
      detail: [
        { loc: ["body", "env"], msg: "wrong", type: "t" },
        { loc: ["body"], msg: "missing" },
      ],
      other: 1,
    });
    assert.equal(given.detail[0].input.PASSWORD, "s3cret", "the caller's own object is not touched");
  });

  test("takes any body, odd ones too", () => {
    for (const rawBody of [undefined, null, "text", "", 5, [], { detail: "Not Found" }, { detail: [] }]) {
      assert.deepEqual(new SandboxApiException({ rawBody }).rawBody, rawBody);
    }
    for (const detail of [[null], ["text"], [5]]) {
      assert.doesNotThrow(() => new SandboxApiException({ rawBody: { detail } }), JSON.stringify(detail));
    }
  });
});

describe("toJSON", () => {
  test("has what a log needs", () => {
    const cause = Object.assign(new TypeError("fetch failed"), { headers: "s3cret" });
    const error = makeError("SandboxApiException", "C", "m", {
      statusCode: 503,
      requestId: "r",
      isRetryable: true,
      cause,
      rawBody: { a: "s3cret" },
    });
    assert.deepEqual(JSON.parse(JSON.stringify(error)), {
      name: "SandboxApiException",
      code: "C",
      message: "m",
      statusCode: 503,
      requestId: "r",
      isRetryable: true,
      cause: "fetch failed",
    });
  });

  test("never has a body, an execution, or a cause that is no text", () => {
    const error = makeError("SandboxStreamException", "STREAM_INTERRUPTED", "m", {
      execution: { logs: "s3cret" },
      lastEvent: { text: "s3cret" },
      cause: { key: "s3cret" },
      rawBody: "s3cret",
    });
    assert.ok(!JSON.stringify(error).includes("s3cret"), JSON.stringify(error));
    assert.equal(
      JSON.parse(JSON.stringify(makeError("SandboxAbortException", "ABORTED", "m", { cause: "by hand" }))).cause,
      "by hand",
    );
  });

  test("survives a cause that refers to itself", () => {
    const cause = new Error("inner");
    cause.cause = cause;
    assert.doesNotThrow(() => JSON.stringify(new SandboxException({ message: "m", cause })));
  });
});

test("a stream exception carries the partial execution", () => {
  const execution = { id: "x" };
  const error = makeError("SandboxStreamException", "STREAM_STALLED", "m", {
    execution,
    executionId: "x",
    lastEvent: { type: "ping" },
    stillRunning: true,
  });
  assert.equal(error.execution, execution);
  assert.deepEqual([error.executionId, error.lastEvent, error.stillRunning], ["x", { type: "ping" }, true]);
});
