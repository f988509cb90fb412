//! Writing files: one request each.

use crate::api::endpoints::Endpoint;
use crate::api::execd::{Call, Execd};
use crate::api::promise;
use crate::core::error::{Error, ErrorKind};
use crate::core::{multipart, rules};
use crate::host::args::{CallOptions, Options};
use crate::host::failure::{Failure, describe};
use crate::host::http::Body;
use crate::host::transport::Deadline;
use crate::host::{js, object, time};
use js_sys::{Array, Object, Promise, Set};
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

/// Everything that can be wrong with an entry before it is sent.
pub fn check(entry: &Options) -> Result<(), Failure> {
    path_field(entry, "path")?;
    permission(entry)?;
    data_kind(entry).map(|_| ())
}

/// The content type of an entry's `data`; an error for what cannot be uploaded.
fn data_kind(entry: &Options) -> Result<String, Failure> {
    js::content_type(&entry.raw("data"))
        .map_err(|thrown| Failure::invalid(format!("{}: {}", entry.path("data"), describe(&thrown))))
}

/// Writes one file; gives its length. What the source or `on_progress` throws comes back as it is.
pub async fn upload(execd: &Execd, entry: &Options, call: &CallOptions, on_progress: &JsValue) -> Result<f64, Failure> {
    let path = path_field(entry, "path")?;
    let metadata = permission(entry)?;
    object::set(&metadata, "path", path.as_str());
    let metadata = object::stringify(&metadata).map_err(Failure::thrown)?;
    let boundary = format!("opensandbox-{}", js::request_id().map_err(Failure::thrown)?);
    let head = multipart::head(&boundary, &metadata, &path, &data_kind(entry)?);
    let limit = execd.transport.timeout_ms(call);
    // Before its clock starts.
    let endpoint = execd.endpoint(call).await.map_err(|failure| failure.for_path(&path))?;
    let upload = js::Upload::new(&head, &entry.raw("data"), &multipart::tail(&boundary), &path, limit, on_progress)
        .map_err(Failure::thrown)?;
    let sent = send(execd, &endpoint, &upload, &boundary, call).await;
    upload.stop();
    let own = upload.failure();
    match sent {
        // The source's own error, not what fetch made of it.
        Err(_) if !own.is_undefined() => Err(Failure::thrown(own)),
        Err(failure) if object::get(&upload.stalled(), "aborted").is_truthy() => {
            let text = format!("Upload failed: nothing moved for {} ms", limit as u64);
            Err(failure.renamed(|_| Some(Error::new(ErrorKind::Timeout, text))).for_path(&path))
        }
        Err(failure) => Err(failure.for_path(&path)),
        Ok(()) => upload.accepted().map(|()| upload.size()).map_err(Failure::thrown),
    }
}

async fn send(
    execd: &Execd,
    endpoint: &Endpoint,
    upload: &js::Upload,
    boundary: &str,
    call: &CallOptions,
) -> Result<(), Failure> {
    let transport = &execd.transport;
    // In a page a stream is collected first, which must not outlast an abort either.
    let body =
        time::within(&upload.body(), f64::INFINITY, &transport.bare_signals(call)).await.map_err(Failure::thrown)?;
    transport.check(call)?;
    let call_to = Call { method: "POST", path: "/files/upload", query: &[], what: "Upload failed" };
    let mut headers = vec![("Content-Type", format!("multipart/form-data; boundary={boundary}"))];
    headers.extend(upload.content_length().map(|length| ("Content-Length", rules::short(length))));
    let (stalled, signals) = (upload.stalled(), transport.signals(call));
    // Where the transport shows how far it has come, only standing still has a limit; elsewhere the whole has it.
    let limit = if stalled.is_undefined() {
        transport.timeout_ms(call)
    } else {
        signals.push(&object::array([stalled, "timeout".into()]));
        0.0
    };
    let within = (Deadline::of(limit), signals);
    execd.send_to(endpoint, call_to, (headers, body), call, Body::Whole, within).await.map(drop)
}

/// Private to the package: sends the entries of `uploadAll`.
#[wasm_bindgen]
pub struct UploadDriver {
    execd: Execd,
    call: CallOptions,
    seen: Set,
}

#[wasm_bindgen]
impl UploadDriver {
    /// Writes one; resolves with its length. `signal` is that of all of them.
    pub fn send(&self, index: f64, entry: JsValue, signal: JsValue, on_progress: JsValue) -> Promise {
        let (execd, seen) = (self.execd.clone(), self.seen.clone());
        let call = self.call.with(|call| call.signal = Some(signal));
        promise(async move {
            let entry = Options::required(&format!("entries[{}]", rules::short(index)), &entry)?;
            check(&entry)?;
            let path = path_field(&entry, "path")?;
            let key = JsValue::from(path.as_str());
            if seen.has(&key) {
                // They are sent at the same time: which one wins would be chance.
                return Err(Failure::invalid(format!("entries has the path \"{path}\" twice")));
            }
            seen.add(&key);
            match upload(&execd, &entry, &call, &on_progress).await {
                Err(failure) if failure.error().is_none() => {
                    let own = JsValue::from(failure);
                    let text = format!("What was to be written to {path} could not be read: {}", describe(&own));
                    Err(Failure::caused(Error::new(ErrorKind::Source, text), own).for_path(&path))
                }
                sent => sent.map(JsValue::from),
            }
        })
    }

    /// The exception for a signal that has fired.
    pub fn halted(&self) -> JsValue {
        self.execd.transport.check(&self.call).err().map_or(JsValue::UNDEFINED, JsValue::from)
    }
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
    let signals: Array = execd.transport.bare_signals(&call);
    let driver = UploadDriver { execd: execd.clone(), call, seen: Set::new(&JsValue::UNDEFINED) };
    js::upload_all(driver.into(), source, concurrency, &signals, &on_progress).map_err(Failure::thrown)
}
