//! A call of the lifecycle API or of execd as data: built and checked at once, sent later. One future serves them all; one per
//! method would make the wasm a quarter larger.

use crate::api::execd::{Call, Execd};
use crate::api::promise;
use crate::core::error::Error;
use crate::core::{rules, url};
use crate::host::args::{self, CallOptions};
use crate::host::failure::Failure;
use crate::host::http::{self, Body, Request, send};
use crate::host::transport::Transport;
use js_sys::{Array, Object, Promise};
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
    Listed(fn(&JsValue)),
}

/// Who is asked.
enum To {
    Server(Rc<Transport>),
    Daemon(Execd),
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

    /// One for execd, at a path that is encoded, with a query that is not.
    pub fn at(method: &'static str, path: &str, query: &[(&str, &str)], what: &'static str) -> Self {
        Self::new(method, url::with_query(path, query), what)
    }

    /// With a JSON body.
    pub fn json(self, body: &JsValue) -> Result<Self, Failure> {
        Ok(Self { request: self.request.json(body)?, ..self })
    }

    /// Gives an object, made official by `shape`.
    pub fn shaped(self, shape: fn(Object) -> Result<Object, Error>) -> Self {
        Self { answer: Answer::Shaped(shape), ..self }
    }

    /// Gives an array; `shape` makes each thing in it official.
    pub fn listed(self, shape: fn(&JsValue)) -> Self {
        Self { answer: Answer::Listed(shape), ..self }
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

    /// Sends it to the lifecycle server.
    pub async fn send(self, transport: &Transport, call: &CallOptions) -> Result<JsValue, Failure> {
        answered(send(transport, self.request, call), self.answer, self.part).await
    }

    /// Sends it to execd.
    async fn ask(self, execd: &Execd, call: &CallOptions) -> Result<JsValue, Failure> {
        let Request { method, url, headers, body, fallback, .. } = self.request;
        let call_to = Call { method, path: &url, query: &[], what: fallback };
        answered(execd.send_raw(call_to, headers, body, call, Body::Whole), self.answer, self.part).await
    }
}

async fn answered(sent: http::Answer<'_>, answer: Answer, part: Option<&'static str>) -> Result<JsValue, Failure> {
    let response = sent.await.map_err(|failure| match part {
        Some(part) => failure.or_unsupported(part),
        None => failure,
    })?;
    match answer {
        Answer::Nothing => response.done().await.map(|()| JsValue::UNDEFINED),
        Answer::Text => response.text().await,
        Answer::Shaped(shape) => response.shaped(shape).await.map(JsValue::from),
        Answer::Listed(shape) => {
            let list: Array = response.array().await?;
            list.iter().for_each(|item| shape(&item));
            Ok(list.into())
        }
    }
}

fn started(to: To, wire: Result<Wire, Failure>, options: &JsValue) -> Promise {
    let call = CallOptions::read(options);
    promise(async move {
        match &to {
            To::Server(transport) => wire?.send(transport, &call?).await,
            To::Daemon(execd) => wire?.ask(execd, &call?).await,
        }
    })
}

/// The promise of an exported method. `options` are those of the call.
pub fn promised(transport: &Rc<Transport>, wire: Result<Wire, Failure>, options: &JsValue) -> Promise {
    started(To::Server(Rc::clone(transport)), wire, options)
}

/// The same for a call of execd.
pub fn asked(execd: &Execd, wire: Result<Wire, Failure>, options: &JsValue) -> Promise {
    started(To::Daemon(execd.clone()), wire, options)
}
