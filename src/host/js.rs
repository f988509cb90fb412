//! The JavaScript snippets of `src/js`, declared. Each is called from one place in `host` or `api`.

use js_sys::{Array, Function, Map, Promise};
use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/src/js/errors.js")]
extern "C" {
    #[wasm_bindgen(catch, js_name = makeError)]
    pub fn make_error(class: &str, code: &str, message: &str, options: &JsValue) -> Result<JsValue, JsValue>;

    // Never used from Rust: `reexport` makes the glue export the classes.
    #[wasm_bindgen(reexport)]
    pub type SandboxError;
    #[wasm_bindgen(reexport)]
    pub type SandboxException;
    #[wasm_bindgen(reexport)]
    pub type SandboxApiException;
    #[wasm_bindgen(reexport)]
    pub type SandboxInternalException;
    #[wasm_bindgen(reexport)]
    pub type SandboxUnhealthyException;
    #[wasm_bindgen(reexport)]
    pub type SandboxReadyTimeoutException;
    #[wasm_bindgen(reexport)]
    pub type InvalidArgumentException;
    #[wasm_bindgen(reexport)]
    pub type SandboxAbortException;
    #[wasm_bindgen(reexport)]
    pub type SandboxTimeoutException;
    #[wasm_bindgen(reexport)]
    pub type SandboxConnectionException;
    #[wasm_bindgen(reexport)]
    pub type SandboxStreamException;
    #[wasm_bindgen(reexport)]
    pub type CommandExitException;
}

#[wasm_bindgen(module = "/src/js/config.js")]
extern "C" {
    #[wasm_bindgen(reexport)]
    pub type ConnectionConfig;
}

#[wasm_bindgen(module = "/src/js/core.js")]
extern "C" {
    #[wasm_bindgen(js_name = provideCore)]
    pub fn provide_core(core: JsValue, names: Array, memory: JsValue);
}

#[wasm_bindgen(module = "/src/js/call.js")]
extern "C" {
    #[wasm_bindgen(js_name = callOf)]
    pub fn call_of(
        signal: &JsValue,
        timeout_seconds: Option<f64>,
        headers: Array,
        keepalive: bool,
        retry: &JsValue,
    ) -> JsValue;
}

#[wasm_bindgen(module = "/src/js/transport.js")]
extern "C" {
    /// The configuration and what belongs to all requests of one object.
    #[derive(Clone)]
    pub type Transport;
    #[wasm_bindgen(catch, js_name = newTransport)]
    pub fn new_transport(config: &JsValue) -> Result<Transport, JsValue>;
    /// Base of the lifecycle API, with `/v1`.
    #[wasm_bindgen(method, getter)]
    pub fn base(this: &Transport) -> String;
    /// The caller's configuration object.
    #[wasm_bindgen(method, getter)]
    pub fn config(this: &Transport) -> JsValue;
    /// Aborts every request of this object and refuses new ones.
    #[wasm_bindgen(method)]
    pub fn close(this: &Transport);
}

#[wasm_bindgen(module = "/src/js/endpoints.js")]
extern "C" {
    /// The endpoints of one sandbox.
    #[derive(Clone)]
    pub type Endpoints;
    /// After a pause the ports may be somewhere else.
    #[wasm_bindgen(method, js_name = forgetAll)]
    pub fn forget_all(this: &Endpoints);
    /// The sandbox that they belong to.
    #[wasm_bindgen(method, getter, js_name = sandboxId)]
    pub fn sandbox_id(this: &Endpoints) -> JsValue;

    /// One sandbox's daemon, or, at another port, another service of the sandbox.
    #[wasm_bindgen(js_name = newExecd)]
    pub fn new_execd(transport: &Transport, sandbox_id: &JsValue) -> Execd;
    #[wasm_bindgen(js_name = endpointOf)]
    pub fn endpoint_of(endpoints: &Endpoints, port: u16, call: &JsValue, as_url: bool) -> Promise;
}

