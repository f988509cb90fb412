//! What is asked about a program from outside its stream: its status, and its end.

use crate::api::execd::{Call, Execd};
use crate::core::rules;
use crate::host::args::CallOptions;
use crate::host::failure::Failure;
use crate::host::object;
use js_sys::Object;

/// Asking how a program goes on: quickly at first, then every two seconds.
pub const POLL_MS: (f64, f64) = (100.0, 2_000.0);
/// How often in a row a question may go unanswered.
pub const POLL_FAILURES: u32 = 5;

/// `DELETE /command?id=`: SIGTERM to the whole group, SIGKILL after 3 s. For a session it destroys the session. Not repeated:
/// what an id names may be something else by then.
pub async fn interrupt(execd: &Execd, id: &str, call: &CallOptions) -> Result<(), Failure> {
    execd
        .send(
            Call { method: "DELETE", path: "/command", query: &[("id", id)], what: "Interrupt command failed" },
            None,
            &call.once(),
        )
        .await?
        .done()
        .await
}

/// `DELETE /code?id=`: what runs in a context is interrupted, like Ctrl-C. The context lives on.
pub async fn interrupt_code(execd: &Execd, id: &str, call: &CallOptions) -> Result<(), Failure> {
    let call_to = Call { method: "DELETE", path: "/code", query: &[("id", id)], what: "Interrupt code failed" };
    execd.send(call_to, None, &call.once()).await?.done().await
}

/// Interrupts a program until it has ended. execd sends `init` a moment before it knows the id itself: a refusal that
/// early means nothing, and one that comes because the program has just ended is no failure.
pub async fn end(execd: &Execd, id: &str, call: &CallOptions) -> Result<(), Failure> {
    let mut pause = POLL_MS.0;
    for _ in 0..POLL_FAILURES {
        let Err(refused) = interrupt(execd, id, call).await else { return Ok(()) };
        match status(execd, id, &call.once()).await {
            Ok(status) if object::get(&status, "running").as_bool() == Some(false) => return Ok(()),
            Ok(_) => {}
            Err(failure) if failure.status() == Some(404) => {}
            Err(_) => return Err(refused),
        }
        execd.transport.sleep(pause, call).await?;
        pause *= 1.5;
    }
    interrupt(execd, id, call).await
}

/// `GET /command/status/{id}`, as it is on the wire.
pub async fn status(execd: &Execd, id: &str, call: &CallOptions) -> Result<Object, Failure> {
    let path = format!("/command/status/{}", rules::segment("commandId", id)?);
    execd
        .send(Call { method: "GET", path: &path, query: &[], what: "Get command status failed" }, None, call)
        .await?
        .object()
        .await
}
