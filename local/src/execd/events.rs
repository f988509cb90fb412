//! The event stream: bare JSON objects, each followed by two line feeds.

use super::json;
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::StreamExt;
use http::{HeaderMap, HeaderValue, header};
use serde_json::Value;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval_at};
use tokio_stream::wrappers::ReceiverStream;

const PING_PERIOD: Duration = Duration::from_secs(3);
/// Batches on their way to the client. Few: when it does not read, the capture files are the buffer.
const QUEUE: usize = 4;

/// One event, in the order of keys that execd writes.
pub enum Event<'a> {
    Init(&'a str),
    Ping,
    Stdout(&'a [u8]),
    Stderr(&'a [u8]),
    /// Only ever "error", before the error of a kernel.
    Status(&'a str),
    ExecutionCount(usize),
    Result(&'a BTreeMap<String, Value>),
    Error {
        name: &'a str,
        value: &'a str,
        traceback: Option<&'a [String]>,
    },
    Complete(Duration),
}

impl Event<'_> {
    /// Appends the event and its two line feeds.
    pub fn write(&self, out: &mut Vec<u8>, now: i64) {
        let (kind, text): (&str, &[u8]) = match self {
            Self::Init(id) => ("init", id.as_bytes()),
            Self::Ping => ("ping", b"pong"),
            Self::Stdout(text) => ("stdout", text),
            Self::Stderr(text) => ("stderr", text),
            Self::Status(text) => ("status", text.as_bytes()),
            Self::ExecutionCount(_) => ("execution_count", b""),
            Self::Result(_) => ("result", b""),
            Self::Error { .. } => ("error", b""),
            Self::Complete(_) => ("execution_complete", b""),
        };
        out.extend_from_slice(b"{\"type\":\"");
        out.extend_from_slice(kind.as_bytes());
        out.push(b'"');
        if !text.is_empty() {
            out.extend_from_slice(b",\"text\":");
            json::push_string(out, text);
        }
        if let Self::ExecutionCount(count) = self {
            out.extend_from_slice(format!(",\"execution_count\":{count}").as_bytes());
        }
        if let Self::Complete(took) = self {
            // Zero values are left out.
            if took.as_millis() > 0 {
                out.extend_from_slice(format!(",\"execution_time\":{}", took.as_millis()).as_bytes());
            }
        }
        out.extend_from_slice(format!(",\"timestamp\":{now}").as_bytes());
        if let Self::Result(bundle) = self {
            out.extend_from_slice(b",\"results\":");
            out.extend_from_slice(&json::encode(bundle));
        }
        if let Self::Error { name, value, traceback } = self {
            out.extend_from_slice(b",\"error\":{\"ename\":");
            json::push_string(out, name.as_bytes());
            out.extend_from_slice(b",\"evalue\":");
            json::push_string(out, value.as_bytes());
            out.extend_from_slice(b",\"traceback\":");
            out.extend_from_slice(&json::encode(traceback));
            out.push(b'}');
        }
        out.extend_from_slice(b"}\n\n");
    }
}

/// Unix milliseconds.
pub fn now_millis() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// The sending half of a stream. Pings go out by themselves until it is dropped.
pub struct Events {
    sender: mpsc::Sender<Bytes>,
    /// Aborts the pinger when dropped.
    pinger: JoinSet<()>,
}

/// A new stream and its body.
pub fn channel() -> (Events, mpsc::Receiver<Bytes>) {
    let (sender, receiver) = mpsc::channel(QUEUE);
    (Events { sender, pinger: JoinSet::new() }, receiver)
}

impl Events {
    /// The first event and the first ping; from now on a ping every three seconds.
    pub async fn init(&mut self, id: &str) {
        self.send(Event::Init(id)).await;
        self.send(Event::Ping).await;
        let sender = self.sender.clone();
        self.pinger.spawn(async move {
            let mut ticks = interval_at(Instant::now() + PING_PERIOD, PING_PERIOD);
            loop {
                ticks.tick().await;
                let mut out = Vec::new();
                Event::Ping.write(&mut out, now_millis());
                if sender.send(out.into()).await.is_err() {
                    return;
                }
            }
        });
    }

    /// Sends one event, waiting while the client is slow. False: the client is gone.
    pub async fn send(&self, event: Event<'_>) -> bool {
        let mut out = Vec::with_capacity(128);
        event.write(&mut out, now_millis());
        self.send_raw(out).await
    }

    /// Sends bytes that are already framed.
    pub async fn send_raw(&self, bytes: Vec<u8>) -> bool {
        self.sender.send(bytes.into()).await.is_ok()
    }

    /// Sends framed bytes and empties `bytes`. Cancelled while it waits, it leaves them as they are.
    pub async fn send_from(&self, bytes: &mut Vec<u8>) {
        match self.sender.reserve().await {
            Ok(permit) if !bytes.is_empty() => permit.send(std::mem::take(bytes).into()),
            _ => bytes.clear(),
        }
    }

    pub fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// Returns when the client is gone.
    pub async fn closed(&self) {
        self.sender.closed().await;
    }
}

/// The response of a stream. Make it only when `init` is certain: what fails before is a plain JSON error.
pub fn response(receiver: mpsc::Receiver<Bytes>, request_headers: &HeaderMap) -> Response {
    let body = ReceiverStream::new(receiver).map(Ok::<_, Infallible>);
    let mut response = Response::new(Body::from_stream(body));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    let close =
        request_headers.get(header::CONNECTION).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"close"));
    if !close {
        headers.insert(header::CONNECTION, HeaderValue::from_static("keep-alive"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(event: Event<'_>) -> String {
        let mut out = Vec::new();
        event.write(&mut out, 5);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn keys_in_recorded_order() {
        assert_eq!(written(Event::Init("ab")), "{\"type\":\"init\",\"text\":\"ab\",\"timestamp\":5}\n\n");
        assert_eq!(
            written(Event::Complete(Duration::from_millis(2))),
            "{\"type\":\"execution_complete\",\"execution_time\":2,\"timestamp\":5}\n\n"
        );
        assert_eq!(written(Event::Complete(Duration::ZERO)), "{\"type\":\"execution_complete\",\"timestamp\":5}\n\n");
        assert_eq!(
            written(Event::Error { name: "CommandExecError", value: "7", traceback: Some(&["exit status 7".into()]) }),
            "{\"type\":\"error\",\"timestamp\":5,\"error\":{\"ename\":\"CommandExecError\",\"evalue\":\"7\",\"traceback\":[\"exit status 7\"]}}\n\n"
        );
        assert_eq!(
            written(Event::ExecutionCount(2)),
            "{\"type\":\"execution_count\",\"execution_count\":2,\"timestamp\":5}\n\n"
        );
        assert_eq!(written(Event::Status("error")), "{\"type\":\"status\",\"text\":\"error\",\"timestamp\":5}\n\n");
        let bundle = BTreeMap::from([("text".into(), "H<>".into()), ("image/png".into(), "iVBO".into())]);
        assert_eq!(
            written(Event::Result(&bundle)),
            "{\"type\":\"result\",\"timestamp\":5,\"results\":{\"image/png\":\"iVBO\",\"text\":\"H\\u003c\\u003e\"}}\n\n"
        );
        assert!(
            written(Event::Error { name: "DBInitError", value: "x", traceback: None }).contains("\"traceback\":null")
        );
    }
}
