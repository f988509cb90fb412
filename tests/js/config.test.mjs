// src/js/config.js: where the server is. No WebAssembly, no network.
import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import { inspect } from "node:util";
import { ConnectionConfig } from "../../src/js/config.js";
import { InvalidArgumentException } from "../../src/js/errors.js";

const ENV = ["OPEN_SANDBOX_DOMAIN", "OPEN_SANDBOX_API_KEY"];
const saved = Object.fromEntries(ENV.map((name) => [name, process.env[name]]));
const savedGlobals = Object.fromEntries(
  ["location", "Deno", "process", "fetch", "WebSocket"].map((name) => [
    name,
    Object.getOwnPropertyDescriptor(globalThis, name),
  ]),
);
for (const name of ENV) delete process.env[name];
afterEach(() => {
  for (const [name, descriptor] of Object.entries(savedGlobals)) {
    if (descriptor) Object.defineProperty(globalThis, name, descriptor);
    else delete globalThis[name];
  }
  for (const name of ENV) delete process.env[name];
});
process.on("exit", () => {
  for (const name of ENV) if (saved[name] !== undefined) process.env[name] = saved[name];
});
const stub = (name, value) => Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });

describe("the URL", () => {
  const TABLE = [
    // options, protocol, domain, base URL
    [{}, "http", "localhost:8080", "http://localhost:8080/v1"],
    [{ domain: "h:1" }, "http", "h:1", "http://h:1/v1"],
    [{ domain: "h:1/v1" }, "http", "h:1", "http://h:1/v1"],
    [{ domain: "h:1/v1", protocol: "https" }, "https", "h:1", "https://h:1/v1"],
    [{ domain: "https://h/p/v1/" }, "https", "https://h/p", "https://h/p/v1"],
    [{ domain: "http://h", protocol: "https" }, "http", "http://h", "http://h/v1"],
    [{ domain: "http://u:p@h/x?q=1#f" }, "http", "http://h/x", "http://h/x/v1"],
    // Broken in the official SDK.
    [{ domain: "HTTP://h" }, "http", "http://h", "http://h/v1"],
    [{ domain: "HTTPS://h", protocol: "http" }, "https", "https://h", "https://h/v1"],
    // More of the same kinds.
    [{ domain: "h:1/prefix/v1///" }, "http", "h:1/prefix", "http://h:1/prefix/v1"],
    [{ domain: "h/v1/v1" }, "http", "h/v1", "http://h/v1"],
    [{ domain: "h:1/v1x" }, "http", "h:1/v1x", "http://h:1/v1x/v1"],
    [{ domain: "h:1////" }, "http", "h:1", "http://h:1/v1"],
    [{ domain: "[::1]:8080" }, "http", "[::1]:8080", "http://[::1]:8080/v1"],
    [{ domain: "127.0.0.1:9" }, "http", "127.0.0.1:9", "http://127.0.0.1:9/v1"],
    [{ domain: null, protocol: null }, "http", "localhost:8080", "http://localhost:8080/v1"],
  ];
  for (const [options, protocol, domain, url] of TABLE) {
    test(`of ${JSON.stringify(options)} is ${url}`, () => {
      const config = new ConnectionConfig(options);
      assert.deepEqual([config.protocol, config.domain, config.getBaseUrl()], [protocol, domain, url]);
      const copy = new ConnectionConfig({ ...config });
      assert.deepEqual([copy.protocol, copy.getBaseUrl()], [protocol, url], "a copy of its fields");
    });
  }

  test("that cannot be is refused, and the message says what could", () => {
    for (const options of [
      { domain: "" },
      { domain: "   " },
      { domain: "a b" },
      { domain: "ftp://h" },
      { domain: "http://" },
      { domain: "h:99999" },
      { domain: "h", protocol: "ws" },
    ]) {
      assert.throws(
        () => new ConnectionConfig(options),
        (error) => error instanceof InvalidArgumentException && /^(domain|protocol) must be /.test(error.message),
        JSON.stringify(options),
      );
    }
  });

  test("does not depend on the number of slashes in more than linear time", () => {
    const from = performance.now();
    assert.equal(new ConnectionConfig({ domain: `h${"/".repeat(200_000)}` }).getBaseUrl(), "http://h/v1");
    assert.ok(performance.now() - from < 2_000);
  });
});

