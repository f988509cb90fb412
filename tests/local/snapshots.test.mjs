// Snapshots: what they hold, how they go on, and who may not delete them.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startServer, until } from "./server.mjs";

const ABSENT = "00000000-0000-4000-8000-000000000000";

for (const flags of [[], ["--no-bwrap"]]) {
  describe(`snapshots ${flags.join(" ") || "with what is installed"}`, () => {
    let server;
    before(async () => {
      server = await startServer(...flags);
    });
    after(async () => {
      await server?.stop();
    });

    const show = async (id) => (await server.api("GET", `/v1/snapshots/${id}`)).body;
    const code = ({ status, body }) => `${status} ${body.code}`;
    const remove = (kind, id) => server.api("DELETE", `/v1/${kind}/${id}`);
    const take = async (sandbox, json) => {
      const answer = await server.api("POST", `/v1/sandboxes/${sandbox}/snapshots`, json);
      assert.equal(answer.status, 202, JSON.stringify(answer.body));
      const { id } = answer.body;
      assert.equal(answer.headers.get("location"), `/v1/snapshots/${id}`);
      await until(async () => (await show(id)).status.state !== "Creating");
      assert.equal((await show(id)).status.state, "Ready", JSON.stringify(await show(id)));
      return id;
    };
    const restore = (snapshotId, extra) =>
      server.create({ image: undefined, entrypoint: undefined, snapshotId, ...extra });

    test("a sandbox made of a snapshot begins with its files, and each goes its own way", async () => {
      const first = await server.create({ metadata: { team: "a" } });
      await server.sh(
        first,
        `mkdir -p a/b && echo one > a/b/file && chmod 640 a/b/file && ln -s file a/b/link && echo two > "\${TMPDIR:-/tmp}/t" && echo three > ~/.hidden`,
      );
      if (server.isolation === "bubblewrap")
        await server.sh(first, "mkdir -p /app /var/www && echo four > /app/x && echo five > /var/www/y");
      const snapshot = await take(first, { name: "point" });
      await server.sh(first, "echo later > a/b/file; touch after");
      const second = await restore(snapshot);
      const { stdout } = await server.sh(
        second,
        `pwd -P | sed "s|.*/||"; cat a/b/link "\${TMPDIR:-/tmp}/t" ~/.hidden; stat -c %a a/b/file; ls -A`,
      );
      assert.equal(stdout, ["workspace", "one", "two", "three", "640", "a"].join("\n"));
      if (server.isolation === "bubblewrap") {
        assert.equal(
          (await server.sh(second, "cat /app/x /var/www/y; ls -d /usr/bin/env")).stdout,
          "four\nfive\n/usr/bin/env",
        );
      }
      await server.sh(second, "echo mine > a/b/file");
      assert.equal((await server.sh(first, "cat a/b/file")).stdout, "later");
      const third = await restore(snapshot);
      assert.equal((await server.sh(third, "cat a/b/file")).stdout, "one");

      const got = (await server.api("GET", `/v1/sandboxes/${second}`)).body;
      assert.deepEqual(
        [got.snapshotId, got.image, got.metadata, got.entrypoint],
        [snapshot, undefined, undefined, ["tail", "-f", "/dev/null"]],
      );
      const own = await restore(snapshot, { entrypoint: ["sleep", "99"], metadata: { b: "c" } });
      assert.deepEqual((await server.api("GET", `/v1/sandboxes/${own}`)).body.metadata, { b: "c" });
      for (const id of [first, second, third, own]) await remove("sandboxes", id);
      assert.equal((await remove("snapshots", snapshot)).status, 204);
    });

    test("a snapshot outlives its sandbox", async () => {
      const sandbox = await server.create();
      await server.sh(sandbox, "echo kept > kept");
      const snapshot = await take(sandbox);
      assert.equal((await show(snapshot)).name, undefined);
      await remove("sandboxes", sandbox);
      const again = await restore(snapshot);
      assert.equal((await server.sh(again, "cat kept")).stdout, "kept");
      await remove("sandboxes", again);
      await remove("snapshots", snapshot);
    });

    test("the sandbox goes on", async () => {
      const sandbox = await server.create();
      await server.sh(sandbox, "(while :; do date +%s%N > tick; sleep 0.02; done) > /dev/null 2>&1 &");
      const tick = async () => (await server.sh(sandbox, "cat tick")).stdout;
      await until(tick);
      const snapshot = await take(sandbox);
      assert.equal((await server.api("GET", `/v1/sandboxes/${sandbox}`)).body.status.state, "Running");
      const before = await tick();
      await until(async () => (await tick()) !== before);
      await remove("sandboxes", sandbox);
      await remove("snapshots", snapshot);
    });

    test("one that is in use stays, marked", async () => {
      const sandbox = await server.create();
      const snapshot = await take(sandbox);
      const user = await restore(snapshot);
      assert.equal(code(await remove("snapshots", snapshot)), "409 SNAPSHOT::DELETE_CONFLICT");
      const marked = (await show(snapshot)).status;
      assert.deepEqual([marked.state, marked.reason], ["Deleting", "snapshot_delete_requested"]);
      const body = { snapshotId: snapshot, resourceLimits: {} };
      assert.equal(code(await server.api("POST", "/v1/sandboxes", body)), "409 SNAPSHOT::NOT_READY");
      await remove("sandboxes", user);
      assert.equal((await remove("snapshots", snapshot)).status, 204);
      assert.equal(code(await remove("snapshots", snapshot)), "404 SNAPSHOT::NOT_FOUND");
      await remove("sandboxes", sandbox);
    });

    test("what is refused", async () => {
      const sandbox = await server.create();
      const create = (json) => server.api("POST", `/v1/sandboxes/${sandbox}/snapshots`, json);
      for (const [json, type] of [
        [{ name: "" }, "string_too_short"],
        [{ name: 1 }, "string_type"],
        [[], "model_attributes_type"],
      ]) {
        const { status, body } = await create(json);
        assert.deepEqual([status, body.detail[0].type], [422, type]);
      }
      assert.equal(
        code(await server.api("POST", `/v1/sandboxes/${ABSENT}/snapshots`)),
        "404 DOCKER::SANDBOX_NOT_FOUND",
      );
      assert.equal(code(await server.api("GET", `/v1/snapshots/${ABSENT}`)), "404 SNAPSHOT::NOT_FOUND");
      assert.equal(code(await remove("snapshots", ABSENT)), "404 SNAPSHOT::NOT_FOUND");
      const body = { snapshotId: ABSENT, resourceLimits: {} };
      assert.equal(code(await server.api("POST", "/v1/sandboxes", body)), "404 SNAPSHOT::NOT_FOUND");
      await server.api("POST", `/v1/sandboxes/${sandbox}/pause`);
      assert.equal(code(await create()), "409 SNAPSHOT::INVALID_SOURCE_STATE");
      assert.deepEqual((await server.api("GET", "/v1/snapshots")).body.items, [], "and nothing was made");
      await remove("sandboxes", sandbox);
    });

    test("lists", async () => {
      const [one, two] = [await server.create(), await server.create()];
      const ids = [await take(one, { name: "x" }), await take(two, { name: "x" }), await take(one)].reverse();
      const list = async (query) => (await server.api("GET", `/v1/snapshots?${query}`)).body;
      const found = async (query) => (await list(query)).items.map((item) => item.id);
      assert.deepEqual(await found(""), ids, "newest first");
      assert.deepEqual(await found(`sandboxId=${one}`), [ids[0], ids[2]]);
      assert.deepEqual(await found("name=x"), ids.slice(1));
      assert.deepEqual(await found(`name=x&sandboxId=${one}`), [ids[2]]);
      assert.deepEqual(await found("state=Ready&state=Failed"), ids);
      // Not as with sandboxes: letter by letter.
      assert.deepEqual(await found("state=ready"), []);
      assert.deepEqual(await found("state=Ready,Failed"), []);
      assert.deepEqual(await found("page=2&pageSize=2"), ids.slice(2));
      assert.deepEqual((await list("pageSize=2")).pagination, {
        page: 1,
        pageSize: 2,
        totalItems: 3,
        totalPages: 2,
        hasNextPage: true,
      });
      assert.equal((await server.api("GET", "/v1/snapshots?pageSize=201")).status, 422);
      for (const id of ids) await remove("snapshots", id);
      assert.equal((await list("")).pagination.totalPages, 0);
      for (const id of [one, two]) await remove("sandboxes", id);
    });
  });
}

test("the server can be ended and the sandbox deleted while a large copy is made", async () => {
  const server = await startServer();
  const sandbox = await server.create();
  await server.sh(sandbox, "for i in 1 2 3 4 5 6 7 8; do head -c 20000000 /dev/urandom > f$i; done");
  const take = () => server.api("POST", `/v1/sandboxes/${sandbox}/snapshots`);
  const { body } = await take();
  await take();
  assert.equal((await server.api("DELETE", `/v1/sandboxes/${sandbox}`)).status, 204);
  // Whichever came first; it is never left half-way.
  const state = async () => (await server.api("GET", `/v1/snapshots/${body.id}`)).body.status.state;
  await until(async () => ["Ready", "Failed"].includes(await state()));
  assert.equal(await server.stop(), 0);
});