#[wasm_bindgen(module = "/src/js/execd.js")]
extern "C" {
    /// One sandbox's daemon, or, at another port, another service of the sandbox.
    #[derive(Clone)]
    pub type Execd;
    #[wasm_bindgen(method, getter)]
    pub fn transport(this: &Execd) -> Transport;
    #[wasm_bindgen(method, getter)]
    pub fn endpoints(this: &Execd) -> Endpoints;
    /// The service of the same sandbox at another port.
    #[wasm_bindgen(method, js_name = atPort)]
    pub fn at_port(this: &Execd, port: u16) -> Execd;
    /// The routes below a path, which is encoded and begins with a slash.
    #[wasm_bindgen(method)]
    pub fn below(this: &Execd, prefix: &str) -> Execd;
}

#[wasm_bindgen(module = "/src/js/wire.js")]
extern "C" {
    /// A call before it is sent.
    #[derive(Clone)]
    pub type Wire;
    #[wasm_bindgen(js_name = newWire)]
    pub fn new_wire(method: &str, url: &str, what: &str, answer: &str) -> Wire;
    #[wasm_bindgen(catch, js_name = setJson)]
    pub fn set_json(wire: &Wire, body: &JsValue) -> Result<(), JsValue>;
    #[wasm_bindgen(method, setter)]
    pub fn set_part(this: &Wire, part: &str);
    #[wasm_bindgen(method, setter)]
    pub fn set_once(this: &Wire, once: bool);
    #[wasm_bindgen(method, setter)]
    pub fn set_outcome(this: &Wire, outcome: &str);
    /// Sends it. `to`: a [`Transport`] or an [`Execd`].
    pub fn ask(to: &JsValue, wire: &JsValue, call: &JsValue) -> Promise;
    /// The last call of a transport, which is then closed.
    #[wasm_bindgen(js_name = askAndClose)]
    pub fn ask_and_close(transport: &Transport, wire: &JsValue, call: &JsValue) -> Promise;
}

#[wasm_bindgen(module = "/src/js/retry.js")]
extern "C" {
    #[wasm_bindgen(catch, js_name = checkRetry)]
    pub fn check_retry(retry: &JsValue) -> Result<JsValue, JsValue>;
}

// Not used from Rust. A snippet is shipped only when Rust names something of it, and the others import these.
#[wasm_bindgen(module = "/src/js/poll.js")]
extern "C" {
    #[wasm_bindgen(js_name = pauses)]
    pub type Pauses;
}
#[wasm_bindgen(module = "/src/js/answer.js")]
extern "C" {
    #[wasm_bindgen(js_name = read)]
    pub type Read;
}
#[wasm_bindgen(module = "/src/js/deadline.js")]
extern "C" {
    pub type Deadline;
}
#[wasm_bindgen(module = "/src/js/failure.js")]
extern "C" {
    #[wasm_bindgen(js_name = closed)]
    pub type Closed;
}
#[wasm_bindgen(module = "/src/js/http.js")]
extern "C" {
    #[wasm_bindgen(js_name = openExchange)]
    pub type OpenExchange;
}
#[wasm_bindgen(module = "/src/js/logger.js")]
extern "C" {
    #[wasm_bindgen(js_name = writeLog)]
    pub type WriteLog;
}
#[wasm_bindgen(module = "/src/js/send.js")]
extern "C" {
    #[wasm_bindgen(js_name = send)]
    pub type Send;
}
#[wasm_bindgen(module = "/src/js/shape.js")]
extern "C" {
    #[wasm_bindgen(js_name = shapes)]
    pub type Shapes;
}
#[wasm_bindgen(module = "/src/js/timers.js")]
extern "C" {
    #[wasm_bindgen(js_name = sleep)]
    pub type Sleep;
}
#[wasm_bindgen(module = "/src/js/url.js")]
extern "C" {
    #[wasm_bindgen(js_name = withQuery)]
    pub type WithQuery;
}
#[wasm_bindgen(module = "/src/js/signals.js")]
extern "C" {
    #[wasm_bindgen(js_name = onAbort)]
    pub type OnAbort;
}
#[wasm_bindgen(module = "/src/js/source.js")]
extern "C" {
    pub type Source;
}
#[wasm_bindgen(module = "/src/js/idle.js")]
extern "C" {
    pub type IdleWatch;
}
#[wasm_bindgen(module = "/src/js/lines.js")]
extern "C" {
    pub type LineCutter;
}
#[wasm_bindgen(module = "/src/js/run-reader.js")]
extern "C" {
    pub type RunReader;
}
#[wasm_bindgen(module = "/src/js/code-run.js")]
extern "C" {
    pub type CodeRun;
}
#[wasm_bindgen(module = "/src/js/long-line.js")]
extern "C" {
    pub type LongLine;
}
#[wasm_bindgen(module = "/src/js/run-failures.js")]
extern "C" {
    #[wasm_bindgen(js_name = failures)]
    pub type RunFailures;
}
#[wasm_bindgen(module = "/src/js/recovery.js")]
extern "C" {
    #[wasm_bindgen(js_name = recover)]
    pub type Recover;
}
#[wasm_bindgen(module = "/src/js/capture.js")]
extern "C" {
    pub type Capture;
}
#[wasm_bindgen(module = "/src/js/execution.js")]
extern "C" {
    #[wasm_bindgen(reexport)]
    pub type Execution;
}

