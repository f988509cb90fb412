//! The one loop, and the one future, of all that ask again and again: what to ask and what follows are plain functions.

use crate::api::program::POLL_MS;
use crate::api::wire::Asked;
use crate::host::args::CallOptions;
use crate::host::failure::Failure;
use crate::host::transport::Transport;
use js_sys::Promise;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

/// Pauses that grow.
pub struct Pauses(f64);

impl Pauses {
    /// From the shortest on.
    pub fn new() -> Self {
        Self(POLL_MS.0)
    }

    /// How long the next one is.
    pub fn next_ms(&self) -> f64 {
        self.0
    }

    /// Takes the next one.
    pub fn pause(&mut self) -> Next {
        let ms = self.0;
        self.0 = (ms * 1.5).min(POLL_MS.1);
        Next::After(ms)
    }
}

/// What follows from an answer.
pub enum Next {
    /// It is over.
    Done(JsValue),
    /// The next question, at once.
    Now,
    /// The next question, after so many milliseconds.
    After(f64),
}

/// Somebody who asks until he knows enough.
pub trait Asker {
    /// The next question.
    fn ask(&mut self, transport: &Rc<Transport>, call: &CallOptions) -> Result<Asked, Failure>;

    /// What follows from its answer. An error ends it.
    fn judge(
        &mut self,
        answer: Result<JsValue, Failure>,
        transport: &Transport,
        call: &CallOptions,
    ) -> Result<Next, Failure>;
}

/// Asks until it is over. A pause ends early, with an error, when the call is aborted or the transport closed.
pub fn poll(transport: &Rc<Transport>, call: &CallOptions, asker: impl Asker + 'static) -> Asked {
    Box::pin(polled(Rc::clone(transport), call.clone(), Box::new(asker)))
}

async fn polled(transport: Rc<Transport>, call: CallOptions, mut asker: Box<dyn Asker>) -> Result<JsValue, Failure> {
    loop {
        let answer = asker.ask(&transport, &call)?.await;
        match asker.judge(answer, &transport, &call)? {
            Next::Done(value) => return Ok(value),
            Next::Now => {}
            Next::After(ms) => drop(transport.sleep(ms, &call).await?),
        }
    }
}

/// What a promise gives, as an answer like those of the network.
pub fn promised(promise: Result<Promise, JsValue>) -> Asked {
    Box::pin(async { JsFuture::from(promise.map_err(Failure::thrown)?).await.map_err(Failure::thrown) })
}
