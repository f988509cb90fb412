// Starts the local server and waits until it listens.
import { existsSync } from "node:fs";
import { kernelEnvironment } from "./kernels.mjs";
import { localServer, page } from "./paths.mjs";
import { start, stop } from "./process.mjs";
import { Stop } from "./step.mjs";

/** Resolves with what the server says about itself, `{url, domain, apiKey, pageUrl, isolation, pid}`, and its `child`. */
export async function startServer({ port, seconds = 30 }) {
  const args = ["serve", "--port", String(port), ...(existsSync(page) ? ["--www", page] : [])];
  const child = start(localServer, args, { env: kernelEnvironment() });
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    errors += text;
    if (child.listening) process.stderr.write(text);
  });
  let timer;
  const listening = new Promise((resolve) => {
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (chunk) => {
      if (child.listening) return;
      text += chunk;
      for (const line of text.split("\n").slice(0, -1)) {
        if (line.includes('"listening"')) resolve(JSON.parse(line));
      }
    });
  });
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, seconds * 1000, { late: true });
  });
  const first = await Promise.race([listening, child.done, late]);
  clearTimeout(timer);
  if (first.event !== "listening") {
    await stop(child);
    const line = errors
      .trim()
      .split("\n")
      .at(-1)
      ?.replace(/^error: /, "");
    throw new Stop(
      line || `the local server ${first.late ? `did not start within ${seconds} s` : `ended with ${first.code}`}`,
    );
  }
  child.listening = true;
  if (errors) process.stderr.write(errors);
  return { ...first, child };
}
