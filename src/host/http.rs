//! Sends a request and reads its answer, again if need be. The only way from Rust to the network.

use crate::core::error::{Error, ErrorKind};
use crate::core::retry::{Attempt, Outcome, may_move};
use crate::core::secrets::readable;
use crate::core::text::split;
use crate::host::args::CallOptions;
use crate::host::attempt::{asked_pause, attempt, refusal};
use crate::host::failure::Failure;
use crate::host::js::Exchange;
use crate::host::object;
use crate::host::retry::{Failed, pause, pause_after};
use crate::host::transport::{Deadline, Transport};
use js_sys::{Array, Object, Uint8Array};
use std::borrow::Cow;
use std::future::Future;
use std::pin::Pin;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// Names and values of request headers.
pub type Headers = Vec<(&'static str, String)>;

/// A value as a JSON body, and the header that goes with it.
pub fn json_body(value: &JsValue) -> Result<(Headers, JsValue), Failure> {
    let text = object::stringify(value)
        .map_err(|thrown| Failure::caused(Error::invalid("A value cannot be written as JSON".into()), thrown))?;
    Ok((vec![("Content-Type", "application/json".into())], text.into()))
}

/// A request before it is sent.
pub struct Request<'a> {
    /// `GET`, `POST` …
    pub method: &'static str,
    /// The whole URL.
    pub url: String,
    /// Headers that belong to the endpoint and go nowhere else.
    pub endpoint_headers: Cow<'a, [(String, String)]>,
    /// The beginning of the URL that belongs to the endpoint. Logs do not show it: it may hold what opens a port.
    pub endpoint_base: &'a str,
    /// Extra headers of this kind of request.
    pub headers: Headers,
    /// Text, Blob, Uint8Array or stream; `undefined` for none.
    pub body: JsValue,
    /// What is being done, for messages: "Get sandbox failed".
    pub fallback: &'static str,
    /// Goes to somebody else's server: without any header of the configuration or of the call.
    pub bare: bool,
}

impl<'a> Request<'a> {
    /// Without a body.
    pub fn new(method: &'static str, url: String, fallback: &'static str) -> Self {
        let endpoint_headers = Cow::Borrowed(&[] as &[_]);
        Self {
            method,
            url,
            endpoint_headers,
            endpoint_base: "",
            headers: Vec::new(),
            body: JsValue::UNDEFINED,
            fallback,
            bare: false,
        }
    }

    /// For an endpoint with headers of its own.
    pub fn to(mut self, base: &'a str, headers: &'a [(String, String)]) -> Self {
        self.endpoint_base = base;
        self.endpoint_headers = Cow::Borrowed(headers);
        self
    }

    /// For a server that is neither the lifecycle server nor a sandbox.
    pub fn bare(mut self) -> Self {
        self.bare = true;
        self
    }

    /// With a JSON body.
    pub fn json(mut self, body: &JsValue) -> Result<Self, Failure> {
        let (headers, body) = json_body(body)?;
        self.headers.extend(headers);
        self.body = body;
        Ok(self)
    }

    /// Whether the body is a stream: one that was sent is gone.
    pub fn is_streamed(&self) -> bool {
        object::get(&self.body, "getReader").is_function()
    }

    /// The path for people: without the host, which may be named after the sandbox, and without the query.
    pub fn path(&self) -> String {
        let path = self.url.strip_prefix(self.endpoint_base).filter(|_| !self.endpoint_base.is_empty());
        let after_host = || {
            let (_, rest) = split(&self.url, "://").unwrap_or(("", &self.url));
            rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/")
        };
        readable(path.unwrap_or_else(after_host))
    }
}

/// Looks up where a request into a sandbox should have gone. `None`: there is no other address.
pub type Fresh<'a> = Box<dyn FnOnce(Deadline) -> Pin<Box<dyn Future<Output = Option<Address>> + 'a>> + 'a>;

/// Another address.
pub struct Address {
    /// The whole URL.
    pub url: String,
    /// Go to this endpoint and nowhere else.
    pub headers: Vec<(String, String)>,
}

