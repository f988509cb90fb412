// Programs that come with the operating system: bubblewrap, Python for the kernels and, for the tests, a browser.
import { needsPython } from "./kernels.mjs";
import { which } from "./paths.mjs";
import { capture } from "./process.mjs";
import { step } from "./step.mjs";

const BROWSERS = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** The browser that the tests drive. */
export const chromium = () => process.env.CHROMIUM || BROWSERS.map((name) => which(name)).find(Boolean);

const PACKAGES = [
  { name: "bubblewrap", there: () => which("bwrap") },
  { name: "python3-venv", there: () => !needsPython() },
  { name: "chromium", there: chromium, only: "test" },
];

/** As root they are installed; otherwise the one line to run is printed, and the work goes on without them. */
export async function installSystemPackages(purpose) {
  const missing = () =>
    PACKAGES.filter(({ there, only }) => (!only || only === purpose) && !there()).map(({ name }) => name);
  const names = missing();
  if (names.length === 0) return step("system packages", () => "ready");
  const line = `apt-get install -y ${names.join(" ")}`;
  if (process.getuid?.() !== 0 || !which("apt-get")) {
    console.log(`! not installed: ${names.join(", ")}. As root, run: ${line}`);
    return;
  }
  await step(`system packages: ${names.join(", ")}`, async (say) => {
    const options = { onLine: say, env: { DEBIAN_FRONTEND: "noninteractive" }, log: "apt.log" };
    await capture("apt-get", ["update", "-q"], { ...options, timeout: 300 });
    await capture("apt-get", ["install", "-y", "-q", "--no-install-recommends", ...names], {
      ...options,
      timeout: 900,
    });
    return missing().length === 0 ? "installed" : "could not be installed, going on without";
  });
}
