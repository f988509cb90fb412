// What a sandbox and its server can do, and what they say when they cannot; metrics as they come.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Sandbox } from "opensandbox-wasm";
import { external, PATIENCE_MS, recorder, rejection, startServer, within } from "./server.mjs";

let server;
let sandbox;
before(async () => {
  server = await startServer();
  sandbox = await server.create();
});
after(() => server?.stop());

describe("metrics.watch()", { concurrency: true }, () => {
  test("gives samples that are like those of getMetrics, one after another, until one leaves the loop", async () => {
    const single = await sandbox.getMetrics();
    const samples = [];
    const watching = (async () => {
      for await (const sample of sandbox.metrics.watch()) {
        samples.push(sample);
        if (samples.length === 2) break;
      }
    })();
    await within(PATIENCE_MS, watching, "two samples");
    for (const sample of samples) {
      assert.deepEqual(Object.keys(sample), Object.keys(single));
      for (const [name, value] of Object.entries(sample)) assert.equal(typeof value, "number", name);
      assert.equal(sample.cpuCount, single.cpuCount);
      assert.ok(sample.memoryTotalMiB > 0 && sample.memoryUsedMiB <= sample.memoryTotalMiB);
      assert.ok(sample.cpuUsedPercentage >= 0 && sample.cpuUsedPercentage <= 100);
    }
    assert.ok(samples[1].timestamp > samples[0].timestamp);
  });

  test("an abort ends it at once", async () => {
    const controller = new AbortController();
    const watching = rejection(
      (async () => {
        for await (const _ of sandbox.metrics.watch({ signal: controller.signal })) controller.abort();
      })(),
    );
    const error = await within(PATIENCE_MS, watching, "the first sample and the abort");
    assert.equal(error.code, "ABORTED");
  });
});

describe("what a sandbox can do", { concurrency: true }, () => {
  test("capabilities() agrees with what happens when one tries", async () => {
    const { calls, fetch } = recorder();
    const options = { sandboxId: sandbox.id, connectionConfig: server.config({ fetch }) };
    const handle = await Sandbox.connect(options);
    const found = await handle.capabilities();
    assert.deepEqual(Object.keys(found).sort(), [
      "egress",
      "interpreter",
      "isolation",
      "languages",
      "pty",
      "vault",
      "versions",
    ]);
    assert.equal(found.isolation, (await handle.isolation.capabilities()).available);
    const policy = await handle.getEgressPolicy().then(
      () => true,
      () => false,
    );
    assert.equal(found.egress, policy);
    assert.ok([true, false, "unknown"].includes(found.interpreter));
    assert.ok(found.languages === "unknown" || Array.isArray(found.languages));
    const terminal = await handle.pty.get("no-such-terminal").catch((error) => error);
    assert.equal(found.pty, terminal.code === "CONTEXT_NOT_FOUND");
    if (!external) assert.equal(found.pty, true);
    assert.equal(typeof found.vault, "boolean");
    assert.ok(found.vault === false || found.egress, "the vault is the sidecar's");
    const { version } = await (await globalThis.fetch(new URL("/version", calls[0].url))).json();
    assert.equal(found.versions.server, version);
    const asked = calls.length;
    assert.deepEqual(await handle.capabilities(), found);
    assert.equal(calls.length, asked, "remembered");
    await handle.close();
  });

  test("without a network policy there is no sidecar, and everything about it says so", async () => {
    const { egress, credentialVault } = sandbox;
    for (const call of [
      () => egress.getPolicy(),
      () => sandbox.patchEgressRules([{ action: "allow", target: "example.com" }]),
      () => egress.deleteRules(["example.com"]),
    ]) {
      const error = await rejection(call());
      assert.deepEqual([error.name, error.code, error.statusCode], ["SandboxApiException", "EGRESS_UNREACHABLE", 502]);
      assert.match(error.message, /networkPolicy/);
    }
    const request = { credentials: [{ name: "a", source: { value: "s3cr3t-value" } }], bindings: [] };
    const error = await rejection(credentialVault.create(request));
    // Where the sandbox's ports are reached directly, nobody listens.
    assert.ok(["EGRESS_UNREACHABLE", "NETWORK_ERROR"].includes(error.code), String(error));
    assert.ok(!`${JSON.stringify(error)}${error.stack}${JSON.stringify(error.rawBody)}`.includes("s3cr3t"));
  });

  test("isolated sessions work, or are not supported", async () => {
    const { isolation } = sandbox;
    if ((await isolation.capabilities()).available) {
      assert.equal((await isolation.runOnce("echo hi", "/tmp")).stdout, "hi\n");
    } else {
      const error = await rejection(isolation.create({ workspace: { path: "/tmp" } }));
      assert.ok(["NOT_SUPPORTED", "SERVICE_UNAVAILABLE"].includes(error.code), String(error));
    }
  });
});
