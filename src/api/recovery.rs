//! How a run whose stream broke went on, and the output that is missing.

use crate::api::execd::Call;
use crate::api::program::{POLL_FAILURES, POLL_MS, status};
use crate::api::run::Inner;
use crate::core::error::{Error, ErrorKind};
use crate::core::events::{Batch, Kind};
use crate::core::run::Endpoint;
use crate::core::{capture, rules};
use crate::host::failure::Failure;
use crate::host::{object, time};
use wasm_bindgen::{JsCast, JsValue};

/// Asks the sandbox, waits for the end of the program, and decodes what the stream did not bring. Resolves with the number
/// of events that are not plain output. `seen`: how many events of stdout and stderr had come.
pub async fn recover(
    inner: &Inner,
    stalled: bool,
    cause: JsValue,
    id: Option<String>,
    seen: [usize; 2],
) -> Result<JsValue, Failure> {
    let what = inner.plan.what;
    let watched = inner.plan.endpoint == Endpoint::Watch;
    let give_up = |why: &str, still_running: Option<bool>| {
        let (kind, problem) = if stalled {
            (ErrorKind::Stalled, "the stream has been silent for too long")
        } else if watched {
            (ErrorKind::Interrupted, "the connection was cut")
        } else {
            (ErrorKind::Interrupted, "the stream ended before the run did")
        };
        let error = Error::new(kind, format!("{what}: {problem}. {why}"));
        Failure::caused(error, cause.clone()).with(|details| {
            details.still_running = still_running;
            details.request_id = inner.request_id.borrow().clone();
        })
    };
    let Some(id) = id.filter(|_| inner.run.borrow().recoverable()) else {
        let why = if watched { "Watch again to go on" } else { "Output that had arrived is in `execution`" };
        return Err(give_up(why, None));
    };
    let status = match ended_status(inner, &id, stalled).await? {
        Fate::Ended(status) => status,
        Fate::Running => {
            return Err(give_up(
                "The program is still running: see commands.getCommandStatus and commands.interrupt",
                Some(true),
            ));
        }
        Fate::Unknown(failure) => {
            return Err(give_up(&format!("How the run went on could not be found out: {}", failure.message()), None));
        }
    };
    let exit_code = object::get(&status, "exit_code").as_f64();
    let now = time::now();
    let mut batch = Batch::default();
    let mut complete = true;
    for (name, kind, skip) in [("stdout", Kind::Stdout, seen.first()), ("stderr", Kind::Stderr, seen.last())] {
        let skip = skip.copied().unwrap_or_default();
        match capture_file(inner, &id, name).await {
            Some(raw) if capture::replay(&raw, skip, kind, now, &mut batch) >= skip => {}
            _ => complete = false,
        }
    }
    if !complete {
        let failure = give_up("The program has ended, but its output could not be read back", Some(false));
        let error = JsValue::from(failure);
        // `src/js/run-reader.js` moves it to the error's execution.
        object::set(error.unchecked_ref(), "exitCode", exit_code.map_or(JsValue::NULL, JsValue::from));
        return Err(Failure::thrown(error));
    }
    // The end that the stream did not get to, in the stream's own words.
    let end = match exit_code {
        Some(0.0) => format!("{{\"type\":\"execution_complete\",\"timestamp\":{}}}", now as u64),
        code => {
            let code = code.map_or_else(String::new, rules::short);
            let said = object::text(&status, "error").and_then(|text| object::stringify(&text.into()).ok());
            format!(
                "{{\"type\":\"error\",\"timestamp\":{},\"error\":{{\"ename\":\"CommandExecError\",\"evalue\":\"{code}\",\"traceback\":[{}]}}}}",
                now as u64,
                said.unwrap_or_default(),
            )
        }
    };
    batch.add(Kind::Json, &end, now);
    *inner.batch.borrow_mut() = batch;
    Ok(inner.show(&inner.batch.borrow()).into())
}

enum Fate {
    Ended(JsValue),
    Running,
    Unknown(Failure),
}

/// Waits for the end of the program, or, after a stall, asks once.
async fn ended_status(inner: &Inner, id: &str, once: bool) -> Result<Fate, Failure> {
    let transport = &inner.execd.transport;
    let call = &inner.plan.call;
    let mut pause = POLL_MS.0;
    let mut failures = 0;
    loop {
        // Asked again anyway.
        match status(id)?.once().ask(&inner.execd, call).await {
            Ok(status) => match object::get(&status, "running").as_bool() {
                Some(false) => return Ok(Fate::Ended(status)),
                Some(true) if once => return Ok(Fate::Running),
                Some(true) => failures = 0,
                None => {
                    return Ok(Fate::Unknown(
                        Error::new(ErrorKind::UnexpectedResponse, "the status says nothing".into()).into(),
                    ));
                }
            },
            Err(failure) => {
                transport.check(call)?;
                // A sandbox that does not answer at all is not asked five times: that would be minutes.
                if failure.is(ErrorKind::Timeout) {
                    return Ok(Fate::Unknown(failure));
                }
                failures += 1;
                // A 404 may be early: execd sends `init` a moment before the status endpoint knows the id.
                if failures >= POLL_FAILURES {
                    return Ok(Fate::Unknown(failure));
                }
            }
        }
        transport.sleep(pause, call).await?;
        pause = (pause * 1.5).min(POLL_MS.1);
    }
}

/// execd keeps the raw output in its temp directory: `/tmp` unless `TMPDIR` says otherwise.
async fn capture_file(inner: &Inner, id: &str, name: &str) -> Option<Vec<u8>> {
    for dir in ["/tmp", "$TMPDIR"] {
        let path = format!("{dir}/{id}.{name}");
        let query = &[("path", path.as_str())];
        let call_to = Call { method: "GET", path: "/files/download", query, what: "Read captured output failed" };
        if let Ok(response) = inner.execd.send(call_to, None, &inner.plan.call).await {
            return Some(response.bytes().to_vec());
        }
    }
    None
}
