//! The Rust side of a run: decoding, deciding, and the requests around the stream. `src/js/run-reader.js` drives it.

use crate::api::execd::{Call, Execd};
use crate::api::program;
use crate::api::recovery::Lost;
use crate::core::error::{Error, ErrorKind};
use crate::core::events::{Batch, Kind};
use crate::core::frames::Framer;
use crate::core::rules;
use crate::core::run::{Endpoint, Run, Signal, exit_code};
use crate::host::args::{CallOptions, Options};
use crate::host::failure::Failure;
use crate::host::{js, object};
use js_sys::{Function, Object, Promise, Uint8Array};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::prelude::*;

/// The largest event, unless the caller says otherwise. A program may print one line of any length, and execd sends it as
/// one event.
const MAX_EVENT_BYTES: f64 = 67_108_864.0;
/// Not every engine makes longer strings.
const MOST_EVENT_BYTES: f64 = 524_288_000.0;
/// What of an input buffer is kept for the next chunk. JavaScript sends no larger pieces.
const INPUT_BYTES: usize = 1 << 20;
/// Numbers in the header.
const HEADER: usize = 7;
const START_TIMEOUT_MS: f64 = 60_000.0;
/// Pings come every 3 s.
const IDLE_TIMEOUT_MS: f64 = 20_000.0;

/// What to run and how.
#[derive(Clone)]
pub struct Plan {
    /// Where the stream comes from.
    pub endpoint: Endpoint,
    /// Path of the request, encoded.
    pub path: String,
    /// Its JSON body. A plan without one is a `GET`.
    pub body: Option<Object>,
    /// For messages: "Run command failed".
    pub what: &'static str,
    /// The run's own limit in milliseconds, enforced by the server; 0 for none.
    pub timeout_ms: f64,
    /// Whether leaving the stream early ends the program too.
    pub interrupts: bool,
    /// The caller's signal and headers.
    pub call: CallOptions,
    /// How the stream is read.
    pub reading: Reading,
}

/// What every stream can be told about its reading.
#[derive(Default, Clone)]
pub struct Reading {
    /// `startTimeoutSeconds` and `idleTimeoutSeconds` of the caller, in milliseconds.
    pub start_ms: Option<f64>,
    /// See above.
    pub idle_ms: Option<f64>,
    /// The largest event.
    pub max_event: Option<f64>,
    /// How many characters of each output the `Execution` keeps: at its beginning, at its end. `None`: all.
    pub capture: Option<[f64; 2]>,
    /// Whether a program that fails is an exception.
    pub throws: bool,
}

impl Reading {
    /// From the options of a run.
    pub fn read(options: &Options) -> Result<Self, Error> {
        let max_event = options.count("maxEventBytes")?;
        if max_event.is_some_and(|bytes| !(1.0..=MOST_EVENT_BYTES).contains(&bytes)) {
            return Err(Error::invalid(format!("maxEventBytes must be from 1 to {}", rules::short(MOST_EVENT_BYTES))));
        }
        Ok(Self {
            start_ms: options.milliseconds("startTimeoutSeconds")?,
            idle_ms: options.milliseconds("idleTimeoutSeconds")?,
            max_event,
            capture: match options.nested("capture")? {
                Some(capture) => Some(capture_limits(&capture)?),
                None => None,
            },
            throws: options.boolean("throwOnNonZero")?.unwrap_or(false),
        })
    }
}

/// `capture: { headChars, tailChars }`. One that is left out is 0.
fn capture_limits(capture: &Options) -> Result<[f64; 2], Error> {
    let (head, tail) = (capture.count("headChars")?, capture.count("tailChars")?);
    if head.is_none() && tail.is_none() {
        return Err(Error::invalid("capture must have headChars, tailChars or both".into()));
    }
    Ok([head.unwrap_or_default(), tail.unwrap_or_default()])
}

impl Plan {
    fn max_event(&self) -> f64 {
        self.reading.max_event.unwrap_or(MAX_EVENT_BYTES)
    }
}

