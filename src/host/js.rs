//! The JavaScript snippets of `src/js`, declared. Each is called from one place in `host` or `api`.

use js_sys::{Array, Object, Promise, Uint8Array};
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
    #[wasm_bindgen(constructor, catch)]
    pub fn new(options: &JsValue) -> Result<ConnectionConfig, JsValue>;
    #[wasm_bindgen(method, catch, js_name = getBaseUrl)]
    pub fn base_url(this: &ConnectionConfig) -> Result<String, JsValue>;
}

#[wasm_bindgen(module = "/src/js/http.js")]
extern "C" {
    pub type Exchange;
    #[wasm_bindgen(catch, js_name = openExchange)]
    pub fn open_exchange(
        fetch: &JsValue,
        url: &str,
        init: &JsValue,
        timeout_ms: f64,
        signals: &Array,
        whole: bool,
    ) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, getter)]
    pub fn status(this: &Exchange) -> u16;
    #[wasm_bindgen(method, getter, js_name = isRedirect)]
    pub fn is_redirect(this: &Exchange) -> bool;
    #[wasm_bindgen(method)]
    pub fn header(this: &Exchange, name: &str) -> Option<String>;
    #[wasm_bindgen(method, js_name = errorText)]
    pub fn error_text(this: &Exchange) -> Promise;
    /// Why it stopped, if it did.
    #[wasm_bindgen(method, getter)]
    pub fn halted(this: &Exchange) -> JsValue;
    /// Why the body could not be read, where it was to be; the next three are for one that was.
    #[wasm_bindgen(method, getter)]
    pub fn broken(this: &Exchange) -> JsValue;
    #[wasm_bindgen(method, catch)]
    pub fn json(this: &Exchange) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method)]
    pub fn text(this: &Exchange) -> JsValue;
    #[wasm_bindgen(method, getter)]
    pub fn whole(this: &Exchange) -> Uint8Array;
    #[wasm_bindgen(method)]
    pub fn abort(this: &Exchange);

    /// Why an exchange stopped.
    pub type Halt;
    #[wasm_bindgen(method, getter)]
    pub fn kind(this: &Halt) -> String;
    #[wasm_bindgen(method, getter)]
    pub fn cause(this: &Halt) -> JsValue;

    #[wasm_bindgen(catch, js_name = requestId)]
    pub fn request_id() -> Result<String, JsValue>;
    #[wasm_bindgen(catch, js_name = normalUrl)]
    pub fn normal_url(text: &str) -> Result<String, JsValue>;
    #[wasm_bindgen(catch, js_name = resolveUrl)]
    pub fn resolve_url(text: &str, base: &str) -> Result<String, JsValue>;
}

#[wasm_bindgen(module = "/src/js/retry.js")]
extern "C" {
    #[wasm_bindgen(catch, js_name = checkRetry)]
    pub fn check_retry(retry: &JsValue) -> Result<JsValue, JsValue>;
}

#[wasm_bindgen(module = "/src/js/logger.js")]
extern "C" {
    #[wasm_bindgen(catch, js_name = checkLogger)]
    pub fn check_logger(logger: &JsValue) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, js_name = writeLog)]
    pub fn write_log(logger: &JsValue, level: &str, line: &str) -> Result<(), JsValue>;
}

#[wasm_bindgen(module = "/src/js/timers.js")]
extern "C" {
    #[wasm_bindgen(catch)]
    pub fn sleep(ms: f64, signals: &Array) -> Result<Promise, JsValue>;
    #[wasm_bindgen(catch)]
    pub fn within(work: &JsValue, ms: f64, signals: &Array) -> Result<Promise, JsValue>;
}

// Not used from Rust. A snippet is shipped only when Rust names something of it, and the others import these.
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
#[wasm_bindgen(module = "/src/js/log.js")]
extern "C" {
    pub type Log;
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

#[wasm_bindgen(module = "/src/js/context.js")]
extern "C" {
    #[wasm_bindgen(catch)]
    pub fn disposable(context: &Object, dispose: &JsValue) -> Result<JsValue, JsValue>;
}

#[wasm_bindgen(module = "/src/js/dispatcher.js")]
extern "C" {
    #[wasm_bindgen(reexport)]
    pub type ExecutionEventDispatcher;
}

#[wasm_bindgen(module = "/src/js/pages.js")]
extern "C" {
    #[wasm_bindgen(catch, js_name = allPages)]
    pub fn all_pages(driver: JsValue) -> Result<JsValue, JsValue>;
}

#[wasm_bindgen(module = "/src/js/run.js")]
extern "C" {
    #[wasm_bindgen(catch)]
    pub fn drive(driver: JsValue, memory: &JsValue, options: &JsValue) -> Result<Promise, JsValue>;
    #[wasm_bindgen(catch, js_name = eventStream)]
    pub fn event_stream(driver: JsValue, memory: &JsValue, options: &JsValue) -> Result<JsValue, JsValue>;
}

#[wasm_bindgen(module = "/src/js/watch.js")]
extern "C" {
    #[wasm_bindgen(catch, js_name = sampleStream)]
    pub fn sample_stream(driver: JsValue, memory: &JsValue, options: &JsValue) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(js_name = sample)]
    pub fn sample(raw: &JsValue) -> JsValue;
}

#[wasm_bindgen(module = "/src/js/handle.js")]
extern "C" {
    #[wasm_bindgen(catch, js_name = startCommand)]
    pub fn start_command(driver: JsValue, memory: &JsValue, options: &JsValue) -> Result<Promise, JsValue>;
}

#[wasm_bindgen(module = "/src/js/background.js")]
extern "C" {
    #[wasm_bindgen(catch, js_name = backgroundCommand)]
    pub fn background_command(driver: JsValue, options: &JsValue) -> Result<JsValue, JsValue>;
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
