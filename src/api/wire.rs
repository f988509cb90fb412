//! A call of the lifecycle API, of execd or of another service of a sandbox as data: built and checked at once, sent later. One
//! future serves them all: with one for each method the wasm was 38 kB larger.

use crate::api::execd::{Call, Execd};
use crate::api::spawn;
use crate::core::error::Error;
use crate::core::{rules, url};
use crate::host::args::{self, CallOptions};
use crate::host::failure::Failure;
use crate::host::http::{Answer, Body, Request, send};
use crate::host::transport::Transport;
use js_sys::{Object, Promise};
use std::pin::Pin;
use std::rc::Rc;
use wasm_bindgen::JsValue;

/// The URL of one thing of a collection. `field` is the name of the id for messages.
pub fn item(transport: &Transport, collection: &str, field: &str, id: &JsValue) -> Result<String, Error> {
    Ok(format!("{}/{collection}/{}", transport.base, rules::segment(field, &args::string(field, id)?)?))
}

/// The last word on what has come of a call.
type Then = Box<dyn FnOnce(Result<JsValue, Failure>) -> Result<JsValue, Failure>>;

/// Who is asked.
pub enum To {
    /// The lifecycle server.
    Server(Rc<Transport>),
    /// execd, or another service of a sandbox.
    Daemon(Execd),
}

impl From<&Rc<Transport>> for To {
    fn from(transport: &Rc<Transport>) -> Self {
        Self::Server(Rc::clone(transport))
    }
}

impl From<&Execd> for To {
    fn from(execd: &Execd) -> Self {
        Self::Daemon(execd.clone())
    }
}

/// What has come of a call, when it has. Nothing is sent before it is waited for.
pub type Asked = Pin<Box<dyn Future<Output = Result<JsValue, Failure>>>>;

/// A call before it is sent.
pub struct Wire {
    request: Request<'static>,
    answer: Answer,
    part: Option<&'static str>,
    once: bool,
    then: Option<Then>,
}

impl Wire {
    /// One that gives nothing. `what` is being done, for messages: "Get sandbox failed".
    #[inline(never)]
    pub fn new(method: &'static str, url: String, what: &'static str) -> Self {
        let request = Request::new(method, url, what);
        Self { request, answer: Answer::Nothing, part: None, once: false, then: None }
    }

    /// One for execd, at a path that is encoded, with a query that is not.
    #[inline(never)]
    pub fn at(method: &'static str, path: &str, query: &[(&str, &str)], what: &'static str) -> Self {
        Self::new(method, url::with_query(path, query), what)
    }

    /// With a JSON body.
    #[inline(never)]
    pub fn json(mut self, body: &JsValue) -> Result<Self, Failure> {
        self.request = self.request.json(body)?;
        Ok(self)
    }

    /// Gives an object, made official by `shape`.
    pub fn shaped(mut self, shape: fn(Object) -> Result<Object, Error>) -> Self {
        self.answer = Answer::Shaped(shape);
        self
    }

    /// Gives an object as it is.
    pub fn object(self) -> Self {
        self.shaped(Ok)
    }

    /// Gives an array; `shape` makes each thing in it official.
    pub fn listed(mut self, shape: fn(&JsValue)) -> Self {
        self.answer = Answer::Listed(shape);
        self
    }

    /// Gives a text.
    pub fn text(mut self) -> Self {
        self.answer = Answer::Text;
        self
    }

    /// Gives any JSON; `undefined` when there is none.
    pub fn any(mut self) -> Self {
        self.answer = Answer::Json;
        self
    }

    /// Gives nothing, whatever the server says.
    pub fn silent(mut self) -> Self {
        self.answer = Answer::Nothing;
        self
    }

    /// Belongs to a part of the API that not every server has: "Snapshots are".
    pub fn part(mut self, part: &'static str) -> Self {
        self.part = Some(part);
        self
    }

    /// Never repeated, whatever the caller says.
    pub fn once(mut self) -> Self {
        self.once = true;
        self
    }

    /// Has the last word on what has come of it, once it was sent.
    pub fn then(mut self, then: impl FnOnce(Result<JsValue, Failure>) -> Result<JsValue, Failure> + 'static) -> Self {
        self.then = Some(Box::new(then));
        self
    }

    /// One that is not there any more is gone, too.
    pub fn or_gone(self) -> Self {
        self.then(|answer| match answer {
            Err(failure) if failure.status() == Some(404) => Ok(JsValue::UNDEFINED),
            other => other,
        })
    }

    /// Never fails: nobody listens, and a rejection that nobody hears is reported.
    pub fn unheard(self) -> Self {
        self.then(|_| Ok(JsValue::UNDEFINED))
    }

    /// Sends it when it is waited for.
    pub fn ask(self, to: impl Into<To>, call: &CallOptions) -> Asked {
        Box::pin(asked(to.into(), Ok(self), Ok(call.clone())))
    }
}

/// The one future of all calls.
async fn asked(to: To, wire: Result<Wire, Failure>, call: Result<CallOptions, Error>) -> Result<JsValue, Failure> {
    let Wire { request, answer, part, once, then } = wire?;
    let call = call?;
    let call = if once { call.once() } else { call };
    let sent = match &to {
        To::Server(transport) => send(transport, request, &call),
        To::Daemon(execd) => {
            let Request { method, ref url, headers, body, fallback, .. } = request;
            let call_to = Call { method, path: url, query: &[], what: fallback };
            execd.send_raw(call_to, headers, body, &call, Body::Whole)
        }
    };
    let told = match sent.await {
        Err(failure) => Err(match part {
            Some(part) => failure.or_unsupported(part),
            None => failure,
        }),
        Ok(response) => response.read(answer),
    };
    match then {
        Some(then) => then(told),
        None => told,
    }
}

/// The promise of an exported method. `options` are those of the call.
pub fn promised(to: impl Into<To>, wire: Result<Wire, Failure>, options: &JsValue) -> Promise {
    started(to.into(), wire, CallOptions::read(options))
}

/// The same with options that were read.
#[inline(never)]
pub fn started(to: To, wire: Result<Wire, Failure>, call: Result<CallOptions, Error>) -> Promise {
    spawn(Box::pin(asked(to, wire, call)))
}
