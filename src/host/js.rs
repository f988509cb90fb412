//! The JavaScript snippets of `src/js`, declared. Each is called from one place in `host` or `api`.

use crate::host::args::Options;
use crate::host::failure::Failure;
use js_sys::{Array, Map, Object, Promise, Uint8Array};
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
    pub fn provide_core(core: JsValue, memory: JsValue);
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
    fn new_transport(config: &JsValue) -> Result<Transport, JsValue>;
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
    pub fn restart_context(
        execd: &Execd,
        id: &str,
        language: &str,
        cwd: Option<String>,
        call: &JsValue,
    ) -> Promise;
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
    #[wasm_bindgen(js_name = sample)]
    pub fn sample(raw: &JsValue) -> JsValue;
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

#[wasm_bindgen(module = "/src/js/pty.js")]
extern "C" {
    #[wasm_bindgen(catch, js_name = openPty)]
    pub fn open_pty(driver: JsValue, options: &JsValue) -> Result<Promise, JsValue>;
    #[wasm_bindgen(catch, js_name = webSocketOf)]
    pub fn web_socket_of(given: &JsValue) -> Result<JsValue, JsValue>;
}

#[wasm_bindgen(module = "/src/js/upload.js")]
extern "C" {
    /// A body on its way, and the source behind it.
    pub type Upload;
    #[wasm_bindgen(constructor, catch)]
    pub fn new(
        head: &str,
        data: &JsValue,
        tail: &str,
        path: &str,
        idle_ms: f64,
        on_progress: &JsValue,
    ) -> Result<Upload, JsValue>;
    #[wasm_bindgen(method, getter)]
    pub fn body(this: &Upload) -> Promise;
    #[wasm_bindgen(method, getter, js_name = contentLength)]
    pub fn content_length(this: &Upload) -> Option<f64>;
    #[wasm_bindgen(method, getter)]
    pub fn stalled(this: &Upload) -> JsValue;
    #[wasm_bindgen(method, getter)]
    pub fn failure(this: &Upload) -> JsValue;
    #[wasm_bindgen(method, getter)]
    pub fn size(this: &Upload) -> f64;
    #[wasm_bindgen(method)]
    pub fn stop(this: &Upload);
    #[wasm_bindgen(method, catch)]
    pub fn accepted(this: &Upload) -> Result<(), JsValue>;
    #[wasm_bindgen(catch, js_name = contentType)]
    pub fn content_type(data: &JsValue) -> Result<String, JsValue>;
}

#[wasm_bindgen(module = "/src/js/upload-all.js")]
extern "C" {
    #[wasm_bindgen(catch, js_name = uploadAll)]
    pub fn upload_all(
        driver: JsValue,
        source: &JsValue,
        concurrency: f64,
        signals: &Array,
        on_progress: &JsValue,
    ) -> Result<Promise, JsValue>;
}

#[wasm_bindgen(module = "/src/js/download.js")]
extern "C" {
    #[wasm_bindgen(catch)]
    pub fn gather(exchange: &Exchange, lines: &JsValue, path: &str, on_progress: &JsValue) -> Result<Promise, JsValue>;
    #[wasm_bindgen(catch, js_name = byteStream)]
    pub fn byte_stream(driver: JsValue, path: &str, on_progress: &JsValue) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, js_name = bytesToText)]
    pub fn bytes_to_text(bytes: &Uint8Array, encoding: &str) -> Result<JsValue, JsValue>;
}

#[wasm_bindgen(module = "/src/js/resumable.js")]
extern "C" {
    #[wasm_bindgen(catch, js_name = fileDownload)]
    pub fn file_download(driver: JsValue, options: &JsValue) -> Result<JsValue, JsValue>;
}

#[wasm_bindgen(module = "/src/js/directory.js")]
extern "C" {
    #[wasm_bindgen(catch)]
    pub fn directory(driver: JsValue) -> Result<JsValue, JsValue>;
}

impl Transport {
    /// From the options of a static method: `{connectionConfig, adapterFactory}`.
    pub fn of(options: &Options) -> Result<Self, Failure> {
        if options.has("adapterFactory") {
            return Err(Failure::invalid(
                "adapterFactory is not supported: pass your own `fetch` in connectionConfig instead",
            ));
        }
        Self::new(&options.raw("connectionConfig"))
    }

    /// From a `ConnectionConfig`, an object with its fields, or nothing.
    pub fn new(config: &JsValue) -> Result<Self, Failure> {
        new_transport(config).map_err(Failure::thrown)
    }
}
