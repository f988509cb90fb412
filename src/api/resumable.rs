//! `files.download`: one file, over as many connections as it takes. `src/js/resumable.js` reads it.

use crate::api::upload::on_progress;
use crate::core::error::Error;
use crate::core::{resume, rules};
use crate::host::args::{self, CallOptions, Options};
use crate::host::decisions::Core;
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

#[wasm_bindgen]
impl Core {
    /// The download of a file of a directory: what a list says of it is `known`. Throws for wrong options.
    #[wasm_bindgen(js_name = fileDownload)]
    pub fn file_download(
        &self,
        execd: &JsValue,
        path: &str,
        options: &JsValue,
        call: &JsValue,
        known: &JsValue,
    ) -> Result<JsValue, JsValue> {
        let options = Options::new("options", options);
        let download = options.and_then(|options| download(execd, path, &options, call, known));
        download.map_err(|error| Failure::from(error).into())
    }

    /// See [`resume::skip`]. Throws a text: what does not fit.
    #[wasm_bindgen(js_name = resumeSkip)]
    pub fn resume_skip(
        &self,
        from: f64,
        size: f64,
        status: u16,
        content_range: Option<String>,
    ) -> Result<f64, JsValue> {
        let skip = resume::skip(from as u64, size as u64, status, content_range.as_deref());
        skip.map(|skip| skip as f64).map_err(JsValue::from)
    }
}
