//! Sends a request and reads its answer. The only way from Rust to the network.

use crate::core::error::Error;
use crate::host::args::CallOptions;
use crate::host::failure::Failure;
use crate::host::js::{self, Exchange};
use crate::host::transport::Transport;
use crate::host::{object, time};
use js_sys::{Object, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// A request before it is sent.
pub struct Request<'a> {
    /// `GET`, `POST` …
    pub method: &'static str,
    /// The whole URL.
    pub url: String,
    /// Headers that belong to the endpoint and go nowhere else.
    pub endpoint_headers: &'a [(String, String)],
    /// Extra headers of this kind of request.
    pub headers: Vec<(&'static str, String)>,
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
        Self {
            method,
            url,
            endpoint_headers: &[],
            headers: Vec::new(),
            body: JsValue::UNDEFINED,
            fallback,
            bare: false,
        }
    }

    /// For an endpoint with headers of its own.
    pub fn to(mut self, endpoint_headers: &'a [(String, String)]) -> Self {
        self.endpoint_headers = endpoint_headers;
        self
    }

    /// For a server that is neither the lifecycle server nor a sandbox.
    pub fn bare(mut self) -> Self {
        self.bare = true;
        self
    }

    /// With a JSON body.
    pub fn json(mut self, body: &JsValue) -> Result<Self, Failure> {
        self.body = object::stringify(body)
            .map_err(|thrown| {
                Failure::caused(Error::InvalidArgument("A value cannot be written as JSON".into()), thrown)
            })?
            .into();
        self.headers.push(("Content-Type", "application/json".into()));
        Ok(self)
    }
}

/// An answer with a status of success.
pub struct Response {
    exchange: Exchange,
    what: &'static str,
    url: String,
    timeout_ms: f64,
    request_id: Option<String>,
}

/// Sends it. Everything but 2xx is an error.
pub async fn send(transport: &Transport, request: Request<'_>, call: &CallOptions) -> Result<Response, Failure> {
    let timeout_ms = transport.timeout_ms(call);
    let signals = transport.signals(call);
    send_with(transport, request, call, timeout_ms, &signals).await
}

/// Sends it with a timeout and signals of its own: streams have another clock.
pub async fn send_with(
    transport: &Transport,
    request: Request<'_>,
    call: &CallOptions,
    timeout_ms: f64,
    signals: &js_sys::Array,
) -> Result<Response, Failure> {
    transport.check(call)?;
    let Request { method, url, endpoint_headers, headers: own, body, fallback, bare } = request;
    let (headers, sent_id) =
        if bare { (Object::new(), None) } else { transport.headers_for(&url, endpoint_headers, &own, call)? };
    let init = Object::new();
    object::set(&init, "method", method);
    object::set(&init, "headers", headers);
    if call.keepalive {
        object::set(&init, "keepalive", true);
    }
    if !body.is_undefined() {
        if object::get(&body, "getReader").is_function() {
            // Without it fetch refuses a stream as a body.
            object::set(&init, "duplex", "half");
        }
        object::set(&init, "body", body);
    }
    let started = time::now();
    let opened = match js::open_exchange(&transport.fetch(), &url, &init, timeout_ms, signals) {
        Ok(promise) => JsFuture::from(promise).await,
        Err(thrown) => Err(thrown),
    };
    let exchange: Exchange = match opened {
        Ok(exchange) => exchange.unchecked_into(),
        Err(halt) => {
            transport.log(method, &url, 0, time::now() - started, sent_id.as_deref());
            return Err(Failure::from_halt(halt, fallback, &url, timeout_ms).for_request(sent_id));
        }
    };
    let status = exchange.status();
    // CORS may hide the response's id; the one that was sent is the same one.
    let request_id = exchange.header("x-request-id").or(sent_id);
    transport.log(method, &url, status, time::now() - started, request_id.as_deref());
    if exchange.is_redirect() {
        exchange.abort();
        return Err(Failure::from(Error::Redirect(status)).for_request(request_id));
    }
    let response = Response { exchange, what: fallback, url, timeout_ms, request_id };
    if (200..300).contains(&status) {
        return Ok(response);
    }
    // The status says more than a body that cannot be read.
    let text = JsFuture::from(response.exchange.error_text()).await.unwrap_or_default().as_string().unwrap_or_default();
    Err(Failure::from_response(status, &text, response.request_id, fallback))
}

