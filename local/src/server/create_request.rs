//! The body of create: fields, Pydantic's rules, and what Docker refuses, in the real server's order.

use super::checks::{Checker, not_an_object};
use super::errors::Failure;
use super::limits::check_limits;
use super::metadata::check_labels;
use super::network_policy::check_policy;
use super::snapshots::Lease;
use super::state::EgressMode;
use super::volumes::{Volume, read_volumes};
use super::{refused, volume_rules};
use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

/// What a request is checked against.
pub struct Server<'a> {
    pub now: Timestamp,
    pub egress: EgressMode,
    pub allowed_host_paths: &'a [String],
    /// Whether anything can be mounted into a sandbox.
    pub mounts: bool,
    pub lease: &'a dyn Fn(&str) -> Result<Lease, Failure>,
}

/// A create request that may be carried out.
pub struct Create {
    /// One of the two.
    pub image: Option<String>,
    pub snapshot: Option<Lease>,
    pub entrypoint: Vec<String>,
    pub timeout: Option<i64>,
    pub env: Vec<(String, String)>,
    pub metadata: Map<String, Value>,
    pub platform: Option<Value>,
    pub limits: Map<String, Value>,
    pub policy: Option<Value>,
    pub credential_proxy: bool,
    pub volumes: Vec<Volume>,
}

/// The entrypoint of a sandbox made of a snapshot that names none.
const RESTORED: [&str; 3] = ["tail", "-f", "/dev/null"];

/// Reads the body: first 422 for what Pydantic would refuse, then 400 and 501 for what the runtime would.
pub fn read(body: &Value, server: &Server<'_>) -> Result<Create, Failure> {
    let Some(map) = body.as_object() else {
        return Err(Failure::Invalid(vec![not_an_object(json!(["body"]), body)]));
    };
    let mut check = Checker::default();
    let image = image(map.get("image"), &mut check);
    let snapshot = check.string(map.get("snapshotId"), json!(["body", "snapshotId"]));
    let platform = platform(map.get("platform"), &mut check);
    let timeout = set(map, "timeout").and_then(|value| {
        let loc = json!(["body", "timeout"]);
        let number = check.integer(value, loc.clone())?;
        check.at_least(number, 60, loc, value).then_some(number)
    });
    let limits = check.strings(map.get("resourceLimits"), &["body", "resourceLimits"], false);
    check.strings(map.get("resourceRequests"), &["body", "resourceRequests"], false);
    let env = check.strings(map.get("env"), &["body", "env"], true);
    let metadata = check.strings(map.get("metadata"), &["body", "metadata"], false);
    let lifecycle = object(map, "lifecycle", &mut check);
    let entrypoint = entrypoint(map, &mut check);
    let policy = set(map, "networkPolicy");
    if let Some(policy) = policy {
        check_policy(policy, &[json!("body"), json!("networkPolicy")], &mut check);
    }
    let proxy = object(map, "credentialProxy", &mut check);
    let proxied = proxy
        .and_then(|proxy| proxy.get("enabled"))
        .and_then(|value| check.boolean(value, json!(["body", "credentialProxy", "enabled"])))
        .unwrap_or(false);
    let secure = map
        .get("secureAccess")
        .and_then(|value| check.boolean(value, json!(["body", "secureAccess"])))
        .unwrap_or(false);
    let volumes = read_volumes(map, &mut check);
    let extensions = check.strings(map.get("extensions"), &["body", "extensions"], false).unwrap_or_default();
    let template = check.string(map.get("templateId"), json!(["body", "templateId"]));
    check.finish()?;

    // Rules over the whole model: 422 as well, and the whole body is echoed.
    let refuse = |message: &str| {
        Err(Failure::invalid(
            "value_error",
            json!(["body"]),
            &format!("Value error, {message}"),
            body,
            Some(json!({ "error": {} })),
        ))
    };
    let image = image.filter(|uri| !uri.trim().is_empty());
    let snapshot = snapshot.filter(|id| !id.trim().is_empty());
    let pool = extensions.get("poolRef").and_then(Value::as_str).is_some_and(|pool| !pool.trim().is_empty());
    if template.is_some_and(|id| !id.trim().is_empty()) {
        return Err(Failure::api(
            StatusCode::NOT_IMPLEMENTED,
            "FSB::API_NOT_SUPPORTED",
            "Template management requires the kubernetes runtime.",
        ));
    }
    if pool {
        if lifecycle.is_some() {
            return refuse("lifecycle cannot be used together with poolRef.");
        }
        if snapshot.is_some() {
            return refuse("snapshotId cannot be used together with poolRef.");
        }
    } else {
        if proxied && policy.is_none() {
            return refuse("credentialProxy.enabled requires networkPolicy.");
        }
        if image.is_some() == snapshot.is_some() {
            return refuse("Exactly one of image or snapshotId must be provided.");
        }
        if image.is_some() && entrypoint.is_none() {
            return refuse("Entrypoint is required when image is provided.");
        }
        if limits.is_none() {
            return refuse("resourceLimits is required when poolRef is not provided.");
        }
    }

    check_extensions(&extensions)?;
    let lease = snapshot.map(|id| (server.lease)(id.trim())).transpose()?;
    if lifecycle.is_some() {
        return Err(Failure::parameter("lifecycle hooks are not supported by the Docker provider."));
    }
    if pool {
        return Err(Failure::api(
            StatusCode::BAD_REQUEST,
            "SANDBOX::UNSUPPORTED_POOL_REF",
            "poolRef is not supported by the Docker provider. Use Kubernetes BatchSandbox provider instead.",
        ));
    }
    let metadata = metadata.unwrap_or_default();
    check_labels(&metadata)?;
    let platform = platform.map(check_platform).transpose()?;
    if let Some(timeout) = timeout {
        expiry(server.now, timeout)?;
    }
    if secure {
        return Err(Failure::parameter(
            "secureAccess is not supported when runtime.type='docker'. Use the Kubernetes runtime to create secured sandboxes.",
        ));
    }
    if policy.is_some() && server.egress == EgressMode::Refuse {
        return Err(Failure::parameter("egress.image must be configured when networkPolicy is provided."));
    }
    let limits = limits.unwrap_or_default();
    check_limits(&limits)?;
    let env: Vec<(String, String)> = env
        .unwrap_or_default()
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.as_str()?.to_owned())))
        .collect();
    let entrypoint = entrypoint.unwrap_or_else(|| RESTORED.map(String::from).to_vec());
    check_text(&env, &entrypoint)?;
    volume_rules::check(&volumes, server.allowed_host_paths)?;
    if !volumes.is_empty() && !server.mounts {
        return Err(refused::volumes());
    }
    Ok(Create {
        image,
        snapshot: lease,
        entrypoint,
        timeout,
        env,
        metadata,
        platform,
        limits,
        policy: policy.cloned(),
        credential_proxy: proxied,
        volumes,
    })
}

