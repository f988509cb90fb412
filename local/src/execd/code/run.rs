//! One run of code: the kernel's messages as execd's events.

use super::super::App;
use super::super::errors::Failure;
use super::super::events::{self, Event, Events};
use super::context::Context;
use super::kernel::Kernel;
use super::options::DeadKernel;
use axum::response::Response;
use http::HeaderMap;
use jupyter_protocol::{ErrorOutput, ExecuteRequest, ExecuteResult, JupyterMessage, JupyterMessageContent, Stdio};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a dead kernel has said last may still be on its way.
const LAST_WORDS: Duration = Duration::from_millis(300);

/// Starts the run and answers with its event stream. It does not depend on anybody reading it.
pub fn start(app: Arc<App>, headers: &HeaderMap, context: Arc<Context>, code: String) -> Response {
    let (mut events, receiver) = events::channel();
    tokio::spawn(async move {
        // Before anything is said: whoever has heard `init` and was not refused first is in there.
        let turn = Arc::clone(&context.busy).try_lock_owned();
        events.init(&context.id).await;
        let outcome = match turn {
            Ok(_turn) => run(&app, &context, code, &events).await,
            Err(_) => Err("session is busy".into()),
        };
        if let Err(text) = outcome {
            events.send_raw(Failure::runtime(format!("error running codes {text}")).body()).await;
        }
    });
    events::response(receiver, headers)
}

async fn run(app: &Arc<App>, context: &Context, code: String, events: &Events) -> Result<(), String> {
    let kernel = context.living_kernel(app).await?;
    let early = app.code.early.decide();
    let outcome = tokio::select! {
        outcome = execute(&kernel, code, events, early, context.late_output()) => outcome,
        text = died(&kernel, context, app.code.dead) => Err(text),
        () = context.wait_deleted() => Err("the context was deleted".into()),
    };
    kernel.stop_listening();
    outcome
}

/// Sends the code and passes on what the kernel publishes until it is idle again.
async fn execute(kernel: &Kernel, code: String, events: &Events, early: bool, late: Duration) -> Result<(), String> {
    let began = Instant::now();
    // Never zero, or the event would come without it.
    let took = || began.elapsed().max(Duration::from_millis(1));
    // Only one request at a time is with a kernel, so there is never one to be dropped after an error.
    let request = ExecuteRequest { stop_on_error: false, ..ExecuteRequest::new(code) };
    let request: JupyterMessage = request.into();
    let asked = request.header.msg_id.clone();
    let mut messages = kernel.listen();
    kernel.request(request).await.map_err(|error| error.to_string())?;
    if early {
        events.send(Event::Complete(took())).await;
    }
    while let Some(message) = messages.recv().await {
        if is_end(&message, &asked) {
            let took = took();
            while let Ok(Some(message)) = tokio::time::timeout(late, messages.recv()).await {
                pass_on(message.content, events).await;
            }
            if !early {
                events.send(Event::Complete(took)).await;
            }
            return Ok(());
        }
        pass_on(message.content, events).await;
    }
    Err("the kernel is gone".into())
}

fn is_end(message: &JupyterMessage, asked: &str) -> bool {
    let ours = message.parent_header.as_ref().is_some_and(|parent| parent.msg_id == asked);
    ours && matches!(&message.content, JupyterMessageContent::Status(status) if status.execution_state.as_str() == "idle")
}

/// Not only what belongs to this run: a thread that an earlier one left behind is heard, too, as in the real one.
async fn pass_on(content: JupyterMessageContent, events: &Events) {
    match content {
        JupyterMessageContent::StreamContent(stream) if !stream.text.is_empty() => {
            let text = stream.text.as_bytes();
            events
                .send(match stream.name {
                    Stdio::Stdout => Event::Stdout(text),
                    Stdio::Stderr => Event::Stderr(text),
                })
                .await;
        }
        JupyterMessageContent::ExecuteResult(result) => send_result(result, events).await,
        JupyterMessageContent::ErrorOutput(ErrorOutput { ename, evalue, traceback }) => {
            events.send(Event::Status("error")).await;
            events.send(Event::Error { name: &ename, value: &evalue, traceback: Some(&traceback) }).await;
        }
        // What `display` shows is left out, as in the real one.
        _ => {}
    }
}

async fn send_result(result: ExecuteResult, events: &Events) {
    let count = result.execution_count.0;
    if count > 0 {
        events.send(Event::ExecutionCount(count)).await;
    }
    match bundle(&result) {
        Ok(bundle) => drop(events.send(Event::Result(&bundle)).await),
        Err(error) => tracing::warn!(%error, "result"),
    }
}

