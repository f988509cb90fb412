//! The `volumes` of a create request, read with Pydantic's rules.

use super::checks::{Checker, not_an_object};
use super::create_request::set;
use super::metadata::is_dns_label;
use serde_json::{Map, Value, json};

const LABEL: &str = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$";
const ABSOLUTE: &str = "^/.*";
const HOST_PATH: &str = "^(/|[A-Za-z]:[\\\\/])";
const STORAGE: &str = "^\\d+(\\.\\d+)?(Ki|Mi|Gi|Ti|Pi|Ei)?$";

/// One that has the right shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    pub name: String,
    pub mount_path: String,
    pub read_only: bool,
    pub sub_path: String,
    pub backend: Backend,
}

/// What is mounted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Backend {
    /// A path of this machine.
    Host(String),
    /// A volume of this server.
    Named { claim: String, create: bool, delete: bool },
    /// A bucket.
    Ossfs { version: String, options: Vec<String> },
}

/// The list; what is wrong is noted.
pub fn read_volumes(map: &Map<String, Value>, check: &mut Checker) -> Vec<Volume> {
    let Some(value) = set(map, "volumes") else {
        return Vec::new();
    };
    let Some(list) = value.as_array() else {
        let msg = "Input should be a valid list";
        check.push("list_type", json!(["body", "volumes"]), msg, value, None);
        return Vec::new();
    };
    list.iter().enumerate().filter_map(|(index, value)| read_volume(index, value, check)).collect()
}

fn read_volume(index: usize, value: &Value, check: &mut Checker) -> Option<Volume> {
    let here = json!(["body", "volumes", index]);
    let Some(volume) = value.as_object() else {
        check.errors.push(not_an_object(here, value));
        return None;
    };
    let loc = |name: &str| json!(["body", "volumes", index, name]);
    let before = check.errors.len();
    let name = check.required_string(volume, "name", loc("name"));
    if let Some(name) = &name {
        label(name, 63, loc("name"), check);
    }
    let mut backends = Vec::new();
    for (kind, read) in [("host", read_host as Reader), ("pvc", read_named), ("ossfs", read_ossfs)] {
        let Some(value) = set(volume, kind) else { continue };
        match value.as_object() {
            Some(map) => backends.push(read(map, &|name| json!(["body", "volumes", index, kind, name]), check)),
            None => {
                check.errors.push(not_an_object(loc(kind), value));
                backends.push(None);
            }
        }
    }
    let mount_path = check.required_string(volume, "mountPath", loc("mountPath"));
    if let Some(path) = mount_path.as_ref().filter(|path| !path.starts_with('/')) {
        check.mismatch(loc("mountPath"), ABSOLUTE, &json!(path));
    }
    let read_only = flag(volume, "readOnly", false, loc("readOnly"), check);
    let sub_path = check.string(volume.get("subPath"), loc("subPath")).unwrap_or_default();
    if check.errors.len() > before {
        return None;
    }
    let one = match backends.len() {
        1 => backends.pop().flatten(),
        number => {
            let how_many = if number == 0 { "none was" } else { "multiple were" };
            let why = format!("Exactly one backend (host, pvc, ossfs) must be specified, but {how_many} provided.");
            check.broken_rule(here, &why, value);
            None
        }
    };
    Some(Volume { name: name?, mount_path: mount_path?, read_only, sub_path, backend: one? })
}

type Reader = fn(&Map<String, Value>, &dyn Fn(&str) -> Value, &mut Checker) -> Option<Backend>;

fn read_host(map: &Map<String, Value>, loc: &dyn Fn(&str) -> Value, check: &mut Checker) -> Option<Backend> {
    let path = check.required_string(map, "path", loc("path"))?;
    let drive = matches!(path.as_bytes(), [letter, b':', b'/' | b'\\', ..] if letter.is_ascii_alphabetic());
    if !path.starts_with('/') && !drive {
        check.mismatch(loc("path"), HOST_PATH, &json!(path));
    }
    Some(Backend::Host(path))
}

fn read_named(map: &Map<String, Value>, loc: &dyn Fn(&str) -> Value, check: &mut Checker) -> Option<Backend> {
    let claim = check.required_string(map, "claimName", loc("claimName"));
    if let Some(claim) = &claim {
        label(claim, 253, loc("claimName"), check);
    }
    let create = flag(map, "createIfNotExists", true, loc("createIfNotExists"), check);
    let delete = flag(map, "deleteOnSandboxTermination", false, loc("deleteOnSandboxTermination"), check);
    // Hints for other platforms: read and not used.
    check.string(map.get("storageClass"), loc("storageClass"));
    if let Some(size) = check.string(map.get("storage"), loc("storage")).filter(|size| !is_size(size)) {
        check.mismatch(loc("storage"), STORAGE, &json!(size));
    }
    strings(map, "accessModes", loc, check);
    Some(Backend::Named { claim: claim?, create, delete })
}