/// When a sandbox made `now` ends.
pub fn expiry(now: Timestamp, timeout: i64) -> Result<Timestamp, Failure> {
    let end = now.checked_add(SignedDuration::from_secs(timeout));
    end.map_err(|_| Failure::parameter(format!("Sandbox timeout {timeout}s is too large to represent safely.")))
}

/// A field that is neither absent nor null.
pub fn set<'a>(map: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    map.get(key).filter(|value| !value.is_null())
}

fn object<'a>(map: &'a Map<String, Value>, key: &str, check: &mut Checker) -> Option<&'a Map<String, Value>> {
    let value = set(map, key)?;
    if !value.is_object() {
        check.errors.push(not_an_object(json!(["body", key]), value));
    }
    value.as_object()
}

fn image(value: Option<&Value>, check: &mut Checker) -> Option<String> {
    match value? {
        Value::Null => None,
        Value::Object(image) => check.required_string(image, "uri", json!(["body", "image", "uri"])),
        other => {
            check.errors.push(not_an_object(json!(["body", "image"]), other));
            None
        }
    }
}

fn platform(value: Option<&Value>, check: &mut Checker) -> Option<(String, String)> {
    match value? {
        Value::Null => None,
        Value::Object(map) => {
            let os = check.required_string(map, "os", json!(["body", "platform", "os"]));
            let arch = check.required_string(map, "arch", json!(["body", "platform", "arch"]));
            os.zip(arch)
        }
        other => {
            check.errors.push(not_an_object(json!(["body", "platform"]), other));
            None
        }
    }
}

fn check_platform((os, arch): (String, String)) -> Result<Value, Failure> {
    let normal = |text: &str| text.trim().to_ascii_lowercase();
    if !["linux", "windows"].contains(&normal(&os).as_str()) {
        return Err(Failure::parameter(format!(
            "Unsupported platform.os '{os}'. Supported values: ['linux', 'windows']."
        )));
    }
    if !["amd64", "arm64"].contains(&normal(&arch).as_str()) {
        return Err(Failure::parameter(format!(
            "Unsupported platform.arch '{arch}'. Supported values: ['amd64', 'arm64']."
        )));
    }
    Ok(json!({ "os": normal(&os), "arch": normal(&arch) }))
}

fn entrypoint(map: &Map<String, Value>, check: &mut Checker) -> Option<Vec<String>> {
    let value = set(map, "entrypoint")?;
    let Some(list) = value.as_array() else {
        let msg = "Input should be a valid list";
        check.push("list_type", json!(["body", "entrypoint"]), msg, value, None);
        return None;
    };
    if list.is_empty() {
        let msg = "List should have at least 1 item after validation, not 0";
        let ctx = json!({ "field_type": "List", "min_length": 1, "actual_length": 0 });
        check.push("too_short", json!(["body", "entrypoint"]), msg, value, Some(ctx));
        return None;
    }
    let mut words = Vec::new();
    for (index, word) in list.iter().enumerate() {
        match word.as_str() {
            Some(word) => words.push(word.to_owned()),
            None => {
                let loc = json!(["body", "entrypoint", index]);
                check.push("string_type", loc, "Input should be a valid string", word, None);
            }
        }
    }
    Some(words)
}

