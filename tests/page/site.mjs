// Somebody's own pages, on an origin of their own.
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const PKG = process.env.OPENSANDBOX_PKG || fileURLToPath(new URL("../../pkg", import.meta.url));

/** Serves what `handler` answers, as `{ origin, stop }`. */
export async function serve(handler) {
  const site = createServer(handler);
  await once(site.listen(0, "127.0.0.1"), "listening");
  return {
    origin: `http://127.0.0.1:${site.address().port}`,
    async stop() {
      site.closeAllConnections();
      await new Promise((resolve) => site.close(resolve));
    },
  };
}

/** Serves the package's modules, and an empty page at every other address. */
export const servePackage = () =>
  serve(async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    if (!pathname.endsWith(".js")) {
      return response.setHeader("content-type", "text/html").end("<!doctype html><title>elsewhere</title>");
    }
    const file = await readFile(join(PKG, pathname)).catch(() => undefined);
    response.setHeader("content-type", "text/javascript");
    response.writeHead(file ? 200 : 404).end(file);
  });
