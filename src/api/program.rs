//! What is asked about a program from outside its stream: its status, and its end.

use crate::api::execd::Execd;
use crate::api::wire::Wire;
use crate::core::rules;
use crate::host::args::CallOptions;
use crate::host::failure::Failure;
use crate::host::object;
use wasm_bindgen::JsValue;

/// Asking how a program goes on: quickly at first, then every two seconds.
pub const POLL_MS: (f64, f64) = (100.0, 2_000.0);
/// How often in a row a question may go unanswered.
pub const POLL_FAILURES: u32 = 5;

/// `DELETE /command?id=`: SIGTERM to the whole group, SIGKILL after 3 s. For a session it destroys the session. Not repeated:
/// what an id names may be something else by then.
pub fn interrupt(id: &str) -> Wire {
    Wire::at("DELETE", "/command", &[("id", id)], "Interrupt command failed").once()
}

/// `DELETE /code?id=`: what runs in a context is interrupted, like Ctrl-C. The context lives on.
pub fn interrupt_code(id: &str) -> Wire {
    Wire::at("DELETE", "/code", &[("id", id)], "Interrupt code failed").once()
}

/// Interrupts a program until it has ended. execd sends `init` a moment before it knows the id itself: a refusal that
/// early means nothing, and one that comes because the program has just ended is no failure.
pub async fn end(execd: &Execd, id: &str, call: &CallOptions) -> Result<JsValue, Failure> {
    let mut pause = POLL_MS.0;
    for _ in 0..POLL_FAILURES {
        let Err(refused) = interrupt(id).ask(execd, call).await else { return Ok(JsValue::UNDEFINED) };
        match status(id)?.once().ask(execd, call).await {
            Ok(status) if object::get(&status, "running").as_bool() == Some(false) => return Ok(JsValue::UNDEFINED),
            Ok(_) => {}
            Err(failure) if failure.status() == Some(404) => {}
            Err(_) => return Err(refused),
        }
        execd.transport.sleep(pause, call).await?;
        pause *= 1.5;
    }
    interrupt(id).ask(execd, call).await
}

/// `GET /command/status/{id}`, as it is on the wire.
pub fn status(id: &str) -> Result<Wire, Failure> {
    let path = format!("/command/status/{}", rules::segment("commandId", id)?);
    Ok(Wire::at("GET", &path, &[], "Get command status failed").object())
}
