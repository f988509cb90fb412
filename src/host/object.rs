//! Plain JavaScript objects: reading a property, building one, JSON.

use js_sys::{Array, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};

/// A property, or `undefined`: also of things that are no objects, and of a getter that throws.
pub fn get(value: &JsValue, name: &str) -> JsValue {
    if value.is_object() || value.is_function() {
        Reflect::get(value, &name.into()).unwrap_or_default()
    } else {
        JsValue::UNDEFINED
    }
}

/// A property that is a string.
pub fn text(value: &JsValue, name: &str) -> Option<String> {
    get(value, name).as_string()
}

/// An object without a prototype: its keys are the caller's, and one may be `__proto__`.
pub fn map() -> Object {
    Object::create(JsValue::NULL.unchecked_ref())
}

/// Whether it is `null` or `undefined`.
pub fn absent(value: &JsValue) -> bool {
    value.is_null() || value.is_undefined()
}

/// Sets a property of an object of ours.
pub fn set(object: &Object, name: &str, value: impl Into<JsValue>) {
    // Cannot fail: the object is plain and extensible.
    let _ = Reflect::set(object, &name.into(), &value.into());
}

/// Sets a property unless the value is `undefined`.
pub fn set_some(object: &Object, name: &str, value: Option<impl Into<JsValue>>) {
    if let Some(value) = value {
        set(object, name, value);
    }
}

/// The own enumerable entries of an object.
pub fn entries(value: &JsValue) -> Vec<(String, JsValue)> {
    let Some(object) = value.dyn_ref::<Object>() else { return Vec::new() };
    let mut entries = Vec::new();
    for entry in Object::entries(object).iter() {
        let entry: Array = entry.unchecked_into();
        if let Some(key) = entry.get(0).as_string() {
            entries.push((key, entry.get(1)));
        }
    }
    entries
}

/// The same without values that are no strings.
pub fn texts(value: &JsValue) -> Vec<(String, String)> {
    let mut texts = Vec::new();
    for (name, value) in entries(value) {
        texts.extend(value.as_string().map(|text| (name, text)));
    }
    texts
}

/// `JSON.parse`, or `None`.
pub fn parse(text: &str) -> Option<JsValue> {
    js_sys::JSON::parse(text).ok()
}

/// `JSON.stringify`; `null` for what JSON has no word for. Fails for cycles and BigInts, which are the caller's doing.
pub fn stringify(value: &JsValue) -> Result<String, JsValue> {
    // Not `String::from`: the result may be `undefined`, which would throw through Rust.
    js_sys::JSON::stringify(value).map(|text| JsValue::from(text).as_string().unwrap_or_else(|| "null".into()))
}

/// An array of the given values.
pub fn array(values: impl IntoIterator<Item = JsValue>) -> Array {
    values.into_iter().collect()
}

/// Pairs as an array of arrays.
pub fn pairs(pairs: &[(String, String)]) -> Array {
    pairs.iter().map(|(name, value)| JsValue::from(Array::of2(&name.into(), &value.into()))).collect()
}
