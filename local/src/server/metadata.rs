//! Label rules and `PATCH /sandboxes/{id}/metadata`.

use super::checks;
use super::errors::Failure;
use super::state::App;
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use serde_json::{Map, Value, json};

const RESERVED: &str = "opensandbox.io/";

/// Merge patch: null deletes, a string sets.
pub async fn patch(
    State(app): State<App>,
    Path(id): Path<String>,
    request: Request<Body>,
) -> Result<Json<Value>, Failure> {
    let body = checks::json_body(request).await?;
    let mut check = checks::Checker::default();
    if !body.is_object() {
        let msg = "Input should be a valid dictionary";
        check.push("dict_type", json!(["body"]), msg, &body, None);
    }
    let patch = check.strings(Some(&body).filter(|body| body.is_object()), &["body"], true);
    check.finish()?;
    let patch = patch.unwrap_or_default();
    let sandbox = app.sandboxes.get(&id)?;
    if let Some(key) = patch.keys().find(|key| key.starts_with(RESERVED)) {
        // Not the code that create uses for the same mistake.
        return Err(Failure::api(
            StatusCode::BAD_REQUEST,
            "INVALID_METADATA_LABEL",
            format!("Metadata key '{key}' is reserved (opensandbox.io/ prefix)."),
        ));
    }
    check_labels(patch.iter().filter(|(_, value)| !value.is_null()))?;
    sandbox.change(|state| {
        for (key, value) in patch {
            if value.is_null() {
                state.metadata.shift_remove(&key);
            } else {
                state.metadata.insert(key, value);
            }
        }
    });
    Ok(Json(sandbox.shown().sandbox()))
}

/// Kubernetes label rules for keys and values.
pub fn check_labels<'a>(labels: impl IntoIterator<Item = (&'a String, &'a Value)>) -> Result<(), Failure> {
    for (key, value) in labels {
        let value = value.as_str().unwrap_or_default();
        let message = if key.starts_with(RESERVED) {
            format!(
                "Metadata key '{key}' uses the reserved prefix '{RESERVED}'. Keys under this prefix are managed by the system and cannot be set via metadata."
            )
        } else if !is_key(key) {
            format!(
                "Metadata key '{key}' is invalid: must be either a name or a DNS-subdomain prefix and name separated by /, where the name is up to 63 characters and matches [A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?, and the optional prefix is a valid DNS subdomain up to 253 characters."
            )
        } else if !(value.is_empty() || is_name(value)) {
            format!(
                "Metadata value '{value}' is invalid: must be 63 characters or less, start/end with an alphanumeric character, and contain only alphanumeric, '-', '_', or '.' characters."
            )
        } else {
            continue;
        };
        return Err(Failure::api(StatusCode::BAD_REQUEST, "SANDBOX::INVALID_METADATA_LABEL", message));
    }
    Ok(())
}

fn is_key(key: &str) -> bool {
    match key.split_once('/') {
        None => is_name(key),
        Some((prefix, name)) => is_name(name) && prefix.len() <= 253 && prefix.split('.').all(is_dns_label),
    }
}

fn is_name(name: &str) -> bool {
    name.len() <= 63 && bounded(name, |b| b.is_ascii_alphanumeric(), b"-_.")
}

/// `[a-z0-9]([-a-z0-9]*[a-z0-9])?`
pub fn is_dns_label(label: &str) -> bool {
    bounded(label, |b| b.is_ascii_lowercase() || b.is_ascii_digit(), b"-")
}

/// Non-empty, `edge` at both ends, `edge` or `inner` between.
fn bounded(text: &str, edge: impl Fn(u8) -> bool, inner: &[u8]) -> bool {
    let bytes = text.as_bytes();
    bytes.first().is_some_and(|b| edge(*b))
        && bytes.last().is_some_and(|b| edge(*b))
        && bytes.iter().all(|b| edge(*b) || inner.contains(b))
}

/// The `metadata` filter of list: a query string inside one parameter.
pub fn parse_filter(text: &str) -> Result<Map<String, Value>, Failure> {
    for field in text.split('&') {
        if !field.contains('=') {
            return Err(Failure::api(
                StatusCode::BAD_REQUEST,
                "INVALID_METADATA_FORMAT",
                format!("Invalid metadata format: bad query field: '{field}'"),
            ));
        }
    }
    Ok(form_urlencoded::parse(text.as_bytes()).map(|(key, value)| (key.into_owned(), json!(value))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn label_rules() {
        for good in ["a", "A-b_c.d", "example.com/name", &"x".repeat(63)] {
            assert!(is_key(good), "{good}");
        }
        for bad in ["", "-a", "a b", "é", "/a", "a/", "Example.com/a", "a/b/c", &"x".repeat(64)] {
            assert!(!is_key(bad), "{bad}");
        }
    }

    #[test]
    fn filters() {
        let map = parse_filter("a=1&b=x%20y").unwrap();
        assert_eq!(map.get("b"), Some(&json!("x y")));
        assert!(parse_filter("a=1&broken").is_err());
        assert!(parse_filter("{\"a\":1}").is_err());
    }
}
