// `make demo`: sets up, builds, starts the local server, runs the README's example against it and prints the one URL.
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { buildPage, buildServer } from "./build-local.mjs";
import { buildPackage } from "./build-package.mjs";
import { startServer } from "./local-server.mjs";
import { locked } from "./lock.mjs";
import { at } from "./paths.mjs";
import { start } from "./process.mjs";
import { setup } from "./setup.mjs";
import { bold, dim, main, Stop, seconds, step } from "./step.mjs";

const EXAMPLE = "examples/hello.mjs";

/** Shows the program and then, as it comes, everything that it prints. */
async function runExample(server) {
  if (!existsSync(at(EXAMPLE))) throw new Stop(`${EXAMPLE} is missing`);
  const lines = readFileSync(at(EXAMPLE), "utf8").trimEnd().split("\n");
  console.log(`\n${bold(`$ node ${EXAMPLE}`)} ${dim(`(${lines.length} lines, also in README.md)`)}`);
  const from = performance.now();
  const child = start(process.execPath, [at(EXAMPLE)], {
    stdio: ["ignore", "inherit", "inherit"],
    env: { OPEN_SANDBOX_DOMAIN: server.domain, OPEN_SANDBOX_API_KEY: server.apiKey },
  });
  const { code } = await child.done;
  console.log(`${dim("exit code")} ${code}${dim(", in")} ${seconds(from)}\n`);
  if (code !== 0) throw new Stop(`${EXAMPLE} failed: the local server or the package does not work`);
}

/** Asked before the minutes that a first build takes. */
async function checkPort(port) {
  if (!/^\d+$/.test(port) || Number(port) > 65535) throw new Stop(`PORT=${port} is not a port number`);
  const code = await new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", (error) => resolve(error.code));
    probe.listen(Number(port), "127.0.0.1", () => probe.close(() => resolve("")));
  });
  if (code === "EADDRINUSE") throw new Stop(`port ${port} is in use; take another one: make demo PORT=${+port + 1}`);
  if (code) throw new Stop(`port ${port} cannot be used (${code}); take another one: make demo PORT=8080`);
}

async function demo() {
  const begin = performance.now();
  const port = process.env.PORT || "8080";
  await checkPort(port);
  await locked(async () => {
    await setup({ for: "demo" });
    await buildPackage();
    await buildServer();
    await buildPage();
  });
  let server;
  await step("start the local server", async () => {
    server = await startServer({ port: Number(port) });
    return server.isolation ? `isolation: ${server.isolation}` : undefined;
  });
  await runExample(server);
  if (process.env.ONCE) return;

  console.log(dim("─".repeat(78)));
  console.log(`  Open ${bold(server.pageUrl)}`);
  console.log(dim(`  Ready after ${seconds(begin)}. Ctrl-C stops the server and every sandbox.`));
  console.log(dim("─".repeat(78)));
  const { code } = await server.child.done;
  throw new Stop(`the local server ended with ${code}`);
}

await main(demo);