#[wasm_bindgen(module = "/src/js/results.js")]
extern "C" {
    pub type ExecutionResult;
}

#[wasm_bindgen(module = "/src/js/codes.js")]
extern "C" {
    #[wasm_bindgen(js_name = createContext)]
    pub fn create_context(execd: &Execd, language: &str, cwd: Option<String>, call: &JsValue) -> Promise;
    #[wasm_bindgen(js_name = restartContext)]
    pub fn restart_context(execd: &Execd, id: &str, language: &str, cwd: Option<String>, call: &JsValue) -> Promise;
    /// A run that waits for the one before it.
    #[wasm_bindgen(js_name = runInTurn)]
    pub fn run_in_turn(last: &Map, key: &str, execd: &Execd, plan: &Plan, handlers: &JsValue) -> Promise;
}

#[wasm_bindgen(module = "/src/js/dispatcher.js")]
extern "C" {
    #[wasm_bindgen(reexport)]
    pub type ExecutionEventDispatcher;
}

#[wasm_bindgen(module = "/src/js/pages.js")]
extern "C" {
    #[wasm_bindgen(catch, js_name = allPages)]
    pub fn all_pages(
        transport: &Transport,
        wire: &JsValue,
        call: &JsValue,
        first: f64,
        key: &str,
    ) -> Result<JsValue, JsValue>;
}

#[wasm_bindgen(module = "/src/js/run.js")]
extern "C" {
    /// What to run and how.
    pub type Plan;
    #[wasm_bindgen(js_name = newPlan)]
    pub fn new_plan(
        wire: &JsValue,
        call: &JsValue,
        endpoint: u32,
        interrupts: bool,
        throws: bool,
        timeout_ms: f64,
        start_ms: f64,
        idle_ms: f64,
        max_event: f64,
        capture: &JsValue,
    ) -> Plan;
    pub fn drive(execd: &Execd, plan: &Plan, handlers: &JsValue) -> Promise;
    #[wasm_bindgen(js_name = eventStream)]
    pub fn event_stream(execd: &Execd, plan: &Plan) -> JsValue;
}

#[wasm_bindgen(module = "/src/js/program.js")]
extern "C" {
    pub fn interrupt(execd: &Execd, id: &str, call: &JsValue) -> Promise;
    #[wasm_bindgen(js_name = interruptCode)]
    pub fn interrupt_code(execd: &Execd, id: &str, call: &JsValue) -> Promise;
    /// The official status.
    #[wasm_bindgen(js_name = commandStatus)]
    pub fn command_status(execd: &Execd, id: &str, call: &JsValue) -> Promise;
}

