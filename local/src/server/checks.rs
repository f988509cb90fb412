//! Reading and checking requests with the words FastAPI and Pydantic use for what is wrong.

use super::errors::{Failure, detail};
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use bytes::Bytes;
use serde_json::{Map, Value, json};

/// The lifecycle API's bodies are small; the proxy has no limit.
const BODY_LIMIT: usize = 1 << 20;

/// The JSON body of a request.
pub async fn json_body(request: Request<Body>) -> Result<Value, Failure> {
    json_and_bytes(request).await.map(|(value, _)| value)
}

/// The JSON body of a request that need not have one.
pub async fn optional_json_body(request: Request<Body>) -> Result<Value, Failure> {
    match json_and_bytes(request).await {
        Ok((value, _)) => Ok(value),
        Err(Failure::Invalid(list)) if list.iter().any(|entry| entry.get("type") == Some(&json!("missing"))) => {
            Ok(Value::Null)
        }
        Err(failure) => Err(failure),
    }
}

/// The JSON body of a request, and as it was sent.
pub async fn json_and_bytes(request: Request<Body>) -> Result<(Value, Bytes), Failure> {
    let (parts, body) = request.into_parts();
    let bytes = axum::body::to_bytes(body, BODY_LIMIT).await.map_err(|_| {
        Failure::api(
            StatusCode::PAYLOAD_TOO_LARGE,
            "GENERAL::UNKNOWN_ERROR",
            "The request body is larger than 1 MiB or was cut off.",
        )
    })?;
    if bytes.is_empty() {
        return Err(Failure::invalid("missing", json!(["body"]), "Field required", &Value::Null, None));
    }
    if !is_json(&parts.headers) {
        // A body of another type reaches the model as text, which is not an object.
        let text = Value::String(String::from_utf8_lossy(&bytes).into_owned());
        return Err(Failure::Invalid(vec![not_an_object(json!(["body"]), &text)]));
    }
    let value = serde_json::from_slice(&bytes).map_err(|error| {
        let position = position(&bytes, error.line(), error.column());
        Failure::invalid(
            "json_invalid",
            json!(["body", position]),
            "JSON decode error",
            &json!({}),
            Some(json!({ "error": error.to_string() })),
        )
    })?;
    Ok((value, bytes))
}

/// `application/json` or `application/*+json`.
fn is_json(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .map(|value| value.trim().to_ascii_lowercase())
        .and_then(|value| value.strip_prefix("application/").map(str::to_owned))
        .is_some_and(|kind| kind == "json" || kind.ends_with("+json"))
}

fn position(bytes: &[u8], line: usize, column: usize) -> usize {
    let before: usize =
        bytes.split_inclusive(|byte| *byte == b'\n').take(line.saturating_sub(1)).map(<[u8]>::len).sum();
    before + column.saturating_sub(1)
}

/// Pydantic's word for "not an object" where a model is expected.
pub fn not_an_object(loc: Value, input: &Value) -> Value {
    detail(
        "model_attributes_type",
        loc,
        "Input should be a valid dictionary or object to extract fields from",
        input,
        None,
    )
}

/// Collects 422 entries while a body is read.
#[derive(Default)]
pub struct Checker {
    /// What was wrong so far, in field order.
    pub errors: Vec<Value>,
}

impl Checker {
    /// Ends in 422 if anything was wrong.
    pub fn finish(self) -> Result<(), Failure> {
        if self.errors.is_empty() { Ok(()) } else { Err(Failure::Invalid(self.errors)) }
    }

    /// Notes one error.
    pub fn push(&mut self, kind: &str, loc: Value, msg: &str, input: &Value, ctx: Option<Value>) {
        self.errors.push(detail(kind, loc, msg, input, ctx));
    }

    /// A string or nothing.
    pub fn string(&mut self, value: Option<&Value>, loc: Value) -> Option<String> {
        let value = value.filter(|value| !value.is_null())?;
        self.text(value, loc)
    }

    /// A required string inside `parent`.
    pub fn required_string(&mut self, parent: &Map<String, Value>, key: &str, loc: Value) -> Option<String> {
        match parent.get(key) {
            None => {
                let parent = Value::Object(parent.clone());
                self.push("missing", loc, "Field required", &parent, None);
                None
            }
            Some(value) => self.text(value, loc),
        }
    }

    /// A string.
    pub fn text(&mut self, value: &Value, loc: Value) -> Option<String> {
        let text = value.as_str().map(str::to_owned);
        if text.is_none() {
            self.push("string_type", loc, "Input should be a valid string", value, None);
        }
        text
    }