impl Response {
    /// A response header; `None` also where CORS hides it.
    pub fn header(&self, name: &str) -> Option<String> {
        self.exchange.header(name)
    }

    /// The status: one of 2xx.
    pub fn status(&self) -> u16 {
        self.exchange.status()
    }

    /// The id of the request, for errors.
    pub fn request_id(&self) -> Option<String> {
        self.request_id.clone()
    }

    fn broken(&self, halt: JsValue) -> Failure {
        Failure::from_halt(halt, self.what, &self.url, self.timeout_ms).for_request(self.request_id.clone())
    }

    /// The body as bytes.
    pub async fn bytes(self) -> Result<Uint8Array, Failure> {
        let bytes = JsFuture::from(self.exchange.bytes()).await;
        bytes.map(JsCast::unchecked_into).map_err(|halt| self.broken(halt))
    }

    /// What a reader of ours in `src/js` makes of the body.
    pub async fn read_by(
        self,
        read: impl FnOnce(&Exchange) -> Result<js_sys::Promise, JsValue>,
    ) -> Result<JsValue, Failure> {
        let read = match read(&self.exchange) {
            Ok(promise) => JsFuture::from(promise).await,
            Err(thrown) => Err(thrown),
        };
        read.map_err(|halt| self.broken(halt))
    }

    /// The body as text, a JavaScript string: it may be large, and WebAssembly memory only grows.
    pub async fn text(self) -> Result<JsValue, Failure> {
        JsFuture::from(self.exchange.text()).await.map_err(|halt| self.broken(halt))
    }

    /// Drops the connection: the status was enough.
    pub fn abort(self) {
        self.exchange.abort();
    }

    /// The body as JSON; `undefined` when it is empty.
    pub async fn json(self) -> Result<JsValue, Failure> {
        JsFuture::from(self.exchange.json()).await.map_err(|halt| self.broken(halt))
    }

    /// The body as a JSON object.
    pub async fn object(self) -> Result<Object, Failure> {
        let (what, request_id) = (self.what, self.request_id.clone());
        match self.json().await?.dyn_into::<Object>() {
            Ok(object) if !object.is_instance_of::<js_sys::Array>() => Ok(object),
            _ => Err(unexpected(what, "the answer is not a JSON object", request_id)),
        }
    }

    /// The body as an object, made official by `shape`, whose error carries the request's id too.
    pub async fn shaped(self, shape: impl FnOnce(Object) -> Result<Object, Error>) -> Result<Object, Failure> {
        let request_id = self.request_id.clone();
        shape(self.object().await?).map_err(|error| Failure::from(error).for_request(request_id))
    }

    /// The body as a JSON array; an empty body or `null` is an empty one.
    pub async fn array(self) -> Result<js_sys::Array, Failure> {
        let (what, request_id) = (self.what, self.request_id.clone());
        let json = self.json().await?;
        if object::absent(&json) {
            return Ok(js_sys::Array::new());
        }
        json.dyn_into().map_err(|_| unexpected(what, "the answer is not a JSON array", request_id))
    }

    /// Reads the body to its end and drops it, so that the connection can be used again.
    pub async fn done(self) -> Result<(), Failure> {
        JsFuture::from(self.exchange.drain()).await.map(|_| ()).map_err(|halt| self.broken(halt))
    }

    /// The exchange itself, for streams.
    pub fn into_exchange(self) -> Exchange {
        self.exchange
    }
}

fn unexpected(what: &str, problem: &str, request_id: Option<String>) -> Failure {
    Failure::from(Error::UnexpectedResponse(format!("{what}: {problem}"))).for_request(request_id)
}