pub(super) struct Inner {
    pub(super) execd: Execd,
    pub(super) plan: Plan,
    framer: RefCell<Framer>,
    /// What JavaScript writes a chunk into.
    input: RefCell<Vec<u8>>,
    pub(super) batch: RefCell<Batch>,
    /// Where JavaScript finds what was decoded: see [`RunDriver::header`].
    header: Box<[Cell<u32>; HEADER]>,
    pub(super) run: RefCell<Run>,
    /// Left before the request was sent: it shall not be.
    abandoned: Cell<bool>,
    /// Of the request that opened the stream.
    pub(super) request_id: RefCell<Option<String>>,
}

/// Private to the package: the object that `src/js/run-reader.js` holds for one run.
#[wasm_bindgen]
pub struct RunDriver {
    inner: Rc<Inner>,
}

/// Starts a run and resolves with its `Execution`.
pub fn drive(execd: Execd, plan: Plan, handlers: &JsValue) -> Result<Promise, Failure> {
    let (driver, options) = prepare(execd, plan, handlers);
    js::drive(driver.into(), &wasm_bindgen::memory(), &options).map_err(Failure::thrown)
}

/// The same without handlers; also gives what tells the id of the request, for errors.
pub fn begin(execd: Execd, plan: Plan) -> Result<(Promise, impl Fn() -> Option<String>), Failure> {
    let (driver, options) = prepare(execd, plan, &JsValue::UNDEFINED);
    let inner = Rc::clone(&driver.inner);
    let running = js::drive(driver.into(), &wasm_bindgen::memory(), &options).map_err(Failure::thrown)?;
    Ok((running, move || inner.request_id.borrow().clone()))
}

/// Starts a run and resolves with its handle.
pub fn start(execd: Execd, plan: Plan) -> Result<Promise, Failure> {
    let (driver, options) = prepare(execd, plan, &JsValue::UNDEFINED);
    js::start_command(driver.into(), &wasm_bindgen::memory(), &options).map_err(Failure::thrown)
}

/// The samples of `GET /metrics/watch`. Nothing is sent before the first one is asked for.
pub fn samples(execd: Execd, plan: Plan) -> Result<JsValue, Failure> {
    let (driver, options) = prepare(execd, plan, &JsValue::UNDEFINED);
    js::sample_stream(driver.into(), &wasm_bindgen::memory(), &options).map_err(Failure::thrown)
}

/// The raw events of a run. Nothing is sent before the first one is asked for.
pub fn event_stream(execd: Execd, plan: Plan) -> Result<JsValue, Failure> {
    let (driver, options) = prepare(execd, plan, &JsValue::UNDEFINED);
    js::event_stream(driver.into(), &wasm_bindgen::memory(), &options).map_err(Failure::thrown)
}

fn prepare(execd: Execd, plan: Plan, handlers: &JsValue) -> (RunDriver, Object) {
    let options = Object::new();
    object::set(&options, "signals", execd.transport.signals(&plan.call));
    object::set(&options, "interrupts", plan.interrupts);
    object::set(&options, "throwOnNonZero", plan.reading.throws);
    object::set(&options, "startMs", plan.reading.start_ms.unwrap_or(START_TIMEOUT_MS));
    object::set(&options, "idleMs", plan.reading.idle_ms.unwrap_or(IDLE_TIMEOUT_MS));
    object::set(&options, "timeoutMs", plan.timeout_ms);
    object::set(&options, "maxEventBytes", plan.max_event());
    object::set(&options, "code", plan.endpoint == Endpoint::Code);
    object::set(&options, "background", plan.endpoint == Endpoint::Background);
    object::set(&options, "handlers", handlers);
    object::set_some(&options, "capture", plan.reading.capture.map(|limits| object::array(limits.map(JsValue::from))));
    let run = RefCell::new(Run::new(plan.endpoint));
    let framer = RefCell::new(Framer::new(plan.max_event() as usize));
    let inner = Inner {
        execd,
        plan,
        framer,
        input: RefCell::default(),
        batch: RefCell::default(),
        header: Box::default(),
        run,
        abandoned: Cell::new(false),
        request_id: RefCell::default(),
    };
    (RunDriver { inner: Rc::new(inner) }, options)
}