/// Who reads an answer's body, and what follows for repetitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// We do, to its end. One that breaks is no answer.
    Whole,
    /// The caller does, once there is an answer of success. Nothing is repeated from then on.
    Taken,
    /// The caller does, and nothing is repeated: a stream, or a request whose caller has a way of his own to go on.
    Stream,
}

/// How to send a request.
pub struct Way<'a> {
    /// For all attempts, the pauses between them, and the answer's body.
    pub deadline: Deadline,
    /// What stops it: see [`Transport::signals`].
    pub signals: Array,
    /// Who reads the answer's body.
    pub reader: Body,
    /// Asked once, when there was no answer.
    pub fresh: Option<Fresh<'a>>,
}

/// Sends it and reads the answer to its end. Everything but 2xx is an error. What fails for a while is sent again, as the
/// `retry` of the call and the configuration says.
pub fn send<'a>(transport: &'a Transport, request: Request<'a>, call: &'a CallOptions) -> Sending<'a> {
    let (deadline, signals) = (transport.deadline(call), transport.signals(call));
    send_by(transport, request, call, Way { deadline, signals, reader: Body::Whole, fresh: None })
}

/// Sends it once, for somebody who reads the body as it comes, or not at all.
pub fn open<'a>(transport: &'a Transport, request: Request<'a>, call: &'a CallOptions) -> Sending<'a> {
    let (deadline, signals) = (transport.deadline(call), transport.signals(call));
    send_by(transport, request, call, Way { deadline, signals, reader: Body::Stream, fresh: None })
}

/// An answer that is waited for. Boxed: its states would else be part of each caller's future, and dropping them part of the
/// code of each.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Result<Response, Failure>> + 'a>>;

/// Sends it in the given way.
pub fn send_by<'a>(transport: &'a Transport, request: Request<'a>, call: &'a CallOptions, way: Way<'a>) -> Sending<'a> {
    Box::pin(all_attempts(transport, request, call, way))
}

async fn all_attempts(
    transport: &Transport,
    mut request: Request<'_>,
    call: &CallOptions,
    mut way: Way<'_>,
) -> Result<Response, Failure> {
    transport.check(call)?;
    let retry = transport.retry(call);
    let path = request.path();
    let (method, streamed) = (request.method, request.is_streamed());
    let mut number = 1;
    loop {
        let sent = attempt(transport, &request, call, &way, number).await;
        if sent.outcome == Outcome::NoAnswer {
            let fresh = way.fresh.take().filter(|_| may_move(method, !streamed, sent.never_sent));
            if let Some(fresh) = fresh {
                // A stream has no limit here, but a look-up has one.
                let left = way.deadline.limit_ms > 0.0;
                let deadline = if left { way.deadline } else { transport.deadline(call) };
                if let Some(address) = fresh(deadline).await {
                    transport.warn(&format!("{method} {path}: no answer, and the sandbox's address has changed"));
                    (request.url, request.endpoint_headers) = (address.url, Cow::Owned(address.headers));
                    number += 1;
                    continue;
                }
                transport.check(call)?;
            }
        }
        let refused = sent.result.as_ref().ok().filter(|_| sent.outcome != Outcome::Final);
        let failed = Failed {
            attempt: Attempt {
                method,
                number,
                outcome: sent.outcome,
                retry_after_ms: refused.and_then(asked_pause),
                left_ms: way.deadline.left_ms(),
                repeatable: !streamed && way.reader != Body::Stream,
            },
            path: &path,
            request_id: sent.request_id.as_deref(),
            failure: sent.result.as_ref().err(),
        };
        let Some(ms) = pause_after(&retry, &failed, call) else {
            return match sent.result {
                Ok(response) if sent.outcome != Outcome::Final => {
                    refusal(transport, &request, call, number, response).await
                }
                result => result,
            };
        };
        if let Some(response) = refused {
            // Its connection is given back before anything else is sent.
            response.exchange().abort();
        }
        pause(transport, &retry, &failed, ms, call).await?;
        number += 1;
    }
}

/// What is made of an answer's body.
pub enum Answer {
    /// Nothing.
    Nothing,
    /// A text.
    Text,
    /// Any JSON; `undefined` for none.
    Json,
    /// A JSON object, made official; the error of that carries the request's id too.
    Shaped(fn(Object) -> Result<Object, Error>),
    /// A JSON array, each thing in it made official. An empty body or `null` is an empty one.
    Listed(fn(&JsValue)),
}

