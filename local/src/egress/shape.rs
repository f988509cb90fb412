//! Reading JSON as Go does it where serde is more generous: it would take an array for an object.

use serde::de::DeserializeOwned;
use serde_json::Value;

/// The fields that hold arrays.
const LISTS: [&str; 13] = [
    "egress",
    "credentials",
    "bindings",
    "add",
    "replace",
    "delete",
    "schemes",
    "ports",
    "hosts",
    "methods",
    "paths",
    "headers",
    "substitutions",
];

/// An object.
pub fn object<T: DeserializeOwned + Default>(raw: &[u8]) -> Result<T, String> {
    let value: Value = serde_json::from_slice(raw).map_err(|error| error.to_string())?;
    if value.is_array() {
        return Err("invalid type: sequence, expected an object".into());
    }
    typed::<Option<T>>(value).map(Option::unwrap_or_default)
}

/// An array.
pub fn list<T: DeserializeOwned>(raw: &[u8]) -> Result<Vec<T>, String> {
    let value: Value = serde_json::from_slice(raw).map_err(|error| error.to_string())?;
    typed::<Option<Vec<T>>>(value).map(Option::unwrap_or_default)
}

fn typed<T: DeserializeOwned>(value: Value) -> Result<T, String> {
    check(&value)?;
    serde_json::from_value(value).map_err(|error| without_values(&error.to_string()))
}

fn check(value: &Value) -> Result<(), String> {
    match value {
        Value::Array(items) if items.iter().any(Value::is_array) => {
            Err("invalid type: sequence, expected an object".into())
        }
        Value::Array(items) => items.iter().try_for_each(check),
        Value::Object(map) => map.iter().try_for_each(|(name, value)| {
            let is_list = LISTS.contains(&name.as_str()) || name == "in";
            if value.is_array() && !is_list {
                return Err(format!("invalid type: sequence, expected something else for field `{name}`"));
            }
            check(value)
        }),
        _ => Ok(()),
    }
}

/// serde quotes what it found where it expected something else: `invalid type: string "…", expected …`. It may be a
/// secret.
fn without_values(text: &str) -> String {
    match (text.split_once(": string \""), text.rsplit_once("\", expected")) {
        (Some((before, _)), Some((_, after))) => format!("{before}: string, expected{after}"),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::requests::Create;
    use super::*;

    #[test]
    fn arrays_are_no_objects() {
        for raw in ["[]", r#"{"credentials":[["c"]]}"#, r#"{"credentials":[{"name":"c","source":["inline","x"]}]}"#] {
            let why = object::<Create>(raw.as_bytes()).err().unwrap();
            assert!(why.contains("sequence"), "{raw}: {why}");
        }
        assert!(object::<Create>(b"null").is_ok());
        assert!(list::<String>(b"[[]]").is_err() && list::<String>(b"{}").is_err());
        assert_eq!(list::<String>(b"null"), Ok(Vec::new()));
    }

    #[test]
    fn errors_do_not_quote_values() {
        for raw in [
            r#"{"credentials":[{"name":"c","source":"se\"cret"}]}"#,
            r#"{"credentials":"secret"}"#,
            r#"{"credentials":[{"name":"c","source":{"value":"secret"#,
        ] {
            let why = object::<Create>(raw.as_bytes()).err().unwrap();
            assert!(!why.contains("cret"), "{why}");
        }
    }
}
