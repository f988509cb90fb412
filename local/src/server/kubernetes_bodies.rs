//! The bodies of pools and templates. Docker's runtime refuses both, but looks at what was sent first.

use super::checks::{self, Checker, not_an_object};
use super::create_request::set;
use super::errors::Failure;
use super::metadata::is_dns_label;
use super::refused;
use axum::body::Body;
use axum::extract::Request;
use serde_json::{Map, Value, json};

/// `POST /pools`
pub async fn create_pool(request: Request<Body>) -> Result<(), Failure> {
    checked(request, |map, check| {
        if let Some(name) = check.required_string(map, "name", json!(["body", "name"])) {
            if !is_dns_label(&name) {
                check.mismatch(json!(["body", "name"]), "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", &json!(name));
            } else if name.len() > 253 {
                check.too_long(json!(["body", "name"]), 253, &json!(name));
            }
        }
        match map.get("template") {
            None => missing(map, "template", check),
            Some(template) if !template.is_object() => {
                let msg = "Input should be a valid dictionary";
                check.push("dict_type", json!(["body", "template"]), msg, template, None);
            }
            Some(_) => {}
        }
        capacity(map, check);
    })
    .await?;
    Err(refused::pools().await)
}

/// `PUT /pools/{name}`
pub async fn update_pool(request: Request<Body>) -> Result<(), Failure> {
    checked(request, capacity).await?;
    Err(refused::pools().await)
}

/// `POST /templates`
pub async fn create_template(request: Request<Body>) -> Result<(), Failure> {
    const KNOWN: [&str; 8] =
        ["image", "resourceLimits", "entrypoint", "env", "metadata", "readiness", "publish", "format"];
    checked(request, |map, check| {
        for name in ["image", "publish"] {
            let loc = json!(["body", name]);
            if check.required_string(map, name, loc.clone()).is_some_and(|text| text.is_empty()) {
                check.too_short(loc, 1, &json!(""));
            }
        }
        for name in ["resourceLimits", "env", "metadata"] {
            check.strings(map.get(name), &["body", name], false);
        }
        if let Some(format) =
            map.get("format").filter(|format| ![&json!("native"), &json!("overlaybd")].contains(format))
        {
            let expected = "'native' or 'overlaybd'";
            let msg = format!("Input should be {expected}");
            check.push("literal_error", json!(["body", "format"]), &msg, format, Some(json!({ "expected": expected })));
        }
        if let Some(readiness) = set(map, "readiness").filter(|readiness| !readiness.is_object()) {
            check.errors.push(not_an_object(json!(["body", "readiness"]), readiness));
        }
        for (name, value) in map.iter().filter(|(name, _)| !KNOWN.contains(&name.as_str())) {
            check.push("extra_forbidden", json!(["body", name]), "Extra inputs are not permitted", value, None);
        }
    })
    .await?;
    Err(refused::templates().await)
}

async fn checked(request: Request<Body>, rules: impl FnOnce(&Map<String, Value>, &mut Checker)) -> Result<(), Failure> {
    let body = checks::json_body(request).await?;
    let Some(map) = body.as_object() else {
        return Err(Failure::Invalid(vec![not_an_object(json!(["body"]), &body)]));
    };
    let mut check = Checker::default();
    rules(map, &mut check);
    check.finish()
}

fn capacity(map: &Map<String, Value>, check: &mut Checker) {
    let Some(spec) = map.get("capacitySpec") else {
        return missing(map, "capacitySpec", check);
    };
    let Some(spec) = spec.as_object() else {
        return check.errors.push(not_an_object(json!(["body", "capacitySpec"]), spec));
    };
    for name in ["bufferMax", "bufferMin", "poolMax", "poolMin"] {
        let loc = json!(["body", "capacitySpec", name]);
        match spec.get(name) {
            None => check.push("missing", loc, "Field required", &Value::Object(spec.clone()), None),
            Some(value) => {
                if let Some(number) = check.integer(value, loc.clone()) {
                    check.at_least(number, 0, loc, value);
                }
            }
        }
    }
}

fn missing(map: &Map<String, Value>, name: &str, check: &mut Checker) {
    check.push("missing", json!(["body", name]), "Field required", &Value::Object(map.clone()), None);
}