/// An answer with a status of success. Those who asked for the whole of it can read it at once.
pub struct Response(Box<Parts>);

struct Parts {
    exchange: Exchange,
    what: &'static str,
    url: String,
    timeout_ms: f64,
    request_id: Option<String>,
    /// A repeated DELETE that has found nothing: done, but there is no answer to read.
    gone: Option<Failure>,
}

impl Response {
    /// The answer to a request. Its status may be any.
    pub fn new(exchange: Exchange, request: &Request<'_>, timeout_ms: f64, request_id: Option<String>) -> Self {
        let (what, url) = (request.fallback, request.url.clone());
        Self(Box::new(Parts { exchange, what, url, timeout_ms, request_id, gone: None }))
    }

    /// The same as a success without a body; who wants one gets the failure.
    pub fn gone(mut self, failure: Failure) -> Self {
        self.0.gone = Some(failure);
        self
    }

    /// The exchange behind it.
    pub fn exchange(&self) -> &Exchange {
        &self.0.exchange
    }

    /// A response header; `None` also where CORS hides it.
    pub fn header(&self, name: &str) -> Option<String> {
        self.0.exchange.header(name)
    }

    /// The status: one of 2xx.
    pub fn status(&self) -> u16 {
        self.0.exchange.status()
    }

    /// The id of the request, for errors.
    pub fn request_id(&self) -> Option<String> {
        self.0.request_id.clone()
    }

    fn broken(&self, halt: JsValue) -> Failure {
        Failure::from_halt(halt, self.0.what, &self.0.url, self.0.timeout_ms).for_request(self.request_id())
    }

    /// The body as bytes.
    pub fn bytes(&self) -> Uint8Array {
        self.0.exchange.whole()
    }

    /// What a reader of ours in `src/js` makes of a body that is still to come.
    pub async fn read_by(self, read: Result<js_sys::Promise, JsValue>) -> Result<JsValue, Failure> {
        let read = match read {
            Ok(promise) => JsFuture::from(promise).await,
            Err(thrown) => Err(thrown),
        };
        read.map_err(|halt| self.broken(halt))
    }

    /// Drops the connection: the status was enough.
    pub fn abort(self) {
        self.0.exchange.abort();
    }

    /// The body as JSON; `undefined` when it is empty. It and texts stay JavaScript values: they may be large, and
    /// WebAssembly memory only grows.
    pub fn json(&self) -> Result<JsValue, Failure> {
        match &self.0.gone {
            Some(failure) => Err(failure.clone()),
            None => self.0.exchange.json().map_err(|halt| self.broken(halt)),
        }
    }

    /// The body as it was asked for.
    pub fn read(&self, answer: Answer) -> Result<JsValue, Failure> {
        match answer {
            Answer::Nothing => Ok(JsValue::UNDEFINED),
            Answer::Text => match &self.0.gone {
                Some(failure) => Err(failure.clone()),
                None => Ok(self.0.exchange.text()),
            },
            Answer::Json => self.json(),
            Answer::Shaped(shape) => {
                let shaped = match self.json()?.dyn_into::<Object>() {
                    Ok(object) if !object.is_instance_of::<Array>() => shape(object),
                    _ => Err(self.unexpected("the answer is not a JSON object")),
                };
                shaped.map(JsValue::from).map_err(|error| Failure::from(error).for_request(self.request_id()))
            }
            Answer::Listed(shape) => {
                let json = self.json()?;
                if object::absent(&json) {
                    return Ok(Array::new().into());
                }
                let Some(list) = json.dyn_ref::<Array>() else {
                    let error = self.unexpected("the answer is not a JSON array");
                    return Err(Failure::from(error).for_request(self.request_id()));
                };
                list.iter().for_each(|item| shape(&item));
                Ok(json)
            }
        }
    }

    fn unexpected(&self, problem: &str) -> Error {
        Error::new(ErrorKind::UnexpectedResponse, format!("{}: {problem}", self.0.what))
    }

    /// The exchange itself, for streams.
    pub fn into_exchange(self) -> Exchange {
        self.0.exchange
    }
}
