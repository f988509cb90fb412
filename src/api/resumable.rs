//! `files.download`: one file, over as many connections as it takes.

use crate::api::execd::{Call, Execd};
use crate::api::upload::on_progress;
use crate::api::wire::Wire;
use crate::api::{promise, spawn};
use crate::core::error::{Error, ErrorKind};
use crate::core::{resume, rules};
use crate::host::args::{self, CallOptions, Options};
use crate::host::failure::Failure;
use crate::host::http::Body;
use crate::host::{js, object};
use js_sys::{Object, Promise};
use wasm_bindgen::prelude::*;

/// How often a download goes on, unless the caller says it.
const MAX_RESUMES: f64 = 5.0;

/// What a list has already told about a file.
pub struct Known {
    /// In bytes.
    pub size: f64,
    /// `modified_at`, as it is on the wire: a Date has milliseconds only.
    pub stamp: String,
}

/// What `size` and time say of a file, as execd wrote it.
pub fn known(info: &Object) -> Option<Known> {
    let size = object::get(info, "size").as_f64()?;
    Some(Known { size, stamp: object::text(info, "modified_at")? })
}

/// A download that nobody has read yet; nothing is sent. `known`: from a list, which spares asking.
pub fn download(
    execd: &Execd,
    path: String,
    options: &Options,
    call: CallOptions,
    known: Option<Known>,
) -> Result<JsValue, Failure> {
    let settings = Object::new();
    object::set(&settings, "path", path.as_str());
    object::set(&settings, "maxResumes", options.count("maxResumes")?.unwrap_or(MAX_RESUMES));
    object::set(&settings, "onProgress", on_progress(options)?);
    object::set(&settings, "idleMs", execd.transport.timeout_ms(&call));
    if let Some(known) = known {
        object::set(&settings, "known", file(Some(known)));
    }
    let driver = ResumeDriver { execd: execd.clone(), path, call };
    js::file_download(driver.into(), &settings).map_err(Failure::thrown)
}

/// From the arguments of `files.download`.
pub fn read(execd: &Execd, path: &JsValue, options: &JsValue, call: &JsValue) -> Result<JsValue, Failure> {
    let path = args::string("path", path)?;
    rules::file_path("path", &path)?;
    let options = Options::new("options", options)?;
    let call = CallOptions::read(call)?;
    let call = call.or_signal(&options)?;
    download(execd, path, &options, call, None)
}

fn file(known: Option<Known>) -> Object {
    let file = Object::new();
    if let Some(Known { size, stamp }) = known {
        object::set(&file, "size", size);
        object::set(&file, "stamp", stamp);
    }
    file
}

/// Private to the package: what `src/js/resumable.js` asks of the network.
#[wasm_bindgen]
pub struct ResumeDriver {
    execd: Execd,
    path: String,
    call: CallOptions,
}

#[wasm_bindgen]
impl ResumeDriver {
    /// `{size, stamp}` of the file; neither for what is no plain file: of a link execd describes the link.
    pub fn inspect(&self) -> Promise {
        let path = self.path.clone();
        let asking =
            Wire::at("GET", "/files/info", &[("path", &path)], "Get file info failed").object().then(move |infos| {
                let infos = infos?;
                let info = object::entries(&infos).into_iter().find_map(|(_, info)| info.dyn_into::<Object>().ok());
                let kind = info.as_ref().and_then(|info| object::text(info, "type"));
                match (info, kind.as_deref()) {
                    (_, Some("directory")) => {
                        Err(Failure::invalid(format!("{path} is a directory: downloadDirectory() reads those")))
                    }
                    // An execd that does not tell types is taken to speak of a file.
                    (Some(info), None | Some("file")) => Ok(file(known(&info)).into()),
                    _ => Ok(file(None).into()),
                }
            });
        spawn(asking.ask(&self.execd, &self.call))
    }

    /// Sends the request for all that follows byte `from`; resolves with the exchange when the headers have come. Its
    /// `skip` says how much at the beginning is known already.
    pub fn open(&self, from: f64, size: Option<f64>) -> Promise {
        let (execd, path, call) = (self.execd.clone(), self.path.clone(), self.call.clone());
        promise(async move {
            let mut headers = Vec::new();
            if from > 0.0 {
                headers.push(("Range", format!("bytes={}-", rules::short(from))));
            }
            let call_to =
                Call { method: "GET", path: "/files/download", query: &[("path", &path)], what: "Download failed" };
            let sent = execd.send_raw(call_to, headers, JsValue::UNDEFINED, &call, Body::Stream).await;
            let response = match sent {
                Err(failure) if from > 0.0 && failure.status() == Some(416) => {
                    return Err(changed(&path, "it ends before the place where the connection broke"));
                }
                sent => sent?,
            };
            let range = response.header("content-range");
            let size = size.unwrap_or_default() as u64;
            let skip = resume::skip(from as u64, size, response.status(), range.as_deref());
            let exchange = response.into_exchange();
            match skip {
                Ok(skip) => object::set(exchange.unchecked_ref(), "skip", skip as f64),
                Err(problem) => {
                    exchange.abort();
                    return Err(changed(&path, &problem));
                }
            }
            Ok(exchange.into())
        })
    }

    /// Waits, unless the call is aborted meanwhile.
    pub fn sleep(&self, ms: f64) -> Promise {
        let (execd, call) = (self.execd.clone(), self.call.clone());
        promise(async move { execd.transport.sleep(ms, &call).await })
    }

    /// The exception for a body that broke.
    pub fn failure(&self, cause: JsValue) -> JsValue {
        Failure::broken_body("Download failed", cause).into()
    }

    /// The exception for a body that ended early.
    pub fn short(&self, loaded: f64, size: f64) -> JsValue {
        let (loaded, size) = (rules::short(loaded), rules::short(size));
        Failure::from(Error::new(
            ErrorKind::Network,
            format!("Download failed: the connection ended after {loaded} of {size} bytes"),
        ))
        .into()
    }

    /// The exception for a connection on which nothing came any more.
    pub fn stalled(&self) -> JsValue {
        let ms = self.execd.transport.timeout_ms(&self.call) as u64;
        Failure::from(Error::new(ErrorKind::Timeout, format!("Download failed: nothing came for {ms} ms"))).into()
    }

    /// The exception for a file that is not the same any more.
    pub fn changed(&self, how: &str) -> JsValue {
        changed(&self.path, how).into()
    }
}

fn changed(path: &str, how: &str) -> Failure {
    Failure::from(Error::new(ErrorKind::Changed, format!("{path} was changed while it was being read: {how}")))
        .for_path(path)
}