#[wasm_bindgen(module = "/src/js/log.js")]
extern "C" {
    #[wasm_bindgen(js_name = wholeLog)]
    pub fn whole_log(execd: &Execd, id: &str, cursor: Option<f64>, call: &JsValue) -> Promise;
}

#[wasm_bindgen(module = "/src/js/watch.js")]
extern "C" {
    #[wasm_bindgen(js_name = sampleStream)]
    pub fn sample_stream(execd: &Execd, plan: &Plan) -> JsValue;
}

#[wasm_bindgen(module = "/src/js/ready.js")]
extern "C" {
    /// How to wait until a sandbox is ready.
    pub type Readiness;
    #[wasm_bindgen(js_name = newReadiness)]
    pub fn new_readiness(seconds: f64, poll_ms: f64, check: Option<Function>, skip: bool, ping: &JsValue) -> Readiness;
    #[wasm_bindgen(js_name = waitUntilReady)]
    pub fn wait_until_ready(execd: &Execd, sandbox: &JsValue, readiness: &Readiness, call: &JsValue) -> Promise;
}

#[wasm_bindgen(module = "/src/js/interpreter.js")]
extern "C" {
    #[wasm_bindgen(js_name = waitForInterpreter)]
    pub fn wait_for_interpreter(
        execd: &Execd,
        readiness: &Readiness,
        on_progress: Option<Function>,
        plan: &Plan,
        call: &JsValue,
    ) -> Promise;
}

#[wasm_bindgen(module = "/src/js/port.js")]
extern "C" {
    #[wasm_bindgen(js_name = waitForPort)]
    pub fn wait_for_port(execd: &Execd, port: u16, seconds: f64, poll_ms: f64, path: &str, call: &JsValue) -> Promise;
}

#[wasm_bindgen(module = "/src/js/creation.js")]
extern "C" {
    #[wasm_bindgen(js_name = createSandbox)]
    pub fn create_sandbox(
        transport: &Transport,
        wire: &JsValue,
        limit_seconds: f64,
        readiness: &Readiness,
        call: &JsValue,
    ) -> Promise;
    #[wasm_bindgen(js_name = connectSandbox)]
    pub fn connect_sandbox(
        transport: &Transport,
        id: &JsValue,
        resumption: &JsValue,
        readiness: &Readiness,
        call: &JsValue,
    ) -> Promise;
    #[wasm_bindgen(js_name = resumeSandbox)]
    pub fn resume_sandbox(execd: &Execd, resumption: &JsValue, readiness: &Readiness, call: &JsValue) -> Promise;
    #[wasm_bindgen(js_name = sendCreate)]
    pub fn send_create(
        transport: &Transport,
        wire: &JsValue,
        limit_name: &str,
        limit_seconds: f64,
        call: &JsValue,
    ) -> Promise;
}

#[wasm_bindgen(module = "/src/js/snapshots.js")]
extern "C" {
    #[wasm_bindgen(js_name = makeSnapshot)]
    pub fn make_snapshot(transport: &Transport, wire: &JsValue, seconds: f64, poll_ms: f64, call: &JsValue) -> Promise;
}

#[wasm_bindgen(module = "/src/js/diagnostics.js")]
extern "C" {
    pub fn diagnostic(
        transport: &Transport,
        kind: &str,
        sandbox_id: &JsValue,
        url: &str,
        scope: Option<String>,
        part: &str,
        call: &JsValue,
    ) -> Promise;
}

#[wasm_bindgen(module = "/src/js/capabilities.js")]
extern "C" {
    /// What is known of one sandbox.
    #[derive(Clone)]
    pub type Capabilities;
    #[wasm_bindgen(js_name = newCapabilities)]
    pub fn new_capabilities(execd: &Execd, policy: &Policy) -> Capabilities;
    #[wasm_bindgen(method)]
    pub fn get(this: &Capabilities, refresh: bool, listing: Option<Plan>, call: &JsValue) -> Promise;
}

