//! Requests to the daemon inside the sandbox.

use crate::api::endpoints::{Endpoint, Endpoints};
use crate::core::url;
use crate::host::args::CallOptions;
use crate::host::failure::Failure;
use crate::host::http::{Address, Body, Fresh, Headers, Request, Response, Sending, Way, json_body, send_by};
use crate::host::transport::{Deadline, Transport};
use js_sys::Array;
use std::ops::Deref;
use std::rc::Rc;
use wasm_bindgen::JsValue;

/// The daemon's port inside every sandbox.
pub const PORT: u16 = 44772;

/// One sandbox's daemon, or, at another port, another service of the sandbox. Cheap to clone.
#[derive(Clone)]
pub struct Execd(Rc<Service>);

/// What an [`Execd`] is.
pub struct Service {
    /// Shared with the sandbox.
    pub transport: Rc<Transport>,
    /// Shared with the sandbox.
    pub endpoints: Rc<Endpoints>,
    port: u16,
    /// Stands before every path: an isolated session has the routes of the sandbox's files below a path of its own.
    prefix: String,
}

impl Deref for Execd {
    type Target = Service;

    fn deref(&self) -> &Service {
        &self.0
    }
}

/// A request before its address is known.
pub struct Call<'a> {
    /// `GET`, `POST` …
    pub method: &'static str,
    /// Path, already encoded.
    pub path: &'a str,
    /// Query, not yet encoded.
    pub query: &'a [(&'a str, &'a str)],
    /// What is being done, for messages.
    pub what: &'static str,
}

impl Execd {
    /// The daemon itself.
    pub fn new(transport: Rc<Transport>, endpoints: Rc<Endpoints>) -> Self {
        Self(Rc::new(Service { transport, endpoints, port: PORT, prefix: String::new() }))
    }

    /// The service of the same sandbox at another port.
    pub fn at_port(&self, port: u16) -> Self {
        self.other(port, self.prefix.clone())
    }

    /// The routes below a path, which is encoded and begins with a slash.
    pub fn below(&self, prefix: &str) -> Self {
        self.other(self.port, prefix.into())
    }

    fn other(&self, port: u16, prefix: String) -> Self {
        let (transport, endpoints) = (Rc::clone(&self.transport), Rc::clone(&self.endpoints));
        Self(Rc::new(Service { transport, endpoints, port, prefix }))
    }

    /// Where the service is.
    pub async fn endpoint(&self, options: &CallOptions) -> Result<Endpoint, Failure> {
        self.endpoints.get(self.port, options).await
    }

    /// Sends a request, with a JSON body or none.
    pub fn send<'a>(&'a self, call: Call<'a>, json: Option<&JsValue>, options: &'a CallOptions) -> Sending<'a> {
        match json.map_or(Ok((Vec::new(), JsValue::UNDEFINED)), json_body) {
            Ok((headers, body)) => self.send_raw(call, headers, body, options, Body::Whole),
            Err(failure) => Box::pin(async { Err(failure) }),
        }
    }

    /// Sends a request with headers or a body that is not JSON. `reader`: who reads the answer's body. The look-up of the
    /// address is within the request's time, too.
    pub fn send_raw<'a>(
        &'a self,
        call: Call<'a>,
        headers: Headers,
        body: JsValue,
        options: &'a CallOptions,
        reader: Body,
    ) -> Sending<'a> {
        Box::pin(async move {
            let deadline = self.transport.deadline(options);
            let endpoint = self.endpoints.get_by(self.port, options, &deadline).await?;
            let signals = self.transport.signals(options);
            self.send_to(&endpoint, call, (headers, body), options, reader, (deadline, signals)).await
        })
    }

    /// Sends a request to an endpoint that was looked up, with a limit and signals of its own.
    pub fn send_to<'a>(
        &'a self,
        endpoint: &'a Endpoint,
        call: Call<'a>,
        (headers, body): (Headers, JsValue),
        options: &'a CallOptions,
        reader: Body,
        (deadline, signals): (Deadline, Array),
    ) -> Sending<'a> {
        let url = self.url(&call, endpoint);
        let to = Request::new(call.method, url, call.what).to(&endpoint.base, &endpoint.headers);
        let fresh = (!options.probe).then(|| self.fresh(call, endpoint, options));
        send_by(&self.transport, Request { headers, body, ..to }, options, Way { deadline, signals, reader, fresh })
    }

    fn fresh<'a>(&'a self, call: Call<'a>, old: &'a Endpoint, options: &'a CallOptions) -> Fresh<'a> {
        Box::new(move |deadline| {
            Box::pin(async move {
                let new = self.endpoints.moved(self.port, old, options, &deadline).await?;
                Some(Address { url: self.url(&call, &new), headers: new.headers })
            })
        })
    }

    fn url(&self, call: &Call<'_>, endpoint: &Endpoint) -> String {
        url::with_query(&format!("{}{}{}", endpoint.base, self.prefix, call.path), call.query)
    }

    /// Opens a stream: no timeout of its own, and only the given signals, since its reader watches the rest.
    pub async fn open(
        &self,
        endpoint: &Endpoint,
        call: Call<'_>,
        json: Option<&JsValue>,
        options: &CallOptions,
        signals: &Array,
    ) -> Result<Response, Failure> {
        let (mut headers, body) = json.map_or(Ok((Vec::new(), JsValue::UNDEFINED)), json_body)?;
        headers.push(("Accept", "text/event-stream".into()));
        let unlimited = (Deadline::of(0.0), signals.clone());
        self.send_to(endpoint, call, (headers, body), options, Body::Stream, unlimited).await
    }
}
