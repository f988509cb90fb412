//! `sandbox.diagnostics`: what the server can tell of a sandbox, as texts for people to read.

use crate::api::methods::methods;
use crate::api::wire::{self, Wire};
use crate::api::{lifecycle, settled};
use crate::core::error::Error;
use crate::core::{rules, url};
use crate::host::args::{CallOptions, Options};
use crate::host::failure::Failure;
use crate::host::js::{self, Transport};
use js_sys::Promise;
use wasm_bindgen::prelude::*;

/// Diagnostics of one sandbox.
#[wasm_bindgen]
pub struct Diagnostics {
    transport: Transport,
    id: JsValue,
}

const PART: &str = "These diagnostics are";

impl Diagnostics {
    /// For one sandbox.
    pub fn new(transport: Transport, id: JsValue) -> Self {
        Self { transport, id }
    }

    fn url(&self, kind: &str) -> Result<String, Error> {
        lifecycle::path(&self.transport, &self.id, &("/diagnostics/".to_owned() + kind))
    }

    /// A descriptor with its text. `kind`: see `src/js/diagnostics.js`.
    fn content(&self, kind: &str, options: &JsValue) -> Promise {
        let begin = || -> Result<Promise, Failure> {
            let call = CallOptions::read(options)?;
            let scope = Options::new("options", options)?.optional_filled("scope")?;
            Ok(js::diagnostic(&self.transport, kind, &self.id, &self.url(kind)?, scope, PART, call.as_ref()))
        };
        settled(begin())
    }

    fn text(&self, url: Result<String, Error>, what: &str, options: &JsValue) -> Promise {
        let wire = url.map(|url| Wire::new("GET", &url, what, "text").part(PART));
        wire::promised(self.transport.as_ref(), wire.map_err(Failure::from), options)
    }

    fn summary_url(&self, options: &JsValue) -> Result<String, Error> {
        let options = Options::new("options", options)?;
        let mut url = self.url("summary")?;
        for (name, wire) in [("tail", "tail"), ("eventLimit", "event_limit")] {
            if let Some(number) = options.count(name)? {
                url = url::with_query(&url, &[(wire, &rules::short(number))]);
            }
        }
        Ok(url)
    }
}

methods! { Diagnostics:
    "logs" => logs(_),
    "events" => events(_),
    "summary" => summary(_),
    "inspect" => inspect(_),
}

impl Diagnostics {
    /// What the container has printed.
    pub fn logs(&self, options: &JsValue) -> Promise {
        self.content("logs", options)
    }

    /// What has happened to it.
    pub fn events(&self, options: &JsValue) -> Promise {
        self.content("events", options)
    }

    /// Its state, events and the end of its logs in one text.
    pub fn summary(&self, options: &JsValue) -> Promise {
        self.text(self.summary_url(options), "Get diagnostic summary failed", options)
    }

    /// Its state in one text.
    pub fn inspect(&self, options: &JsValue) -> Promise {
        self.text(self.url("inspect"), "Inspect sandbox failed", options)
    }
}
