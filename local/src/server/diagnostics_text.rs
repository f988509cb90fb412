//! The texts of the diagnostics, in the real server's form. A line is left out where it would not be true here.

use super::console::precise;
use super::create_request::ECHOED;
use super::endpoints::{EGRESS_PORT, EXECD_PORT};
use super::limits;
use super::model::Status;
use super::sandbox::Sandbox;
use jiff::Timestamp;
use serde_json::Value;

/// Docker's word for "never".
const NEVER: &str = "0001-01-01T00:00:00Z";
/// Variables whose names have one of these are not shown.
const SECRET: [&str; 4] = ["SECRET", "TOKEN", "PASSWORD", "KEY"];

/// The last lines that were printed.
pub fn logs(sandbox: &Sandbox, tail: usize, since: Option<Timestamp>) -> String {
    let text = sandbox.process.console.tail(tail, since);
    if text.is_empty() { "(no logs)".into() } else { text }
}

/// When it was made, started and ended.
pub fn events(sandbox: &Sandbox) -> String {
    let mut lines = vec![
        format!("Container:  {} (sandbox-{})", short_id(sandbox), sandbox.fixed.id),
        format!("Status:     {}", word(sandbox.status())),
        format!("Created:    {}", precise(sandbox.fixed.created)),
        format!("Started:    {}", precise(sandbox.process.started)),
    ];
    if let Status::Ended { code, at } = sandbox.status() {
        lines.push(format!("Finished:   {}", precise(at)));
        if code != 0 {
            lines.push(format!("Event:      Exited with code {code}"));
        }
    }
    lines.join("\n")
}

/// How it was made.
pub fn inspect(sandbox: &Sandbox) -> String {
    let fixed = &sandbox.fixed;
    let status = sandbox.status();
    let (code, finished) = match status {
        Status::Ended { code, at } => (code, precise(at)),
        _ => (0, NEVER.into()),
    };
    let image = fixed.image.clone();
    let image = image.or_else(|| fixed.snapshot.as_ref().map(|id| format!("opensandbox-snapshots:{id}")));
    let mut lines = vec![
        format!("Container ID:   {}", short_id(sandbox)),
        format!("Name:           sandbox-{}", fixed.id),
        format!("Image:          {}", image.unwrap_or_default()),
        format!("Status:         {}", word(status)),
        format!("Running:        {}", yes_no(!matches!(status, Status::Ended { .. }))),
        format!("Paused:         {}", yes_no(status == Status::Paused)),
        "OOMKilled:      False".into(),
        format!("Exit Code:      {code}"),
        format!("Started At:     {}", precise(sandbox.process.started)),
        format!("Finished At:    {finished}"),
        String::new(),
        "Resources:".into(),
    ];
    let limit = |name: &str| fixed.limits.get(name).and_then(Value::as_str);
    if let Some(cores) = limit("cpu").and_then(limits::cores) {
        lines.push(format!("  CPU:          {cores:.2} cores (not enforced)"));
    }
    if let Some(bytes) = limit("memory").and_then(limits::bytes) {
        lines.push(format!("  Memory:       {} MiB (not enforced)", bytes / (1 << 20)));
    }
    lines.extend(["", "Network:", "  host: 127.0.0.1", "", "Ports:"].map(String::from));
    lines.push(format!("  {EXECD_PORT}/tcp -> 127.0.0.1:{}", sandbox.process.execd_port));
    if let Some(egress) = &sandbox.egress {
        lines.push(format!("  {EGRESS_PORT}/tcp -> 127.0.0.1:{}", egress.port));
    }
    lines.extend(["", "Labels:"].map(String::from));
    lines.extend(labels(sandbox).into_iter().map(|(name, value)| format!("  {name}={value}")));
    lines.extend(["", "Environment:"].map(String::from));
    lines.extend(fixed.env.iter().map(|(name, value)| {
        let upper = name.to_uppercase();
        let secret = SECRET.iter().any(|word| upper.contains(word));
        format!("  {name}={}", if secret { "***" } else { value })
    }));
    lines.push(format!("  OPENSANDBOX_ID={}", fixed.id));
    lines.join("\n")
}

/// By name. The tokens that Docker has among them are left out.
fn labels(sandbox: &Sandbox) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut labels: Vec<(String, String)> =
        sandbox.fixed.labels.iter().map(|(name, value)| (name.clone(), text(value))).collect();
    let mut own = |name: &str, value: String| labels.push((format!("opensandbox.io/{name}"), value));
    own("id", sandbox.fixed.id.clone());
    own("embedding-proxy-port", sandbox.process.execd_port.to_string());
    match sandbox.fixed.first_end {
        Some(at) => own("expires-at", at.strftime("%Y-%m-%dT%H:%M:%S.%6f+00:00").to_string()),
        None => own("manual-cleanup", "true".into()),
    }
    if let Some(snapshot) = &sandbox.fixed.snapshot {
        own("snapshot-id", snapshot.clone());
    }
    for (name, value) in &sandbox.fixed.extensions {
        own(&format!("extensions.{}", name.trim_start_matches(ECHOED)), text(value));
    }
    labels.sort();
    labels
}

/// All of the above.
pub fn summary(sandbox: &Sandbox, tail: usize) -> String {
    let wide = "=".repeat(72);
    let mut parts =
        vec![wide.clone(), "SANDBOX DIAGNOSTICS SUMMARY".into(), format!("Sandbox ID: {}", sandbox.fixed.id), wide];
    for (title, text) in [
        ("INSPECT".into(), inspect(sandbox)),
        ("EVENTS".into(), events(sandbox)),
        (format!("LOGS (last {tail} lines)"), logs(sandbox, tail, None)),
    ] {
        let line = "-".repeat(40);
        parts.extend([String::new(), line.clone(), title, line, text]);
    }
    parts.join("\n") + "\n"
}

/// Docker shows twelve digits of a container's id; here they are the sandbox's.
fn short_id(sandbox: &Sandbox) -> String {
    sandbox.fixed.id.chars().filter(|letter| *letter != '-').take(12).collect()
}

fn word(status: Status) -> &'static str {
    match status {
        Status::Running => "running",
        Status::Paused => "paused",
        Status::Ended { .. } => "exited",
    }
}

fn yes_no(value: bool) -> &'static str {
    if value { "True" } else { "False" }
}
