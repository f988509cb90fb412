//! The `volumes` of a create request. None can be mounted yet.

use super::checks::{Checker, not_an_object};
use super::create_request::set;
use super::errors::Failure;
use super::metadata::is_dns_label;
use axum::http::StatusCode;
use serde_json::{Map, Value, json};

/// Reads them with Pydantic's rules.
pub fn read_volumes(map: &Map<String, Value>, check: &mut Checker) -> Vec<Map<String, Value>> {
    let Some(value) = set(map, "volumes") else {
        return Vec::new();
    };
    let Some(list) = value.as_array() else {
        let msg = "Input should be a valid list";
        check.push("list_type", json!(["body", "volumes"]), msg, value, None);
        return Vec::new();
    };
    let mut volumes = Vec::new();
    for (index, value) in list.iter().enumerate() {
        let loc = |name: &str| json!(["body", "volumes", index, name]);
        let Some(volume) = value.as_object() else {
            check.errors.push(not_an_object(json!(["body", "volumes", index]), value));
            continue;
        };
        let before = check.errors.len();
        let name = check.required_string(volume, "name", loc("name"));
        if let Some(name) = name.filter(|name| name.len() > 63 || !is_dns_label(name)) {
            let pattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$";
            let msg = format!("String should match pattern '{pattern}'");
            let ctx = json!({ "pattern": pattern });
            check.push("string_pattern_mismatch", loc("name"), &msg, &json!(name), Some(ctx));
        }
        let path = check.required_string(volume, "mountPath", loc("mountPath"));
        if let Some(path) = path.filter(|path| !path.starts_with('/')) {
            let msg = "String should match pattern '^/.*'";
            let ctx = json!({ "pattern": "^/.*" });
            check.push("string_pattern_mismatch", loc("mountPath"), msg, &json!(path), Some(ctx));
        }
        let backends = ["host", "pvc", "ossfs"].iter().filter(|name| set(volume, name).is_some()).count();
        if check.errors.len() == before && backends != 1 {
            let msg = "Value error, Exactly one backend (host, pvc, ossfs) must be specified.";
            let ctx = json!({ "error": {} });
            check.push("value_error", json!(["body", "volumes", index]), msg, value, Some(ctx));
        }
        volumes.push(volume.clone());
    }
    volumes
}

/// No host path is allowed here, which is the real server's answer to an empty list; other volumes come later.
pub fn check_volumes(volumes: &[Map<String, Value>]) -> Result<(), Failure> {
    let mut names = Vec::new();
    for volume in volumes {
        let name = volume.get("name").and_then(Value::as_str).unwrap_or_default();
        if names.contains(&name) {
            return Err(Failure::api(
                StatusCode::BAD_REQUEST,
                "VOLUME::DUPLICATE_NAME",
                format!("Duplicate volume name '{name}' found. Each volume must have a unique name."),
            ));
        }
        names.push(name);
        if let Some(host) = set(volume, "host") {
            let path = host.get("path").and_then(Value::as_str).unwrap_or_default();
            return Err(Failure::api(
                StatusCode::BAD_REQUEST,
                "VOLUME::HOST_PATH_NOT_ALLOWED",
                format!("Host path '{path}' is not under any allowed prefix. Allowed prefixes: []"),
            ));
        }
    }
    if volumes.is_empty() { Ok(()) } else { Err(super::refused::volumes()) }
}
