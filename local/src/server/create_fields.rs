//! Single fields of a create request.

use super::checks::{Checker, not_an_object};
use super::create_request::set;
use super::errors::Failure;
use serde_json::{Map, Value, json};

/// An object, if it is there.
pub fn object<'a>(map: &'a Map<String, Value>, key: &str, check: &mut Checker) -> Option<&'a Map<String, Value>> {
    let value = set(map, key)?;
    if !value.is_object() {
        check.errors.push(not_an_object(json!(["body", key]), value));
    }
    value.as_object()
}

/// The name of the image.
pub fn image(value: Option<&Value>, check: &mut Checker) -> Option<String> {
    match value? {
        Value::Null => None,
        Value::Object(image) => check.required_string(image, "uri", json!(["body", "image", "uri"])),
        other => {
            check.errors.push(not_an_object(json!(["body", "image"]), other));
            None
        }
    }
}

/// System and processor, as they were sent.
pub fn platform(value: Option<&Value>, check: &mut Checker) -> Option<(String, String)> {
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

/// The platform in its normal form.
pub fn check_platform((os, arch): (String, String)) -> Result<Value, Failure> {
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

/// The words of the entrypoint.
pub fn entrypoint(map: &Map<String, Value>, check: &mut Checker) -> Option<Vec<String>> {
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

/// The extensions that mean something here.
pub fn check_extensions(extensions: &Map<String, Value>) -> Result<(), Failure> {
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
pub fn check_text(env: &[(String, String)], entrypoint: &[String]) -> Result<(), Failure> {
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
