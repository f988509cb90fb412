import { defineConfig } from "vite";

/**
 * `npm run dev -w www` serves the page itself and passes the API on to a server that runs already. What it says of its sandboxes'
 * addresses names the server itself, so it must know this page's origin: opensandbox-local serve --allow-origin http://localhost:5173
 */
const server = process.env.OPENSANDBOX_SERVER ?? "http://127.0.0.1:8080";

export default defineConfig({
  // The page works wherever it is put, not only at the root of a host.
  base: "./",
  build: {
    // The package carries its WebAssembly as text, which is most of the bundle and compresses well.
    chunkSizeWarningLimit: 2500,
    // Its polyfill would be an inline script, which the server's policy forbids.
    modulePreload: { polyfill: false },
    // As files: the policy of another server may not allow `data:` fonts.
    assetsInlineLimit: 0,
  },
  server: {
    port: 5173,
    strictPort: true,
    proxy: {
      "/v1": {
        target: server,
        changeOrigin: true,
        // Passed on, the request is the server's own.
        configure: (proxy) => proxy.on("proxyReq", (request) => request.removeHeader("origin")),
      },
    },
  },
});