#[wasm_bindgen(module = "/src/js/handle.js")]
extern "C" {
    #[wasm_bindgen(js_name = startCommand)]
    pub fn start_command(execd: &Execd, plan: &Plan) -> Promise;
}

#[wasm_bindgen(module = "/src/js/background.js")]
extern "C" {
    /// Starts one; resolves with its handle.
    #[wasm_bindgen(js_name = startBackground)]
    pub fn start_background(execd: &Execd, plan: &Plan, reconnect_ms: f64) -> Promise;
    #[wasm_bindgen(js_name = backgroundCommand)]
    pub fn background_command(execd: &Execd, id: &str, cursor: f64, reconnect_ms: f64, call: &JsValue) -> JsValue;
}

#[wasm_bindgen(module = "/src/js/pty-clocks.js")]
extern "C" {
    pub type Heartbeat;
}
#[wasm_bindgen(module = "/src/js/pty-frames.js")]
extern "C" {
    pub type MalformedFrame;
}
#[wasm_bindgen(module = "/src/js/pty-input.js")]
extern "C" {
    #[wasm_bindgen(js_name = toBytes)]
    pub type ToBytes;
}
#[wasm_bindgen(module = "/src/js/pty-output.js")]
extern "C" {
    pub type PtyOutput;
}
#[wasm_bindgen(module = "/src/js/pty-socket.js")]
extern "C" {
    pub type PtySocket;
}

#[wasm_bindgen(module = "/src/js/pty-failures.js")]
extern "C" {
    #[wasm_bindgen(js_name = failures)]
    pub type PtyFailures;
}
#[wasm_bindgen(module = "/src/js/pty.js")]
extern "C" {
    pub type PtySession;
}

#[wasm_bindgen(module = "/src/js/pty-open.js")]
extern "C" {
    #[wasm_bindgen(js_name = createTerminal)]
    pub fn create_terminal(execd: &Execd, wire: &JsValue, options: &JsValue, call: &JsValue) -> Promise;
    #[wasm_bindgen(js_name = attachTerminal)]
    pub fn attach_terminal(execd: &Execd, id: &str, options: &JsValue, call: &JsValue) -> Promise;
}

#[wasm_bindgen(module = "/src/js/pty-server.js")]
extern "C" {
    #[wasm_bindgen(js_name = terminalStatus)]
    pub fn terminal_status(execd: &Execd, id: &str, call: &JsValue) -> Promise;
    #[wasm_bindgen(js_name = killTerminal)]
    pub fn kill_terminal(execd: &Execd, id: &str, call: &JsValue) -> Promise;
}

#[wasm_bindgen(module = "/src/js/sidecar.js")]
extern "C" {
    #[wasm_bindgen(js_name = explained)]
    pub type Explained;
}

#[wasm_bindgen(module = "/src/js/egress.js")]
extern "C" {
    /// The policy of one sandbox, and which way to it has worked.
    #[derive(Clone)]
    pub type Policy;
    #[wasm_bindgen(js_name = newPolicy)]
    pub fn new_policy(execd: &Execd, sandbox_id: &JsValue) -> Policy;
    #[wasm_bindgen(js_name = getPolicy)]
    pub fn get_policy(policy: &Policy, call: &JsValue) -> Promise;
    #[wasm_bindgen(js_name = changePolicy)]
    pub fn change_policy(policy: &Policy, wire: &JsValue, call: &JsValue) -> Promise;
}

#[wasm_bindgen(module = "/src/js/vault.js")]
extern "C" {
    #[wasm_bindgen(js_name = askVault)]
    pub fn ask_vault(execd: &Execd, wire: &JsValue, secrets: &Array, call: &JsValue) -> Promise;
}

