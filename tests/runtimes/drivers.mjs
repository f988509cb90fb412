// The browsers, each driven by the library that can: `launch` starts one, and `run` has a page of it call its `window.run`.
import { once } from "node:events";
import { createRequire } from "node:module";
import { join } from "node:path";
import { launch as launchChromium } from "../page/browser.mjs";
import { environment, MODULES, start } from "./programs.mjs";

const require = createRequire(join(MODULES, "from-here.js"));
/** For what takes seconds. */
const PATIENCE_MS = 120_000;

/** In the page. WebDriver does not always wait until its modules have run. */
async function call(config) {
  if (document.readyState !== "complete") await new Promise((resolve) => addEventListener("load", resolve));
  return await window.run(config).catch((error) => ({ error: `${error} ${JSON.stringify(error)}` }));
}

/** For Playwright and Puppeteer, which are alike as far as this goes. */
const tabs = (browser, version) => ({
  version,
  async run(url, config) {
    const page = await browser.newPage();
    await page.goto(url, { timeout: PATIENCE_MS });
    return await page.evaluate(call, config).finally(() => page.close());
  },
  close: () => browser.close(),
});

/** Playwright's own Firefox and WebKit are patched, and it can drive no others. */
async function chromium() {
  const browser = await launchChromium();
  return tabs(browser, browser.version());
}

async function firefox(folder) {
  const browser = await require("puppeteer-core").launch({
    browser: "firefox",
    executablePath: process.env.FIREFOX,
    timeout: PATIENCE_MS,
    protocolTimeout: PATIENCE_MS,
    // Mozilla's own word for none. A released Firefox takes it only with the variable, or else asks Mozilla's server.
    extraPrefsFirefox: { "services.settings.server": "data:,#remote-settings-dummy/v1" },
    // As root, Firefox refuses a home that is not root's.
    env: environment(folder, { MOZ_REMOTE_SETTINGS_DEVTOOLS: "1" }),
  });
  return tabs(browser, (await browser.version()).replace("firefox/", ""));
}

/** A display of its own, on which no window is seen. */
async function display(folder) {
  const options = { stdio: ["ignore", "pipe", "pipe", "pipe"], env: environment(folder), detached: false };
  const program = start(process.env.XVFB, ["-displayfd", "3", "-noreset", "-nolisten", "tcp"], options);
  // Not SIGKILL: it has a lock file. With it goes whatever draws on it; without it that would live on when the tests are stopped.
  const kill = () => program.child.kill();
  process.once("exit", kill);
  const failed = program.done.then(({ error, code }) => {
    throw new Error(`Xvfb did not start: ${error ?? code}\n${program.text}`);
  });
  const [number] = await Promise.race([once(program.child.stdio[3], "data"), failed]);
  failed.catch(() => {});
  return {
    name: `:${String(number).trim()}`,
    async end() {
      process.off("exit", kill);
      kill();
      await program.done;
    },
  };
}

/** WebKitGTK's own small browser, through WebDriver. */
async function webkit(folder) {
  const { Builder } = require("selenium-webdriver");
  const { DriverService } = require("selenium-webdriver/remote");
  const screen = await display(folder);
  const env = environment(folder, { DISPLAY: screen.name });
  const service = new DriverService.Builder(process.env.WEBKIT_DRIVER).setLoopback(true).setEnvironment(env).build();
  const end = async () => {
    await service.kill();
    await screen.end();
  };
  try {
    const builder = new Builder()
      .usingServer(await service.start(PATIENCE_MS))
      .withCapabilities({ browserName: "MiniBrowser" });
    const driver = await builder.build();
    await driver.manage().setTimeouts({ script: PATIENCE_MS });
    return {
      version: (await driver.getCapabilities()).getBrowserVersion(),
      async run(url, config) {
        await driver.get(url);
        return await driver.executeScript(`return (${call})(...arguments)`, config);
      },
      close: () => driver.quit().finally(end),
    };
  } catch (error) {
    await end();
    throw error;
  }
}

/** `missing`: what one would have to install. */
const { CHROMIUM, FIREFOX, WEBKIT_DRIVER, XVFB } = process.env;
export const BROWSERS = [
  { name: "Chromium", launch: chromium, missing: !CHROMIUM && "chromium" },
  { name: "Firefox", launch: firefox, missing: !FIREFOX && "firefox-esr" },
  { name: "WebKitGTK", launch: webkit, missing: !(WEBKIT_DRIVER && XVFB) && "webkit2gtk-driver and xvfb" },
];
