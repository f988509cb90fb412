//! Request bodies as Go reads them: content type ignored, the first JSON value only, field names in any case.

use super::errors::Failure;
use axum::body::Body;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What a body held.
pub enum Parsed {
    Value(Value),
    Empty,
    Bad(String),
}

/// Reads the whole body and decodes its first value. What follows that value is ignored.
pub async fn read(body: Body) -> Parsed {
    match axum::body::to_bytes(body, usize::MAX).await {
        Ok(bytes) => parse(&bytes),
        Err(error) => Parsed::Bad(error.to_string()),
    }
}

/// The body of a request that must have one.
pub async fn read_required(body: Body) -> Result<Value, Failure> {
    match read(body).await {
        Parsed::Value(value) => Ok(value),
        Parsed::Empty => Err(malformed("EOF")),
        Parsed::Bad(error) => Err(malformed(&error)),
    }
}

/// The 400 of an unreadable body.
pub fn malformed(error: &str) -> Failure {
    Failure::invalid_request(format!("error parsing request, MAYBE invalid body format. {error}"))
}

/// Decodes the first value of `bytes`.
pub fn parse(bytes: &[u8]) -> Parsed {
    // Go replaces invalid UTF-8 inside strings instead of refusing it.
    let text = String::from_utf8_lossy(bytes);
    let mut values = serde_json::Deserializer::from_str(&text).into_iter::<Value>();
    match values.next() {
        None => Parsed::Empty,
        Some(Ok(value)) => Parsed::Value(value),
        Some(Err(error)) if error.is_eof() => Parsed::Bad("unexpected EOF".into()),
        Some(Err(error)) => {
            let line = text.lines().nth(error.line().saturating_sub(1)).unwrap_or_default();
            let at = line.as_bytes().get(error.column().saturating_sub(1)).map_or(' ', |byte| char::from(*byte));
            Parsed::Bad(format!("invalid character '{at}' looking for beginning of value"))
        }
    }
}

/// The fields of one JSON object. Absent and `null` fields are their zero value; a wrong type is an error text.
pub struct Fields<'a> {
    /// The Go type's name, for error texts.
    kind: &'static str,
    map: Option<&'a Map<String, Value>>,
}

impl<'a> Fields<'a> {
    pub fn of(value: &'a Value, kind: &'static str) -> Result<Self, String> {
        match value {
            Value::Object(map) => Ok(Self { kind, map: Some(map) }),
            Value::Null => Ok(Self { kind, map: None }),
            other => Err(format!("json: cannot unmarshal {} into Go value of type model.{kind}", type_name(other))),
        }
    }

    /// The last field of that name in any case, unless it is null.
    fn get(&self, name: &str) -> Option<&'a Value> {
        let named = self.map?.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value).rfind(|value| !value.is_null())
    }

    fn mismatch(&self, name: &str, value: &Value, wanted: &str) -> String {
        format!(
            "json: cannot unmarshal {} into Go struct field {}.{name} of type {wanted}",
            type_name(value),
            self.kind
        )
    }

    pub fn string(&self, name: &str) -> Result<String, String> {
        match self.get(name) {
            None => Ok(String::new()),
            Some(Value::String(text)) => Ok(text.clone()),
            Some(other) => Err(self.mismatch(name, other, "string")),
        }
    }

    pub fn boolean(&self, name: &str) -> Result<bool, String> {
        match self.get(name) {
            None => Ok(false),
            Some(Value::Bool(value)) => Ok(*value),
            Some(other) => Err(self.mismatch(name, other, "bool")),
        }
    }

    pub fn integer(&self, name: &str) -> Result<i64, String> {
        match self.get(name) {
            None => Ok(0),
            Some(value) => value.as_i64().ok_or_else(|| self.mismatch(name, value, "int64")),
        }
    }

    pub fn optional_u32(&self, name: &str) -> Result<Option<u32>, String> {
        match self.get(name) {
            None => Ok(None),
            Some(value) => match value.as_u64().and_then(|number| u32::try_from(number).ok()) {
                Some(number) => Ok(Some(number)),
                None => Err(self.mismatch(name, value, "uint32")),
            },
        }
    }

    pub fn strings(&self, name: &str) -> Result<BTreeMap<String, String>, String> {
        let mut out = BTreeMap::new();
        match self.get(name) {
            None => {}
            Some(Value::Object(map)) => {
                for (key, value) in map {
                    let text = match value {
                        Value::String(text) => text.clone(),
                        Value::Null => String::new(),
                        other => return Err(self.mismatch(name, other, "string")),
                    };
                    out.insert(key.clone(), text);
                }
            }
            Some(other) => return Err(self.mismatch(name, other, "map[string]string")),
        }
        Ok(out)
    }

    pub fn object(&self, name: &str) -> Result<Fields<'a>, String> {
        match self.get(name) {
            None => Ok(Fields { kind: self.kind, map: None }),
            Some(Value::Object(map)) => Ok(Fields { kind: self.kind, map: Some(map) }),
            Some(other) => Err(self.mismatch(name, other, "model.CodeContext")),
        }
    }
}

/// The entries of a body that is a map; `null` is an empty one.
pub fn entries(value: &Value) -> Result<Vec<(&String, &Value)>, Failure> {
    match value {
        Value::Object(map) => Ok(map.iter().collect()),
        Value::Null => Ok(Vec::new()),
        other => Err(malformed(&format!("json: cannot unmarshal {} into Go value of type map", type_name(other)))),
    }
}

/// The items of a body that is an array; `null` is an empty one.
pub fn items(value: &Value) -> Result<&[Value], Failure> {
    match value {
        Value::Array(items) => Ok(items),
        Value::Null => Ok(&[]),
        other => Err(malformed(&format!("json: cannot unmarshal {} into Go value of type slice", type_name(other)))),
    }
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Value {
        match parse(text.as_bytes()) {
            Parsed::Value(value) => value,
            Parsed::Empty => panic!("empty"),
            Parsed::Bad(error) => panic!("{error}"),
        }
    }

    #[test]
    fn first_value_only() {
        assert_eq!(value("{\"a\":1} trailing }{"), serde_json::json!({"a": 1}));
        assert!(matches!(parse(b" \n"), Parsed::Empty));
        assert!(matches!(parse(b"{\"command\":"), Parsed::Bad(text) if text == "unexpected EOF"));
        assert!(matches!(parse(b"nope"), Parsed::Bad(text) if text.starts_with("invalid character")));
    }

    #[test]
    fn names_in_any_case_and_types_checked() {
        let body = value(r#"{"COMMAND":"x","Timeout":1.5,"uid":-1,"cwd":null}"#);
        let fields = Fields::of(&body, "RunCommandRequest").unwrap();
        assert_eq!(fields.string("command").unwrap(), "x");
        assert_eq!(fields.string("cwd").unwrap(), "");
        assert!(fields.integer("timeout").unwrap_err().contains("RunCommandRequest.timeout of type int64"));
        assert!(fields.optional_u32("uid").is_err());
        assert!(Fields::of(&value("[]"), "RunCommandRequest").is_err());
    }
}