#[wasm_bindgen(module = "/src/js/isolation.js")]
extern "C" {
    #[wasm_bindgen(js_name = askIsolation)]
    pub fn ask_isolation(execd: &Execd, wire: &JsValue, call: &JsValue) -> Promise;
    #[wasm_bindgen(js_name = isolationFlags)]
    pub fn isolation_flags(execd: &Execd, wire: &JsValue, call: &JsValue) -> Promise;
    #[wasm_bindgen(js_name = listIsolated)]
    pub fn list_isolated(execd: &Execd, wire: &JsValue, call: &JsValue) -> Promise;
    #[wasm_bindgen(js_name = attachIsolated)]
    pub fn attach_isolated(execd: &Execd, wire: &JsValue, id: &JsValue, call: &JsValue) -> Promise;
    #[wasm_bindgen(js_name = createIsolated)]
    pub fn create_isolated(execd: &Execd, wire: &JsValue, call: &JsValue) -> Promise;
    #[wasm_bindgen(js_name = runIsolatedOnce)]
    pub fn run_isolated_once(execd: &Execd, wire: &JsValue, call: &JsValue, plan: &Plan, handlers: &JsValue)
    -> Promise;
    #[wasm_bindgen(js_name = withIsolated)]
    pub fn with_isolated(execd: &Execd, wire: &JsValue, call: &JsValue, work: &Function) -> Promise;
}

#[wasm_bindgen(module = "/src/js/files.js")]
extern "C" {
    /// Sends wires one after another.
    #[wasm_bindgen(js_name = askEach)]
    pub fn ask_each(execd: &Execd, wires: &Array, call: &JsValue) -> Promise;
    #[wasm_bindgen(js_name = fileInfos)]
    pub fn file_infos(execd: &Execd, wires: &Array, call: &JsValue) -> Promise;
}

#[wasm_bindgen(module = "/src/js/upload.js")]
extern "C" {
    #[wasm_bindgen(catch, js_name = contentType)]
    pub fn content_type(data: &JsValue) -> Result<String, JsValue>;
    #[wasm_bindgen(catch)]
    pub fn boundary() -> Result<String, JsValue>;
    #[wasm_bindgen(js_name = fileOf)]
    pub fn file_of(path: &str, data: &JsValue, boundary: &str, head: &str, tail: &str) -> JsValue;
    #[wasm_bindgen(js_name = writeFiles)]
    pub fn write_files(execd: &Execd, files: &Array, call: &JsValue, on_progress: &JsValue) -> Promise;
}

#[wasm_bindgen(module = "/src/js/upload-all.js")]
extern "C" {
    #[wasm_bindgen(js_name = uploadAll)]
    pub fn upload_all(
        execd: &Execd,
        source: &JsValue,
        concurrency: f64,
        call: &JsValue,
        on_progress: &JsValue,
    ) -> Promise;
}

#[wasm_bindgen(module = "/src/js/download.js")]
extern "C" {
    #[wasm_bindgen(js_name = downloadOf)]
    pub fn download_of(
        path: &str,
        range: Option<String>,
        offset: Option<f64>,
        limit: Option<f64>,
        call: &JsValue,
        on_progress: &JsValue,
    ) -> JsValue;
    #[wasm_bindgen(js_name = readBytes)]
    pub fn read_bytes(execd: &Execd, download: &JsValue) -> Promise;
    #[wasm_bindgen(js_name = readText)]
    pub fn read_text(execd: &Execd, download: &JsValue, encoding: Option<String>) -> Promise;
    #[wasm_bindgen(js_name = byteStream)]
    pub fn byte_stream(execd: &Execd, download: &JsValue) -> JsValue;
}

#[wasm_bindgen(module = "/src/js/resumable.js")]
extern "C" {
    #[wasm_bindgen(js_name = fileDownload)]
    pub fn file_download(
        execd: &JsValue,
        path: &str,
        call: &JsValue,
        max_resumes: f64,
        on_progress: &JsValue,
        known: &JsValue,
    ) -> JsValue;
}

#[wasm_bindgen(module = "/src/js/directory.js")]
extern "C" {
    pub fn directory(execd: &Execd, path: &str, call: &JsValue) -> JsValue;
}