    /// An integer; Pydantic's lax mode takes `"90"`, `90.0` and `true`.
    pub fn integer(&mut self, value: &Value, loc: Value) -> Option<i64> {
        match value {
            Value::Bool(yes) => Some(i64::from(*yes)),
            Value::Number(number) => match number.as_i64() {
                Some(number) => Some(number),
                None => {
                    let float = number.as_f64().unwrap_or(f64::NAN);
                    if float.fract() == 0.0 {
                        // Too large for the clock anyway; the timeout check says so.
                        Some(float as i64)
                    } else {
                        let msg = "Input should be a valid integer, got a number with a fractional part";
                        self.push("int_from_float", loc, msg, value, None);
                        None
                    }
                }
            },
            Value::String(text) => text.trim().parse().ok().or_else(|| {
                let msg = "Input should be a valid integer, unable to parse string as an integer";
                self.push("int_parsing", loc.clone(), msg, value, None);
                None
            }),
            _ => {
                self.push("int_type", loc, "Input should be a valid integer", value, None);
                None
            }
        }
    }

    /// A text that is shorter than it must be.
    pub fn too_short(&mut self, loc: Value, least: usize, input: &Value) {
        let msg = format!("String should have at least {least} character{}", if least == 1 { "" } else { "s" });
        self.push("string_too_short", loc, &msg, input, Some(json!({ "min_length": least })));
    }

    /// A text that is longer than it may be.
    pub fn too_long(&mut self, loc: Value, most: usize, input: &Value) {
        let msg = format!("String should have at most {most} characters");
        self.push("string_too_long", loc, &msg, input, Some(json!({ "max_length": most })));
    }

    /// A text that does not have the form it must have.
    pub fn mismatch(&mut self, loc: Value, pattern: &str, input: &Value) {
        let msg = format!("String should match pattern '{pattern}'");
        self.push("string_pattern_mismatch", loc, &msg, input, Some(json!({ "pattern": pattern })));
    }

    /// A rule that concerns a whole object.
    pub fn broken_rule(&mut self, loc: Value, why: &str, input: &Value) {
        self.push("value_error", loc, &format!("Value error, {why}"), input, Some(json!({ "error": {} })));
    }

    /// `minimum <= number`, with Pydantic's words.
    pub fn at_least(&mut self, number: i64, minimum: i64, loc: Value, input: &Value) -> bool {
        if number < minimum {
            let msg = format!("Input should be greater than or equal to {minimum}");
            self.push("greater_than_equal", loc, &msg, input, Some(json!({ "ge": minimum })));
        }
        number >= minimum
    }

    /// `number <= maximum`, with Pydantic's words.
    pub fn at_most(&mut self, number: i64, maximum: i64, loc: Value, input: &Value) -> bool {
        if number > maximum {
            let msg = format!("Input should be less than or equal to {maximum}");
            self.push("less_than_equal", loc, &msg, input, Some(json!({ "le": maximum })));
        }
        number <= maximum
    }

    /// A boolean in lax mode.
    pub fn boolean(&mut self, value: &Value, loc: Value) -> Option<bool> {
        let word = match value {
            Value::Bool(value) => return Some(*value),
            Value::Number(number) => number.to_string(),
            Value::String(text) => text.to_ascii_lowercase(),
            _ => {
                self.push("bool_type", loc, "Input should be a valid boolean", value, None);
                return None;
            }
        };
        match word.as_str() {
            "1" | "true" | "t" | "yes" | "y" | "on" => Some(true),
            "0" | "false" | "f" | "no" | "n" | "off" => Some(false),
            _ => {
                let msg = "Input should be a valid boolean, unable to interpret input";
                self.push("bool_parsing", loc, msg, value, None);
                None
            }
        }
    }

    /// An object of strings; `nulls` lets values be null.
    pub fn strings(&mut self, value: Option<&Value>, loc: &[&str], nulls: bool) -> Option<Map<String, Value>> {
        match value {
            None | Some(Value::Null) => None,
            Some(Value::Object(map)) => {
                for (key, value) in map {
                    if !(value.is_string() || (nulls && value.is_null())) {
                        let mut place: Vec<Value> = loc.iter().map(|part| json!(part)).collect();
                        place.push(json!(key));
                        let msg = "Input should be a valid string";
                        self.push("string_type", Value::Array(place), msg, value, None);
                    }
                }
                Some(map.clone())
            }
            Some(other) => {
                self.push("dict_type", json!(loc), "Input should be a valid dictionary", other, None);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_position_counts_lines() {
        assert_eq!(position(b"{\n  x", 2, 3), 4);
    }

    #[test]
    fn lax_integers() {
        let mut check = Checker::default();
        assert_eq!(check.integer(&json!("90"), json!([])), Some(90));
        assert_eq!(check.integer(&json!(90.0), json!([])), Some(90));
        assert!(check.errors.is_empty());
        assert_eq!(check.integer(&json!(1.5), json!([])), None);
        assert_eq!(check.integer(&json!("x"), json!([])), None);
        assert_eq!(check.errors.len(), 2);
    }
}
