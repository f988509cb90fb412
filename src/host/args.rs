//! The one place that reads the caller's values. Every read is checked and its error names the field: an unchecked
//! `String` parameter of a release build reads out of bounds when a number is passed.

use crate::core::error::Error;
use crate::core::rules;
use crate::core::text::join;
use crate::host::{js, object};
use js_sys::{Array, Function, Object};
use wasm_bindgen::{JsCast, JsValue};

fn wrong(field: &str, wanted: &str, value: &JsValue) -> Error {
    let kind = if value.is_null() {
        "null".to_owned()
    } else if value.is_instance_of::<Array>() {
        "array".to_owned()
    } else {
        value.js_typeof().as_string().unwrap_or_default()
    };
    Error::invalid(format!("{field} must be {wanted}, got {kind}"))
}

/// A required string of any characters.
pub fn text(field: &str, value: &JsValue) -> Result<String, Error> {
    value.as_string().ok_or_else(|| wrong(field, "a string", value))
}

/// A required string. Neither paths, arguments and variables nor ids and names can hold a NUL.
pub fn string(field: &str, value: &JsValue) -> Result<String, Error> {
    let text = text(field, value)?;
    if text.contains('\0') {
        return Err(Error::invalid(format!("{field} cannot contain a NUL character")));
    }
    Ok(text)
}

/// A required string with something in it. The message is the official one.
pub fn filled(field: &str, value: &JsValue) -> Result<String, Error> {
    let text = string(field, value)?;
    if text.trim().is_empty() { Err(Error::invalid(format!("{field} cannot be empty"))) } else { Ok(text) }
}

/// A required finite number.
pub fn number(field: &str, value: &JsValue) -> Result<f64, Error> {
    let number = value.as_f64().ok_or_else(|| wrong(field, "a number", value))?;
    if number.is_finite() {
        Ok(number)
    } else {
        Err(Error::invalid(format!("{field} must be a finite number, got {}", rules::short(number))))
    }
}

/// A required boolean.
pub fn boolean(field: &str, value: &JsValue) -> Result<bool, Error> {
    value.as_bool().ok_or_else(|| wrong(field, "a boolean", value))
}

/// A required whole number that is not negative, nor so large that it would not be exact.
pub fn count(field: &str, value: &JsValue) -> Result<f64, Error> {
    let count = number(field, value)?;
    if (0.0..rules::WHOLE_LIMIT).contains(&count) && count.fract() == 0.0 {
        return Ok(count);
    }
    let got = rules::short(count);
    Err(Error::invalid(format!("{field} must be a whole number of at least 0, got {got}")))
}

/// A required array of strings.
pub fn strings(field: &str, value: &JsValue) -> Result<Vec<String>, Error> {
    let list = value.dyn_ref::<Array>().ok_or_else(|| wrong(field, "an array of strings", value))?;
    let mut texts = Vec::new();
    for (index, item) in list.iter().enumerate() {
        texts.push(string(&place(field, index), &item)?);
    }
    Ok(texts)
}

/// The name of an entry of a list.
#[inline(never)]
fn place(field: &str, index: usize) -> String {
    format!("{field}[{index}]")
}

/// A required array of objects.
pub fn objects(field: &str, value: &JsValue) -> Result<Vec<Options>, Error> {
    let list = value.dyn_ref::<Array>().ok_or_else(|| wrong(field, "an array of objects", value))?;
    let mut entries = Vec::new();
    for (index, item) in list.iter().enumerate() {
        entries.push(Options::required(&place(field, index), &item)?);
    }
    Ok(entries)
}

/// What a field of a request must be that is sent as it is.
#[derive(Clone, Copy)]
pub enum Kind {
    /// A string.
    Text,
    /// A string that must be there.
    RequiredText,
    /// A string that must be there and have something in it.
    Filled,
    /// A boolean.
    Boolean,
    /// A finite number.
    Number,
    /// A whole number that is not negative.
    Count,
    /// The same, and it must be there.
    RequiredCount,
    /// An array of strings.
    Texts,
    /// An object whose values are strings.
    TextMap,
    /// An object.
    Object,
    /// An object that must be there.
    RequiredObject,
}

