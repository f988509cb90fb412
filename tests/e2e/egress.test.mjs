// Network policies and the credential vault: the client against the server's sidecar, directly and through its proxy.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { inspect } from "node:util";
import { startServer } from "./server.mjs";

const POLICY = { defaultAction: "deny", egress: [{ action: "allow", target: "api.example.com" }] };
const SECRET = "s3cret-value-that-nobody-sees";

let server;
before(async () => {
  server = await startServer();
});
after(() => server?.stop());

for (const useServerProxy of [false, true]) {
  describe(useServerProxy ? "through the proxy" : "directly", () => {
    let sandbox;
    before(async () => {
      const credentialProxy = { enabled: true };
      sandbox = await server.create({ config: { useServerProxy }, networkPolicy: POLICY, credentialProxy });
    });

    test("the policy of a sandbox can be read and changed", async () => {
      assert.deepEqual(await sandbox.getEgressPolicy(), POLICY);
      await sandbox.patchEgressRules([{ action: "allow", target: "other.example.com" }]);
      const targets = (await sandbox.getEgressPolicy()).egress.map(({ target }) => target).sort();
      assert.deepEqual(targets, ["api.example.com", "other.example.com"]);
      await sandbox.deleteEgressRules(["other.example.com"]);
      assert.deepEqual(await sandbox.getEgressPolicy(), POLICY);
    });

    test("the vault keeps credentials and tells none", async () => {
      const vault = sandbox.credentialVault;
      const made = await vault.create({
        credentials: [{ name: "token", source: { type: "inline", value: SECRET } }],
        bindings: [
          { name: "api", match: { hosts: ["api.example.com"] }, auth: { type: "bearer", credential: "token" } },
        ],
      });
      assert.equal(made.revision, 1);
      const stale = vault.patch({
        expectedRevision: 99,
        credentials: { replace: [{ name: "token", source: { value: SECRET } }] },
      });
      const error = await stale.then(
        () => assert.fail("a stale revision was taken"),
        (reason) => reason,
      );
      assert.equal(error.statusCode, 409);
      assert.equal((await vault.getBinding("api")).name, "api");
      assert.deepEqual(
        (await vault.listCredentials()).map(({ name }) => name),
        ["token"],
      );
      for (const seen of [made, error, await vault.get()]) {
        assert.ok(!`${inspect(seen, { depth: 9 })}${JSON.stringify(seen)}`.includes(SECRET));
      }
      await vault.delete();
      await assert.rejects(vault.get(), { statusCode: 404 });
    });
  });
}
