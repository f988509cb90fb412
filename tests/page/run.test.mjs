// Programs: running, streaming, stopping, killing.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import {
  ended,
  launch,
  lines,
  open,
  output,
  run,
  sandboxId,
  says,
  start,
  startServer,
  state,
  write,
} from "./browser.mjs";

let server;
let browser;
let page;
before(async () => {
  [server, browser] = await Promise.all([startServer(), launch()]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});
beforeEach(async () => {
  page = await open(browser, server.pageUrl);
});
afterEach(async () => {
  const { problems } = page;
  await page.done();
  assert.deepEqual(problems, []);
});

test("runs Bash", async () => {
  const end = await run(page, "bash", 'echo "in $PWD"\necho\nprintf "%s\\n" "a  b" "ü 漢 🙂" "<b>&amp;</b>"\n');
  assert.deepEqual(await output(page), ["in /workspace", "", "a  b", "ü 漢 🙂", "<b>&amp;</b>"]);
  assert.match(end, /^Exit code 0 · \d+\.\d\d s · 5 lines$/);
  await says(page, "#sandbox-state", "Ready");
  await says(page, "#time-left", /^1[45]:\d\d left/);
});

test("runs Python, in the same sandbox as before", async () => {
  await run(page, "bash", "echo 41 > number");
  const id = await sandboxId(page);
  const end = await run(page, "python", 'print(int(open("number").read()) + 1)\n');
  assert.deepEqual(await output(page), ["42"]);
  assert.match(end, /^Exit code 0 · .* · 1 line$/);
  assert.equal(await sandboxId(page), id);
});

test("shows output before the program ends", async () => {
  await start(page, "python", 'import time\nprint("first")\ntime.sleep(3)\nprint("second")\n');
  await lines(page).filter({ hasText: "first" }).waitFor();
  assert.equal(await state(page).textContent(), "Running");
  assert.match(await page.locator("#run-facts").textContent(), /^\d\.\d s$/);
  assert.deepEqual(await output(page), ["first"]);
  await page.waitForTimeout(600);
  assert.deepEqual(await output(page), ["first"]);
  assert.match(await ended(page), /^Exit code 0 · [3-9]\.\d\d s · 2 lines$/);
  assert.deepEqual(await output(page), ["first", "second"]);
});

test("marks standard error, and shows the exit code", async () => {
  const end = await run(page, "bash", "echo fine\necho trouble >&2\nexit 3");
  assert.deepEqual(await output(page), ["fine"]);
  assert.deepEqual(await output(page, "err"), ["trouble"]);
  const mark = (line) => line.evaluate((element) => getComputedStyle(element, "::before").content);
  assert.equal(await mark(lines(page, "err")), '"err"');
  assert.equal(await mark(lines(page, "out")), "none");
  assert.match(end, /^Exit code 3 · .* · 2 lines, 1 err$/);
});

test("colours of terminals become colours, other escapes vanish", async () => {
  await run(page, "bash", String.raw`printf '\033[1;32mgreen\033[0m plain \033[38;5;200mrest\033[K\n'`);
  assert.deepEqual(await output(page), ["green plain rest"]);
  assert.equal(await page.locator(".line .ansi-green.ansi-bold").textContent(), "green");
});

test("a program that prints nothing says so", async () => {
  assert.match(await run(page, "bash", "true"), /^Exit code 0 · .* · 0 lines$/);
  await says(page, "#output-note", "Nothing was printed.");
});

test("Stop ends the program", async () => {
  await start(page, "bash", "echo started\nsleep 98765\necho never");
  await lines(page).filter({ hasText: "started" }).waitFor();
  await page.click("#run");
  assert.match(await ended(page), /^Stopped · /);
  assert.deepEqual(await output(page), ["started"]);
  await run(page, "bash", "pgrep -fa 'sleep 9876[5]' || echo gone");
  assert.deepEqual(await output(page), ["gone"]);
});

test("Stop waits for a program that does not want to end", async () => {
  await start(
    page,
    "python",
    "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('deaf')\ntime.sleep(98764)",
  );
  await lines(page).filter({ hasText: "deaf" }).waitFor();
  await page.keyboard.press("ControlOrMeta+.");
  await says(page, "#run", "Stopping…");
  assert.match(await ended(page), /^Stopped · [2-6]\.\d\d s/);
  await run(page, "bash", "pgrep -f 'main.p[y]' || echo gone");
  assert.deepEqual(await output(page), ["gone"]);
});

test("Kill ends the sandbox, also while a program runs; the next run gets a new one", async () => {
  await start(page, "bash", "echo started\nsleep 98763");
  await lines(page).filter({ hasText: "started" }).waitFor();
  const id = await sandboxId(page);
  assert.equal((await server.api(`/v1/sandboxes/${id}`)).status, 200);
  await page.click("#kill");
  await says(page, "#sandbox-state", "Sandbox killed");
  assert.match(await ended(page), /^Ended with its sandbox/);
  assert.equal((await server.api(`/v1/sandboxes/${id}`)).status, 404);
  assert.equal(await page.locator("#kill").isVisible(), false);
  // The button that had the focus is gone: the one in its place has it.
  assert.equal(await page.evaluate(() => document.activeElement.id), "create");
  await run(page, "bash", "echo again");
  assert.deepEqual(await output(page), ["again"]);
  assert.notEqual(await sandboxId(page), id);
  // Closing the run's stream and asking about it are races that the browser writes to its console.
  page.problems.splice(0, Infinity, ...page.problems.filter((text) => !/status of (404|50\d)|ERR_/.test(text)));
});

test("a sandbox that somebody else has ended is replaced, and the page says so", async () => {
  await run(page, "bash", "echo one");
  assert.equal((await server.api(`/v1/sandboxes/${await sandboxId(page)}`, { method: "DELETE" })).status, 204);
  const end = await run(page, "bash", "echo two");
  assert.match(end, /^Exit code 0/);
  assert.deepEqual(await output(page), ["two"]);
  assert.match((await output(page, "note")).join(), /had ended: this runs in a new one/);
  assert.deepEqual(
    page.problems.splice(0).filter((text) => !text.includes("404")),
    [],
  );
});

test("Renew adds fifteen minutes", async () => {
  await run(page, "bash", "true");
  await page.click("#renew");
  await says(page, "#time-left", /^(29|30):\d\d left/);
  const { expiresAt } = await (await server.api(`/v1/sandboxes/${await sandboxId(page)}`)).json();
  assert.ok(Date.parse(expiresAt) - Date.now() > 29 * 60_000, expiresAt);
});

test("a reload keeps the sandbox and the code", async () => {
  await run(page, "bash", "echo kept > file");
  const id = await sandboxId(page);
  await write(page, "bash", "cat file");
  await page.reload();
  await says(page, "#sandbox-state", "Ready");
  assert.equal(await sandboxId(page), id);
  await page.click("#run");
  await ended(page);
  assert.deepEqual(await output(page), ["kept"]);
});

test("100,000 lines: the page stays quick, keeps the last ones and says how many it hides", async () => {
  await page.evaluate(() => {
    window.longest = 0;
    let last = performance.now();
    const tick = () => {
      const now = performance.now();
      window.longest = Math.max(window.longest, now - last);
      last = now;
      requestAnimationFrame(tick);
    };
    tick();
  });
  const end = await run(page, "python", 'for n in range(1, 100_001):\n    print(f"line {n}")\n');
  assert.match(end, /^Exit code 0 · .* · 100,000 lines$/);
  const drawn = await lines(page).count();
  assert.ok(drawn >= 10_000 && drawn < 10_500, `${drawn} lines in the document`);
  assert.equal(await lines(page).last().textContent(), "line 100000");
  const hidden = await page.locator("#hidden-lines").textContent();
  assert.match(hidden, new RegExp(`^${(100_000 - drawn).toLocaleString("en-US")} earlier lines not shown`));
  const longest = await page.evaluate(() => window.longest);
  assert.ok(longest < 1000, `the page stood still for ${longest} ms`);
  // At the end, until the reader scrolls up; then there is a way back.
  const fromEnd = () =>
    page.locator("#output").evaluate((e) => Math.round(e.scrollHeight - e.scrollTop - e.clientHeight));
  assert.ok((await fromEnd()) < 24);
  assert.equal(await page.locator("#jump").isVisible(), false);
  await page.locator("#output").hover();
  await page.mouse.wheel(0, -2000);
  await page.locator("#jump").click();
  assert.ok((await fromEnd()) < 24);
  assert.equal(await page.locator("#jump").isVisible(), false);
});

test("an endless flood can be stopped, and the page still answers", async () => {
  await start(page, "bash", "yes");
  await says(page, "#hidden-lines", /not shown/);
  await page.waitForTimeout(1500);
  const from = Date.now();
  await page.click("#theme");
  await page.click("#run");
  assert.ok(Date.now() - from < 2000, `two clicks took ${Date.now() - from} ms`);
  assert.match(await ended(page), /^Stopped · /);
  const drawn = await lines(page).count();
  assert.ok(drawn < 10_500, `${drawn} lines in the document`);
});

test("output does not pull a reader who has scrolled up back to the end", async () => {
  await start(page, "bash", 'for n in $(seq 300); do echo "line $n"; done\nsleep 1.5\necho more');
  await lines(page).filter({ hasText: "line 300" }).waitFor();
  await page.locator("#output").hover();
  await page.mouse.wheel(0, -1500);
  await page.locator("#jump").waitFor();
  const top = () => page.locator("#output").evaluate((element) => element.scrollTop);
  const before = await top();
  await says(page, "#jump", "1 new line");
  assert.equal(await top(), before);
  await ended(page);
});

test("Copy gives all lines, Clear empties the pane", async () => {
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await run(page, "bash", "seq 20000; echo end >&2");
  await page.click("#copy");
  await says(page, "#toast", "Output copied");
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.equal(copied.split("\n").length, 20_002);
  await page.click("#clear");
  await says(page, "#empty", "Nothing has run yet");
  assert.equal(await page.locator(".line").count(), 0);
});

test("keys: Ctrl+Enter runs, Escape leaves the editor, Tab then moves on, ? lists them", async () => {
  await write(page, "bash", "echo keys");
  await page.keyboard.press("ControlOrMeta+Enter");
  await ended(page);
  assert.deepEqual(await output(page), ["keys"]);
  await page.locator(".cm-content").focus();
  await page.keyboard.press("Tab");
  assert.match(await page.locator(".cm-content").textContent(), /^ {2}echo keys/);
  await page.keyboard.press("Escape");
  assert.equal(await page.evaluate(() => document.activeElement.id), "run");
  await page.keyboard.press("Tab");
  assert.notEqual(await page.evaluate(() => document.activeElement.className.includes("cm-content")), true);
  await page.keyboard.press("?");
  await says(page, "#help-dialog", "Stop the program");
});