impl Inner {
    /// Tells JavaScript where the batch is. Gives the number of events that are not plain output.
    pub(super) fn show(&self, batch: &Batch) -> i32 {
        let numbers = [
            batch.count(Kind::Stdout),
            batch.count(Kind::Stderr),
            batch.text.as_ptr() as u32,
            batch.text.len() as u32,
            batch.table.as_ptr() as u32,
            batch.table.len() as u32,
            self.framer.borrow().bare_line() as u32,
        ];
        for (cell, number) in self.header.iter().zip(numbers) {
            cell.set(number);
        }
        [Kind::Json, Kind::Tail, Kind::Junk].map(|kind| batch.count(kind) as i32).iter().sum()
    }
}

#[wasm_bindgen]
impl RunDriver {
    /// Sends the request; resolves with the exchange when the headers have come.
    pub fn open(&self, signal: JsValue) -> Promise {
        let inner = Rc::clone(&self.inner);
        super::promise(async move {
            let Plan { path, body, what, call, .. } = &inner.plan;
            let method = if body.is_some() { "POST" } else { "GET" };
            let call_to = Call { method, path, query: &[], what };
            // The caller's own signal is the reader's business: an abort must not cut the connection before the id is known.
            let unsignalled = call.with(|call| call.signal = None);
            let signals = object::array([object::array([signal, "closed".into()]).into()]);
            let endpoint = inner.execd.endpoint(&unsignalled).await?;
            if inner.abandoned.get() {
                return Err(Error::aborted().into());
            }
            let response =
                inner.execd.open(&endpoint, call_to, body.as_ref().map(AsRef::as_ref), &unsignalled, &signals).await?;
            *inner.request_id.borrow_mut() = response.request_id();
            Ok(JsValue::from(response.into_exchange()))
        })
    }

    /// The consumer has left. A request that has not been sent yet will not be.
    pub fn abandon(&self) {
        self.inner.abandoned.set(true);
    }

    /// Where to write the next chunk of so many bytes.
    pub fn input(&self, length: usize) -> u32 {
        let mut input = self.inner.input.borrow_mut();
        if input.len() < length {
            input.resize(length, 0);
        } else if input.len() > INPUT_BYTES && length <= INPUT_BYTES {
            input.truncate(INPUT_BYTES);
            input.shrink_to_fit();
        }
        input.as_ptr() as u32
    }

    /// Decodes the chunk in `input`. Gives the number of events that are not plain output; `-1 - n` when one was too large.
    pub fn push(&self, length: usize) -> i32 {
        let input = self.inner.input.borrow();
        let mut batch = self.inner.batch.borrow_mut();
        batch.clear();
        let pushed = self.inner.framer.borrow_mut().push(input.get(..length).unwrap_or_default(), &mut *batch);
        let specials = self.inner.show(&batch);
        if pushed.is_err() { -1 - specials } else { specials }
    }

    /// The body has ended: what was left over. As `push`.
    pub fn finish(&self) -> i32 {
        let mut batch = self.inner.batch.borrow_mut();
        batch.clear();
        self.inner.framer.borrow_mut().finish(&mut *batch);
        self.inner.show(&batch)
    }

    /// Hands over the line that is not complete yet: JavaScript puts it together.
    #[wasm_bindgen(js_name = takeLine)]
    pub fn take_line(&self) -> Uint8Array {
        Uint8Array::from(self.inner.framer.borrow_mut().take_line().as_slice())
    }

    /// Where in memory what was decoded is described, by [`HEADER`] numbers that the next call overwrites: how many events
    /// of stdout and stderr; the text's place and its length in bytes; the table's place and its length in numbers; how many
    /// bytes of an incomplete bare line are held.
    pub fn header(&self) -> u32 {
        self.inner.header.as_ptr() as u32
    }

    /// Takes note of an event; `true`: the run is over.
    pub fn note(&self, signal: u8) -> bool {
        Signal::from_number(signal).is_some_and(|signal| self.inner.run.borrow_mut().note(signal))
    }

    /// The exit code in the `evalue` of an `error` event, where there is one.
    #[wasm_bindgen(js_name = exitCode)]
    pub fn exit_code(&self, evalue: String) -> Option<i32> {
        exit_code(&evalue)
    }