fn read_ossfs(map: &Map<String, Value>, loc: &dyn Fn(&str) -> Value, check: &mut Checker) -> Option<Backend> {
    let before = check.errors.len();
    if let Some(bucket) = check.required_string(map, "bucket", loc("bucket")) {
        match bucket.chars().count() {
            ..3 => check.too_short(loc("bucket"), 3, &json!(bucket)),
            64.. => check.too_long(loc("bucket"), 63, &json!(bucket)),
            _ => {}
        }
    }
    if check.required_string(map, "endpoint", loc("endpoint")).is_some_and(|endpoint| endpoint.is_empty()) {
        check.too_short(loc("endpoint"), 1, &json!(""));
    }
    let version = map.get("version").cloned().unwrap_or_else(|| json!("2.0"));
    if ![json!("1.0"), json!("2.0")].contains(&version) {
        let msg = "Input should be '1.0' or '2.0'";
        check.push("literal_error", loc("version"), msg, &version, Some(json!({ "expected": "'1.0' or '2.0'" })));
    }
    let options = strings(map, "options", loc, check);
    let mut keys = 0;
    for name in ["accessKeyId", "accessKeySecret"] {
        match check.string(map.get(name), loc(name)) {
            Some(key) if key.is_empty() => check.too_short(loc(name), 1, &json!("")),
            Some(_) => keys += 1,
            None => {}
        }
    }
    if check.errors.len() == before && keys < 2 {
        let mut here = loc("");
        if let Some(parts) = here.as_array_mut() {
            parts.pop();
        }
        let why = "OSSFS inline credentials are required: accessKeyId and accessKeySecret.";
        check.broken_rule(here, why, &Value::Object(map.clone()));
    }
    Some(Backend::Ossfs { version: version.as_str()?.to_owned(), options })
}

fn label(text: &str, most: usize, loc: Value, check: &mut Checker) {
    if !is_dns_label(text) {
        check.mismatch(loc, LABEL, &json!(text));
    } else if text.len() > most {
        check.too_long(loc, most, &json!(text));
    }
}

fn flag(map: &Map<String, Value>, name: &str, default: bool, loc: Value, check: &mut Checker) -> bool {
    map.get(name).map_or(Some(default), |value| check.boolean(value, loc)).unwrap_or(default)
}

fn strings(map: &Map<String, Value>, name: &str, loc: &dyn Fn(&str) -> Value, check: &mut Checker) -> Vec<String> {
    match set(map, name) {
        None => Vec::new(),
        Some(Value::Array(list)) => {
            let mut at = |(index, value)| {
                let mut place = loc(name);
                if let Some(parts) = place.as_array_mut() {
                    parts.push(json!(index));
                }
                check.text(value, place)
            };
            list.iter().enumerate().filter_map(&mut at).collect()
        }
        Some(other) => {
            check.push("list_type", loc(name), "Input should be a valid list", other, None);
            Vec::new()
        }
    }
}

/// Digits, perhaps a fraction, perhaps a unit.
fn is_size(text: &str) -> bool {
    let number = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"].iter().find_map(|unit| text.strip_suffix(unit)).unwrap_or(text);
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    match number.split_once('.') {
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => digits(number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(volume: Value) -> Result<Volume, Vec<String>> {
        let mut check = Checker::default();
        let map = json!({ "volumes": [volume] });
        let mut read = read_volumes(map.as_object().unwrap(), &mut check);
        if check.errors.is_empty() {
            return Ok(read.pop().unwrap());
        }
        let show = |error: &Value| {
            let at: Vec<String> = error["loc"].as_array().unwrap().iter().skip(3).map(Value::to_string).collect();
            format!("{} {}", error["type"].as_str().unwrap(), at.join(".").replace('"', ""))
        };
        Err(check.errors.iter().map(show).collect())
    }

    #[test]
    fn defaults() {
        let volume = read(json!({ "name": "v", "mountPath": "/m", "pvc": { "claimName": "c" } })).unwrap();
        assert!(!volume.read_only);
        assert_eq!(volume.backend, Backend::Named { claim: "c".into(), create: true, delete: false });
    }

    #[test]
    fn what_is_refused() {
        let pvc = json!({ "claimName": "c" });
        for (volume, expected) in [
            (json!({}), vec!["missing name", "missing mountPath"]),
            (
                json!({ "name": "V", "mountPath": "m", "pvc": pvc }),
                vec!["string_pattern_mismatch name", "string_pattern_mismatch mountPath"],
            ),
            (json!({ "name": "v".repeat(64), "mountPath": "/m", "pvc": pvc }), vec!["string_too_long name"]),
            (json!({ "name": "v", "mountPath": "/m" }), vec!["value_error "]),
            (json!({ "name": "v", "mountPath": "/m", "pvc": pvc, "host": { "path": "/x" } }), vec!["value_error "]),
            (json!({ "name": "v", "mountPath": "/m", "host": {} }), vec!["missing host.path"]),
            (
                json!({ "name": "v", "mountPath": "/m", "host": { "path": "x" } }),
                vec!["string_pattern_mismatch host.path"],
            ),
            (json!({ "name": "v", "mountPath": "/m", "pvc": 5 }), vec!["model_attributes_type pvc"]),
            (
                json!({ "name": "v", "mountPath": "/m", "readOnly": "maybe",
                    "pvc": { "claimName": "../c", "storage": "1Zi", "accessModes": [1] } }),
                vec![
                    "string_pattern_mismatch pvc.claimName",
                    "string_pattern_mismatch pvc.storage",
                    "string_type pvc.accessModes.0",
                    "bool_parsing readOnly",
                ],
            ),
            (
                json!({ "name": "v", "mountPath": "/m", "ossfs": { "bucket": "ab", "endpoint": "", "version": "3" } }),
                vec!["string_too_short ossfs.bucket", "string_too_short ossfs.endpoint", "literal_error ossfs.version"],
            ),
            (
                json!({ "name": "v", "mountPath": "/m", "ossfs": { "bucket": "abc", "endpoint": "e" } }),
                vec!["value_error ossfs"],
            ),
        ] {
            assert_eq!(read(volume.clone()).unwrap_err(), expected, "{volume}");
        }
    }
}
