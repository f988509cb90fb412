// Volumes: directories of this machine and of the server, mounted into sandboxes.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { BINARY, startServer, until } from "./server.mjs";

describe("volumes", () => {
  let server;
  let dir;
  let allowed;
  before(async () => {
    dir = realpathSync(mkdtempSync(join(tmpdir(), "local-volumes-")));
    allowed = join(dir, "allowed");
    mkdirSync(join(allowed, "sub"), { recursive: true });
    writeFileSync(join(allowed, "file"), "from the host");
    mkdirSync(join(dir, "outside"));
    writeFileSync(join(dir, "outside", "secret"), "secret");
    symlinkSync(join(dir, "outside"), join(allowed, "out"));
    server = await startServer("--allow-host-path", `${allowed}/`);
  });
  after(async () => {
    await server?.stop();
    if (dir) rmSync(dir, { recursive: true });
  });

  const host = (path, extra) => ({ name: "v", mountPath: "/data", host: { path }, ...extra });
  const named = (claimName, extra, pvc) => ({ name: "v", mountPath: "/data", pvc: { claimName, ...pvc }, ...extra });
  const remove = (id) => server.api("DELETE", `/v1/sandboxes/${id}`);
  const body = (volumes) => ({ image: { uri: "x" }, entrypoint: ["sleep", "99"], resourceLimits: {}, volumes });
  const refusal = async (...volumes) => {
    const answer = await server.api("POST", "/v1/sandboxes", body(volumes));
    return [`${answer.status} ${answer.body.code ?? answer.body.detail?.[0].type}`, answer.body.message];
  };
  const bubblewrap = (t) => {
    if (server.isolation !== "bubblewrap") t.skip("bubblewrap is not installed");
    return server.isolation === "bubblewrap";
  };

  test("a host directory is the same inside and outside", async (t) => {
    if (!bubblewrap(t)) return;
    const id = await server.create({ volumes: [host(allowed)] });
    assert.equal((await server.sh(id, "cat /data/file; echo inside > /data/new")).stdout, "from the host");
    assert.equal(readFileSync(join(allowed, "new"), "utf8"), "inside\n");
    // A link in it leads to the sandbox's own files, not to the host's.
    assert.equal((await server.sh(id, "cat /data/out/secret 2>/dev/null; true")).stdout, "");
    await remove(id);
    assert.ok(existsSync(join(allowed, "new")), "it stays");
  });

  test("read-only, in parts, made if missing, one file, one in another", async (t) => {
    if (!bubblewrap(t)) return;
    const id = await server.create({
      volumes: [
        { name: "inner", mountPath: "/workspace/a/b", host: { path: join(allowed, "made", "now") } },
        { name: "ro", mountPath: "/ro", host: { path: allowed }, readOnly: true },
        { name: "sub", mountPath: "/sub", host: { path: allowed }, subPath: "sub/deeper" },
        { name: "one", mountPath: "/one/file", host: { path: join(allowed, "file") }, readOnly: true },
        { name: "outer", mountPath: "/workspace/a", pvc: { claimName: "outer" } },
      ],
    });
    const { stdout } = await server.sh(
      id,
      "touch /ro/x 2>/dev/null && echo wrong; echo y > /sub/y; cat /one/file; echo; echo z > a/b/z; touch a/c; find a | sort",
    );
    assert.equal(stdout, ["from the host", "a", "a/b", "a/b/z", "a/c"].join("\n"));
    assert.equal((await server.sh(id, "stat -c %a /one")).stdout, "755", "other users get through");
    assert.equal(readFileSync(join(allowed, "sub/deeper/y"), "utf8"), "y\n");
    assert.equal(readFileSync(join(allowed, "made/now/z"), "utf8"), "z\n");
    await remove(id);
  });

  test("named volumes outlive a sandbox and are shared", async (t) => {
    if (!bubblewrap(t)) return;
    const first = await server.create({ volumes: [named("shared")] });
    await server.sh(first, "echo one > /data/one; mkdir -p /data/sub");
    const second = await server.create({
      volumes: [named("shared", { readOnly: true }, { createIfNotExists: false })],
    });
    assert.equal(
      (await server.sh(second, "cat /data/one; touch /data/x 2>/dev/null || echo refused")).stdout,
      "one\nrefused",
    );
    await remove(first);
    await remove(second);
    const third = await server.create({ volumes: [named("shared", { subPath: "sub" })] });
    assert.equal((await server.sh(third, "echo in > /data/in; ls /data")).stdout, "in");
    await remove(third);
    // Somebody's link in the volume must not lead to the host.
    const fourth = await server.create({ volumes: [named("shared")] });
    await server.sh(fourth, `ln -s ${dir} /data/trap`);
    const trap = await refusal(named("shared", { subPath: "trap/outside" }));
    assert.deepEqual(trap, [
      "400 VOLUME::INVALID_SUB_PATH",
      "Volume 'v': resolved subPath escapes the volume mountpoint after symlink resolution.",
    ]);
    await remove(fourth);
  });

  test("deleteOnSandboxTermination: whoever made it, with its deletion, if nobody else has it", async (t) => {
    if (!bubblewrap(t)) return;
    const exists = async (claim) => {
      const answer = await server.api("POST", "/v1/sandboxes", body([named(claim, {}, { createIfNotExists: false })]));
      if (answer.status === 202) await remove(answer.body.id);
      else assert.equal(answer.body.code, "VOLUME::PVC_NOT_FOUND");
      return answer.status === 202;
    };
    const gone = { deleteOnSandboxTermination: true };
    const maker = await server.create({ volumes: [named("short", {}, gone)] });
    const guest = await server.create({ volumes: [named("short", {}, gone)] });
    await remove(guest);
    assert.equal(await exists("short"), true);
    await remove(maker);
    assert.equal(await exists("short"), false);
    await remove(await server.create({ volumes: [named("long")] }));
    assert.equal(await exists("long"), true);
    // A sandbox whose time is over leaves it.
    const late = await server.create({ volumes: [named("late", {}, gone)] });
    const soon = new Date(Date.now() + 300).toISOString();
    await server.api("POST", `/v1/sandboxes/${late}/renew-expiration`, { expiresAt: soon });
    await until(async () => (await server.api("GET", `/v1/sandboxes/${late}`)).status === 404);
    assert.equal(await exists("late"), true);
    // One that cannot be started leaves nothing.
    const failed = await server.api("POST", "/v1/sandboxes", {
      ...body([named("none", {}, gone)]),
      env: { EXECD_API_GRACE_SHUTDOWN: "nonsense" },
    });
    assert.equal(failed.status, 503);
    assert.equal(await exists("none"), false);
  });

  test("a snapshot holds no volume, and its links lead no mount astray", async (t) => {
    if (!bubblewrap(t)) return;
    const id = await server.create({ volumes: [named("apart", { mountPath: "/workspace/vol" })] });
    await server.sh(id, `echo x > vol/x; echo y > y; ln -s ${dir}/outside way; ln -s / /tmp/way`);
    const { body: taken } = await server.api("POST", `/v1/sandboxes/${id}/snapshots`);
    await until(async () => (await server.api("GET", `/v1/snapshots/${taken.id}`)).body.status.state === "Ready");
    const restore = (volumes) =>
      server.api("POST", "/v1/sandboxes", { snapshotId: taken.id, resourceLimits: {}, volumes });
    const plain = await restore([]);
    assert.equal((await server.sh(plain.body.id, "cat y; ls -A vol")).stdout, "y");
    for (const mountPath of ["/workspace/way/into", "/tmp/way"]) {
      const answer = await restore([named("apart", { mountPath })]);
      assert.equal(answer.status, 503, JSON.stringify(answer.body));
      assert.match(answer.body.message, /a link in the place of the mount path/);
    }
    assert.ok(!existsSync(join(dir, "outside/into")));
    await remove(plain.body.id);
    await remove(id);
    assert.equal((await server.api("DELETE", `/v1/snapshots/${taken.id}`)).status, 204);
  });

  test("what is refused", async (t) => {
    if (!bubblewrap(t)) return;
    const ossfs = { bucket: "abc", endpoint: "e", accessKeyId: "id", accessKeySecret: "secret" };
    for (const [volumes, expected] of [
      [[host("/etc")], "400 VOLUME::HOST_PATH_NOT_ALLOWED"],
      [[host(`${allowed}-not`)], "400 VOLUME::HOST_PATH_NOT_ALLOWED"],
      [[host(join(allowed, "out"))], "400 VOLUME::HOST_PATH_NOT_ALLOWED"],
      [[host(allowed, { subPath: "out/new" })], "400 VOLUME::HOST_PATH_NOT_ALLOWED"],
      [[host(`${allowed}/../outside`)], "400 VOLUME::INVALID_HOST_PATH"],
      [[host(`${allowed}/`)], "400 VOLUME::INVALID_HOST_PATH"],
      [[host(`${allowed}\0--bind\0/\0/host`)], "400 VOLUME::INVALID_HOST_PATH"],
      [[host(allowed, { subPath: "/abs" })], "400 VOLUME::INVALID_SUB_PATH"],
      [[host(allowed, { subPath: "a/../b" })], "400 VOLUME::INVALID_SUB_PATH"],
      [[host(allowed), host(allowed)], "400 VOLUME::DUPLICATE_NAME"],
      [[host(allowed), named("c", { name: "w", mountPath: "/data/" })], "400 VOLUME::INVALID_MOUNT_PATH"],
      [[host(allowed, { mountPath: "/usr/x" })], "400 VOLUME::INVALID_MOUNT_PATH"],
      [[host(allowed, { mountPath: "/" })], "400 VOLUME::INVALID_MOUNT_PATH"],
      [[host(allowed, { mountPath: "/data\0--bind\0/\0/x" })], "400 VOLUME::INVALID_MOUNT_PATH"],
      [[named("c", {}, { createIfNotExists: false })], "400 VOLUME::PVC_NOT_FOUND"],
      [[named("../c")], "422 string_pattern_mismatch"],
      [[{ name: "v", mountPath: "/data", ossfs: { bucket: "abc", endpoint: "e" } }], "422 value_error"],
      [[{ name: "v", mountPath: "/data", ossfs: { ...ossfs, options: ["-o x"] } }], "400 VOLUME::INVALID_OSSFS_OPTION"],
    ]) {
      assert.equal((await refusal(...volumes))[0], expected, JSON.stringify(volumes));
    }
    assert.deepEqual(await refusal({ name: "v", mountPath: "/data", ossfs }), [
      "500 VOLUME::OSSFS_MOUNT_FAILED",
      "Volume 'v': failed to execute ossfs command: [Errno 2] No such file or directory: 'ossfs2'",
    ]);
    assert.ok(!existsSync(join(dir, "outside/new")));
    assert.equal((await server.api("GET", "/v1/sandboxes")).body.pagination.totalItems, 0);
  });

  test("without bubblewrap nothing can be mounted, and that is said", async () => {
    const plain = await startServer("--no-bwrap", "--allow-host-path", allowed);
    try {
      const ask = async (volume) => {
        const answer = await plain.api("POST", "/v1/sandboxes", body([volume]));
        return `${answer.status} ${answer.body.code}`;
      };
      assert.equal(await ask(host(allowed)), "501 VOLUME::NOT_IMPLEMENTED");
      assert.equal(await ask(named("c")), "501 VOLUME::NOT_IMPLEMENTED");
      assert.equal(await ask(host("/etc")), "400 VOLUME::HOST_PATH_NOT_ALLOWED", "the client's mistakes come first");
    } finally {
      await plain.stop();
    }
  });

  test("an allowed path must be a real one", () => {
    for (const path of ["relative", "/", "/a/../b"]) {
      const { status, stderr } = spawnSync(BINARY, ["serve", "--port", "0", "--allow-host-path", path], {
        encoding: "utf8",
        timeout: 20_000,
      });
      assert.equal(status, 1);
      assert.match(stderr, /--allow-host-path .* is not an absolute path below \//);
    }
  });
});
