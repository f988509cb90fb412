//! What the egress sidecar takes, and what its errors mean. `src/js/sidecar.js` asks it.

use crate::api::decisions::{Core, number, text};
use crate::core::egress::meaning;
use crate::core::error::Error;
use crate::core::text::join;
use crate::host::args;
use wasm_bindgen::prelude::*;

impl Core {
    /// See [`meaning`]: its code, and on a line of its own its advice.
    pub fn egress_meaning(&self, status: &JsValue, coded: &JsValue, message: &JsValue) -> JsValue {
        let meaning = meaning(number(status) as u16, coded.is_truthy(), &text(message));
        meaning.map_or(JsValue::UNDEFINED, |meaning| join(&[meaning.code, meaning.advice], "\n").into())
    }
}

/// An array of strings, none of them blank.
pub fn names(field: &str, list: &JsValue) -> Result<Vec<String>, Error> {
    let names = args::strings(field, list)?;
    for (index, name) in names.iter().enumerate() {
        if name.trim().is_empty() {
            return Err(Error::invalid(format!("{field}[{index}] cannot be empty")));
        }
    }
    Ok(names)
}
