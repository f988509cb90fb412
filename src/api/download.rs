//! Reading a file: whole, a range, lines, or as a stream.

use crate::api::execd::{Call, Execd};
use crate::api::promise;
use crate::api::upload::on_progress;
use crate::core::error::Error;
use crate::core::rules;
use crate::host::args::{self, CallOptions, Options};
use crate::host::failure::Failure;
use crate::host::http::{Body, Response};
use crate::host::{js, object};
use js_sys::{Promise, Uint8Array};
use std::rc::Rc;
use wasm_bindgen::prelude::*;

/// A request for a file's bytes.
pub struct Download {
    path: String,
    range: Option<String>,
    lines: Option<Lines>,
    call: CallOptions,
    on_progress: JsValue,
}

/// Which lines, counted from 1.
struct Lines {
    offset: f64,
    limit: f64,
}

impl Lines {
    fn read(options: &Options) -> Result<Option<Self>, Error> {
        let count = |name: &str| match options.count(name)? {
            Some(0.0) => Err(Error::invalid(format!("{} must be at least 1", options.path(name)))),
            count => Ok(count.map(|count| count.min(MOST))),
        };
        let (offset, limit) = (count("offset")?, count("limit")?);
        let given = offset.is_some() || limit.is_some();
        Ok(given.then(|| Self { offset: offset.unwrap_or(1.0), limit: limit.unwrap_or(MOST) }))
    }
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
        let lines = Lines::read(options)?;
        if range.is_some() && lines.is_some() {
            // An execd that reads lines would ignore the range, one that does not the lines.
            return Err(Error::invalid("range cannot be used together with offset or limit".into()));
        }
        let call = CallOptions::read(call)?;
        Ok(Self { path, range, lines, call: call.or_signal(options)?, on_progress: on_progress(options)? })
    }

    /// `body`: who reads the answer.
    async fn open(&self, execd: &Execd, what: &'static str, body: Body) -> Result<Response, Failure> {
        // Always both: an execd that reads lines refuses one alone, or ignores it.
        let lines = self.lines.as_ref().map(|lines| (rules::short(lines.offset), rules::short(lines.limit)));
        let mut query = vec![("path", self.path.as_str())];
        if let Some((offset, limit)) = &lines {
            query.extend([("offset", offset.as_str()), ("limit", limit.as_str())]);
        }
        let headers = self.range.iter().map(|range| ("Range", range.clone())).collect();
        let call = Call { method: "GET", path: "/files/download", query: &query, what };
        execd.send_raw(call, headers, JsValue::UNDEFINED, &self.call, body).await
    }

    /// The whole of it.
    pub async fn bytes(&self, execd: &Execd) -> Result<Uint8Array, Failure> {
        // What is cut or counted as it comes cannot be taken back: asked for again only before that.
        let whole = self.lines.is_none() && self.on_progress.is_undefined();
        let response = self.open(execd, "Download failed", if whole { Body::Whole } else { Body::Taken }).await?;
        let lines = self.lines_to_cut(response.header("content-type"));
        if whole {
            return Ok(response.bytes());
        }
        let read = js::gather(response.exchange(), &lines, &self.path, &self.on_progress);
        response.read_by(read).await.map(JsCast::unchecked_into)
    }

    /// `[offset, limit]` if the lines are still to be cut out. An execd that reads lines says text/plain; one that does not
    /// ignores what it does not know and sends the whole file as octets.
    fn lines_to_cut(&self, content_type: Option<String>) -> JsValue {
        match &self.lines {
            Some(lines) if !content_type.is_some_and(|kind| kind.starts_with("text/plain")) => {
                object::array([lines.offset.into(), lines.limit.into()]).into()
            }
            _ => JsValue::UNDEFINED,
        }
    }

    /// As chunks; nothing is sent yet.
    pub fn stream(self, execd: Execd) -> Result<JsValue, Failure> {
        let (path, on_progress) = (self.path.clone(), self.on_progress.clone());
        let driver = DownloadDriver { execd, download: Rc::new(self) };
        js::byte_stream(driver.into(), &path, &on_progress).map_err(Failure::thrown)
    }
}

/// Private to the package: the object that a stream of `readBytesStream` holds.
#[wasm_bindgen]
pub struct DownloadDriver {
    execd: Execd,
    download: Rc<Download>,
}

#[wasm_bindgen]
impl DownloadDriver {
    /// Sends the request; resolves with the exchange when the headers have come.
    pub fn open(&self) -> Promise {
        let (execd, download) = (self.execd.clone(), Rc::clone(&self.download));
        promise(async move {
            let response = download.open(&execd, "Download stream failed", Body::Stream).await?;
            let lines = download.lines_to_cut(response.header("content-type"));
            let exchange = JsValue::from(response.into_exchange());
            object::set(exchange.unchecked_ref(), "lines", lines);
            Ok(exchange)
        })
    }

    /// The exception for a body that broke in the middle.
    pub fn failure(&self, cause: JsValue) -> JsValue {
        Failure::broken_body("Download stream failed", cause).into()
    }
}
