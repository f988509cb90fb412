//! One attempt to get an answer: the call of `fetch`, the line in the log, and what kind of end it was.

use crate::core::error::{Error, ErrorKind};
use crate::core::retry::{Outcome, is_gone, retry_after, says_never_sent};
use crate::core::secrets::mask;
use crate::host::args::CallOptions;
use crate::host::failure::Failure;
use crate::host::http::{Body, Request, Response, Way};
use crate::host::js::{self, Exchange, Halt};
use crate::host::transport::Transport;
use crate::host::{object, time};
use js_sys::{Date, Object};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// How it ended.
pub struct Sent {
    /// An answer with any status, or what to tell the caller. The body of a success is here already, unless the caller wants to
    /// read it as it comes; that of a refusal has not been read.
    pub result: Result<Response, Failure>,
    /// Whether it may go better the next time. A success is final, too.
    pub outcome: Outcome,
    /// Whether the platform says that nothing had been sent.
    pub never_sent: bool,
    /// The id of the request.
    pub request_id: Option<String>,
}

impl Sent {
    fn end(failure: Failure) -> Self {
        Self { result: Err(failure), outcome: Outcome::Final, never_sent: false, request_id: None }
    }
}

/// Sends the request. `number` is for the log.
pub async fn attempt(
    transport: &Transport,
    request: &Request<'_>,
    call: &CallOptions,
    way: &Way<'_>,
    number: u32,
) -> Sent {
    let (init, sent_id) = match init(transport, request, call) {
        Ok(prepared) => prepared,
        Err(failure) => return Sent::end(failure),
    };
    let started = time::now();
    let (limit, whole) = (way.deadline.timer_ms(), way.reader == Body::Whole);
    let opened = match js::open_exchange(&transport.fetch(), &request.url, &init, limit, &way.signals, whole) {
        Ok(promise) => JsFuture::from(promise).await,
        Err(thrown) => Err(thrown),
    };
    let exchange = opened.as_ref().ok().map(JsCast::unchecked_ref::<Exchange>);
    // CORS may hide the response's id; the one that was sent is the same one.
    let request_id = exchange.and_then(|exchange| exchange.header("x-request-id")).or(sent_id);
    transport.log(&format!(
        "{} {} -> {} in {} ms, request {}, attempt {number}",
        request.method,
        request.path(),
        exchange.map_or_else(|| "no answer".into(), |exchange| exchange.status().to_string()),
        (time::now() - started) as u64,
        request_id.as_deref().unwrap_or("-"),
    ));
    match opened {
        Ok(exchange) => answered(transport, request, call, way, exchange.unchecked_into(), request_id),
        Err(halt) => silence(transport, request, call, way, halt, request_id),
    }
}

/// The second argument of `fetch`, and the request's id.
fn init(transport: &Transport, request: &Request<'_>, call: &CallOptions) -> Result<(Object, Option<String>), Failure> {
    let (headers, sent_id) = if request.bare {
        (Object::new(), None)
    } else {
        transport.headers_for(&request.url, &request.endpoint_headers, &request.headers, call)?
    };
    let init = Object::new();
    object::set(&init, "method", request.method);
    object::set(&init, "headers", headers);
    if call.keepalive {
        object::set(&init, "keepalive", true);
    }
    if !request.body.is_undefined() {
        if request.is_streamed() {
            // Without it fetch refuses a stream as a body.
            object::set(&init, "duplex", "half");
        }
        object::set(&init, "body", &request.body);
    }
    Ok((init, sent_id))
}

fn answered(
    transport: &Transport,
    request: &Request<'_>,
    call: &CallOptions,
    way: &Way<'_>,
    exchange: Exchange,
    request_id: Option<String>,
) -> Sent {
    let status = exchange.status();
    if exchange.is_redirect() {
        exchange.abort();
        return Sent::end(Failure::from(Error::redirect(status)).for_request(request_id));
    }
    let broken = exchange.broken();
    if !broken.is_undefined() {
        return silence(transport, request, call, way, broken, request_id);
    }
    let outcome = if (200..300).contains(&status) { Outcome::Final } else { Outcome::Status(status) };
    let response = Response::new(exchange, request, way.deadline.limit_ms, request_id.clone());
    Sent { result: Ok(response), outcome, never_sent: false, request_id }
}

/// No answer, or one whose body broke.
fn silence(
    transport: &Transport,
    request: &Request<'_>,
    call: &CallOptions,
    way: &Way<'_>,
    halt: JsValue,
    request_id: Option<String>,
) -> Sent {
    let cause = halt.dyn_ref::<Halt>().map(Halt::cause).unwrap_or_default();
    let failure = Failure::from_halt(halt, request.fallback, &request.url, way.deadline.limit_ms);
    let failure = failure.for_request(request_id.clone());
    if !failure.is(ErrorKind::Network) {
        return Sent::end(failure);
    }
    // What a `fetch` of the caller's says may be anything.
    let secrets = transport.secrets(&request.endpoint_headers, call);
    let failure = failure.renamed(|error| Some(error.clone().saying(mask(&error.message, secrets))));
    Sent { result: Err(failure), outcome: Outcome::NoAnswer, never_sent: never_sent(&cause), request_id }
}

/// Node keeps the reason in the error's own cause.
fn never_sent(cause: &JsValue) -> bool {
    [cause, &object::get(cause, "cause")].into_iter().any(|error| {
        ["code", "message"].into_iter().filter_map(|name| object::text(error, name)).any(|text| says_never_sent(&text))
    })
}

/// The answer's `Retry-After` in milliseconds. A date is compared with the server's own clock where it tells that.
pub fn asked_pause(response: &Response) -> Option<f64> {
    let date = |text: &str| Some(Date::new(&text.into()).get_time()).filter(|time| !time.is_nan());
    let now = response.header("date").as_deref().and_then(date).unwrap_or_else(time::now);
    retry_after(&response.header("retry-after")?, now, date)
}

/// What the caller gets of a refusal: an error with the server's words, or, when a repeated DELETE has found nothing, success.
pub async fn refusal(
    transport: &Transport,
    request: &Request<'_>,
    call: &CallOptions,
    number: u32,
    response: Response,
) -> Result<Response, Failure> {
    let exchange = response.exchange();
    let status = exchange.status();
    // The status says more than a body that cannot be read.
    let text = JsFuture::from(exchange.error_text()).await.unwrap_or_default().as_string().unwrap_or_default();
    if let Some(halt) = exchange.halted().dyn_ref::<Halt>().filter(|halt| halt.kind() != "timeout") {
        let failure = Failure::from_halt(halt.into(), request.fallback, &request.url, 0.0);
        return Err(failure.for_request(response.request_id()));
    }
    // A server may repeat what it was sent.
    let text = mask(&text, transport.secrets(&request.endpoint_headers, call));
    let failure = Failure::from_response(status, &text, response.request_id(), request.fallback);
    if is_gone(request.method, number, status) { Ok(response.gone(failure)) } else { Err(failure) }
}
