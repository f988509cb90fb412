//! `files.downloadDirectory`: a directory, file by file. `src/js/directory.js` reads it.

use crate::api::decisions::{Core, text};
use crate::core::{rules, tree};
use crate::host::args::{self, CallOptions};
use crate::host::failure::Failure;
use crate::host::js::{self, Execd};
use wasm_bindgen::prelude::*;

/// The entries of a directory, each to be read or not. Nothing is sent yet.
pub fn read(execd: &Execd, path: &JsValue, options: &JsValue) -> Result<JsValue, Failure> {
    let path = args::string("path", path)?;
    rules::file_path("path", &path)?;
    Ok(js::directory(execd, &path, CallOptions::read(options)?.as_ref()))
}

impl Core {
    /// See [`tree::relative`].
    pub fn relative(&self, root: &JsValue, path: &JsValue) -> JsValue {
        tree::relative(&text(root), &text(path)).map_or(JsValue::UNDEFINED, JsValue::from)
    }
}
