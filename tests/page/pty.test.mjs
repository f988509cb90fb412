// Terminals from a page: the browser's own WebSocket, which sends no header and does not say why it was refused.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, startServer } from "./browser.mjs";
import { servePackage } from "./site.mjs";

let site;
let browser;
let server;
before(async () => {
  site = await servePackage();
  server = await startServer("--allow-origin", site.origin, "--strict-cors");
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
  await site?.stop();
});

test("a terminal in a page: output, size, a lost connection, a refusal with its reason, takeover", async () => {
  const page = await (await browser.newContext()).newPage();
  await page.goto(site.origin);
  const seen = await page.evaluate(
    async (connectionConfig) => {
      const { Sandbox } = await import("/index.js");
      const sandbox = await Sandbox.create({ image: "i", connectionConfig });
      const sockets = [];
      class Kept extends WebSocket {
        constructor(...args) {
          super(...args);
          sockets.push(this);
        }
      }
      const states = [];
      const command = "stty size; read a; echo got $a; read b; sleep 0.3; exit 7";
      const onStateChange = (state) => states.push(state);
      const session = await sandbox.pty.create({ command, cols: 91, rows: 17, WebSocket: Kept, onStateChange });
      const texts = session.output.text();
      let text = "";
      const until = async (wanted) => {
        while (!text.includes(wanted)) text += (await texts.next()).value;
      };
      await until("17 91\r\n");
      const refused = await sandbox.pty.attach(session.id).catch((error) => error.code);
      sockets[0].close();
      await session.write("grüße\n");
      await until("got grüße\r\n");
      const other = await sandbox.pty.attach(session.id, { takeover: true, since: session.offset });
      const taken = await session.wait().catch((error) => error.code);
      await other.write("\n");
      const code = await other.wait();
      await sandbox.kill();
      return { text, refused, states, taken, code, sockets: sockets.length };
    },
    { domain: server.url, apiKey: server.apiKey },
  );
  assert.deepEqual(seen, {
    text: "17 91\r\ngrüße\r\ngot grüße\r\n",
    refused: "ALREADY_CONNECTED",
    states: ["connected", "reconnecting", "connected", "closed"],
    taken: "TAKEN_OVER",
    code: 7,
    sockets: 2,
  });
});
