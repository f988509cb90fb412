//! A call of the lifecycle API, of execd or of another service of a sandbox as data: built and checked here, sent by
//! `src/js/wire.js`.

use crate::core::error::Error;
use crate::core::{rules, url};
use crate::host::args::{self, CallOptions};
use crate::host::failure::Failure;
use crate::host::js::{self, Transport};
use js_sys::Promise;
use wasm_bindgen::JsValue;

/// The URL of one thing of a collection. `field` is the name of the id for messages.
pub fn item(transport: &Transport, collection: &str, field: &str, id: &JsValue) -> Result<String, Error> {
    Ok(format!("{}/{collection}/{}", transport.base(), rules::segment(field, &args::string(field, id)?)?))
}

/// A call before it is sent.
#[derive(Clone)]
pub struct Wire(js::Wire);

impl AsRef<JsValue> for Wire {
    fn as_ref(&self) -> &JsValue {
        self.0.as_ref()
    }
}

impl Wire {
    /// One to the lifecycle server. `what` is being done, for messages: "Get sandbox failed". `answer`: what becomes of the answer, as
    /// `src/js/answer.js` has it: "nothing", "object", "sandbox" …
    #[inline(never)]
    pub fn new(method: &str, url: &str, what: &str, answer: &str) -> Self {
        Self(js::new_wire(method, url, what, answer))
    }

    /// One for execd, at a path that is encoded, with a query that is not.
    #[inline(never)]
    pub fn at(method: &str, path: &str, query: &[(&str, &str)], what: &str, answer: &str) -> Self {
        Self::new(method, &url::with_query(path, query), what, answer)
    }

    /// With a JSON body.
    #[inline(never)]
    pub fn json(self, body: &JsValue) -> Result<Self, Failure> {
        let unwritable = |thrown| Failure::caused(Error::invalid("A value cannot be written as JSON".into()), thrown);
        js::set_json(&self.0, body).map_err(unwritable)?;
        Ok(self)
    }

    /// Belongs to a part of the API that not every server has: "Snapshots are".
    pub fn part(self, part: &str) -> Self {
        self.0.set_part(part);
        self
    }

    /// Never repeated, whatever the caller says.
    pub fn once(self) -> Self {
        self.0.set_once(true);
        self
    }

    /// What failures count for, as `src/js/wire.js` has it: "gone", "unheard", "whether".
    pub fn outcome(self, outcome: &str) -> Self {
        self.0.set_outcome(outcome);
        self
    }
}

/// The promise of an exported method. `to`: a transport or an execd. `options` are those of the call.
pub fn promised(to: &JsValue, wire: Result<Wire, Failure>, options: &JsValue) -> Promise {
    started(to, wire, CallOptions::read(options))
}

/// The same with options that were read.
#[inline(never)]
pub fn started(to: &JsValue, wire: Result<Wire, Failure>, call: Result<CallOptions, Error>) -> Promise {
    super::settled(wire.and_then(|wire| Ok(js::ask(to, wire.as_ref(), call?.as_ref()))))
}
