// The browsers, each driven by the library that can: `launch` starts one, and `run` has a page of it call its `window.run`.
import { once } from "node:events";
import { createRequire } from "node:module";
import { join } from "node:path";
import { launch as launchChromium } from "../page/browser.mjs";
import { environment, MODULES, start } from "./programs.mjs";

const require = createRequire(join(MODULES, "from-here.js"));
const SECONDS = 120;

// In the page. A module without `await` at its top has run when the page is loaded, and that is what every driver waits for.
const call = (config) => window.run(config);

/** Playwright, whose own Firefox and WebKit are patched: it drives neither Firefox as it is released nor any other WebKit. */
async function chromium() {
  const browser = await launchChromium();
  return {
    version: browser.version(),
    async run(url, config) {
      const page = await browser.newPage();
      await page.goto(url);
      return await page.evaluate(call, config).finally(() => page.close());
    },
    close: () => browser.close(),
  };
}

async function firefox(folder) {
  const browser = await require("puppeteer-core").launch({
    browser: "firefox",
    executablePath: process.env.FIREFOX,
    protocolTimeout: SECONDS * 1000,
    // As root, Firefox refuses a home that is not root's.
    env: environment(folder),
  });
  return {
    version: (await browser.version()).replace("firefox/", ""),
    async run(url, config) {
      const page = await browser.newPage();
      await page.goto(url);
      return await page.evaluate(call, config).finally(() => page.close());
    },
    close: () => browser.close(),
  };
}

/** A display of its own, on which no window is seen. Without what draws on it, it ends by itself. */
async function display(folder) {
  const options = { stdio: ["ignore", "pipe", "pipe", "pipe"], env: environment(folder) };
  const program = start(process.env.XVFB, ["-displayfd", "3", "-terminate", "-nolisten", "tcp"], options);
  const failed = program.done.then(({ error, code }) => {
    throw new Error(`Xvfb did not start: ${error ?? code}\n${program.text}`);
  });
  const [number] = await Promise.race([once(program.child.stdio[3], "data"), failed]);
  failed.catch(() => {});
  return {
    name: `:${String(number).trim()}`,
    async end() {
      // Not SIGKILL: it has a lock file.
      program.child.kill();
      await program.done;
    },
  };
}

/** WebKitGTK's own small browser, through WebDriver. */
async function webkit(folder) {
  const { Builder } = require("selenium-webdriver");
  const { DriverService } = require("selenium-webdriver/remote");
  const screen = await display(folder);
  // The software renderer: a machine for tests has no graphics card.
  const env = environment(folder, { DISPLAY: screen.name, GDK_BACKEND: "x11", LIBGL_ALWAYS_SOFTWARE: "1" });
  const service = new DriverService.Builder(process.env.WEBKIT_DRIVER).setLoopback(true).setEnvironment(env).build();
  const end = async () => {
    await service.kill();
    await screen.end();
  };
  try {
    const builder = new Builder().usingServer(await service.start()).withCapabilities({ browserName: "MiniBrowser" });
    const driver = await builder.build();
    await driver.manage().setTimeouts({ script: SECONDS * 1000 });
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
