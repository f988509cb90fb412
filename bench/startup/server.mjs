// A server that answers the first request and remembers when it came. It also has the page and its modules.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { folder } from "./app.mjs";
import { wallClock } from "./program.mjs";

const TYPES = { js: "text/javascript", mjs: "text/javascript", wasm: "application/wasm" };
const EMPTY = { items: [], pagination: { page: 1, pageSize: 20, totalItems: 0, totalPages: 0, hasNextPage: false } };

const modules = "/node_modules";
const IMPORTS = {
  "opensandbox-wasm": `${modules}/opensandbox-wasm/index.js`,
  "opensandbox-wasm/slim": `${modules}/opensandbox-wasm/slim.js`,
  "@alibaba-group/opensandbox": `${modules}/@alibaba-group/opensandbox/dist/index.js`,
  "openapi-fetch": `${modules}/openapi-fetch/dist/index.mjs`,
};
/** `location.hash` says what to measure: the page is the same for all. */
const PAGE = `<!doctype html><meta charset="utf-8"><title>.</title>
<script type="importmap">${JSON.stringify({ imports: IMPORTS })}</script>
<script type="module">
  import { first } from "/program.mjs";
  const { start, ...options } = JSON.parse(decodeURIComponent(location.hash.slice(1)));
  const times = first({ ...options, domain: location.host }, (sdk) => start && sdk[start]());
  const done = (result) => { window.result = result; };
  times.then(done, (error) => done({ error: String(error?.message ?? error) }));
</script>`;

/** `{ domain, now, arrived, stop }`: `arrived()` is when the first request after the last `now()` came, or undefined. */
export async function serve() {
  let now = wallClock();
  let arrived;
  const files = new Map();
  const read = (path) => {
    if (!files.has(path)) files.set(path, readFileSync(join(folder, path)));
    return files.get(path);
  };
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    if (pathname === "/v1/sandboxes") {
      arrived ??= now();
      return response.setHeader("content-type", "application/json").end(JSON.stringify(EMPTY));
    }
    response.setHeader("cache-control", "no-store");
    if (pathname === "/") return response.setHeader("content-type", "text/html").end(PAGE);
    try {
      const content = read(pathname);
      response.setHeader("content-type", TYPES[pathname.split(".").at(-1)]).end(content);
    } catch {
      response.writeHead(404).end();
    }
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    domain: `127.0.0.1:${server.address().port}`,
    now() {
      now = wallClock();
      arrived = undefined;
      return now();
    },
    arrived: () => arrived,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
