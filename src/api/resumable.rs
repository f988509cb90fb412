//! `files.download`: one file, over as many connections as it takes. `src/js/resumable.js` reads it.

use crate::api::decisions::{Core, number, text};
use crate::api::upload::on_progress;
use crate::core::error::Error;
use crate::core::{resume, rules};
use crate::host::args::{self, CallOptions, Options};
use crate::host::failure::Failure;
use crate::host::js;
use crate::host::js::Execd;
use wasm_bindgen::prelude::*;

/// How often a download goes on, unless the caller says it.
const MAX_RESUMES: f64 = 5.0;

/// A download that nobody has read yet; nothing is sent. `known`: from a list, which spares asking.
fn download(execd: &JsValue, path: &str, options: &Options, call: &JsValue, known: &JsValue) -> Result<JsValue, Error> {
    let max_resumes = options.count("maxResumes")?.unwrap_or(MAX_RESUMES);
    Ok(js::file_download(execd, path, call, max_resumes, &on_progress(options)?, known))
}

/// From the arguments of `files.download`.
pub fn read(execd: &Execd, path: &JsValue, options: &JsValue, call: &JsValue) -> Result<JsValue, Failure> {
    let path = args::string("path", path)?;
    rules::file_path("path", &path)?;
    let options = Options::new("options", options)?;
    let call = CallOptions::read(call)?.or_signal(&options)?;
    Ok(download(execd.as_ref(), &path, &options, call.as_ref(), &JsValue::UNDEFINED)?)
}

impl Core {
    /// The download of a file of a directory: what a list says of it is `known`. Throws for wrong options.
    pub fn file_download(
        &self,
        execd: &JsValue,
        path: &JsValue,
        options: &JsValue,
        call: &JsValue,
        known: &JsValue,
    ) -> Result<JsValue, Failure> {
        Ok(download(execd, &text(path), &Options::new("options", options)?, call, known)?)
    }

    /// See [`resume::skip`]. Throws a text: what does not fit.
    pub fn resume_skip(
        &self,
        from: &JsValue,
        size: &JsValue,
        status: &JsValue,
        content_range: &JsValue,
    ) -> Result<JsValue, Failure> {
        let (from, size, status) = (number(from) as u64, number(size) as u64, number(status) as u16);
        let skip = resume::skip(from, size, status, content_range.as_string().as_deref());
        skip.map(|skip| (skip as f64).into()).map_err(|problem| Failure::thrown(problem.into()))
    }
}