/// By MIME type, sorted; plain text is called `text`.
fn bundle(result: &ExecuteResult) -> serde_json::Result<BTreeMap<String, Value>> {
    let mut bundle: BTreeMap<String, Value> = serde_json::from_value(serde_json::to_value(&result.data)?)?;
    if let Some(text) = bundle.remove("text/plain") {
        bundle.insert("text".into(), text);
    }
    Ok(bundle)
}

/// Returns when the kernel has died, if that is to be told.
async fn died(kernel: &Kernel, context: &Context, what: DeadKernel) -> String {
    kernel.wait_ended().await;
    match what {
        DeadKernel::Error => {
            tokio::time::sleep(LAST_WORDS).await;
            "the kernel died".into()
        }
        // The real one goes on waiting, and only deleting the context ends it.
        DeadKernel::Hang => {
            context.wait_deleted().await;
            "the context was deleted".into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jupyter_protocol::{ExecutionCount, KernelInfoRequest, Status};

    async fn sent(content: JupyterMessageContent) -> String {
        let (events, mut receiver) = events::channel();
        pass_on(content, &events).await;
        drop(events);
        let mut out = Vec::new();
        while let Some(bytes) = receiver.recv().await {
            out.extend_from_slice(&bytes);
        }
        let text = String::from_utf8(out).unwrap();
        text.split("\n\n").map(|event| event.split(",\"timestamp\":").next().unwrap()).collect::<Vec<_>>().join(" ")
    }

    fn content(kind: &str, value: Value) -> JupyterMessageContent {
        JupyterMessageContent::from_type_and_content(kind, value).unwrap()
    }

    #[tokio::test]
    async fn messages_become_events() {
        for (kind, value, wanted) in [
            ("stream", serde_json::json!({"name": "stdout", "text": "a\nb\n"}), r#"{"type":"stdout","text":"a\nb\n" "#),
            ("stream", serde_json::json!({"name": "stderr", "text": "e"}), r#"{"type":"stderr","text":"e" "#),
            ("stream", serde_json::json!({"name": "stdout", "text": ""}), ""),
            ("display_data", serde_json::json!({"data": {"text/plain": "x"}, "metadata": {}}), ""),
            ("clear_output", serde_json::json!({"wait": false}), ""),
            (
                "error",
                serde_json::json!({"ename": "", "evalue": "1", "traceback": []}),
                r#"{"type":"status","text":"error" {"type":"error" "#,
            ),
            (
                "execute_result",
                serde_json::json!({"execution_count": 3, "data": {"text/plain": "1"}, "metadata": {}}),
                r#"{"type":"execution_count","execution_count":3 {"type":"result" "#,
            ),
            (
                "execute_result",
                serde_json::json!({"execution_count": 0, "data": {"text/plain": "1"}, "metadata": {}}),
                r#"{"type":"result" "#,
            ),
        ] {
            assert_eq!(sent(content(kind, value)).await, wanted, "{kind}");
        }
    }

    #[test]
    fn bundles_are_as_the_kernel_made_them() {
        let data = serde_json::json!({
            "text/plain": "J", "text/html": "<b>\nx</b>", "image/png": "iVBO\n", "application/json": {"k": [1, {"z": null}]},
            "application/vnd.vegalite.v5+json": {"mark": "bar"}, "text/x-own": "o", "application/x-own+json": [1.5]
        });
        let result: ExecuteResult =
            serde_json::from_value(serde_json::json!({"execution_count": 1, "data": data, "metadata": {}})).unwrap();
        let mut wanted: BTreeMap<String, Value> = serde_json::from_value(data).unwrap();
        let text = wanted.remove("text/plain").unwrap();
        wanted.insert("text".into(), text);
        assert_eq!(bundle(&result).unwrap(), wanted);
        assert_eq!(result.execution_count, ExecutionCount(1));
    }

    #[test]
    fn only_our_own_idle_is_the_end() {
        let (ours, other): (JupyterMessage, JupyterMessage) =
            (KernelInfoRequest {}.into(), KernelInfoRequest {}.into());
        let asked = &ours.header.msg_id;
        assert!(is_end(&Status::idle().as_child_of(&ours), asked));
        assert!(!is_end(&Status::busy().as_child_of(&ours), asked));
        assert!(!is_end(&Status::idle().as_child_of(&other), asked));
    }
}
