//! What to run and how, and the decoder of what a run gives. `src/js/run-reader.js` sends the request and reads the stream.

use crate::api::decisions::{Core, number};
use crate::api::wire::Wire;
use crate::core::capture;
use crate::core::error::Error;
use crate::core::events::{Batch, Kind};
use crate::core::frames::Framer;
use crate::core::rules;
use crate::core::run::{Endpoint, Run, Signal, end_event, exit_code};
use crate::host::args::{CallOptions, Options};
use crate::host::failure::Failure;
use crate::host::js::{self, Execd};
use crate::host::object;
use js_sys::{Function, Object, Promise, Uint8Array};
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
/// By the numbers that `src/js/run.js` has for them.
const ENDPOINTS: [Endpoint; 5] =
    [Endpoint::Command, Endpoint::Background, Endpoint::Session, Endpoint::Code, Endpoint::Watch];

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
    /// As `src/js/run.js` has it.
    pub fn handed(self) -> Result<js::Plan, Failure> {
        let method = if self.body.is_some() { "POST" } else { "GET" };
        let mut wire = Wire::new(method, &self.path, self.what, "nothing");
        if let Some(body) = &self.body {
            wire = wire.json(body)?;
        }
        let Reading { start_ms, idle_ms, max_event, capture, throws } = self.reading;
        let number = ENDPOINTS.iter().position(|endpoint| *endpoint == self.endpoint);
        Ok(js::new_plan(
            wire.as_ref(),
            self.call.as_ref(),
            number.unwrap_or_default() as u32,
            self.interrupts,
            throws,
            self.timeout_ms,
            start_ms.unwrap_or(START_TIMEOUT_MS),
            idle_ms.unwrap_or(IDLE_TIMEOUT_MS),
            max_event.unwrap_or(MAX_EVENT_BYTES),
            &capture.map_or(JsValue::UNDEFINED, |limits| object::array(limits.map(JsValue::from)).into()),
        ))
    }
}

/// Starts a run and resolves with its `Execution`.
pub fn drive(execd: &Execd, plan: Plan, handlers: &JsValue) -> Result<Promise, Failure> {
    Ok(js::drive(execd, &plan.handed()?, handlers))
}

/// Starts a run and resolves with its handle.
pub fn start(execd: &Execd, plan: Plan) -> Result<Promise, Failure> {
    Ok(js::start_command(execd, &plan.handed()?))
}

/// The samples of `GET /metrics/watch`. Nothing is sent before the first one is asked for.
pub fn samples(execd: &Execd, plan: Plan) -> Result<JsValue, Failure> {
    Ok(js::sample_stream(execd, &plan.handed()?))
}

/// The raw events of a run. Nothing is sent before the first one is asked for.
pub fn event_stream(execd: &Execd, plan: Plan) -> Result<JsValue, Failure> {
    Ok(js::event_stream(execd, &plan.handed()?))
}

/// Private to the package: the decoder that `src/js/run-reader.js` holds for one run, and what it knows of its end.
#[wasm_bindgen]
pub struct RunDriver {
    framer: Framer,
    /// What JavaScript writes a chunk into.
    input: Vec<u8>,
    batch: Batch,
    /// Where JavaScript finds what was decoded: see [`RunDriver::header`].
    header: Box<[u32; HEADER]>,
    run: Run,
}

impl Core {
    /// A decoder. `endpoint`: its number. `max_event`: the largest event, in bytes.
    pub fn new_run(&self, endpoint: &JsValue, max_event: &JsValue) -> JsValue {
        let endpoint = ENDPOINTS.get(number(endpoint) as usize).copied().unwrap_or(Endpoint::Command);
        RunDriver {
            framer: Framer::new(number(max_event) as usize),
            input: Vec::new(),
            batch: Batch::default(),
            header: Box::default(),
            run: Run::new(endpoint),
        }
        .into()
    }
}

