// The API reference docs/api, made by typedoc from the package's types. As a script: writes it there.
import { cpSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { locked } from "./lock.mjs";
import { at } from "./paths.mjs";
import { capture } from "./process.mjs";
import { setup } from "./setup.mjs";
import { main, Stop, step } from "./step.mjs";

/** Writes the reference into a folder. `entries`: other files than those that package.json exports. */
export async function writeReference(folder, entries = []) {
  // typedoc needs a compiler with an API, which the newest has not: both lie in a workspace of their own.
  const typedoc = at("docs", "typedoc", "node_modules", "typedoc", "bin", "typedoc");
  if (!existsSync(typedoc)) throw new Stop("typedoc is not installed: make setup");
  const args = [typedoc, "--options", at("docs", "typedoc", "typedoc.config.mjs"), "--out", folder, ...entries];
  const { code, output } = await capture(process.execPath, args, { env: { NO_COLOR: "1" } });
  if (code !== 0) throw new Stop("typedoc has refused the types", { details: output });
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main(async () => {
    await locked(() => setup({ for: "quick" }));
    await step("API reference docs/api/", async () => {
      const fresh = mkdtempSync(join(tmpdir(), "opensandbox-docs-"));
      try {
        await writeReference(fresh);
        rmSync(at("docs", "api"), { recursive: true, force: true });
        cpSync(fresh, at("docs", "api"), { recursive: true });
      } finally {
        rmSync(fresh, { recursive: true, force: true });
      }
    });
  });
}
