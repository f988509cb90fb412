//! Reading a file: whole, a range, lines, or as a stream.

use crate::api::execd::{Call, Execd};
use crate::api::promise;
use crate::core::error::Error;
use crate::core::rules;
use crate::host::args::{self, CallOptions, Options};
use crate::host::failure::Failure;
use crate::host::http::Response;
use crate::host::{js, object};
use js_sys::{Promise, Uint8Array};
use std::rc::Rc;
use wasm_bindgen::prelude::*;

/// A request for a file's bytes.
pub struct Download {
    path: String,
    range: Option<String>,
    offset: Option<String>,
    limit: Option<String>,
    call: CallOptions,
}

impl Download {
    /// From the arguments of the reading methods.
    pub fn read(path: &JsValue, options: &Options, call: &JsValue) -> Result<Self, Error> {
        let path = args::string("path", path)?;
        rules::file_path("path", &path)?;
        let range = options.string("range")?;
        if let Some(range) = &range {
            rules::header("Range", range)?;
        }
        let call = CallOptions::read(call)?;
        Ok(Self {
            path,
            range,
            offset: options.count("offset")?.map(rules::short),
            limit: options.count("limit")?.map(rules::short),
            call: CallOptions { signal: call.signal.or(options.signal("signal")?), ..call },
        })
    }

    async fn open(&self, execd: &Execd, what: &'static str, call: &CallOptions) -> Result<Response, Failure> {
        let mut query = vec![("path", self.path.as_str())];
        query.extend(self.offset.as_deref().map(|offset| ("offset", offset)));
        query.extend(self.limit.as_deref().map(|limit| ("limit", limit)));
        let headers = self.range.iter().map(|range| ("Range", range.clone())).collect();
        execd
            .send_raw(
                Call { method: "GET", path: "/files/download", query: &query, what },
                headers,
                JsValue::UNDEFINED,
                call,
            )
            .await
    }
}

impl Download {
    /// The whole of it.
    pub async fn bytes(&self, execd: &Execd) -> Result<Uint8Array, Failure> {
        let response = self.open(execd, "Download failed", &self.call).await?;
        let lines = self.lines_to_cut(response.header("content-type"));
        let bytes = response.bytes().await?;
        match lines {
            Some((offset, limit)) => js::cut_lines(&bytes, offset, limit).map_err(Failure::Thrown),
            None => Ok(bytes),
        }
    }

    /// What is left to do of `offset` and `limit`. An execd that reads lines answers text/plain; one that does not ignores
    /// both and sends the whole file as octets.
    fn lines_to_cut(&self, content_type: Option<String>) -> Option<(f64, f64)> {
        let wanted = self.offset.is_some() || self.limit.is_some();
        let number = |text: &Option<String>| text.as_deref().and_then(rules::whole);
        (wanted && !content_type.is_some_and(|kind| kind.starts_with("text/plain")))
            .then(|| (number(&self.offset).unwrap_or(1.0), number(&self.limit).unwrap_or(f64::INFINITY)))
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
            let response = download.open(&execd, "Download stream failed", &download.call).await?;
            let lines = download.lines_to_cut(response.header("content-type"));
            let exchange = JsValue::from(response.into_exchange());
            if let Some((offset, limit)) = lines {
                object::set(exchange.unchecked_ref(), "lines", object::array([offset.into(), limit.into()]));
            }
            Ok(exchange)
        })
    }

    /// The exception for a body that broke in the middle.
    pub fn failure(&self, cause: JsValue) -> JsValue {
        Failure::broken_body("Download stream failed", cause).into()
    }
}

impl DownloadDriver {
    /// Nothing is sent yet.
    pub fn new(execd: Execd, download: Download) -> Self {
        Self { execd, download: Rc::new(download) }
    }
}
