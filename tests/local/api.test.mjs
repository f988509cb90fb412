// The lifecycle API where no recording says it: checks and their order, lists, shapes of errors.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { raw, startServer } from "./server.mjs";

describe("api", () => {
  let server;
  before(async () => {
    server = await startServer();
  });
  after(async () => {
    await server?.stop();
  });

  const body = (extra) => ({ image: { uri: "x" }, entrypoint: ["sleep", "9"], resourceLimits: {}, ...extra });
  const refusal = async (extra) => {
    const { status, body: answer } = await server.api("POST", "/v1/sandboxes", body(extra));
    return `${status} ${answer.code ?? answer.detail?.map((one) => `${one.type} ${one.loc.join(".")}`).join(", ")}`;
  };

  test("what create refuses", async () => {
    const parameter = "400 SANDBOX::INVALID_PARAMETER";
    for (const [extra, expected] of [
      [{ timeout: 59 }, "422 greater_than_equal body.timeout"],
      [{ timeout: "x" }, "422 int_parsing body.timeout"],
      [{ timeout: 60.5 }, "422 int_from_float body.timeout"],
      [{ timeout: 1e18 }, parameter],
      [{ metadata: { a: 1 } }, "422 string_type body.metadata.a"],
      [{ resourceLimits: { cpu: 2 } }, "422 string_type body.resourceLimits.cpu"],
      [{ resourceLimits: { cpu: "much" } }, parameter],
      [{ resourceLimits: { memory: "5 apples" } }, parameter],
      [{ resourceLimits: undefined }, "422 value_error body"],
      [{ entrypoint: [] }, "422 too_short body.entrypoint"],
      [{ entrypoint: undefined }, "422 value_error body"],
      [{ entrypoint: "sleep" }, "422 list_type body.entrypoint"],
      [{ entrypoint: [1] }, "422 string_type body.entrypoint.0"],
      [{ image: "x" }, "422 model_attributes_type body.image"],
      [{ image: {} }, "422 missing body.image.uri"],
      [{ image: { uri: " " } }, "422 value_error body"],
      [{ snapshotId: "s" }, "422 value_error body"],
      [{ image: undefined, snapshotId: "s" }, "404 SNAPSHOT::NOT_FOUND"],
      [{ metadata: { "a b": "x" } }, "400 SANDBOX::INVALID_METADATA_LABEL"],
      [{ metadata: { a: "ü" } }, "400 SANDBOX::INVALID_METADATA_LABEL"],
      [{ metadata: { "opensandbox.io/a": "x" } }, "400 SANDBOX::INVALID_METADATA_LABEL"],
      [{ platform: { os: "plan9", arch: "amd64" } }, parameter],
      [{ platform: { os: "linux" } }, "422 missing body.platform.arch"],
      [{ secureAccess: true }, parameter],
      [{ lifecycle: {} }, parameter],
      [{ networkPolicy: 1 }, "422 model_attributes_type body.networkPolicy"],
      [{ credentialProxy: { enabled: true } }, "422 value_error body"],
      [{ extensions: { poolRef: "p" } }, "400 SANDBOX::UNSUPPORTED_POOL_REF"],
      [{ extensions: { "access.renew.extend.seconds": "5" } }, parameter],
      [{ templateId: "t" }, "422 value_error body"],
      [
        { templateId: "t", timeout: 60, image: undefined, entrypoint: undefined, resourceLimits: undefined },
        "400 DOCKER::INVALID_ENTRYPOINT",
      ],
      [
        { volumes: [{ name: "V", mountPath: "m" }] },
        "422 string_pattern_mismatch body.volumes.0.name, string_pattern_mismatch body.volumes.0.mountPath",
      ],
      [{ volumes: [{ name: "v", mountPath: "/m" }] }, "422 value_error body.volumes.0"],
      [{ volumes: [{ name: "v", mountPath: "/m", host: { path: "/" } }] }, "400 VOLUME::HOST_PATH_NOT_ALLOWED"],
      [
        { volumes: [{ name: "v", mountPath: "/m", pvc: { claimName: "c", createIfNotExists: false } }] },
        server.isolation === "bubblewrap" ? "400 VOLUME::PVC_NOT_FOUND" : "501 VOLUME::NOT_IMPLEMENTED",
      ],
      [{ env: { EXECD_API_GRACE_SHUTDOWN: "nonsense" } }, "503 DOCKER::SANDBOX_EXECD_START_FAILED"],
      // Two mistakes: the earlier check wins.
      [{ metadata: { "a b": "x" }, secureAccess: true }, "400 SANDBOX::INVALID_METADATA_LABEL"],
      [{ timeout: 5, image: { uri: "" } }, "422 greater_than_equal body.timeout"],
    ]) {
      assert.equal(await refusal(extra), expected, JSON.stringify(extra));
    }
    assert.equal((await server.api("GET", "/v1/sandboxes")).body.pagination.totalItems, 0);
  });

  test("what create takes", async () => {
    const taken = await server.api(
      "POST",
      "/sandboxes",
      body({
        timeout: "90",
        entrypoint: ["sleep  77"],
        platform: { os: "Linux", arch: "AMD64" },
        unknown: 1,
        metadata: { "example.com/a": "" },
        extensions: { "opensandbox.extensions.a": "b", other: "c" },
        env: { A: null },
        resourceLimits: { cpu: "500m", memory: "512Mi", gpu: "all", disk: "?" },
      }),
    );
    assert.equal(taken.status, 202);
    assert.deepEqual(Object.keys(taken.body), [
      "id",
      "status",
      "metadata",
      "extensions",
      "platform",
      "expiresAt",
      "createdAt",
      "entrypoint",
    ]);
    assert.deepEqual(taken.body.entrypoint, ["sleep  77"]);
    assert.equal(Date.parse(taken.body.expiresAt) - Date.parse(taken.body.createdAt), 90_000);
    const { body: got } = await server.api("GET", `/v1/sandboxes/${taken.body.id}`);
    assert.deepEqual(got.entrypoint, ["sleep", "77"]);
    assert.deepEqual(got.platform, { os: "linux", arch: "amd64" });
    assert.deepEqual(got.extensions, { "opensandbox.extensions.a": "b" });
    await server.api("DELETE", `/v1/sandboxes/${taken.body.id}`);
  });

  test("bodies that are no JSON", async () => {
    const send = async (text, type) =>
      await raw(server, {
        method: "POST",
        path: "/v1/sandboxes",
        headers: { ...server.key, ...(type && { "content-type": type }) },
        body: text,
      });
    assert.equal((await send('{"a":', "application/json")).json.detail[0].type, "json_invalid");
    assert.equal((await send("", "application/json")).json.detail[0].type, "missing");
    assert.equal((await send("{}", "text/plain")).json.detail[0].type, "model_attributes_type");
    assert.equal((await send("[]", "application/json")).json.detail[0].type, "model_attributes_type");
    assert.equal(
      (await send(JSON.stringify(body({ timeout: 5 })), "application/merge-patch+json; charset=utf-8")).json.detail[0]
        .type,
      "greater_than_equal",
    );
    assert.equal((await send("x".repeat((1 << 20) + 1), "application/json")).status, 413);
  });

  test("lists: states, metadata, pages", async () => {
    const ids = [];
    for (const n of [1, 2, 3])
      ids.unshift(await server.create({ metadata: { team: n < 3 ? "a" : "b", n: String(n) } }));
    const list = async (query) => (await server.api("GET", `/v1/sandboxes?${query}`)).body.items?.map((one) => one.id);
    assert.deepEqual(await list(""), ids, "newest first");
    assert.deepEqual(await list("state=RUNNING&state=paused"), ids);
    assert.deepEqual(await list("state=Running,Paused"), []);
    assert.deepEqual(await list("state="), []);
    assert.deepEqual(await list(`metadata=${encodeURIComponent("team=a")}`), ids.slice(1));
    assert.deepEqual(await list(`metadata=${encodeURIComponent("team=a&n=1")}`), ids.slice(2));
    assert.deepEqual(await list("metadata="), ids);
    assert.deepEqual(await list("page=2&pageSize=2"), ids.slice(2));
    assert.deepEqual(await list("page=9"), []);
    assert.deepEqual((await server.api("GET", "/v1/sandboxes?metadata=broken")).body.code, "INVALID_METADATA_FORMAT");
    for (const query of ["page=0", "pageSize=201", "page=x", "pageSize="]) {
      assert.equal((await server.api("GET", `/v1/sandboxes?${query}`)).status, 422, query);
    }
    const patched = await server.api("PATCH", `/v1/sandboxes/${ids[0]}/metadata`, { team: null, n: null });
    assert.equal(patched.body.metadata, undefined);
    assert.equal((await server.api("PATCH", `/v1/sandboxes/${ids[0]}/metadata`, { a: 1 })).status, 422);
    assert.equal(
      (await server.api("PATCH", `/v1/sandboxes/${ids[0]}/metadata`, { "a b": "x" })).body.code,
      "SANDBOX::INVALID_METADATA_LABEL",
    );
    assert.equal((await server.api("PATCH", "/v1/sandboxes/nobody/metadata", { "opensandbox.io/a": "x" })).status, 404);
    for (const id of ids) await server.api("DELETE", `/v1/sandboxes/${id}`);
  });

  test("renewal: shapes of time", async () => {
    const id = await server.create();
    const renew = (expiresAt) => server.api("POST", `/v1/sandboxes/${id}/renew-expiration`, { expiresAt });
    assert.equal((await renew("2099-01-01T00:00:00")).body.expiresAt, "2099-01-01T00:00:00Z");
    assert.equal((await renew("2099-01-01T02:00:00+02:00")).body.expiresAt, "2099-01-01T00:00:00Z");
    assert.equal((await renew(4070908800.5)).body.expiresAt, "2099-01-01T00:00:00.500000Z");
    assert.equal((await renew("soon")).status, 422);
    assert.equal((await renew(true)).status, 422);
    assert.equal((await server.api("POST", `/v1/sandboxes/${id}/renew-expiration`, {})).body.detail[0].type, "missing");
    assert.equal(
      (await server.api("POST", "/v1/sandboxes/nobody/renew-expiration", { expiresAt: "2020-01-01T00:00:00Z" })).status,
      404,
    );
    await server.api("DELETE", `/v1/sandboxes/${id}`);
  });

  test("endpoints", async () => {
    const id = await server.create();
    const get = async (rest, prefix = "/v1") => server.api("GET", `${prefix}/sandboxes/${id}/endpoints/${rest}`);
    assert.deepEqual((await get("3000")).body, { endpoint: "127.0.0.1:3000" });
    assert.deepEqual((await get("3000?use_server_proxy=on", "")).body, {
      endpoint: `${server.domain}/sandboxes/${id}/proxy/3000`,
    });
    assert.equal((await get("0")).body.code, "DOCKER::INVALID_PORT");
    assert.equal((await get("65536")).body.code, "DOCKER::INVALID_PORT");
    assert.equal((await get("http")).body.detail[0].type, "int_parsing");
    assert.equal((await get("1?expires=1&use_server_proxy=1")).body.code, "SANDBOX::INVALID_PARAMETER");
    assert.equal((await get("1?use_server_proxy=maybe")).status, 422);
    assert.equal((await server.api("GET", "/v1/sandboxes/nobody/endpoints/1")).status, 404);
    await server.api("DELETE", `/v1/sandboxes/${id}`);
  });

  test("routes, slashes, methods", async () => {
    const slash = await server.api("GET", "/v1/sandboxes/?page=1");
    assert.deepEqual([slash.status, slash.headers.get("location")], [307, `${server.url}/v1/sandboxes?page=1`]);
    assert.deepEqual((await server.api("GET", "/v1/nothing")).body, { detail: "Not Found" });
    for (const [method, path, allow] of [
      ["PUT", "/v1/sandboxes", "POST"],
      ["POST", "/v1/sandboxes/x", "GET"],
      ["HEAD", "/v1/sandboxes", "POST"],
      ["OPTIONS", "/v1/sandboxes", "POST"],
      ["GET", "/v1/sandboxes/x/pause", "POST"],
    ]) {
      const answer = await raw(server, { method, path, headers: server.key });
      assert.deepEqual([answer.status, answer.headers.allow], [405, allow], `${method} ${path}`);
    }
    assert.equal((await raw(server, { path: "/healthzzz" })).status, 404);
    const capacitySpec = { bufferMax: 2, bufferMin: 1, poolMax: 3, poolMin: 0 };
    for (const [method, path, status, code, json] of [
      ["PUT", "/v1/pools/x", 501, "KUBERNETES::POOL_NOT_SUPPORTED", { capacitySpec }],
      ["POST", "/v1/pools", 501, "KUBERNETES::POOL_NOT_SUPPORTED", { name: "p", template: {}, capacitySpec }],
      ["POST", "/v1/templates", 501, "FSB::API_NOT_SUPPORTED", { image: "i", publish: "s3://b/p" }],
      ["DELETE", "/v1/templates/x", 501, "FSB::API_NOT_SUPPORTED"],
      ["GET", "/v1/snapshots/x", 404, "SNAPSHOT::NOT_FOUND"],
      ["POST", "/v1/sandboxes/x/snapshots", 404, "DOCKER::SANDBOX_NOT_FOUND"],
      ["GET", "/v1/sandboxes/x/diagnostics/logs", 404, "DOCKER::SANDBOX_NOT_FOUND"],
    ]) {
      const answer = await server.api(method, path, json);
      assert.deepEqual([answer.status, answer.body.code], [status, code], path);
    }
    // What was sent is looked at before.
    for (const [method, path, json, expected] of [
      ["POST", "/v1/pools", { name: "P", template: 1 }, "string_pattern_mismatch dict_type missing"],
      ["PUT", "/v1/pools/x", { capacitySpec: { ...capacitySpec, poolMin: -1 } }, "greater_than_equal"],
      ["PUT", "/v1/pools/x", { capacitySpec: { bufferMax: 1 } }, "missing missing missing"],
      [
        "POST",
        "/v1/templates",
        { image: "", format: "x", more: 1 },
        "string_too_short missing literal_error extra_forbidden",
      ],
    ]) {
      const { status, body: answer } = await server.api(method, path, json);
      assert.deepEqual([status, answer.detail.map((one) => one.type).join(" ")], [422, expected]);
    }
    assert.equal((await server.api("POST", "/v1/metrics/events", {})).status, 204);
  });

  test("request ids", async () => {
    for (const [sent, expected] of [
      ["  mine ", /^mine$/],
      [" ", /^[0-9a-f]{32}$/],
      [undefined, /^[0-9a-f]{32}$/],
    ]) {
      const answer = await raw(server, {
        path: "/nothing",
        headers: sent === undefined ? {} : { "X-Request-ID": sent },
      });
      assert.match(answer.headers["x-request-id"], expected);
    }
  });
});
