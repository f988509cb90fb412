// The `fetch` option takes the platform's, wrappers around it, and stand-ins for tests.
import { ConnectionConfig, Sandbox } from "opensandbox-wasm";

new ConnectionConfig({ fetch: globalThis.fetch });
new ConnectionConfig({ fetch });
new ConnectionConfig({ fetch: (url, init) => fetch(url, { ...init, headers: { ...init.headers, "X-A": "1" } }) });
new ConnectionConfig({ fetch: async (url: string | URL) => new Response(String(url)) });
new ConnectionConfig({ fetch: async () => ({ status: 200, headers: new Map(), text: async () => "{}" }) });
const config = new ConnectionConfig();
const response: Response = await config.fetch("http://localhost", { method: "POST" });
await Sandbox.connect({ sandboxId: "x", connectionConfig: { fetch: config.fetch } });

export { response };
