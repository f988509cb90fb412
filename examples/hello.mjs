import { Sandbox } from "opensandbox-wasm";

// The server: OPEN_SANDBOX_DOMAIN and OPEN_SANDBOX_API_KEY, or connectionConfig: { domain, apiKey }.
const sandbox = await Sandbox.create({ image: "python:3.12-slim" });
try {
  const data = "for i in 3 2 1; do echo $i; sleep 0.5; done; echo lift-off | tee /tmp/end";
  await sandbox.files.writeFiles([{ path: "/tmp/countdown.sh", data }]);

  const begin = Date.now();
  const onStdout = (line) => console.log(`${((Date.now() - begin) / 1000).toFixed(1)} s  ${line.text}`);
  const run = await sandbox.commands.run("bash /tmp/countdown.sh", { timeoutSeconds: 10 }, { onStdout });

  console.log("exit code:", run.exitCode);
  console.log("/tmp/end:", (await sandbox.files.readFile("/tmp/end")).trim());
} finally {
  await sandbox.kill();
}
