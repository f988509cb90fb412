// src/js/results.js: what code has produced or how it failed, in the forms in which it can be shown.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ExecutionError, ExecutionResult } from "../../src/js/results.js";

const PNG = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0xff, 0x00);
const BASE64 = Buffer.from(PNG).toString("base64");
const result = (raw, text = raw.text) => new ExecutionResult(text, 7, raw);

describe("a result", () => {
  test("has the official shape when it is copied", () => {
    const it = result({ text: "1", "text/html": "<b>" });
    const plain = { text: "1", timestamp: 7, raw: { text: "1", "text/html": "<b>" } };
    assert.deepEqual({ ...it }, plain);
    assert.deepEqual(structuredClone({ ...it }), plain);
    assert.deepEqual(JSON.parse(JSON.stringify(it)), plain);
  });

  test("names its forms, the richest first; unknown ones last", () => {
    const raw = { text: "", "x/y": 1, "application/json": {}, "image/png": "", "text/html": "", "image/svg+xml": "" };
    assert.deepEqual(result(raw).formats, [
      ...["text/html", "image/svg+xml", "image/png", "application/json", "text/plain", "x/y"],
    ]);
    assert.deepEqual(result({ "text/plain": "a", text: "a" }).formats, ["text/plain"]);
    assert.deepEqual(result({}).formats, []);
  });

  test("prefers the richest, or what one asks for", () => {
    const it = result({ text: "t", "text/html": "<b>" });
    assert.deepEqual(it.preferred(), { mime: "text/html", value: "<b>" });
    assert.deepEqual(it.preferred(["image/png", "text/plain"]), { mime: "text/plain", value: "t" });
    assert.equal(it.preferred(["image/png"]), undefined);
    assert.equal(result({}).preferred(), undefined);
  });

  test("is decoded when one asks: base64 for images, text for the rest", () => {
    // Jupyter breaks base64 into lines.
    const it = result({ "image/png": `${BASE64.slice(0, 4)}\n${BASE64.slice(4)}\n`, "image/svg+xml": "<svg>é</svg>" });
    assert.deepEqual(it.bytes("image/png"), PNG);
    assert.equal(it.dataUrl("image/png"), `data:image/png;base64,${BASE64}`);
    assert.deepEqual(it.bytes("image/svg+xml"), new TextEncoder().encode("<svg>é</svg>"));
    assert.equal(it.dataUrl("image/svg+xml"), "data:image/svg+xml;charset=utf-8,%3Csvg%3E%C3%A9%3C%2Fsvg%3E");
    assert.deepEqual(result({ "application/pdf": BASE64 }).bytes("application/pdf"), PNG);
    assert.deepEqual([it.bytes("x/y"), it.dataUrl("x/y"), it.get("x/y"), it.jpeg], Array(4).fill(undefined));
  });

  test("data URLs are what a browser decodes to the same", async () => {
    const it = result({ "image/png": BASE64, "text/html": "<b>é%</b>" });
    assert.deepEqual(new Uint8Array(await (await fetch(it.dataUrl("image/png"))).arrayBuffer()), PNG);
    assert.equal(await (await fetch(it.dataUrl("text/html"))).text(), "<b>é%</b>");
  });

  test("keeps JSON parsed, and joins what comes as lines", () => {
    const it = result({ "application/json": { a: [1] }, "text/html": ["<b>\n", "</b>"], "text/latex": { odd: 1 } });
    assert.deepEqual(it.json, { a: [1] });
    assert.equal(it.html, "<b>\n</b>");
    assert.equal(it.latex, '{"odd":1}');
    assert.equal(new TextDecoder().decode(it.bytes("application/json")), '{"a":[1]}');
  });

  test("has no forms by accident of what objects inherit", () => {
    const it = result({ text: "t" });
    for (const name of ["constructor", "toString", "__proto__", "hasOwnProperty"])
      assert.equal(it.get(name), undefined);
    assert.equal(result({ "text/html": null }).html, undefined);
  });
});

describe("an error", () => {
  const error = (traceback, name = "E", value = "v") => new ExecutionError(name, value, traceback, 7);

  test("has the official shape when it is copied", () => {
    assert.deepEqual({ ...error(["t"]) }, { name: "E", value: "v", traceback: ["t"], timestamp: 7 });
  });

  test("is shown with colours and without", () => {
    const it = error([
      "\u001b[31mE\u001b[0m: \u001b[38;2;1;2;3mv",
      "\u001b]8;;http://x\u0007link\u001b]8;;\u0007 \u001b(Bend",
    ]);
    assert.equal(it.ansi, it.traceback.join("\n"));
    assert.equal(it.plain, "E: v\nlink end");
    // A link may end in another way, and a text may be cut in the middle of one.
    assert.equal(error(["\u001b]0;title\u001b\\x\u001b[3"]).plain.startsWith("x"), true);
  });

  test("without a traceback it is its name and value", () => {
    assert.equal(error([]).plain, "E: v");
    assert.equal(error([], "", "1").plain, "1");
    assert.equal(error([], "E", "").plain, "E");
    assert.equal(error([]).ansi, "");
  });

  test("what is no escape stays, and a hostile text takes no time", () => {
    assert.equal(error(["[31m is text"]).plain, "[31m is text");
    const long = "\u001b[".repeat(200_000);
    assert.equal(error([long]).plain.length <= long.length, true);
    const open = `\u001b]${"x".repeat(1_000_000)}`;
    assert.equal(error([open.repeat(2)]).plain.length <= open.length * 2, true);
  });
});
