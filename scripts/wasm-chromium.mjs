// The tests of the bindings in Chromium: wasm-bindgen's runner serves each test program as a page, Playwright opens it.
// Not through chromedriver, as the runner would by itself: its start hangs every other time on a busy machine.
import { createServer } from "node:net";
import { chromium as browsers } from "playwright-core";
import { start, stop } from "./process.mjs";

const ARGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"];
const DEADLINE = 120_000;

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** The test programs, built. */
async function programs(env) {
  const args = ["test", "-p", "opensandbox-wasm", "--target", "wasm32-unknown-unknown", "--test", "wasm*"];
  const child = start("cargo", [...args, "--no-run", "--message-format=json"], { env });
  let output = "";
  let errors = "";
  child.stdout.on("data", (data) => {
    output += data;
  });
  child.stderr.on("data", (data) => {
    errors += data;
  });
  const { code } = await child.done;
  if (code !== 0) throw new Error(errors.slice(-5000));
  const messages = output
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));
  return messages
    .filter(({ executable }) => executable)
    .map(({ executable, target }) => ({ executable, name: target.name }));
}

/** What the page of one test program says when it is done. */
async function outputOf(executable, browser, env) {
  const address = `127.0.0.1:${await freePort()}`;
  const runner = start("wasm-bindgen-test-runner", [executable], {
    env: { ...env, NO_HEADLESS: "1", WASM_BINDGEN_USE_BROWSER: "1", WASM_BINDGEN_TEST_ADDRESS: address },
  });
  runner.stdout.resume();
  runner.stderr.resume();
  const page = await browser.newPage();
  try {
    const deadline = Date.now() + DEADLINE;
    for (;;) {
      // A renderer that hangs over the first load of a large module is seen now and then: a second try loads it.
      const opened = await page.goto(`http://${address}/`, { timeout: 10_000 }).catch(() => undefined);
      if (opened) break;
      if (Date.now() > deadline) throw new Error("wasm-bindgen-test-runner did not come up");
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const result = page.waitForFunction(() => /test result: .* filtered/.test(document.body.textContent), null, {
      timeout: DEADLINE,
    });
    await result.catch(() => {});
    return await page.textContent("body");
  } finally {
    await page.close();
    await stop(runner);
  }
}

/** Runs all of them; gives the counts. */
export async function wasmInChromium(executablePath, env) {
  const total = { passed: 0, failed: 0, skipped: 0, skips: [] };
  let found;
  try {
    found = await programs(env);
  } catch (error) {
    console.log(error.message);
    return { ...total, failed: 1 };
  }
  const browser = await browsers.launch({ executablePath, args: ARGS });
  try {
    for (const { executable, name } of found) {
      const output = await outputOf(executable, browser, env);
      const counts = /test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored/.exec(output);
      const [passed, failed, skipped] = counts ? counts.slice(1, 4).map(Number) : [0, 1, 0];
      total.passed += passed;
      total.failed += failed;
      total.skipped += skipped;
      if (failed) console.log(output);
      console.log(
        `  ${failed ? "✗" : "✓"} ${name} in Chromium: ${passed} passed, ${failed} failed, ${skipped} skipped`,
      );
    }
  } finally {
    await browser.close();
  }
  return total;
}
