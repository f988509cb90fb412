//! How a run whose stream broke went on, and the output that is missing.

use crate::api::execd::Call;
use crate::api::poll::{Asker, Next, Pauses, poll};
use crate::api::program::{POLL_FAILURES, status};
use crate::api::run::Inner;
use crate::api::wire::Asked;
use crate::core::capture;
use crate::core::error::{Error, ErrorKind};
use crate::core::events::{Batch, Kind};
use crate::core::run::{Endpoint, end_event};
use crate::host::args::CallOptions;
use crate::host::failure::Failure;
use crate::host::transport::Transport;
use crate::host::{object, time};
use js_sys::Uint8Array;
use std::pin::Pin;
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue};

/// A run that has lost its stream.
pub struct Lost {
    pub(super) inner: Rc<Inner>,
    /// The stream went silent; else it broke.
    pub stalled: bool,
    /// What is known of why.
    pub cause: JsValue,
    /// The program's id, if it has begun.
    pub id: Option<String>,
    /// How many events of stdout and stderr had come.
    pub seen: [u32; 2],
}

impl Lost {
    /// Asks the sandbox, waits for the end of the program, and decodes what the stream did not bring. Resolves with the number
    /// of events that are not plain output.
    pub fn recover(self) -> Result<Asked, Failure> {
        if self.id.is_none() || !self.inner.run.borrow().recoverable() {
            let watched = self.inner.plan.endpoint == Endpoint::Watch;
            let why = if watched { "Watch again to go on" } else { "Output that had arrived is in `execution`" };
            return Err(self.given_up(why, None));
        }
        let this = Rc::new(self);
        let fate = Fate { lost: Rc::clone(&this), failures: 0, pauses: Pauses::new() };
        let end = poll(&this.inner.execd.transport, &this.inner.plan.call, fate);
        Ok(Box::pin(async move {
            let status = end.await?;
            let stdout = this.captured("stdout").await;
            let stderr = this.captured("stderr").await;
            this.read_back(&status, &stdout, &stderr)
        }))
    }

    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    /// execd keeps the raw output in its temp directory: `/tmp` unless `TMPDIR` says otherwise.
    fn captured(&self, name: &'static str) -> Pin<Box<dyn Future<Output = Option<Uint8Array>> + '_>> {
        Box::pin(async move {
            for dir in ["/tmp", "$TMPDIR"] {
                let path = format!("{dir}/{}.{name}", self.id());
                let query = &[("path", path.as_str())];
                let call_to =
                    Call { method: "GET", path: "/files/download", query, what: "Read captured output failed" };
                if let Ok(response) = self.inner.execd.send(call_to, None, &self.inner.plan.call).await {
                    return Some(response.bytes());
                }
            }
            None
        })
    }

    fn given_up(&self, why: &str, still_running: Option<bool>) -> Failure {
        let plan = &self.inner.plan;
        let (kind, problem) = if self.stalled {
            (ErrorKind::Stalled, "the stream has been silent for too long")
        } else if plan.endpoint == Endpoint::Watch {
            (ErrorKind::Interrupted, "the connection was cut")
        } else {
            (ErrorKind::Interrupted, "the stream ended before the run did")
        };
        let error = Error::new(kind, format!("{}: {problem}. {why}", plan.what));
        Failure::caused(error, self.cause.clone()).with(|details| {
            details.still_running = still_running;
            details.request_id = self.inner.request_id.borrow().clone();
        })
    }

    fn unknown(&self, problem: &str) -> Failure {
        self.given_up(&format!("How the run went on could not be found out: {problem}"), None)
    }

    /// Makes events of the output and of the status.
    fn read_back(
        &self,
        status: &JsValue,
        stdout: &Option<Uint8Array>,
        stderr: &Option<Uint8Array>,
    ) -> Result<JsValue, Failure> {
        let exit_code = object::get(status, "exit_code").as_f64();
        let now = time::now();
        let [out, err] = self.seen;
        let mut batch = Batch::default();
        let mut complete = true;
        for (kind, raw, seen) in [(Kind::Stdout, stdout, out as usize), (Kind::Stderr, stderr, err as usize)] {
            complete &= match raw {
                Some(raw) => capture::replay(&raw.to_vec(), seen, kind, now, &mut batch) >= seen,
                None => false,
            };
        }
        if !complete {
            let failure = self.given_up("The program has ended, but its output could not be read back", Some(false));
            let error = JsValue::from(failure);
            // `src/js/run-reader.js` moves it to the error's execution.
            object::set(error.unchecked_ref(), "exitCode", exit_code.map_or(JsValue::NULL, JsValue::from));
            return Err(Failure::thrown(error));
        }
        let said = object::get(status, "error");
        let said = if said.is_string() { object::stringify(&said).unwrap_or_default() } else { String::new() };
        batch.add(Kind::Json, &end_event(exit_code, &said, now), now);
        *self.inner.batch.borrow_mut() = batch;
        Ok(self.inner.show(&self.inner.batch.borrow()).into())
    }
}

/// Waits for the end of the program, or, after a stall, asks once. Gives the status.
struct Fate {
    lost: Rc<Lost>,
    failures: u32,
    pauses: Pauses,
}

impl Asker for Fate {
    fn ask(&mut self, _: &Rc<Transport>, call: &CallOptions) -> Result<Asked, Failure> {
        // Asked again anyway.
        Ok(status(self.lost.id())?.once().ask(&self.lost.inner.execd, call))
    }

    fn judge(
        &mut self,
        answer: Result<JsValue, Failure>,
        transport: &Transport,
        call: &CallOptions,
    ) -> Result<Next, Failure> {
        match answer {
            Ok(status) => match object::get(&status, "running").as_bool() {
                Some(false) => return Ok(Next::Done(status)),
                Some(true) if self.lost.stalled => {
                    let why = "The program is still running: see commands.getCommandStatus and commands.interrupt";
                    return Err(self.lost.given_up(why, Some(true)));
                }
                Some(true) => self.failures = 0,
                None => return Err(self.lost.unknown("the status says nothing")),
            },
            Err(failure) => {
                transport.check(call)?;
                self.failures += 1;
                // A sandbox that does not answer at all is not asked five times: that would be minutes. A 404 may be early:
                // execd sends `init` a moment before the status endpoint knows the id.
                if failure.is(ErrorKind::Timeout) || self.failures >= POLL_FAILURES {
                    return Err(self.lost.unknown(&failure.message()));
                }
            }
        }
        Ok(self.pauses.pause())
    }
}
