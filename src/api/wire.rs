//! A call of the lifecycle API as data: built and checked at once, sent later. One future serves them all; one per method would
//! make the wasm a quarter larger.

use crate::api::promise;
use crate::core::error::Error;
use crate::core::rules;
use crate::host::args::{self, CallOptions};
use crate::host::failure::Failure;
use crate::host::http::{Request, send};
use crate::host::transport::Transport;
use js_sys::{Object, Promise};
use std::rc::Rc;
use wasm_bindgen::JsValue;

/// The URL of one thing of a collection. `field` is the name of the id for messages.
pub fn item(transport: &Transport, collection: &str, field: &str, id: &JsValue) -> Result<String, Error> {
    Ok(format!("{}/{collection}/{}", transport.base, rules::segment(field, &args::string(field, id)?)?))
}

/// What is made of the answer.
enum Answer {
    Nothing,
    Text,
    Shaped(fn(Object) -> Result<Object, Error>),
}

/// A call before it is sent.
pub struct Wire {
    request: Request<'static>,
    answer: Answer,
    part: Option<&'static str>,
}

impl Wire {
    /// One that gives nothing. `what` is being done, for messages: "Get sandbox failed".
    pub fn new(method: &'static str, url: String, what: &'static str) -> Self {
        Self { request: Request::new(method, url, what), answer: Answer::Nothing, part: None }
    }

    /// With a JSON body.
    pub fn json(self, body: &JsValue) -> Result<Self, Failure> {
        Ok(Self { request: self.request.json(body)?, ..self })
    }

    /// Gives an object, made official by `shape`.
    pub fn shaped(self, shape: fn(Object) -> Result<Object, Error>) -> Self {
        Self { answer: Answer::Shaped(shape), ..self }
    }

    /// Gives a text.
    pub fn text(self) -> Self {
        Self { answer: Answer::Text, ..self }
    }

    /// Gives nothing, whatever the server says.
    pub fn silent(self) -> Self {
        Self { answer: Answer::Nothing, ..self }
    }

    /// Belongs to a part of the API that not every server has: "Snapshots are".
    pub fn part(self, part: &'static str) -> Self {
        Self { part: Some(part), ..self }
    }

    /// Sends it.
    pub async fn send(self, transport: &Transport, call: &CallOptions) -> Result<JsValue, Failure> {
        let response = send(transport, self.request, call).await.map_err(|failure| match self.part {
            Some(part) => failure.or_unsupported(part),
            None => failure,
        })?;
        match self.answer {
            Answer::Nothing => response.done().await.map(|()| JsValue::UNDEFINED),
            Answer::Text => response.text().await,
            Answer::Shaped(shape) => response.shaped(shape).await.map(JsValue::from),
        }
    }
}

/// The promise of an exported method. `options` are those of the call.
pub fn promised(transport: &Rc<Transport>, wire: Result<Wire, Failure>, options: &JsValue) -> Promise {
    let (transport, call) = (Rc::clone(transport), CallOptions::read(options));
    promise(async move { wire?.send(&transport, &call?).await })
}
