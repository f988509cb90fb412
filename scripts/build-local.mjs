// Builds the local server and the page that it serves.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { at, page } from "./paths.mjs";
import { run } from "./process.mjs";
import { hash, setStamp, stamp } from "./stamp.mjs";
import { step } from "./step.mjs";
import { nativeEnv } from "./toolchain.mjs";

export async function buildServer() {
  await step("local server", async (say) => {
    const locked = process.env.CI ? ["--locked"] : [];
    const { output } = await run(
      "building the local server",
      "cargo",
      ["build", "--profile", "local", "-p", "opensandbox-local", ...locked],
      {
        env: nativeEnv,
        log: "local-server.log",
        network: true,
        onLine: say,
      },
    );
    return /^\s*Compiling/m.test(output) ? "built" : "nothing changed";
  });
}

/** The playground; until www/ has a build script there is none. */
export async function buildPage() {
  const { scripts } = JSON.parse(readFileSync(at("www", "package.json"), "utf8"));
  if (!scripts?.build) return;
  await step("page www/dist", async (say) => {
    const inputs = hash(["www", "examples", "package-lock.json"], stamp("package"));
    if (stamp("page") === inputs && existsSync(join(page, "index.html"))) return "nothing changed";
    await run("building the page", "npm", ["run", "build", "-w", "www"], { log: "page.log", onLine: say });
    setStamp("page", inputs);
    return "built";
  });
}
