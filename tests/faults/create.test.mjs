// Sandbox.create: what of its options goes on the wire, and which values are refused before that.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Sandbox } from "opensandbox-wasm";
import { faultServer, outcome } from "./fault-server.mjs";
import { recorded } from "./recordings.mjs";

/** The body that these options make, or the error. */
async function sent(options) {
  let body;
  const server = await faultServer({
    "POST /v1/sandboxes": (request, response, { body: text }) => {
      body = JSON.parse(text);
      recorded("create-invalid")(request, response);
    },
  });
  const { error } = await outcome(Sandbox.create({ connectionConfig: server.config, ...options }));
  await server.close();
  return body ?? error;
}

test("the least that can be given has the official defaults", async () => {
  assert.deepEqual(await sent({ image: "img" }), {
    image: { uri: "img" },
    entrypoint: ["tail", "-f", "/dev/null"],
    resourceLimits: { cpu: "1", memory: "2Gi" },
    secureAccess: false,
    env: {},
    metadata: {},
    extensions: {},
    timeout: 600,
  });
});

test("all that can be given", async () => {
  const same = {
    entrypoint: ["sh", "-c", "x"],
    resourceRequests: { cpu: "100m" },
    secureAccess: true,
    env: { A: "1" },
    metadata: { b: "2" },
    extensions: { poolRef: "warm" },
    credentialProxy: { enabled: true },
    platform: { os: "linux", arch: "arm64" },
    lifecycle: { preStart: { command: ["true"], timeoutSeconds: 5 } },
    volumes: [
      { name: "a", mountPath: "/a", readOnly: true, host: { path: "C:\\data" }, pvc: null },
      {
        name: "b",
        mountPath: "/b",
        subPath: "x/y",
        pvc: {
          claimName: "c",
          createIfNotExists: false,
          storageClass: null,
          storage: "1Gi",
          accessModes: ["ReadWriteOnce"],
        },
      },
      {
        name: "c",
        mountPath: "/c",
        ossfs: {
          bucket: "bbb",
          endpoint: "e",
          version: "2.0",
          options: ["ro"],
          accessKeyId: "i",
          accessKeySecret: "s",
        },
      },
    ],
  };
  const body = await sent({
    ...same,
    image: { uri: "img", auth: { username: "u", password: "p" } },
    resource: { cpu: "2" },
    networkPolicy: { egress: [{ action: "allow", target: "example.com" }] },
    timeoutSeconds: 90.9,
  });
  assert.deepEqual(body, {
    ...same,
    image: { uri: "img", auth: { username: "u", password: "p" } },
    resourceLimits: { cpu: "2" },
    networkPolicy: { egress: [{ action: "allow", target: "example.com" }], defaultAction: "deny" },
    timeout: 90,
  });
});

test("a policy that says its default keeps it, and the caller's object is left alone", async () => {
  const networkPolicy = Object.freeze({ defaultAction: "allow" });
  assert.deepEqual((await sent({ image: "i", networkPolicy })).networkPolicy, { defaultAction: "allow" });
  const empty = Object.freeze({});
  assert.deepEqual((await sent({ image: "i", networkPolicy: empty })).networkPolicy, { defaultAction: "deny" });
});

test("null is manual cleanup: no timeout is sent; an image that is blank is none", async () => {
  const body = await sent({ image: " ", snapshotId: "snap", timeoutSeconds: null });
  assert.equal(body.snapshotId, "snap");
  assert.ok(!("timeout" in body) && !("image" in body), JSON.stringify(body));
});

const volume = (fields) => ({ image: "i", volumes: [{ name: "v", mountPath: "/v", ...fields }] });

for (const [message, options] of [
  ["Exactly one of image or snapshotId must be provided", {}],
  ["Exactly one of image or snapshotId must be provided", { image: "i", snapshotId: "s" }],
  ["Exactly one of image or snapshotId must be provided", { image: "", snapshotId: "" }],
  ["Volume 'v' must specify exactly one backend (host, pvc, ossfs), but none was provided.", volume({ host: null })],
  [
    "Volume 'v' must specify exactly one backend (host, pvc, ossfs), but multiple were provided.",
    volume({ host: { path: "/" }, ossfs: {} }),
  ],
  [
    "Host path must be an absolute path starting with '/' or a Windows drive letter (e.g. 'C:\\' or 'D:/')",
    volume({ host: { path: "C:data" } }),
  ],
  ["volumes[0].pvc.claimName must be a string, got undefined", volume({ pvc: {} })],
  [
    "volumes[0].pvc.createIfNotExists must be a boolean, got string",
    volume({ pvc: { claimName: "c", createIfNotExists: "no" } }),
  ],
  [
    "volumes[0].pvc.accessModes must be an array of strings, got string",
    volume({ pvc: { claimName: "c", accessModes: "x" } }),
  ],
  ["volumes[0].ossfs.endpoint must be a string, got undefined", volume({ ossfs: { bucket: "b" } })],
  [
    "volumes[0].ossfs.accessKeySecret must be a string, got number",
    volume({ ossfs: { bucket: "b", endpoint: "e", accessKeyId: "i", accessKeySecret: 12345 } }),
  ],
  ["volumes[0].host must be an object, got string", volume({ host: "/data" })],
  ["volumes[0].readOnly must be a boolean, got number", volume({ host: { path: "/" }, readOnly: 1 })],
  ["volumes[0].name cannot be empty", { image: "i", volumes: [{ name: "", mountPath: "/v", host: { path: "/" } }] }],
  ["platform.arch must be a string, got undefined", { image: "i", platform: { os: "linux" } }],
  ["credentialProxy.enabled must be a boolean, got string", { image: "i", credentialProxy: { enabled: "yes" } }],
  [
    "networkPolicy.egress[1].target cannot be empty",
    {
      image: "i",
      networkPolicy: {
        egress: [
          { action: "deny", target: "x" },
          { action: "deny", target: "" },
        ],
      },
    },
  ],
  ["networkPolicy.egress must be an array of objects, got object", { image: "i", networkPolicy: { egress: {} } }],
  ["resourceRequests.cpu must be a string, got number", { image: "i", resourceRequests: { cpu: 1 } }],
  ["extensions.x must be a string, got boolean", { image: "i", extensions: { x: true } }],
  ["image.auth.password must be a string, got number", { image: { uri: "i", auth: { password: 1 } } }],
  ["image must be a string or an object {uri, auth?}", { image: 5 }],
  ["image.uri cannot be empty", { image: { uri: " " } }],
  ["lifecycle must be an object, got array", { image: "i", lifecycle: [] }],
  ["timeoutSeconds must be a finite number, got NaN", { image: "i", timeoutSeconds: Number.NaN }],
  ["timeoutSeconds must be a finite number, got Infinity", { image: "i", timeoutSeconds: Number.POSITIVE_INFINITY }],
  ["secureAccess must be a boolean, got string", { image: "i", secureAccess: "true" }],
]) {
  test(`refused: ${message}`, async () => {
    const error = await sent(options);
    assert.equal(error.code, "INVALID_ARGUMENT", JSON.stringify(error));
    assert.equal(error.message, message);
  });
}
