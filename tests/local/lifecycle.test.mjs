// The life of a sandbox: its processes really stop, go on and end.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { after, before, describe, test } from "node:test";
import { BINARY, processesWith, sleep, startServer, until } from "./server.mjs";

const COUNTER = ["sh", "-c", "i=0; while :; do i=$((i+1)); echo $i > /workspace/count; sleep 0.02; done"];
const PLAIN_COUNTER = ["sh", "-c", "i=0; while :; do i=$((i+1)); echo $i > count; sleep 0.02; done"];

for (const flags of [[], ["--no-bwrap"]]) {
  describe(`lifecycle ${flags.join(" ") || "with what is installed"}`, () => {
    let server;
    before(async () => {
      server = await startServer(...flags);
    });
    after(async () => {
      await server?.stop();
    });

    const counter = () => (server.isolation === "bubblewrap" ? COUNTER : PLAIN_COUNTER);
    const count = async (id) => Number((await server.sh(id, "cat count")).stdout);
    const state = async (id) => (await server.api("GET", `/v1/sandboxes/${id}`)).body.status;

    test("pause stops every process, resume lets them go on", async () => {
      const id = await server.create({ entrypoint: counter() });
      await until(async () => (await count(id)) > 3);
      // A child of a command, orphaned on purpose, belongs to the sandbox too.
      await server.sh(id, '(setsid sh -c "while :; do date +%s%N > orphan; sleep 0.02; done" >/dev/null 2>&1 &)');
      await until(async () => (await server.sh(id, "cat orphan")).stdout);
      assert.equal((await server.api("POST", `/v1/sandboxes/${id}/pause`)).status, 202);
      assert.equal((await state(id)).state, "Paused");
      const pids = processesWith(id);
      assert.ok(pids.length >= 2, "its processes are seen from outside");
      const again = await server.api("POST", `/v1/sandboxes/${id}/pause`);
      assert.equal(again.status, 409);
      const states = () => pids.map((pid) => readFileSync(`/proc/${pid}/stat`, "latin1").replace(/.*\) /s, ""));
      const inner = states().filter((line) => line.startsWith("T"));
      // All but bubblewrap's watcher outside.
      assert.ok(
        inner.length >= pids.length - 1,
        states()
          .map((line) => line[0])
          .join(),
      );
      await sleep(300);
      assert.equal((await server.api("POST", `/v1/sandboxes/${id}/resume`)).status, 202);
      const first = await count(id);
      await until(async () => (await count(id)) > first);
      assert.equal((await state(id)).state, "Running");
      assert.equal((await server.api("POST", `/v1/sandboxes/${id}/resume`)).status, 409);
      await server.api("DELETE", `/v1/sandboxes/${id}`);
    });

    test("a paused sandbox does not count on", async () => {
      const id = await server.create({ entrypoint: counter() });
      await until(async () => (await count(id)) > 3);
      const before = await count(id);
      await server.api("POST", `/v1/sandboxes/${id}/pause`);
      await sleep(1000);
      await server.api("POST", `/v1/sandboxes/${id}/resume`);
      const between = (await count(id)) - before;
      // Unpaused it would be about 45 more; the two commands around take some.
      assert.ok(between < 35, `counted ${between} in a paused second`);
      await server.api("DELETE", `/v1/sandboxes/${id}`);
    });

    test("expiry ends the processes, of a paused sandbox too", async () => {
      const [one, two] = await Promise.all([server.create(), server.create()]);
      await server.api("POST", `/v1/sandboxes/${two}/pause`);
      const soon = new Date(Date.now() + 3000).toISOString();
      for (const id of [one, two]) {
        const renewed = await server.api("POST", `/v1/sandboxes/${id}/renew-expiration`, { expiresAt: soon });
        assert.equal(renewed.status, 200);
      }
      assert.ok(processesWith(one).length > 0);
      assert.equal((await state(one)).state, "Running");
      await until(async () => (await server.api("GET", `/v1/sandboxes/${one}`)).status === 404);
      await until(async () => (await server.api("GET", `/v1/sandboxes/${two}`)).status === 404);
      await until(() => processesWith(one).length + processesWith(two).length === 0);
    });

    test("a sandbox without timeout cannot be renewed", async () => {
      const id = await server.create({ timeout: null });
      const body = { expiresAt: "2099-01-01T00:00:00Z" };
      const answer = await server.api("POST", `/v1/sandboxes/${id}/renew-expiration`, body);
      assert.deepEqual([answer.status, answer.body.code], [409, "DOCKER::INVALID_EXPIRATION"]);
      assert.equal((await server.api("GET", `/v1/sandboxes/${id}`)).body.expiresAt, undefined);
      await server.api("DELETE", `/v1/sandboxes/${id}`);
    });

    test("the entrypoint ends and the sandbox with it", async () => {
      const good = await server.create({ entrypoint: ["sh", "-c", "sleep 0.3; exit 0"] });
      const bad = await server.create({ entrypoint: ["sh", "-c", "sleep 0.3; exit 7"] });
      const missing = await server.create({ entrypoint: ["/no/such/program"] });
      await until(async () => (await state(good)).state === "Terminated");
      await until(async () => (await state(bad)).state === "Failed");
      await until(async () => (await state(missing)).state === "Failed");
      assert.equal((await state(good)).reason, "CONTAINER_EXITED");
      assert.equal((await state(bad)).message, "Sandbox container exited with code 7.");
      assert.equal((await state(missing)).message, "Sandbox container exited with code 127.");
      assert.equal((await server.api("POST", `/v1/sandboxes/${bad}/pause`)).status, 409);
      const listed = await server.api("GET", "/v1/sandboxes?state=failed&pageSize=1");
      assert.deepEqual(listed.body.pagination, {
        page: 1,
        pageSize: 1,
        totalItems: 2,
        totalPages: 2,
        hasNextPage: true,
      });
      const proxied = await fetch(`${server.url}/v1/sandboxes/${bad}/proxy/44772/ping`);
      assert.equal(proxied.status, 502);
      assert.equal((await proxied.json()).code, "BACKEND_CONNECTION_FAILED");
      for (const id of [good, bad, missing]) {
        assert.equal((await server.api("DELETE", `/v1/sandboxes/${id}`)).status, 204);
        assert.equal(processesWith(id).length, 0);
      }
    });

    test("delete leaves no process, wherever it went", async () => {
      const id = await server.create({ entrypoint: counter() });
      await server.sh(id, '(setsid sh -c "trap : TERM; while :; do sleep 1; done" >/dev/null 2>&1 &)');
      await until(() => processesWith(id).length >= 3);
      assert.equal((await server.api("DELETE", `/v1/sandboxes/${id}`)).status, 204);
      assert.deepEqual(processesWith(id), []);
      assert.equal((await server.api("DELETE", `/v1/sandboxes/${id}`)).status, 404);
    });

    test("five at once, each its own files", async () => {
      const started = Date.now();
      const ids = await Promise.all([1, 2, 3, 4, 5].map(() => server.create()));
      const took = Date.now() - started;
      assert.ok(took < 15_000, `${took} ms`);
      await Promise.all(
        ids.map((id) => server.sh(id, `echo ${id} > mine; echo ${id} > "\${TMPDIR:-/tmp}/mine"; echo ${id} > ~/mine`)),
      );
      for (const id of ids) {
        const { stdout } = await server.sh(id, 'cat mine "$(printenv TMPDIR || echo /tmp)/mine" ~/mine; ls');
        assert.equal(stdout, [id, id, id, "mine"].join("\n"));
      }
      await Promise.all(ids.map((id) => server.api("DELETE", `/v1/sandboxes/${id}`)));
    });

    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) {
      test(`${signal} to the server leaves no process and no file`, async () => {
        const other = await startServer(...flags);
        const ids = [await other.create(), await other.create({ entrypoint: counter() })];
        await other.api("POST", `/v1/sandboxes/${ids[0]}/pause`);
        assert.ok(processesWith(ids[0]).length > 0);
        assert.equal(await other.stop(signal), 0);
        for (const id of ids) assert.deepEqual(processesWith(id), []);
        assert.deepEqual(
          readdirSync(tmpdir()).filter((name) => ids.some((id) => existsSync(`${tmpdir()}/${name}/${id}`))),
          [],
        );
      });
    }

    test("SIGKILL to the server ends the sandboxes too", async () => {
      const other = await startServer(...flags);
      // Idle for a while would end a pool thread, and with it whatever such a thread had started.
      const ids = [await other.create(), await other.create({ entrypoint: counter() })];
      for (const id of ids) assert.ok(processesWith(id).length > 0);
      await other.stop("SIGKILL");
      for (const id of ids) await until(() => processesWith(id).length === 0);
      // Its files go when the next server starts.
      const next = await startServer(...flags);
      await next.stop();
      assert.deepEqual(
        readdirSync(tmpdir()).filter((name) => ids.some((id) => existsSync(`${tmpdir()}/${name}/${id}`))),
        [],
      );
    });
  });
}

test("a busy port is one clear line and status 1", async () => {
  const server = await startServer();
  const second = spawnSync(BINARY, ["serve", "--port", String(server.port)], { encoding: "utf8", timeout: 20_000 });
  await server.stop();
  assert.equal(second.status, 1);
  assert.equal(second.stdout, "");
  assert.match(
    second.stderr,
    new RegExp(`^opensandbox-local: port ${server.port} is in use; choose another with --port N.*\n$`),
  );
});