/// An options object, read field by field. `undefined` and `null` are "not given", for it and for its fields.
#[derive(Clone)]
pub struct Options {
    value: JsValue,
    prefix: String,
}

impl Options {
    /// An argument that may be left out.
    pub fn new(field: &str, value: &JsValue) -> Result<Self, Error> {
        if object::absent(value) {
            Ok(Self { value: JsValue::UNDEFINED, prefix: String::new() })
        } else {
            Self::required(field, value)
        }
    }

    /// An argument that must be an object.
    pub fn required(field: &str, value: &JsValue) -> Result<Self, Error> {
        if !value.is_object() || value.is_instance_of::<Array>() {
            return Err(wrong(field, "an object", value));
        }
        // Fields of a top-level options object are named alone, those of list entries with their place.
        let prefix = if field.ends_with(']') { format!("{field}.") } else { String::new() };
        Ok(Self { value: value.clone(), prefix })
    }

    /// A field that is an object whose own fields are read: they are named with their place.
    pub fn nested(&self, name: &str) -> Result<Option<Self>, Error> {
        Ok(self.object(name)?.map(|object| Self { value: object.into(), prefix: format!("{}.", self.path(name)) }))
    }

    /// The same for a field that must be there.
    pub fn required_nested(&self, name: &str) -> Result<Self, Error> {
        self.nested(name)?.ok_or_else(|| wrong(&self.path(name), "an object", &self.raw(name)))
    }

    /// The object itself; `undefined` when it was not given.
    pub fn value(&self) -> &JsValue {
        &self.value
    }

