// What a sandbox sees of the machine, of the server and of its neighbours.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { BINARY, startServer, until } from "./server.mjs";

const SECRET = { ...process.env, A_SECRET_OF_THE_DEVELOPER: "xyzzy" };

describe("isolation", () => {
  let server;
  let dir;
  let id;
  let other;
  before(async () => {
    dir = mkdtempSync(join(tmpdir(), "local-isolation-"));
    writeFileSync(join(dir, "secret"), "secret");
    server = await startServer({ env: SECRET });
    [id, other] = [await server.create(), await server.create()];
  });
  after(async () => {
    await server?.stop();
    if (dir) rmSync(dir, { recursive: true });
  });

  test("the server's environment is not inherited", async () => {
    const { stdout } = await server.sh(
      id,
      'env; tr "\\0" "\\n" < /proc/1/environ; tr "\\0" "\\n" < /proc/$PPID/environ',
    );
    assert.match(stdout, /OPENSANDBOX_ID=/);
    assert.ok(!stdout.includes("xyzzy"));
    assert.ok(!stdout.includes(server.apiKey));
    const own = await server.create({ env: { MINE: "a b", NOT: null } });
    const { stdout: names } = await server.sh(own, 'env | cut -d= -f1 | sort | tr "\\n" " "');
    assert.match(names, /\bMINE\b/);
    const known = [
      "HOME",
      "LANG",
      "MINE",
      "OPENSANDBOX_ID",
      "PATH",
      "TERM",
      "TMPDIR",
      "USER",
      "PWD",
      "OLDPWD",
      "SHLVL",
      "_",
      "EXECD_ENVS",
      "NOT",
    ];
    assert.deepEqual(
      names
        .trim()
        .split(" ")
        .filter((name) => !known.includes(name)),
      [],
    );
    await server.api("DELETE", `/v1/sandboxes/${own}`);
  });

  test("a client's variables act inside the sandbox only", async (t) => {
    if (server.isolation !== "bubblewrap") return t.skip("bubblewrap is not installed");
    // bubblewrap itself starts outside; a preload there would run on the host. The loader reports what it is given.
    const report = join(dir, "loader");
    const own = await server.create({ env: { LD_DEBUG: "libs", LD_DEBUG_OUTPUT: report } });
    assert.deepEqual(
      readdirSync(dir).filter((name) => name.startsWith("loader")),
      [],
    );
    await server.api("DELETE", `/v1/sandboxes/${own}`);
    // A NUL would end one of bubblewrap's arguments and start another.
    for (const env of [{ A: "x\0--bind\0/\0/host" }, { "A\0B": "" }, { "A=B": "" }, { "": "x" }]) {
      const answer = await server.api("POST", "/v1/sandboxes", {
        image: { uri: "x" },
        entrypoint: ["sleep", "9"],
        resourceLimits: {},
        env,
      });
      assert.deepEqual([answer.status, answer.body.code], [400, "SANDBOX::INVALID_PARAMETER"], JSON.stringify(env));
    }
    const line = (await server.sh(id, 'tr "\\0" " " < /proc/1/cmdline')).stdout;
    assert.ok(!line.includes(tmpdir()) && !line.includes("TOKEN"), line);
    return undefined;
  });

  test("without bubblewrap the environment is not inherited either, and the log says what is missing", async () => {
    const plain = await startServer("--no-bwrap", { env: { ...SECRET, PATH: `${process.env.PATH}:/own` } });
    try {
      assert.equal(plain.isolation, "none");
      await until(() => /WARN.*NO ISOLATION/.test(plain.log()));
      const own = await plain.create();
      const { stdout } = await plain.sh(own, "env");
      assert.ok(!stdout.includes("xyzzy") && !stdout.includes(plain.apiKey), stdout);
      assert.match(stdout, /^PATH=.*:\/own$/m, "but programs are found where the server finds them");
    } finally {
      await plain.stop();
    }
  });

  test("bubblewrap: of /etc only what everybody may read", async (t) => {
    if (server.isolation !== "bubblewrap") return t.skip("bubblewrap is not installed");
    const find = "find /etc -xdev -type f ! -perm -o=r -size +0 2>/dev/null";
    const secret = spawnSync("sh", ["-c", find], { encoding: "utf8" }).stdout.trim().split("\n").filter(Boolean);
    if (secret.length === 0) return t.skip("there is nothing in /etc that not everybody may read");
    const { stdout } = await server.sh(
      id,
      `for f in ${secret.map((name) => `'${name}'`).join(" ")}; do head -c 1 "$f" 2>/dev/null | grep -q . && echo "$f"; done; true`,
    );
    assert.equal(stdout, "");
    assert.match((await server.sh(id, "cat /etc/passwd; ls /etc/ssl")).stdout, /root/);
    return undefined;
  });

  test("bubblewrap: the host is out of sight", async (t) => {
    if (server.isolation !== "bubblewrap") return t.skip("bubblewrap is not installed");
    const hidden = ["/etc/shadow", join(dir, "secret"), BINARY, `/proc/${process.pid}/stat`];
    const { stdout } = await server.sh(
      id,
      `for f in ${hidden.join(" ")}; do cat "$f" >/dev/null 2>&1 && echo "$f"; done; true`,
    );
    assert.equal(stdout, "");
    const write = await server.sh(
      id,
      "for d in /usr /etc /bin /lib /proc/sys/kernel; do touch $d/x 2>/dev/null && echo $d; done; mount -t tmpfs x /mnt 2>/dev/null && echo mounted; true",
    );
    assert.equal(write.stdout, "");
    const root = (await server.sh(id, "stat -c %a /.opensandbox /tmp /workspace ~")).stdout;
    assert.equal(root, "755\n1777\n755\n700");
    const processes = (await server.sh(id, "ls -d /proc/[0-9]* | wc -l")).stdout;
    assert.ok(Number(processes) < 12, processes);
    await server.sh(id, "echo mine > /tmp/file; echo mine > /workspace/file");
    const { stdout: others } = await server.sh(other, "cat /tmp/file /workspace/file 2>/dev/null; true");
    assert.equal(others, "");
    return undefined;
  });
});