fn check_extensions(extensions: &Map<String, Value>) -> Result<(), Failure> {
    const RENEW: &str = "access.renew.extend.seconds";
    match extensions.get(RENEW).and_then(Value::as_str) {
        Some(text) if !text.parse().is_ok_and(|n: u32| (300..=86400).contains(&n)) => Err(Failure::parameter(format!(
            "extensions['{RENEW}'] must be an integer between 300 and 86400 (inclusive), got '{text}'."
        ))),
        _ => Ok(()),
    }
}

/// What no process can be given. A NUL in a variable would also end one of bubblewrap's arguments and start
/// another one of the client's choice.
fn check_text(env: &[(String, String)], entrypoint: &[String]) -> Result<(), Failure> {
    for (name, value) in env {
        if name.is_empty() || name.contains(['=', '\0']) || value.contains('\0') {
            return Err(Failure::parameter(format!("Invalid environment variable {name:?}.")));
        }
    }
    if entrypoint.iter().any(|word| word.contains('\0')) {
        return Err(Failure::parameter("Entrypoint contains a NUL character."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(body: Value) -> String {
        let server = Server {
            now: Timestamp::UNIX_EPOCH,
            egress: EgressMode::Refuse,
            allowed_host_paths: &[],
            mounts: false,
            lease: &|id| Err(Failure::api(StatusCode::NOT_FOUND, "SNAPSHOT::NOT_FOUND", id)),
        };
        match read(&body, &server) {
            Ok(_) => "ok".into(),
            Err(Failure::Api(status, code, _)) => format!("{} {code}", status.as_u16()),
            Err(Failure::Invalid(list)) => format!("422 {}", list.len()),
            Err(_) => "other".into(),
        }
    }

    #[test]
    fn order_of_checks() {
        let with = |extra: Value| {
            let mut body = json!({ "image": { "uri": "x" }, "entrypoint": ["x"], "resourceLimits": {} });
            for (key, value) in extra.as_object().unwrap() {
                body[key] = value.clone();
            }
            status(body)
        };
        assert_eq!(with(json!({})), "ok");
        assert_eq!(with(json!({ "timeout": "90", "env": { "A": null } })), "ok");
        assert_eq!(with(json!({ "timeout": 59, "metadata": { "a": 1 } })), "422 2");
        assert_eq!(with(json!({ "entrypoint": [] })), "422 1");
        assert_eq!(with(json!({ "image": { "uri": " " } })), "422 1");
        assert_eq!(with(json!({ "snapshotId": "s" })), "422 1");
        assert_eq!(with(json!({ "timeout": 1e15 })), "400 SANDBOX::INVALID_PARAMETER");
        assert_eq!(with(json!({ "secureAccess": true })), "400 SANDBOX::INVALID_PARAMETER");
        assert_eq!(with(json!({ "resourceLimits": { "cpu": "much" } })), "400 SANDBOX::INVALID_PARAMETER");
        assert_eq!(with(json!({ "resourceLimits": { "memory": "512Mi", "disk": "?" } })), "ok");
        assert_eq!(
            with(json!({ "metadata": { "a b": "" }, "networkPolicy": {} })),
            "400 SANDBOX::INVALID_METADATA_LABEL"
        );
        assert_eq!(with(json!({ "extensions": { "poolRef": "p" } })), "400 SANDBOX::UNSUPPORTED_POOL_REF");
        let restore = json!({ "image": null, "snapshotId": "s", "lifecycle": {}, "metadata": { "a b": "" } });
        assert_eq!(with(restore), "404 SNAPSHOT::NOT_FOUND");
        assert_eq!(with(json!({ "networkPolicy": { "egress": [{ "action": "allow" }] } })), "422 1");
        assert_eq!(with(json!({ "networkPolicy": {} })), "400 SANDBOX::INVALID_PARAMETER");
        assert_eq!(
            with(json!({ "volumes": [{ "name": "v", "mountPath": "/m", "host": { "path": "/etc" } }] })),
            "400 VOLUME::HOST_PATH_NOT_ALLOWED"
        );
        assert_eq!(with(json!({ "volumes": [{ "name": "v", "mountPath": "/m" }] })), "422 1");
        assert_eq!(
            with(json!({ "volumes": [{ "name": "v", "mountPath": "/m", "pvc": { "claimName": "c" } }] })),
            "501 VOLUME::NOT_IMPLEMENTED"
        );
    }
}
