//! One attempt to get an answer: the call of `fetch`, the line in the log, and what kind of end it was.

use crate::core::error::{Error, ErrorKind};
use crate::core::retry::{is_gone, retry_after, says_never_sent};
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
pub enum Sent {
    /// With success. The body is here already, unless the caller wants to read it as it comes.
    Answer(Response),
    /// With an error status. The body has not been read.
    Refusal(Response),
    /// Without an answer, or with one whose body broke.
    Silence {
        /// What to tell the caller.
        failure: Failure,
        /// Whether the platform says that nothing had been sent.
        never_sent: bool,
        /// The id that was sent.
        request_id: Option<String>,
    },
    /// For good: a limit was reached, somebody stopped it, or the answer is none.
    End(Failure),
}

/// Sends the request. `number` is for the log.
pub async fn attempt(
    transport: &Transport,
    request: &Request<'_>,
    call: &CallOptions,
    way: &Way<'_>,
    number: u32,
) -> Sent {
    let (headers, sent_id) = if request.bare {
        (Object::new(), None)
    } else {
        match transport.headers_for(&request.url, &request.endpoint_headers, &request.headers, call) {
            Ok(headers) => headers,
            Err(failure) => return Sent::End(failure),
        }
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
    let started = time::now();
    let opened = match js::open_exchange(&transport.fetch(), &request.url, &init, way.deadline.timer_ms(), &way.signals)
    {
        Ok(promise) => JsFuture::from(promise).await,
        Err(thrown) => Err(thrown),
    };
    let log = |status: &str, request_id: Option<&str>| {
        transport.log(&format!(
            "{} {} -> {status} in {} ms, request {}, attempt {number}",
            request.method,
            request.path(),
            (time::now() - started) as u64,
            request_id.unwrap_or("-"),
        ));
    };
    let exchange: Exchange = match opened {
        Ok(exchange) => exchange.unchecked_into(),
        Err(halt) => {
            log("no answer", sent_id.as_deref());
            return silence(transport, request, call, way, halt, sent_id);
        }
    };
    let status = exchange.status();
    // CORS may hide the response's id; the one that was sent is the same one.
    let request_id = exchange.header("x-request-id").or(sent_id);
    log(&status.to_string(), request_id.as_deref());
    if exchange.is_redirect() {
        exchange.abort();
        return Sent::End(Failure::from(Error::redirect(status)).for_request(request_id));
    }
    let success = (200..300).contains(&status);
    if success && way.reader == Body::Whole {
        if let Err(halt) = JsFuture::from(exchange.gather()).await {
            return silence(transport, request, call, way, halt, request_id);
        }
    }
    let response = Response::new(exchange, request, way.deadline.limit_ms, request_id);
    if success { Sent::Answer(response) } else { Sent::Refusal(response) }
}

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
        return Sent::End(failure);
    }
    // What a `fetch` of the caller's says may be anything.
    let secrets = transport.secrets(&request.endpoint_headers, call);
    let failure = failure.renamed(|error| Some(error.clone().saying(mask(&error.message, secrets))));
    Sent::Silence { failure, never_sent: never_sent(&cause), request_id }
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
