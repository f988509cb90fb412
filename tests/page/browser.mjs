// What the page's tests share: the local server, a Chromium, and a page that remembers what went wrong in it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const at = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const SERVER = process.env.OPENSANDBOX_LOCAL_BIN || at("target/local/opensandbox-local");
const DIST = at("www/dist");
const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Starts the local server with the page; `options` such as `["--port", "1234"]` win over the defaults. */
export async function startServer(...options) {
  if (!existsSync(DIST)) throw new Error("www/dist is missing: npm run build -w www");
  const port = options.includes("--port") ? [] : ["--port", "0"];
  const child = spawn(SERVER, ["serve", "--quiet", "--www", DIST, ...port, ...options], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exit = once(child, "exit");
  const first = await Promise.race([once(createInterface(child.stdout), "line"), exit.then(() => undefined)]);
  if (!first) throw new Error(`the local server ended with ${child.exitCode}`);
  const said = JSON.parse(first[0]);
  return {
    ...said,
    port: new URL(said.url).port,
    async api(path, init = {}) {
      return await fetch(said.url + path, { ...init, headers: { "OPEN-SANDBOX-API-KEY": said.apiKey } });
    },
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill();
      await exit;
    },
  };
}

export const launch = () =>
  chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args: ARGS });

/** A tab of its own, with storage of its own. `problems` collects errors on the console, exceptions and CSP violations. */
export async function open(browser, url, { width = 1280, height = 800, ...context } = {}) {
  const page = await (await browser.newContext({ viewport: { width, height }, ...context })).newPage();
  const problems = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") problems.push(message.text());
  });
  page.on("pageerror", (error) => problems.push(String(error)));
  await page.addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) =>
      console.error(`refused by the policy: ${event.violatedDirective} ${event.blockedURI}`),
    );
  });
  await page.goto(url);
  await page.locator("html[data-ready]").waitFor({ state: "attached" });
  return Object.assign(page, { problems, done: () => page.context().close() });
}

/** Puts a program into the editor. */
export async function write(page, language, code) {
  if (await page.locator("#view-code").isVisible()) await page.click("#view-code");
  await page.click(`#tab-${language}`);
  await page.locator(".cm-content").focus();
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.insertText(code);
}

/** Puts it there and runs it; does not wait for its end. */
export async function start(page, language, code) {
  await write(page, language, code);
  await page.click("#run");
}

export const state = (page) => page.locator("#run-state-text");
export const lines = (page, stream = "out") => page.locator(`.line.${stream}`);

/** Waits for the end of a run that has been started and gives what the line below the output says. */
export async function ended(page, timeout = 20_000) {
  await page.locator("#run[data-mode=run]").waitFor({ timeout });
  return `${await state(page).textContent()} · ${await page.locator("#run-facts").textContent()}`;
}

/** Runs a program to its end. */
export async function run(page, language, code) {
  await start(page, language, code);
  return await ended(page);
}

export const output = async (page, stream = "out") => await lines(page, stream).allTextContents();

/** Until an element has a text; `text` may be a RegExp. */
export async function says(page, selector, text, timeout = 10_000) {
  await page.locator(selector).filter({ hasText: text, visible: true }).first().waitFor({ timeout });
}

/** Whole id of the page's sandbox. */
export const sandboxId = async (page) =>
  (await page.locator("#sandbox-id").getAttribute("aria-label")).replace("Copy the sandbox id ", "");
