//! Writing files: what is to be written, checked. `src/js/upload.js` sends it.

use crate::api::decisions::{Core, number};
use crate::core::error::Error;
use crate::core::{multipart, rules};
use crate::host::args::{self, CallOptions, Options};
use crate::host::failure::Failure;
use crate::host::js::{self, Execd};
use crate::host::object;
use js_sys::{Array, Object, Promise};
use wasm_bindgen::prelude::*;

/// A path of an entry, as execd may be given it.
pub fn path_field(entry: &Options, name: &str) -> Result<String, Error> {
    let path = entry.required_string(name)?;
    rules::file_path(&entry.path(name), &path)?;
    Ok(path)
}

/// `{mode, owner, group}`. execd resets the owner to its own user when none is given, and leaves the mode alone then. No default
/// is sent: `/tmp`, made once more, would lose its sticky bit.
pub fn permission(entry: &Options) -> Result<Object, Error> {
    let permission = Object::new();
    if let Some(mode) = entry.number("mode")? {
        object::set(&permission, "mode", rules::mode(&entry.path("mode"), mode)?);
    }
    object::set_some(&permission, "owner", entry.string("owner")?);
    object::set_some(&permission, "group", entry.string("group")?);
    Ok(permission)
}

/// The function to call with the progress of a transfer, or `undefined`.
pub fn on_progress(options: &Options) -> Result<JsValue, Error> {
    Ok(options.function("onProgress")?.map_or(JsValue::UNDEFINED, JsValue::from))
}

/// An entry as `src/js/upload.js` takes it, after everything that can be wrong with it before it is sent.
fn file(entry: &Options) -> Result<JsValue, Failure> {
    let path = path_field(entry, "path")?;
    let metadata = permission(entry)?;
    object::set(&metadata, "path", path.as_str());
    let data = entry.raw("data");
    let kind = js::content_type(&data).map_err(|thrown| {
        Failure::invalid(format!("{}: {}", entry.path("data"), object::text(&thrown, "message").unwrap_or_default()))
    })?;
    let metadata = object::stringify(&metadata).map_err(Failure::thrown)?;
    let boundary = js::boundary().map_err(Failure::thrown)?;
    let head = multipart::head(&boundary, &metadata, &path, &kind);
    Ok(js::file_of(&path, &data, &boundary, &head, &multipart::tail(&boundary)))
}

impl Core {
    /// An entry of `uploadAll`, checked. Throws for what is none.
    pub fn file_to_write(&self, index: &JsValue, entry: &JsValue) -> Result<JsValue, Failure> {
        file(&Options::required(&format!("entries[{}]", number(index) as u32), entry)?)
    }
}

/// Writes files one after another.
pub fn write(execd: &Execd, entries: &JsValue, options: &JsValue) -> Result<Promise, Failure> {
    let (entries, call) = (args::objects("entries", entries)?, CallOptions::read(options)?);
    let on_progress = on_progress(&Options::new("options", options)?)?;
    // All mistakes first: nothing is half written because of one in the last entry.
    let files = Array::new();
    for entry in &entries {
        files.push(&file(entry)?);
    }
    Ok(js::write_files(execd, &files, call.as_ref(), &on_progress))
}

/// `uploadAll`: how many at a time, unless the caller says it. Browsers have six connections per origin.
const CONCURRENCY: f64 = 4.0;

/// Starts the upload of everything that `source` gives.
pub fn upload_all(execd: &Execd, source: &JsValue, options: &JsValue) -> Result<Promise, Failure> {
    let call = CallOptions::read(options)?;
    let options = Options::new("options", options)?;
    let concurrency = options.count("concurrency")?.unwrap_or(CONCURRENCY);
    if !(1.0..=64.0).contains(&concurrency) {
        let got = rules::short(concurrency);
        return Err(Failure::invalid(format!("concurrency must be a whole number from 1 to 64, got {got}")));
    }
    let on_progress = on_progress(&options)?;
    let iterates =
        |symbol: js_sys::Symbol| js_sys::Reflect::get(source, &symbol).is_ok_and(|method| method.is_function());
    if !source.is_object() || !(iterates(js_sys::Symbol::async_iterator()) || iterates(js_sys::Symbol::iterator())) {
        return Err(Failure::invalid("entries must be an iterable or async iterable of { path, data }"));
    }
    Ok(js::upload_all(execd, source, concurrency, call.as_ref(), &on_progress))
}
