// A Next application with as little in it as it can have: a client component, a route handler in the Node runtime and one in the edge runtime.
// No configuration.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const IMPORT = 'import { SandboxManager } from "opensandbox-wasm";';
const RUN = `async function run(config) {
  const manager = SandboxManager.create({ connectionConfig: config });
  const { items } = await manager.listSandboxInfos();
  await manager.close();
  return Array.isArray(items) ? "works" : "no list";
}`;
const HANDLER = "(request) { return new Response(await run(await request.json())); }";

const FILES = {
  "app/layout.js":
    'export default function Layout({ children }) { return <html lang="en"><body>{children}</body></html>; }',
  "app/page.js": `"use client";
import { useEffect } from "react";
${IMPORT}
${RUN}
export default function Page() {
  useEffect(() => { globalThis.run = run; }, []);
  return "page";
}`,
  "app/node/route.js": `${IMPORT}\n${RUN}\nexport async function POST${HANDLER}`,
  "app/edge/route.js": `${IMPORT}\n${RUN}\nexport const runtime = "edge";\nexport async function POST${HANDLER}`,
  "pages/api/edge.js": `${IMPORT}\n${RUN}\nexport const config = { runtime: "edge" };\nexport default async function handler${HANDLER}`,
};

/** Writes the application; `without` names files of it. */
export function writeApp(folder, without = []) {
  for (const [name, content] of Object.entries(FILES)) {
    if (without.includes(name)) continue;
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), `${content}\n`);
  }
}
