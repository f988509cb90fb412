//! The WebSocket of an attached client.

use super::process::{Input, Mode};
use super::session::{Attached, Held, Live};
use super::{REPLAY, Server};
use crate::execd::App;
use crate::execd::json;
use crate::lock::lock;
use axum::extract::ws::{CloseFrame, Message, WebSocket};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use nix::sys::signal::Signal;
use serde_json::Value;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

const PING: Duration = Duration::from_secs(30);
/// Without a frame of data or a pong.
const SILENCE: Duration = Duration::from_secs(60);
const WRITE_LIMIT: Duration = Duration::from_secs(10);
/// How long a client may take to read what was sent before the end: closing at once would throw it away.
const LINGER: Duration = Duration::from_secs(2);
const REPLIES: usize = 16;

/// Serves one client to its end. The process goes on without it.
pub async fn serve(app: Arc<App>, held: Held, since: u64, mode: Mode, socket: WebSocket) {
    let (mut sink, mut stream) = socket.split();
    let attached = match held.session.attach(&app, &held, since, mode) {
        Ok(attached) => attached,
        Err(error) => {
            let frame = Server::Error { error: format!("failed to start: {error}"), code: "START_FAILED" };
            let _ = sink.send(text(&frame)).await;
            return;
        }
    };
    let input = attached.input.clone();
    let heard = Mutex::new(Instant::now());
    let (replies, answers) = mpsc::channel(REPLIES);
    let evicted = held.evicted.clone();
    let writing = async {
        let end = tokio::select! {
            end = write(&mut sink, &held, attached, answers, &heard) => end?,
            // In the middle of a frame there is nothing more to say.
            () = evicted.cancelled() => closing(4001, "TAKEN_OVER"),
        };
        tokio::time::timeout(WRITE_LIMIT, sink.send(end)).await.ok()?.ok()
    };
    let said_goodbye = tokio::select! {
        done = writing => done.is_some(),
        () = read(&mut stream, &held, &input, &replies, &heard) => {
            // The answer to a close frame.
            let _ = tokio::time::timeout(LINGER, sink.close()).await;
            false
        }
    };
    drop(held);
    if said_goodbye {
        let rest = async { while let Some(Ok(_)) = stream.next().await {} };
        let _ = tokio::time::timeout(LINGER, rest).await;
    }
}

fn text(frame: &Server) -> Message {
    let mut line = json::encode(frame);
    line.push(b'\n');
    Message::Text(String::from_utf8_lossy(&line).into_owned().into())
}

fn closing(code: u16, reason: &'static str) -> Message {
    Message::Close(Some(CloseFrame { code, reason: reason.into() }))
}

/// Sends until there is a reason to close, or (`None`) nobody to send to.
async fn write(
    sink: &mut SplitSink<WebSocket, Message>,
    held: &Held,
    attached: Attached,
    mut answers: mpsc::Receiver<Server>,
    heard: &Mutex<Instant>,
) -> Option<Message> {
    let Attached { replay, mode, mut live, input: _ } = attached;
    let mut send = async |message| tokio::time::timeout(WRITE_LIMIT, sink.send(message)).await.ok()?.ok();
    if let Some((from, bytes)) = replay {
        let mut frame = Vec::with_capacity(9 + bytes.len());
        frame.push(REPLAY);
        frame.extend_from_slice(&from.to_be_bytes());
        frame.extend_from_slice(&bytes);
        send(Message::Binary(frame.into())).await?;
    }
    let mode = if mode == Mode::Pty { "pty" } else { "pipe" };
    send(text(&Server::Connected { session_id: held.session.id.clone(), mode })).await?;
    let mut pings = tokio::time::interval_at(tokio::time::Instant::now() + PING, PING);
    loop {
        tokio::select! {
            item = live.recv() => match item {
                Some(Live::Output(frame)) => send(Message::Binary(frame.into())).await?,
                Some(Live::Exit(exit_code)) => {
                    send(text(&Server::Exit { exit_code })).await?;
                    return Some(closing(1000, "process exited"));
                }
                // Another one has the seat.
                None => return Some(closing(4001, "TAKEN_OVER")),
            },
            Some(answer) = answers.recv() => {
                let last = matches!(answer, Server::Error { code: "STDIN_WRITE_FAILED", .. });
                send(text(&answer)).await?;
                if last {
                    return None;
                }
            }
            _ = pings.tick() => {
                if lock(heard).elapsed() > SILENCE {
                    return None;
                }
                send(Message::Ping(Default::default())).await?;
            }
        }
    }
}

/// Reads until the client leaves.
async fn read(
    stream: &mut SplitStream<WebSocket>,
    held: &Held,
    input: &mpsc::Sender<Input>,
    replies: &mpsc::Sender<Server>,
    heard: &Mutex<Instant>,
) {
    while let Some(Ok(message)) = stream.next().await {
        match message {
            Message::Close(_) => return,
            // Answered, but no sign of life.
            Message::Ping(_) => continue,
            _ => *lock(heard) = Instant::now(),
        }
        let typed = match message {
            Message::Binary(frame) => frame.strip_prefix(&[0]).map(|bytes| Input::Bytes(bytes.to_vec())),
            Message::Text(text) => said(&text, held, replies).await,
            _ => None,
        };
        let Some(typed) = typed else { continue };
        if input.send(typed).await.is_err() && held.session.status().0 {
            let failed = Server::Error { error: "write to stdin failed".into(), code: "STDIN_WRITE_FAILED" };
            let _ = replies.send(failed).await;
        }
    }
}

/// A text frame. What it is not to the process is done here.
async fn said(text: &str, held: &Held, replies: &mpsc::Sender<Server>) -> Option<Input> {
    let frame: Value = serde_json::from_str(text).ok()?;
    let field = |name: &str| frame.get(name).and_then(Value::as_str);
    let size =
        |name: &str| frame.get(name).and_then(Value::as_u64).and_then(|n| u16::try_from(n).ok()).filter(|n| *n > 0);
    match field("type").unwrap_or_default() {
        "stdin" => return field("data").map(|data| Input::Bytes(data.as_bytes().to_vec())),
        "resize" => return Some(Input::Resize { cols: size("cols")?, rows: size("rows")? }),
        "signal" => held.session.signal(match field("signal")? {
            "SIGINT" => Signal::SIGINT,
            "SIGTERM" => Signal::SIGTERM,
            "SIGKILL" => Signal::SIGKILL,
            "SIGQUIT" => Signal::SIGQUIT,
            "SIGHUP" => Signal::SIGHUP,
            _ => return None,
        }),
        "ping" => drop(replies.send(Server::Pong).await),
        unknown => {
            let error = format!("unknown frame type {unknown:?}");
            drop(replies.send(Server::Error { error, code: "INVALID_FRAME" }).await);
        }
    }
    None
}