describe("defaults and fields", () => {
  test("are the official ones", () => {
    const { fetch: _fetch, userAgent: _userAgent, ...fields } = new ConnectionConfig();
    assert.deepEqual(fields, {
      protocol: "http",
      domain: "localhost:8080",
      apiKey: undefined,
      headers: {},
      requestTimeoutSeconds: 30,
      retry: undefined,
      logger: undefined,
      debug: false,
      useServerProxy: false,
      endpointCacheTtlMs: 600_000,
      endpointCacheSize: 1024,
      endpointCacheDisabled: false,
      disableMetrics: false,
    });
    assert.equal(typeof new ConnectionConfig().userAgent, "string");
  });

  test("are what was given", () => {
    const given = {
      apiKey: "k",
      headers: { A: "b" },
      requestTimeoutSeconds: 0,
      debug: true,
      useServerProxy: true,
      disableMetrics: true,
    };
    const config = new ConnectionConfig(given);
    for (const [name, value] of Object.entries(given)) assert.deepEqual(config[name], value, name);
    given.headers.A = "changed";
    assert.equal(config.headers.A, "b", "the headers are a copy");
  });

  test("requestTimeoutSeconds that is not given is 30", () => {
    for (const requestTimeoutSeconds of [null, undefined]) {
      assert.equal(new ConnectionConfig({ requestTimeoutSeconds }).requestTimeoutSeconds, 30);
    }
    for (const requestTimeoutSeconds of [5, -1, Number.POSITIVE_INFINITY]) {
      assert.equal(new ConnectionConfig({ requestTimeoutSeconds }).requestTimeoutSeconds, requestTimeoutSeconds);
    }
  });

  test("of a wrong kind are refused by name", () => {
    for (const [name, value] of Object.entries({
      domain: 5,
      protocol: 5,
      apiKey: 5,
      headers: "a",
      debug: "yes",
      useServerProxy: 1,
      fetch: "f",
      WebSocket: "w",
      requestTimeoutSeconds: "5",
      endpointCacheTtlMs: "5",
      endpointCacheDisabled: 1,
      retry: 3,
      logger: "console",
    })) {
      assert.throws(() => new ConnectionConfig({ [name]: value }), {
        name: "InvalidArgumentException",
        message: new RegExp(`^${name} must be `),
      });
    }
    assert.throws(
      () => new ConnectionConfig({ requestTimeoutSeconds: Number.NaN }),
      /^.*requestTimeoutSeconds must be /,
    );
    for (const options of [null, "localhost", 5]) {
      assert.throws(() => new ConnectionConfig(options), {
        name: "InvalidArgumentException",
        code: "INVALID_ARGUMENT",
      });
    }
  });

  test("fetch is the configured one, or the global one of the moment", async () => {
    const mine = () => "mine";
    assert.equal(new ConnectionConfig({ fetch: mine }).fetch, mine);
    assert.equal(new ConnectionConfig({ fetch: mine }).sseFetch, mine);
    assert.equal(new ConnectionConfig({ ...new ConnectionConfig({ fetch: mine }) }).fetch, mine, "through a spread");
    const config = new ConnectionConfig();
    stub("fetch", (...args) => `patched ${args}`);
    assert.equal(config.fetch("a", "b"), "patched a,b");
  });

  test("WebSocket is the configured one, or the global one of the moment; no log shows it", () => {
    class Mine {}
    assert.equal(new ConnectionConfig({ WebSocket: Mine }).WebSocket, Mine);
    assert.equal(
      new ConnectionConfig({ ...new ConnectionConfig({ WebSocket: Mine }) }).WebSocket,
      Mine,
      "through a spread",
    );
    assert.equal("WebSocket" in new ConnectionConfig({ WebSocket: Mine }).toJSON(), false);
    const config = new ConnectionConfig();
    assert.equal(Object.hasOwn(config, "WebSocket"), false);
    stub("WebSocket", Mine);
    assert.equal(config.WebSocket, Mine);
  });

  test("the methods of the official SDK are there and do no harm", async () => {
    const config = new ConnectionConfig();
    assert.equal(config.withTransportIfMissing(), config);
    await config.closeTransport();
    await config.closeTransport();
  });
});

