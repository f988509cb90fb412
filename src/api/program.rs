//! What is asked about a program from outside its stream: its status, and its end.

use crate::api::execd::Execd;
use crate::api::poll::{Asker, Next, Pauses, poll};
use crate::api::wire::{Asked, Wire};
use crate::core::rules;
use crate::host::args::CallOptions;
use crate::host::failure::Failure;
use crate::host::object;
use crate::host::transport::Transport;
use std::rc::Rc;
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
pub fn end(execd: &Execd, id: &str, call: &CallOptions) -> Asked {
    let ending =
        Ending { execd: execd.clone(), id: id.to_owned(), refused: None, left: POLL_FAILURES, pauses: Pauses::new() };
    poll(&execd.transport, call, ending)
}

struct Ending {
    execd: Execd,
    id: String,
    /// The interrupt that was refused, while its status is asked for.
    refused: Option<Failure>,
    left: u32,
    pauses: Pauses,
}

impl Asker for Ending {
    fn ask(&mut self, _: &Rc<Transport>, call: &CallOptions) -> Result<Asked, Failure> {
        let wire = if self.refused.is_some() { status(&self.id)?.once() } else { interrupt(&self.id) };
        Ok(wire.ask(&self.execd, call))
    }

    fn judge(&mut self, answer: Result<JsValue, Failure>, _: &Transport, _: &CallOptions) -> Result<Next, Failure> {
        let Some(refused) = self.refused.take() else {
            return match answer {
                Err(refused) if self.left > 0 => {
                    self.refused = Some(refused);
                    Ok(Next::Now)
                }
                last => last.map(Next::Done),
            };
        };
        match answer {
            Ok(status) if object::get(&status, "running").as_bool() == Some(false) => {
                return Ok(Next::Done(JsValue::UNDEFINED));
            }
            Ok(_) => {}
            Err(failure) if failure.status() == Some(404) => {}
            Err(_) => return Err(refused),
        }
        self.left -= 1;
        Ok(self.pauses.pause())
    }
}

/// `GET /command/status/{id}`, as it is on the wire.
pub fn status(id: &str) -> Result<Wire, Failure> {
    let path = format!("/command/status/{}", rules::segment("commandId", id)?);
    Ok(Wire::at("GET", &path, &[], "Get command status failed").object())
}
