//! The body of `POST /command`, checked.

use super::body::{Fields, malformed};
use super::errors::{Failure, os_text};
use super::paths;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// What to run.
#[derive(Default)]
pub struct CommandRequest {
    pub command: String,
    pub cwd: Option<PathBuf>,
    pub envs: BTreeMap<String, String>,
    pub uid: Option<u32>,
    pub gid: Option<u32>,
    pub timeout: Option<Duration>,
    pub background: bool,
}

impl CommandRequest {
    pub fn from_body(body: &Value) -> Result<Self, Failure> {
        let (mut request, timeout, cwd) = Self::read(body).map_err(|error| malformed(&error))?;
        let invalid = |text: String| Failure::invalid_request(format!("invalid request, validation error {text}"));
        if request.command.is_empty() {
            return Err(invalid(tag("RunCommandRequest.Command", "required")));
        }
        request.timeout = millis(timeout).ok_or_else(|| invalid(tag("RunCommandRequest.TimeoutMs", "gte")))?;
        if request.gid.is_some() && request.uid.is_none() {
            return Err(invalid("uid is required when gid is provided".into()));
        }
        request.cwd = working_directory(&cwd).map_err(invalid)?;
        Ok(request)
    }

    fn read(body: &Value) -> Result<(Self, i64, String), String> {
        let fields = Fields::of(body, "RunCommandRequest")?;
        let request = Self {
            command: fields.string("command")?,
            cwd: None,
            envs: fields.strings("envs")?,
            uid: fields.optional_u32("uid")?,
            gid: fields.optional_u32("gid")?,
            timeout: None,
            background: fields.boolean("background")?,
        };
        Ok((request, fields.integer("timeout")?, fields.string("cwd")?))
    }
}

/// The text of Go's validator for a field that breaks a rule.
pub fn tag(field: &str, rule: &str) -> String {
    let name = field.rsplit('.').next().unwrap_or(field);
    format!("Key: '{field}' Error:Field validation for '{name}' failed on the '{rule}' tag")
}

/// A timeout: 0 is none; negative is `None` outside.
pub fn millis(value: i64) -> Option<Option<Duration>> {
    let millis = u64::try_from(value).ok()?;
    Some((millis > 0).then(|| Duration::from_millis(millis)))
}

/// A `cwd` field: it must be a directory that exists. Empty is none.
pub fn working_directory(cwd: &str) -> Result<Option<PathBuf>, String> {
    if cwd.is_empty() {
        return Ok(None);
    }
    let path = paths::expand_absolute(cwd)?;
    match std::fs::metadata(&path) {
        Ok(metadata) if metadata.is_dir() => Ok(Some(path)),
        Ok(_) => Err(format!("working directory is not a directory: {cwd}")),
        Err(error) => {
            Err(format!("working directory does not exist: {cwd}: stat {}: {}", path.display(), os_text(&error)))
        }
    }
}