    /// Whether the end of the body was the end of the run.
    pub fn ended(&self) -> bool {
        self.inner.run.borrow().ended()
    }

    /// Ends the program. Nobody waits for it.
    pub fn interrupt(&self, id: String) {
        // The abort that led here must not stop this request, and closing the sandbox meanwhile may.
        let (execd, plan) = (&self.inner.execd, &self.inner.plan);
        let call = plan.call.for_others();
        let asked = match plan.endpoint {
            Endpoint::Code => program::interrupt_code(&id).ask(execd, &call),
            _ => program::end(execd, &id, &call),
        };
        let _ = super::spawn(Box::pin(async { Ok(asked.await.unwrap_or_default()) }));
    }

    /// The same, for those who wait. A program that has just ended is ended.
    pub fn kill(&self, id: String, options: &JsValue) -> Promise {
        let (inner, call) = (&self.inner, CallOptions::read(options));
        let asked = call.map(|call| {
            let call = call.with(|call| {
                // Those of the run, for a gateway, unless they are said anew.
                let said = std::mem::replace(&mut call.headers, inner.plan.call.headers.clone());
                call.headers.extend(said);
            });
            program::end(&inner.execd, &id, &call)
        });
        super::begun(asked.map_err(Failure::from))
    }

    /// The exception for an end that `src/js/run-reader.js` has seen.
    pub fn failure(&self, kind: &str, detail: JsValue) -> JsValue {
        let what = self.inner.plan.what;
        let failure = match kind {
            "aborted" => Failure::caused(Error::aborted(), detail),
            "closed" => crate::host::failure::closed().into(),
            "start" => Error::new(ErrorKind::Timeout, format!(
                "{what}: nothing has started within {} ms (startTimeoutSeconds)",
                rules::short(detail.as_f64().unwrap_or(0.0))
            ))
            .into(),
            "body" => Failure::broken_body(what, detail),
            "busy" => Error::new(ErrorKind::Busy, format!(
                "{what}: the context {} runs something else, and only one thing at a time. Wait for it, interrupt it \
                 (codes.interrupt), use a context of your own, or pass onBusy: \"queue\"",
                detail.as_string().unwrap_or_default()
            ))
            .into(),
            "unresponsive" => Error::new(ErrorKind::Unresponsive, format!(
                "{what}: the time was over (timeoutSeconds), and the kernel of the context {} did not heed the interrupt. \
                 It may have died, or be busy in native code: codes.deleteContext or codes.restartContext ends it",
                detail.as_string().unwrap_or_default()
            ))
            .into(),
            "too-large" => Error::new(ErrorKind::TooLarge, format!(
                "{what}: one event is larger than {} bytes (maxEventBytes)",
                rules::short(self.inner.plan.max_event())
            ))
            .into(),
            _ => Error::new(ErrorKind::Malformed, format!(
                "{what}: the stream carries something that is no event: {}",
                detail.as_string().unwrap_or_default()
            ))
            .into(),
        };
        failure.for_request(self.inner.request_id.borrow().clone()).into()
    }

    /// The stream broke (`interrupted`) or went silent (`stalled`): finds out how the run went on, and decodes what is
    /// missing. Resolves as `push`.
    pub fn recover(&self, kind: &str, cause: JsValue, id: Option<String>, stdout: u32, stderr: u32) -> Promise {
        let lost =
            Lost { inner: Rc::clone(&self.inner), stalled: kind == "stalled", cause, id, seen: [stdout, stderr] };
        super::begun(lost.recover())
    }
}

/// Checks a handlers object: each field a function where it is given.
pub fn check_handlers(handlers: &JsValue) -> Result<(), Error> {
    let options = crate::host::args::Options::new("handlers", handlers)?;
    for name in ["onEvent", "onInit", "onStdout", "onStderr", "onResult", "onError", "onExecutionComplete"] {
        let _: Option<Function> = options.function(name)?;
    }
    options.boolean("skipAccumulation").map(|_| ())
}

/// The path of a session's runs.
pub fn session_path(id: &str) -> Result<String, Error> {
    Ok(format!("/session/{}/run", rules::segment("sessionId", id)?))
}
