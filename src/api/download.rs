//! Reading a file: whole, a range, lines, or as a stream. What is to be read, checked; `src/js/download.js` reads it.

use crate::api::upload::on_progress;
use crate::core::error::Error;
use crate::core::rules;
use crate::host::args::{self, CallOptions, Options};
use crate::host::js;
use wasm_bindgen::JsValue;

/// A request for a file's bytes.
pub struct Download(JsValue);

impl AsRef<JsValue> for Download {
    fn as_ref(&self) -> &JsValue {
        &self.0
    }
}

/// Which lines, counted from 1: the first and how many.
fn lines(options: &Options) -> Result<Option<(f64, f64)>, Error> {
    let count = |name: &str| match options.count(name)? {
        Some(0.0) => Err(Error::invalid(format!("{} must be at least 1", options.path(name)))),
        count => Ok(count.map(|count| count.min(MOST))),
    };
    let (offset, limit) = (count("offset")?, count("limit")?);
    let given = offset.is_some() || limit.is_some();
    // Always both: an execd that reads lines refuses one alone, or ignores it.
    Ok(given.then(|| (offset.unwrap_or(1.0), limit.unwrap_or(MOST))))
}

/// More lines than any file has, and a number that every execd can read.
const MOST: f64 = 1e15;

impl Download {
    /// From the arguments of the reading methods.
    pub fn read(path: &JsValue, options: &Options, call: &JsValue) -> Result<Self, Error> {
        let path = args::string("path", path)?;
        rules::file_path("path", &path)?;
        let range = options.string("range")?;
        if let Some(range) = &range {
            rules::header_value("range", range)?;
        }
        let lines = lines(options)?;
        if range.is_some() && lines.is_some() {
            // An execd that reads lines would ignore the range, one that does not the lines.
            return Err(Error::invalid("range cannot be used together with offset or limit".into()));
        }
        let call = CallOptions::read(call)?.or_signal(options)?;
        let (offset, limit) = lines.unzip();
        Ok(Self(js::download_of(&path, range, offset, limit, call.as_ref(), &on_progress(options)?)))
    }
}
