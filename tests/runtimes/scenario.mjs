// What every runtime has to be able to do, with nothing but the language and the web's own APIs. Gives the names of the steps that
// passed, and what the first one that did not has to say.

const check = (condition, what) => {
  if (!condition) throw new Error(`not so: ${what}`);
};
const same = (have, want, what) =>
  check(JSON.stringify(have) === JSON.stringify(want), `${what}: ${JSON.stringify(have)} is ${JSON.stringify(want)}`);
const caught = async (promise) => {
  let value;
  try {
    value = await promise;
  } catch (error) {
    return error;
  }
  throw new Error(`it should have been refused, but gave ${JSON.stringify(value)}`);
};

const STEPS = {
  async create(context) {
    const { sdk, config } = context;
    const connectionConfig = new sdk.ConnectionConfig(config);
    context.sandbox = await sdk.Sandbox.create({ connectionConfig, image: "python:3.12-slim" });
    same((await context.sandbox.getInfo()).status.state, "Running", "state");
  },
  async "run with a handler"({ sandbox }) {
    const lines = [];
    const onStdout = async ({ text }) => {
      await undefined;
      lines.push(text);
    };
    const run = await sandbox.commands.run("seq 1000; echo grüße >&2; exit 7", {}, { onStdout });
    same([lines.length, lines[999], run.stderr, run.exitCode], [1000, "1000", "grüße\n", 7], "the run");
  },
  async stream({ sandbox }) {
    const seen = [];
    // The second line is printed when the first has been seen.
    const gate = "mkfifo /tmp/gate; echo one; read x < /tmp/gate; echo $x";
    for await (const event of sandbox.commands.runStream(gate)) {
      if (event.type !== "stdout") continue;
      seen.push(event.text);
      if (seen.length === 1) await sandbox.commands.run("echo two > /tmp/gate");
    }
    same(seen, ["one", "two"], "the lines");
  },
  async upload({ sandbox, data }) {
    await sandbox.files.writeFiles([{ path: "/tmp/größe/a.bin", data }]);
    const stream = new Blob([data]).stream();
    await sandbox.files.writeFiles([{ path: "/tmp/größe/b.bin", data: stream }]);
    const { stdout } = await sandbox.commands.run("cat /tmp/größe/*.bin | wc -c");
    same(stdout.trim(), String(2 * data.length), "the size");
  },
  async download({ sandbox, data }) {
    for (const name of ["a", "b"]) {
      const bytes = await sandbox.files.readBytes(`/tmp/größe/${name}.bin`);
      check(bytes.length === data.length && bytes.every((byte, i) => byte === data[i]), `${name} is what was sent`);
    }
    let length = 0;
    for await (const chunk of sandbox.files.readBytesStream("/tmp/größe/a.bin")) length += chunk.length;
    same(length, data.length, "the length of the stream");
  },
  async "error with a request id"({ sdk, sandbox }) {
    const error = await caught(sandbox.files.readFile("/none"));
    check(error instanceof sdk.SandboxApiException && error instanceof Error, String(error));
    same(error.statusCode, 404, "status");
    check(typeof error.requestId === "string" && error.requestId.length > 0, "there is a request id");
    same((await caught(sandbox.commands.run(""))).code, "INVALID_ARGUMENT", "code");
  },
  async abort({ sandbox }) {
    const controller = new AbortController();
    const reason = new Error("enough");
    const onStdout = () => controller.abort(reason);
    const error = await caught(
      sandbox.commands.run("echo on; exec sleep 300", { timeoutSeconds: 120 }, { onStdout }, controller.signal),
    );
    same([error.name, error.code, error.cause === reason], ["AbortError", "ABORTED", true], "the error");
  },
  async kill({ sandbox }) {
    await sandbox.kill();
    same((await caught(sandbox.getInfo())).statusCode, 404, "status");
    await sandbox.close();
    same((await caught(sandbox.commands.run("true"))).code, "CLOSED", "code");
  },
};
export const NAMES = Object.keys(STEPS);

/** `config`: options of a ConnectionConfig, as JSON. */
export async function scenario(sdk, config) {
  const context = { sdk, config, data: Uint8Array.from({ length: 300_000 }, (_, i) => i % 251) };
  const passed = [];
  for (const [name, step] of Object.entries(STEPS)) {
    try {
      await step(context);
    } catch (error) {
      await context.sandbox?.kill().catch(() => {});
      return { passed, failed: name, error: `${error?.stack ?? error}\n${JSON.stringify(error)} ${error?.cause}` };
    }
    passed.push(name);
  }
  return { passed };
}