impl RunDriver {
    /// Tells JavaScript where the batch is. Gives the number of events that are not plain output.
    fn show(&mut self) -> i32 {
        let batch = &self.batch;
        *self.header = [
            batch.count(Kind::Stdout),
            batch.count(Kind::Stderr),
            batch.text.as_ptr() as u32,
            batch.text.len() as u32,
            batch.table.as_ptr() as u32,
            batch.table.len() as u32,
            self.framer.bare_line() as u32,
        ];
        [Kind::Json, Kind::Tail, Kind::Junk].map(|kind| batch.count(kind) as i32).iter().sum()
    }
}

#[wasm_bindgen]
impl RunDriver {
    /// Where to write the next chunk of so many bytes.
    pub fn input(&mut self, length: usize) -> u32 {
        let input = &mut self.input;
        if input.len() < length {
            input.resize(length, 0);
        } else if input.len() > INPUT_BYTES && length <= INPUT_BYTES {
            input.truncate(INPUT_BYTES);
            input.shrink_to_fit();
        }
        input.as_ptr() as u32
    }

    /// Decodes the chunk in `input`. Gives the number of events that are not plain output; `-1 - n` when one was too large.
    pub fn push(&mut self, length: usize) -> i32 {
        self.batch.clear();
        let pushed = self.framer.push(self.input.get(..length).unwrap_or_default(), &mut self.batch);
        let specials = self.show();
        if pushed.is_err() { -1 - specials } else { specials }
    }

    /// The body has ended: what was left over. As `push`.
    pub fn finish(&mut self) -> i32 {
        self.batch.clear();
        self.framer.finish(&mut self.batch);
        self.show()
    }

    /// Hands over the line that is not complete yet: JavaScript puts it together.
    #[wasm_bindgen(js_name = takeLine)]
    pub fn take_line(&mut self) -> Uint8Array {
        Uint8Array::from(self.framer.take_line().as_slice())
    }

    /// Where in memory what was decoded is described, by [`HEADER`] numbers that the next call overwrites: how many events
    /// of stdout and stderr; the text's place and its length in bytes; the table's place and its length in numbers; how many
    /// bytes of an incomplete bare line are held.
    pub fn header(&self) -> u32 {
        self.header.as_ptr() as u32
    }

    /// Takes note of an event; `true`: the run is over.
    pub fn note(&mut self, signal: u8) -> bool {
        Signal::from_number(signal).is_some_and(|signal| self.run.note(signal))
    }

    /// The exit code in the `evalue` of an `error` event, where there is one.
    #[wasm_bindgen(js_name = exitCode)]
    pub fn exit_code(&self, evalue: &str) -> Option<i32> {
        exit_code(evalue)
    }

    /// Whether the end of the body was the end of the run.
    pub fn ended(&self) -> bool {
        self.run.ended()
    }

    /// Whether the sandbox can tell how the run goes on without its stream.
    pub fn recoverable(&self) -> bool {
        self.run.recoverable()
    }

    /// Decodes what the stream did not bring: the program's whole output, of which so many events had come, and its end. Not
    /// possible (`false`) where the output is less than what had come.
    #[allow(clippy::too_many_arguments)]
    pub fn replay(
        &mut self,
        stdout: &[u8],
        stderr: &[u8],
        stdout_seen: usize,
        stderr_seen: usize,
        exit_code: Option<f64>,
        said: &str,
        now: f64,
    ) -> bool {
        self.batch.clear();
        let mut whole = true;
        for (kind, raw, seen) in [(Kind::Stdout, stdout, stdout_seen), (Kind::Stderr, stderr, stderr_seen)] {
            whole &= capture::replay(raw, seen, kind, now, &mut self.batch) >= seen;
        }
        self.batch.add(Kind::Json, &end_event(exit_code, said, now), now);
        self.show();
        whole
    }
}

/// Checks a handlers object: each field a function where it is given.
pub fn check_handlers(handlers: &JsValue) -> Result<(), Error> {
    let options = Options::new("handlers", handlers)?;
    for name in ["onEvent", "onInit", "onStdout", "onStderr", "onResult", "onError", "onExecutionComplete"] {
        let _: Option<Function> = options.function(name)?;
    }
    options.boolean("skipAccumulation").map(|_| ())
}

/// The path of a session's runs.
pub fn session_path(id: &str) -> Result<String, Error> {
    Ok(format!("/session/{}/run", rules::segment("sessionId", id)?))
}