    /// The field's name as the caller knows it.
    pub fn path(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// The field as it is.
    pub fn raw(&self, name: &str) -> JsValue {
        object::get(&self.value, name)
    }

    /// Whether the field is there at all, if only as `null`.
    pub fn has(&self, name: &str) -> bool {
        !self.raw(name).is_undefined()
    }

    fn optional<T>(
        &self,
        name: &str,
        read: impl FnOnce(&str, &JsValue) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        let value = self.raw(name);
        if object::absent(&value) { Ok(None) } else { read(&self.path(name), &value).map(Some) }
    }

    /// A string field.
    pub fn string(&self, name: &str) -> Result<Option<String>, Error> {
        self.optional(name, string)
    }

    /// A string field of any characters that must be there.
    pub fn required_text(&self, name: &str) -> Result<String, Error> {
        text(&self.path(name), &self.raw(name))
    }

    /// A string field that must be there.
    pub fn required_string(&self, name: &str) -> Result<String, Error> {
        string(&self.path(name), &self.raw(name))
    }

    /// A string field that must be there and have something in it.
    pub fn filled(&self, name: &str) -> Result<String, Error> {
        filled(&self.path(name), &self.raw(name))
    }

    /// A field that must be an array of objects.
    pub fn children(&self, name: &str) -> Result<Vec<Self>, Error> {
        objects(&self.path(name), &self.raw(name))
    }

    /// A copy of the object, for what the server, not we, understands.
    pub fn copy(&self) -> Object {
        let copy = Object::new();
        if let Some(object) = self.value.dyn_ref::<Object>() {
            let _ = Object::assign(&copy, object);
        }
        copy
    }

    /// A string field that has something in it if it is there.
    pub fn optional_filled(&self, name: &str) -> Result<Option<String>, Error> {
        self.optional(name, filled)
    }

    /// Checks fields by a table: a method for each of them would be several times the code.
    pub fn check(&self, fields: &[(&str, Kind)]) -> Result<(), Error> {
        for (name, kind) in fields {
            match kind {
                Kind::Text => self.string(name).map(drop),
                Kind::RequiredText => self.required_string(name).map(drop),
                Kind::Filled => self.filled(name).map(drop),
                Kind::Boolean => self.boolean(name).map(drop),
                Kind::Number => self.number(name).map(drop),
                Kind::Count => self.count(name).map(drop),
                Kind::RequiredCount => count(&self.path(name), &self.raw(name)).map(drop),
                Kind::Texts => self.strings(name).map(drop),
                Kind::TextMap => self.string_map(name).map(drop),
                Kind::Object => self.object(name).map(drop),
                Kind::RequiredObject => self.required_nested(name).map(drop),
            }?;
        }
        Ok(())
    }

    /// A field that is one of two words: whether it is the second.
    pub fn choice(&self, name: &str, words: [&str; 2]) -> Result<bool, Error> {
        let Some(word) = self.string(name)? else { return Ok(false) };
        match words.iter().position(|each| *each == word) {
            Some(at) => Ok(at == 1),
            None => Err(Error::invalid(format!(
                "{} must be \"{}\", got \"{word}\"",
                self.path(name),
                join(&words, "\" or \"")
            ))),
        }
    }

    /// A finite number field.
    pub fn number(&self, name: &str) -> Result<Option<f64>, Error> {
        self.optional(name, number)
    }

    /// A time in seconds. `Infinity` is a way to say "no limit".
    pub fn seconds(&self, name: &str) -> Result<Option<f64>, Error> {
        self.optional(name, |field, value| match value.as_f64() {
            Some(f64::INFINITY) => Ok(f64::INFINITY),
            _ => number(field, value),
        })
    }

    /// The same, where less than nothing makes no sense.
    pub fn at_least_zero(&self, name: &str) -> Result<Option<f64>, Error> {
        match self.seconds(name)? {
            Some(seconds) if seconds < 0.0 => Err(Error::invalid(format!(
                "{} must not be negative, got {}",
                self.path(name),
                crate::core::rules::short(seconds)
            ))),
            seconds => Ok(seconds),
        }
    }

    /// The same in milliseconds, for limits of which 0 is none.
    pub fn milliseconds(&self, name: &str) -> Result<Option<f64>, Error> {
        match self.at_least_zero(name)? {
            // Up, so that a tiny limit does not become none.
            Some(f64::INFINITY) => Ok(Some(0.0)),
            seconds => Ok(seconds.map(|seconds| (seconds * 1000.0).ceil())),
        }
    }

    /// Request headers: an object, or what iterates over pairs, such as a `Headers`.
    pub fn headers(&self, name: &str) -> Result<Vec<(String, String)>, Error> {
        let value = self.raw(name);
        let iterates =
            js_sys::Reflect::get(&value, &js_sys::Symbol::iterator()).is_ok_and(|iterator| iterator.is_function());
        let headers = if iterates {
            let object =
                Object::from_entries(&value).map_err(|_| wrong(&self.path(name), "an object or a Headers", &value))?;
            let wrapped = Object::new();
            object::set(&wrapped, name, object);
            Self { value: wrapped.into(), prefix: self.prefix.clone() }.string_map(name)?
        } else {
            self.string_map(name)?
        };
        let headers = headers.unwrap_or_default();
        headers.iter().try_for_each(|(name, value)| rules::header(name, value))?;
        Ok(headers)
    }

    /// A whole number that is not negative.
    pub fn count(&self, name: &str) -> Result<Option<f64>, Error> {
        self.optional(name, count)
    }

    /// A boolean field.
    pub fn boolean(&self, name: &str) -> Result<Option<bool>, Error> {
        self.optional(name, boolean)
    }

    /// A function field.
    pub fn function(&self, name: &str) -> Result<Option<Function>, Error> {
        self.optional(name, |field, value| {
            value.dyn_ref::<Function>().cloned().ok_or_else(|| wrong(field, "a function", value))
        })
    }

    /// A field that is an object which the server, not we, understands.
    pub fn object(&self, name: &str) -> Result<Option<Object>, Error> {
        self.optional(name, |field, value| {
            let object = value.is_object() && !value.is_instance_of::<Array>();
            if object { Ok(value.clone().unchecked_into()) } else { Err(wrong(field, "an object", value)) }
        })
    }

    /// An array of strings.
    pub fn strings(&self, name: &str) -> Result<Option<Vec<String>>, Error> {
        self.optional(name, strings)
    }

    /// An array of whole numbers that are not negative.
    pub fn counts(&self, name: &str) -> Result<Option<Vec<f64>>, Error> {
        self.optional(name, |field, value| {
            let list = value.dyn_ref::<Array>().ok_or_else(|| wrong(field, "an array of numbers", value))?;
            let mut counts = Vec::new();
            for (index, item) in list.iter().enumerate() {
                counts.push(count(&place(field, index), &item)?);
            }
            Ok(counts)
        })
    }

    /// An array of objects.
    pub fn objects(&self, name: &str) -> Result<Option<Vec<Self>>, Error> {
        self.optional(name, objects)
    }

    /// An object whose values are strings.
    pub fn string_map(&self, name: &str) -> Result<Option<Vec<(String, String)>>, Error> {
        let Some(object) = self.object(name)? else { return Ok(None) };
        let path = self.path(name);
        let mut map = Vec::new();
        for (key, value) in object::entries(&object) {
            // As JSON does it: `{ A: process.env.A }` without such a variable says nothing.
            if !value.is_undefined() {
                let text = string(&format!("{path}.{key}"), &value)?;
                map.push((key, text));
            }
        }
        Ok(Some(map))
    }

    /// How failed requests are repeated; checked where that of the configuration is.
    pub fn retry(&self, name: &str) -> Result<Option<JsValue>, Error> {
        self.optional(name, |_, value| {
            js::check_retry(value).map_err(|thrown| {
                Error::invalid(object::text(&thrown, "message").unwrap_or_else(|| "retry is wrong".into()))
            })
        })
    }

    /// An `AbortSignal`, by its shape: it may come from another realm or a polyfill.
    pub fn signal(&self, name: &str) -> Result<Option<JsValue>, Error> {
        self.optional(name, signal)
    }
}

fn signal(field: &str, value: &JsValue) -> Result<JsValue, Error> {
    let shaped =
        object::get(value, "aborted").as_bool().is_some() && object::get(value, "addEventListener").is_function();
    if shaped { Ok(value.clone()) } else { Err(wrong(field, "an AbortSignal", value)) }
}

/// What the last argument of every async method may say, checked: an object of `src/js/call.js`.
#[derive(Clone)]
pub struct CallOptions(JsValue);

impl AsRef<JsValue> for CallOptions {
    fn as_ref(&self) -> &JsValue {
        &self.0
    }
}

impl CallOptions {
    /// The same with the signal of these options, unless it has one. The official SDK has places for both.
    pub fn or_signal(self, options: &Options) -> Result<Self, Error> {
        let other = options.signal("signal")?;
        if let (true, Some(other)) = (object::absent(&object::get(&self.0, "signal")), other) {
            object::set(self.0.unchecked_ref(), "signal", other);
        }
        Ok(self)
    }

    /// From `{signal, requestTimeoutSeconds, retry, headers}` or, as in the official SDK, a bare `AbortSignal`.
    pub fn read(value: &JsValue) -> Result<Self, Error> {
        if let Ok(signal) = signal("signal", value) {
            let none = JsValue::UNDEFINED;
            return Ok(Self(js::call_of(&signal, None, Array::new(), false, &none)));
        }
        Self::among(&Options::new("call options, or a signal,", value)?)
    }

    /// From an options object that has these fields among others.
    pub fn among(options: &Options) -> Result<Self, Error> {
        let signal = options.signal("signal")?.unwrap_or_default();
        let timeout_seconds = options.seconds("requestTimeoutSeconds")?;
        let headers = object::pairs(&options.headers("headers")?);
        let keepalive = options.boolean("keepalive")?.unwrap_or(false);
        let retry = options.retry("retry")?.unwrap_or_default();
        Ok(Self(js::call_of(&signal, timeout_seconds, headers, keepalive, &retry)))
    }
}
