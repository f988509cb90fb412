// The page before anything runs: its key, its manners, its shape on small screens, and what axe says of it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { launch, lines, open, output, run, sandboxId, says, start, startServer } from "./browser.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let server;
let browser;
before(async () => {
  [server, browser] = await Promise.all([startServer(), launch()]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

test("loads without errors, and takes the key out of the address", async () => {
  const page = await open(browser, server.pageUrl);
  assert.equal(page.url(), `${server.url}/`);
  await says(page, "#connection", new URL(server.url).host);
  assert.equal(await page.locator("dialog[open]").count(), 0);
  await page.waitForTimeout(500);
  assert.deepEqual(page.problems, []);
  // Kept for a reload of this tab, and nowhere else.
  const kept = await page.evaluate(() => [
    JSON.stringify(sessionStorage),
    JSON.stringify(localStorage),
    document.cookie,
  ]);
  assert.deepEqual(
    kept.map((text) => text.includes(server.apiKey)),
    [true, false, false],
  );
  assert.equal((await page.content()).includes(server.apiKey), false);
  await page.reload();
  await run(page, "bash", "echo still works");
  assert.deepEqual(await output(page), ["still works"]);
  assert.deepEqual(page.problems, []);
  await page.done();
});

test("one script, no WebAssembly file, nothing from elsewhere", async () => {
  const page = await (await browser.newContext()).newPage();
  const urls = [];
  page.on("request", (request) => urls.push(request.url()));
  await page.goto(server.pageUrl, { waitUntil: "networkidle" });
  assert.deepEqual(
    urls.filter((url) => !url.startsWith(`${server.url}/`)),
    [],
  );
  assert.equal(urls.filter((url) => /assets\/.*\.m?js/.test(url)).length, 1);
  assert.equal(urls.filter((url) => url.includes(".wasm")).length, 0);
  assert.equal(urls.filter((url) => url.includes(server.apiKey)).length, 0);
  await page.context().close();
});

test("without a key the page asks for one, and says where it is kept", async () => {
  const page = await open(browser, server.url);
  await says(page, "#connection-dialog", "kept in this tab only");
  await page.keyboard.press("Escape");
  await page.click("#run");
  await says(page, "#connection-problem", "Enter the server’s key first");
  // The whole address will do, too.
  await page.fill("#key", server.pageUrl);
  await page.keyboard.press("Enter");
  await page.locator("#connection-dialog").waitFor({ state: "hidden" });
  await run(page, "bash", "echo connected");
  assert.deepEqual(await output(page), ["connected"]);
  await page.done();
});

test("a wrong key is explained, and another one can be entered", async () => {
  const page = await open(browser, `${server.url}/#key=wrong`);
  assert.equal(page.url(), `${server.url}/`);
  await says(page, "#connection-problem", "The server refused the key. Enter the key that the server printed");
  await page.fill("#key", "wrong, too");
  await page.click("#connect");
  await says(page, "#connection-problem", "The server refused the key");
  await page.keyboard.press("Escape");
  await says(page, "#problem", "The server refused the key");
  await page.click("#problem summary");
  await says(page, "#problem", /Status401.*Request id[0-9a-f]{32}/s);
  await page.click("#problem button");
  await page.fill("#key", server.apiKey);
  await page.click("#connect");
  await page.locator("#connection-dialog").waitFor({ state: "hidden" });
  assert.equal(await page.locator("#problem").isVisible(), false);
  await run(page, "bash", "echo connected");
  assert.deepEqual(await output(page), ["connected"]);
  await page.done();
});

test("an address with another key, entered into the same tab, is taken, too", async () => {
  const page = await open(browser, `${server.url}/#key=wrong`);
  await says(page, "#connection-problem", "refused");
  await page.evaluate((url) => location.assign(url), server.pageUrl);
  await page.locator("#connection-dialog").waitFor({ state: "hidden" });
  assert.equal(page.url(), `${server.url}/`);
  await run(page, "bash", "echo connected");
  assert.deepEqual(await output(page), ["connected"]);
  await page.done();
});

test("drafts survive a reload, an example gives them back, Reset returns to the example", async () => {
  const page = await open(browser, server.pageUrl);
  const code = async () => (await page.locator(".cm-line").allTextContents()).join("\n");
  const first = await code();
  await page.locator(".cm-content").focus();
  await page.keyboard.insertText("# mine\n");
  await page.reload();
  assert.equal(await code(), `# mine\n${first}`);
  await page.click("#examples");
  await page.click(".menu-item:has-text('An exception')");
  assert.match(await code(), /^def average/);
  await page.click("#toast-action");
  assert.equal(await code(), `# mine\n${first}`);
  await page.click("#reset");
  assert.equal(await code(), first);
  assert.equal(await page.locator("#reset").isDisabled(), true);
  await page.done();
});

test("every example runs to the end that it promises", async () => {
  const page = await open(browser, server.pageUrl);
  await page.click("#examples");
  const titles = await page.locator(".menu-title").allTextContents();
  await page.keyboard.press("Escape");
  assert.ok(titles.length >= 6);
  const codes = [];
  for (const title of titles) {
    await page.click("#examples");
    await page.locator(".menu-item", { has: page.getByText(title, { exact: true }) }).click();
    await page.click("#run");
    await page.locator("#run[data-mode=run]").waitFor();
    codes.push(`${title}: ${await page.locator("#run-state-text").textContent()}`);
    assert.ok((await page.locator(".line").count()) > 0, title);
  }
  const bad = codes.filter((text) => !text.endsWith("Exit code 0"));
  assert.deepEqual(bad, ["Standard error and exit code: Exit code 3", "An exception: Exit code 1"]);
  await page.done();
});

for (const [width, height] of [
  [390, 844],
  [320, 568],
])
  test(`${width} px: no sideways scroll, Run in reach, output one tap away`, async () => {
    const page = await open(browser, server.pageUrl, { width, height, hasTouch: true });
    const fits = async (what) => {
      const [scroll, client] = await page.evaluate(() => [
        document.documentElement.scrollWidth,
        document.documentElement.clientWidth,
      ]);
      assert.ok(scroll <= client, `${what}: ${scroll} > ${client}`);
      const box = await page.locator("#run").boundingBox();
      assert.ok(box.y + box.height <= height && box.x >= 0 && box.x + box.width <= width && box.height >= 44, what);
    };
    await fits("empty");
    assert.equal(await page.locator("#output").isVisible(), false);
    await start(page, "bash", `echo ${"x".repeat(500)}; echo ${"y".repeat(300)} >&2; sleep 1`);
    await lines(page).waitFor();
    assert.equal(await page.locator("#editor").isVisible(), false);
    await fits("running");
    await page.locator("#run[data-mode=run]").waitFor();
    await fits("done");
    await page.tap("#view-code");
    assert.equal(await page.locator("#editor").isVisible(), true);
    await page.tap("#examples");
    await fits("menu");
    const small = await page.evaluate(() =>
      [...document.querySelectorAll("button")]
        .filter((button) => button.checkVisibility())
        .map((button) => [button.id || button.textContent, button.getBoundingClientRect()])
        .filter(([, box]) => box.width < 24 || box.height < 24)
        .map(([name]) => name),
    );
    assert.deepEqual(small, []);
    await page.done();
  });

test("nothing moves when a run starts and ends", async () => {
  const page = await open(browser, server.pageUrl);
  await run(page, "bash", "true");
  const boxes = () =>
    page.evaluate(() =>
      ["run", "examples", "editor", "output", "run-state", "copy", "connection", "sandbox-id", "kill"].map((id) => {
        const { x, y, width, height } = document.getElementById(id).getBoundingClientRect();
        return [id, x, y, width, height].join(" ");
      }),
    );
  const before = await boxes();
  await start(page, "bash", "echo one; echo two >&2; sleep 0.7; exit 3");
  await lines(page).waitFor();
  assert.deepEqual(await boxes(), before);
  await page.locator("#run[data-mode=run]").waitFor();
  assert.deepEqual(await boxes(), before);
  await page.done();
});

test("the theme follows the system, can be chosen, and stays chosen", async () => {
  const page = await open(browser, server.pageUrl, { colorScheme: "dark" });
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const dark = await ground();
  await page.emulateMedia({ colorScheme: "light" });
  const light = await ground();
  assert.notEqual(light, dark);
  await page.click("#theme");
  await page.click("#theme");
  assert.equal(await page.locator("#theme").getAttribute("aria-label"), "Theme: dark. Switch to system");
  assert.equal(await ground(), dark);
  await page.reload();
  assert.equal(await ground(), dark);
  await page.done();
});

for (const [colorScheme, width] of [
  ["light", 1280],
  ["dark", 1280],
  ["light", 390],
  ["dark", 390],
]) {
  test(`axe finds nothing: ${colorScheme}, ${width} px`, async () => {
    const page = await open(browser, server.pageUrl, { colorScheme, width, height: 844, reducedMotion: "reduce" });
    const found = [];
    const check = async (when) => {
      // Not as a <script>: the page's policy would refuse it.
      await page.evaluate(AXE);
      const { violations } = await page.evaluate(() => window.axe.run());
      for (const { id, nodes } of violations) {
        found.push(
          `${when}: ${id}: ${nodes.map(({ html, failureSummary }) => `${html}\n${failureSummary}`).join("\n")}`,
        );
      }
    };
    await check("empty");
    await start(page, "bash", "# comment\necho 'text' \"$HOME\" 1\necho bad >&2\nsleep 1.5\nexit 3");
    await lines(page, "err").waitFor();
    await check("running");
    await page.locator("#run[data-mode=run]").waitFor();
    await check("failed");
    if (width < 760) await page.click("#view-code");
    await check("code");
    await page.click("#examples");
    await check("examples");
    await page.keyboard.press("Escape");
    await page.click("#help");
    await check("help");
    await page.keyboard.press("Escape");
    await page.click("#connection");
    await page.fill("#key", "wrong");
    await page.click("#connect");
    await says(page, "#connection-problem", "refused");
    await check("key refused");
    await page.keyboard.press("Escape");
    assert.ok((await sandboxId(page)).length > 8);
    assert.deepEqual(found, []);
    await page.done();
  });
}
