//! What the egress sidecar takes, and what its errors mean. `src/js/sidecar.js` asks it.

use crate::core::egress::meaning;
use crate::core::error::Error;
use crate::core::text::join;
use crate::host::args;
use crate::host::decisions::Core;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
impl Core {
    /// See [`meaning`]: its code, and on a line of its own its advice.
    #[wasm_bindgen(js_name = egressMeaning)]
    pub fn egress_meaning(&self, status: u16, coded: bool, message: &str) -> Option<String> {
        meaning(status, coded, message).map(|meaning| join(&[meaning.code, meaning.advice], "\n"))
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
