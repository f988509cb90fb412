// Logs, events, inspect and summary of sandboxes.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startServer, until } from "./server.mjs";

for (const flags of [[], ["--no-bwrap"]]) {
  describe(`diagnostics ${flags.join(" ") || "with what is installed"}`, () => {
    let server;
    before(async () => {
      server = await startServer(...flags);
    });
    after(async () => {
      await server?.stop();
    });

    const get = (id, rest) => server.api("GET", `/v1/sandboxes/${id}/diagnostics/${rest}`);
    const remove = (id) => server.api("DELETE", `/v1/sandboxes/${id}`);

    test("logs are what the entrypoint prints, each line with its time", async () => {
      const id = await server.create({
        entrypoint: [
          "sh",
          "-c",
          "while [ ! -e go ]; do sleep 0.02; done; i=0; while [ $i -lt 150 ]; do i=$((i+1)); echo line $i; done; echo oops >&2; sleep 1000",
        ],
      });
      // Not before the daemon has said that it listens: that is in the logs, too.
      await server.sh(id, "touch go");
      await until(async () => (await get(id, "logs")).body.includes(" oops\n"));
      const plain = await get(id, "logs?tail=3");
      assert.equal(plain.headers.get("deprecation"), "true");
      assert.equal(plain.headers.get("content-type"), "text/plain; charset=utf-8");
      const stamped = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z /;
      const lines = plain.body.split("\n");
      assert.equal(lines.pop(), "");
      assert.deepEqual(
        lines.map((line) => line.replace(stamped, "<time> ")),
        ["<time> line 149", "<time> line 150", "<time> oops"],
      );
      assert.equal((await get(id, "logs")).body.split("\n").length, 101, "100 lines if nothing is said");
      assert.equal((await get(id, "logs?since=1h&tail=5")).body.split("\n").length, 6);

      const { headers, body } = await get(id, "logs?scope=Container");
      assert.equal(headers.get("deprecation"), null);
      assert.deepEqual(Object.keys(body), [
        "sandboxId",
        "kind",
        "scope",
        "delivery",
        "contentType",
        "content",
        "contentLength",
        "truncated",
      ]);
      assert.deepEqual([body.scope, body.truncated, body.content.split("\n").length], ["container", true, 101]);
      assert.equal(body.contentLength, Buffer.byteLength(body.content));
      assert.equal((await get(id, "logs?scope=all")).body.warnings.length, 1);
      await remove(id);
    });

    test("events and inspect follow the sandbox's life", async () => {
      const id = await server.create({ entrypoint: ["sh", "-c", "while [ ! -e stop ]; do sleep 0.02; done; exit 3"] });
      assert.match(
        (await get(id, "events?scope=runtime")).body.content,
        /^Container: .*\nStatus: {5}running\nCreated: .*\nStarted: .*$/,
      );
      await server.api("POST", `/v1/sandboxes/${id}/pause`);
      assert.match((await get(id, "inspect")).body, /Status: {9}paused\nRunning: {8}True\nPaused: {9}True/);
      await server.api("POST", `/v1/sandboxes/${id}/resume`);
      // The entrypoint may end, and the daemon with it, before this answer is read.
      await server.sh(id, "touch stop").catch(() => {});
      await until(async () => (await get(id, "events")).body.includes("exited"));
      assert.match(
        (await get(id, "events")).body,
        /Status: {5}exited\n.*\n.*\nFinished: {3}.*\nEvent: {6}Exited with code 3$/,
      );
      assert.match((await get(id, "inspect")).body, /Running: {8}False\n(.*\n)*Exit Code: {6}3\n/);
      await remove(id);
    });

    test("no secret is shown", async () => {
      const id = await server.create({
        env: { MY_TOKEN: "hush-1", db_password: "hush-2", api_key: "hush-3", A: "shown" },
        metadata: { team: "a" },
        networkPolicy: {},
        credentialProxy: { enabled: true },
        resourceLimits: { cpu: "1500m", memory: "1Gi" },
      });
      const all = `${(await get(id, "summary")).body}${(await get(id, "inspect")).body}`;
      const { headers } = (await server.api("GET", `/v1/sandboxes/${id}/endpoints/18080`)).body;
      const { headers: execd } = (await server.api("GET", `/v1/sandboxes/${id}/endpoints/44772`)).body;
      for (const secret of ["hush", server.apiKey, ...Object.values(headers), ...Object.values(execd)]) {
        assert.ok(!all.includes(secret), secret);
      }
      for (const line of [
        "  MY_TOKEN=***",
        "  A=shown",
        "  team=a",
        "  CPU:          1.50 cores (not enforced)",
        "  Memory:       1024 MiB (not enforced)",
      ]) {
        assert.ok(all.split("\n").includes(line), line);
      }
      await remove(id);
    });

    test("what is refused", async () => {
      const id = await server.create();
      for (const [rest, message] of [
        ["logs?scope=", "Unsupported logs diagnostics scope ''. Supported scopes: container, all."],
        ["events?scope=x", "Unsupported events diagnostics scope 'x'. Supported scopes: runtime, all."],
      ]) {
        const { status, body } = await get(id, rest);
        assert.deepEqual([status, body], [400, { code: "DIAGNOSTICS_SCOPE_UNSUPPORTED", message }]);
      }
      for (const rest of [
        "logs?tail=0",
        "logs?tail=10001",
        "events?limit=x",
        "summary?tail=0",
        "summary?event_limit=501",
      ]) {
        assert.equal((await get(id, rest)).status, 422, rest);
      }
      for (const kind of ["logs", "events", "inspect", "summary", "logs?scope=container"]) {
        const answer = await get("nobody", kind);
        assert.deepEqual([answer.status, answer.body.code], [404, "DOCKER::SANDBOX_NOT_FOUND"], kind);
      }
      await remove(id);
    });
  });
}
