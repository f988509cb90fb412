//! Requests to the daemon inside the sandbox.

use crate::api::endpoints::{Endpoint, Endpoints};
use crate::core::url;
use crate::host::args::CallOptions;
use crate::host::failure::Failure;
use crate::host::http::{Request, Response, send, send_with};
use crate::host::transport::Transport;
use js_sys::Array;
use std::rc::Rc;
use wasm_bindgen::JsValue;

/// The daemon's port inside every sandbox.
pub const PORT: u16 = 44772;

/// One sandbox's daemon, or, at another port, another service of the sandbox. Cheap to clone.
#[derive(Clone)]
pub struct Execd {
    /// Shared with the sandbox.
    pub transport: Rc<Transport>,
    /// Shared with the sandbox.
    pub endpoints: Rc<Endpoints>,
    port: u16,
    /// Stands before every path: an isolated session has the routes of the sandbox's files below a path of its own.
    prefix: Rc<str>,
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
        Self { transport, endpoints, port: PORT, prefix: "".into() }
    }

    /// The service of the same sandbox at another port.
    pub fn at_port(&self, port: u16) -> Self {
        Self { port, ..self.clone() }
    }

    /// The routes below a path, which is encoded and begins with a slash.
    pub fn below(&self, prefix: &str) -> Self {
        Self { prefix: prefix.into(), ..self.clone() }
    }

    /// Where the service is.
    pub async fn endpoint(&self, options: &CallOptions) -> Result<Endpoint, Failure> {
        self.endpoints.get(self.port, options).await
    }

    /// A request of this daemon's, to be sent with `send_with`.
    pub fn request<'a>(
        &self,
        call: &Call<'_>,
        endpoint: &'a Endpoint,
        json: Option<&JsValue>,
    ) -> Result<Request<'a>, Failure> {
        let url = url::with_query(&format!("{}{}{}", endpoint.base, self.prefix, call.path), call.query);
        let request = Request::new(call.method, url, call.what).to(&endpoint.headers);
        match json {
            Some(body) => request.json(body),
            None => Ok(request),
        }
    }

    /// Sends a request, with a JSON body or none.
    pub async fn send(
        &self,
        call: Call<'_>,
        json: Option<&JsValue>,
        options: &CallOptions,
    ) -> Result<Response, Failure> {
        let endpoint = self.endpoint(options).await?;
        send(&self.transport, self.request(&call, &endpoint, json)?, options).await
    }

    /// Sends a request with a header or a body that is not JSON.
    pub async fn send_raw(
        &self,
        call: Call<'_>,
        headers: Vec<(&'static str, String)>,
        body: JsValue,
        options: &CallOptions,
    ) -> Result<Response, Failure> {
        let endpoint = self.endpoint(options).await?;
        let mut request = self.request(&call, &endpoint, None)?;
        request.headers.extend(headers);
        request.body = body;
        send(&self.transport, request, options).await
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
        let mut request = self.request(&call, endpoint, json)?;
        request.headers.push(("Accept", "text/event-stream".into()));
        send_with(&self.transport, request, options, 0.0, signals).await
    }
}
