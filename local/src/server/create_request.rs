//! The body of create: fields, Pydantic's rules, and what Docker refuses, in the real server's order.

use super::checks::{Checker, not_an_object};
use super::create_fields::{check_extensions, check_platform, check_text, entrypoint, image, object, platform};
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
    /// Those that are shown again.
    pub extensions: Map<String, Value>,
    pub platform: Option<Value>,
    pub limits: Map<String, Value>,
    pub policy: Option<Value>,
    pub credential_proxy: bool,
    pub volumes: Vec<Volume>,
}

/// Extensions with such names are kept; the others say something about the create itself.
pub const ECHOED: &str = "opensandbox.extensions.";
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
    let template = template.is_some_and(|id| !id.trim().is_empty());
    if template {
        // A template brings all of these itself.
        const BROUGHT: [&str; 10] = [
            "credentialProxy",
            "entrypoint",
            "env",
            "image",
            "lifecycle",
            "platform",
            "resourceLimits",
            "resourceRequests",
            "snapshotId",
            "volumes",
        ];
        let mut present: Vec<&str> = BROUGHT.into_iter().filter(|name| set(map, name).is_some()).collect();
        if secure {
            present.push("secureAccess");
            present.sort_unstable();
        }
        if !present.is_empty() {
            return refuse(&format!(
                "templateId cannot be combined with: {}; the workload shape is fixed by the template's golden image.",
                present.join(", ")
            ));
        }
        if timeout.is_none() {
            return refuse("timeout is required when templateId is provided.");
        }
    } else if pool {
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
    if template {
        // Docker's runtime knows no templates: it misses what the template would bring.
        let message = "Entrypoint must contain at least one command.";
        return Err(Failure::api(StatusCode::BAD_REQUEST, "DOCKER::INVALID_ENTRYPOINT", message));
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
        extensions: extensions.into_iter().filter(|(name, _)| name.starts_with(ECHOED)).collect(),
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
        assert_eq!(with(json!({ "templateId": "t" })), "422 1");
        let only = json!({ "image": null, "entrypoint": null, "resourceLimits": null, "templateId": "t" });
        assert_eq!(with(only.clone()), "422 1", "a timeout is missing");
        let mut timed = only;
        timed["timeout"] = json!(60);
        assert_eq!(with(timed), "400 DOCKER::INVALID_ENTRYPOINT");
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
