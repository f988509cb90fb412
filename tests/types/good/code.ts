// Code in the style of the official code interpreter package. Only the imports have been changed.
import { Sandbox } from "opensandbox-wasm";
import {
  type CodeContext,
  CodeInterpreter,
  type CodeInterpreterCreateOptions,
  type Codes,
  type Execution,
  type ExecutionComplete,
  type ExecutionError,
  type ExecutionHandlers,
  type ExecutionInit,
  type ExecutionResult,
  type OutputMessage,
  type SupportedLanguage,
  SupportedLanguages,
} from "opensandbox-wasm/code-interpreter";

export type Official = [
  CodeInterpreterCreateOptions,
  ExecutionComplete,
  ExecutionError,
  ExecutionInit,
  ExecutionResult,
  OutputMessage,
];

const sandbox = await Sandbox.create({ image: "opensandbox/code-interpreter:v1.0.1" });
const interpreter = await CodeInterpreter.create(sandbox);
const codes: Codes = interpreter.codes;
const language: SupportedLanguage = SupportedLanguages.PYTHON;
const context: CodeContext = await codes.createContext(language);
const handlers: ExecutionHandlers = {
  onStdout: (message: OutputMessage) => console.log(message.text),
  onResult: (result: ExecutionResult) => console.log(result.text),
  onError: (error: ExecutionError) => console.error(error.name, error.traceback.join("\n")),
};
const run: Execution = await codes.run("result = 2 + 2\nresult", { context, handlers });
console.log(run.result[0]?.text, interpreter.id);
await codes.run("1", { language: SupportedLanguages.BASH, signal: AbortSignal.timeout(1000) });
for await (const event of codes.runStream({ code: "1", context: { language: "python" } })) console.log(event.type);
const contexts: CodeContext[] = await codes.listContexts("python");
if (context.id) {
  await codes.interrupt(context.id);
  await codes.deleteContext((await codes.getContext(context.id)).id);
}
await codes.deleteContexts("python");
await interpreter.files.readFile("/x");
await interpreter.commands.run("ls");
await interpreter.metrics.getMetrics();

// What is here on top.
await using own = await sandbox.codes.createContext("python", { cwd: "/tmp", requestTimeoutSeconds: 5 });
const rich = (await sandbox.codes.run("df", { context: own, timeoutSeconds: 60, onBusy: "queue" })).result[0];
const image: string | undefined = rich?.dataUrl("image/png");
const bytes: Uint8Array | undefined = rich?.bytes("image/png");
const restarted = await codes.restartContext(own);
await codes.waitUntilReady({ onProgress: ({ waitingFor, attempts }) => console.log(waitingFor, attempts) });

export { bytes, contexts, image, restarted };