describe("the environment", () => {
  test("fills in what was not given", () => {
    Object.assign(process.env, { OPEN_SANDBOX_DOMAIN: "https://env.example/x", OPEN_SANDBOX_API_KEY: "env-key" });
    for (const options of [undefined, {}, { domain: undefined, apiKey: null }]) {
      const config = new ConnectionConfig(options);
      assert.equal(config.getBaseUrl(), "https://env.example/x/v1");
      assert.equal(config.apiKey, "env-key");
    }
  });

  test("loses against what was given; an explicit empty key means none", () => {
    Object.assign(process.env, { OPEN_SANDBOX_DOMAIN: "env.example", OPEN_SANDBOX_API_KEY: "env-key" });
    const config = new ConnectionConfig({ domain: "mine", apiKey: "" });
    assert.equal(config.getBaseUrl(), "http://mine/v1");
    assert.equal(config.apiKey, "");
    assert.equal(new ConnectionConfig({ apiKey: "k" }).apiKey, "k");
  });

  test("when empty is not there", () => {
    Object.assign(process.env, { OPEN_SANDBOX_DOMAIN: "", OPEN_SANDBOX_API_KEY: "" });
    const config = new ConnectionConfig();
    assert.equal(config.domain, "localhost:8080");
    assert.equal(config.apiKey, undefined);
  });

  test("is read when the configuration is made, not later", () => {
    const config = new ConnectionConfig();
    process.env.OPEN_SANDBOX_DOMAIN = "later";
    assert.equal(config.getBaseUrl(), "http://localhost:8080/v1");
  });

  for (const [what, value] of [
    ["no process", undefined],
    ["a process without env", {}],
    [
      "a process that throws",
      {
        get env() {
          throw new Error("no");
        },
      },
    ],
  ]) {
    test(`may be missing: ${what}`, () => {
      const { process } = globalThis;
      stub("process", value);
      try {
        assert.equal(new ConnectionConfig().domain, "localhost:8080");
      } finally {
        stub("process", process);
      }
    });
  }

  test("is read in Deno only where that is allowed already; Deno is never made to ask", () => {
    process.env.OPEN_SANDBOX_API_KEY = "env-key";
    for (const [state, key] of [
      ["granted", "env-key"],
      ["prompt", undefined],
      ["denied", undefined],
    ]) {
      const asked = [];
      stub("Deno", {
        permissions: {
          querySync: (descriptor) => {
            asked.push(descriptor);
            return { state };
          },
          requestSync: () => assert.fail("it asked the user"),
        },
      });
      assert.equal(new ConnectionConfig().apiKey, key, state);
      assert.ok(
        asked.every(({ name, variable }) => name === "env" && ENV.includes(variable)),
        JSON.stringify(asked),
      );
      assert.equal(asked.length, 2);
    }
  });
});

describe("useServerProxy", () => {
  const of = (location, options) => {
    stub("location", location);
    return new ConnectionConfig(options).useServerProxy;
  };
  test("defaults to true where there is an http(s) origin, in pages and workers", () => {
    assert.equal(of({ protocol: "http:" }), true);
    assert.equal(of({ protocol: "https:" }), true);
  });
  test("defaults to false elsewhere", () => {
    for (const location of [
      undefined,
      null,
      {},
      { protocol: "file:" },
      { protocol: "chrome-extension:" },
      "https://x",
    ]) {
      assert.equal(of(location), false, JSON.stringify(location));
    }
  });
  test("is what was given anywhere", () => {
    assert.equal(of({ protocol: "https:" }, { useServerProxy: false }), false);
    assert.equal(of(undefined, { useServerProxy: true }), true);
  });
});

describe("the key", () => {
  const config = new ConnectionConfig({
    domain: "h",
    apiKey: "s3cret-key",
    headers: { Authorization: "Bearer t0ken", "X-Team": "te4m" },
  });
  test("and header values are shown by no way of printing", () => {
    for (const [how, text] of Object.entries({
      JSON: JSON.stringify(config),
      "JSON inside": JSON.stringify({ a: [config] }),
      inspect: inspect(config),
      "inspect deep": inspect({ a: { b: { c: config } } }, { depth: 9, showHidden: true }),
      String: String(config),
    })) {
      for (const secret of ["s3cret-key", "t0ken", "te4m"]) assert.ok(!text.includes(secret), `${how}: ${text}`);
    }
  });
  test("is told apart from no key, and names of headers are shown", () => {
    assert.equal(config.toJSON().apiKey, "***");
    assert.deepEqual(Object.keys(config.toJSON().headers), ["Authorization", "X-Team"]);
    assert.equal(config.toJSON().domain, "h");
    assert.equal(new ConnectionConfig().toJSON().apiKey, undefined);
    assert.equal(new ConnectionConfig({ apiKey: "" }).toJSON().apiKey, "");
  });
});
