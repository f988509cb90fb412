// Programs that come with the operating system: bubblewrap, Python for the kernels and, for the tests, browsers.
import { needsPython } from "./kernels.mjs";
import { which } from "./paths.mjs";
import { capture } from "./process.mjs";
import { step } from "./step.mjs";

/** The programs that the tests drive, each by its names; the variable of the same name says which one instead. */
const PROGRAMS = {
  CHROMIUM: ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"],
  FIREFOX: ["firefox-esr", "firefox"],
  WEBKIT_DRIVER: ["WebKitWebDriver"],
  XVFB: ["Xvfb"],
};
const program = (name) => process.env[name] || PROGRAMS[name].map((file) => which(file)).find(Boolean);

export const chromium = () => program("CHROMIUM");
/** What a test finds in its environment; empty what is missing. */
export const browserEnvironment = () =>
  Object.fromEntries(Object.keys(PROGRAMS).map((name) => [name, program(name) ?? ""]));

const PACKAGES = [
  { name: "bubblewrap", there: () => which("bwrap") },
  { name: "python3-venv", there: () => !needsPython() },
  { name: "chromium", there: chromium, only: "test" },
  { name: "firefox-esr", there: () => program("FIREFOX"), only: "test" },
  { name: "webkit2gtk-driver", there: () => program("WEBKIT_DRIVER"), only: "test" },
  { name: "xvfb", there: () => program("XVFB"), only: "test" },
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
    const install = (...some) =>
      capture("apt-get", ["install", "-y", "-q", "--no-install-recommends", ...some], { ...options, timeout: 900 });
    await install(...names);
    // apt installs none of them if it does not know one, and not every system has all.
    if (names.length > 1) for (const name of missing()) await install(name);
    const left = missing();
    return left.length === 0 ? "installed" : `going on without ${left.join(", ")}, which could not be installed`;
  });
}
