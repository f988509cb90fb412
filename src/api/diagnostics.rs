//! `sandbox.diagnostics`: what the server can tell of a sandbox, as texts for people to read.

use crate::api::methods::methods;
use crate::api::wire::{self, Wire};
use crate::api::{lifecycle, promise, shape};
use crate::core::error::{Error, ErrorKind};
use crate::core::text::has;
use crate::core::{rules, url};
use crate::host::args::{CallOptions, Options};
use crate::host::failure::Failure;
use crate::host::http::{Answer, Request, Response, send};
use crate::host::transport::Transport;
use crate::host::{js, object};
use js_sys::{Object, Promise};
use std::rc::Rc;
use wasm_bindgen::prelude::*;

/// Diagnostics of one sandbox.
#[wasm_bindgen]
pub struct Diagnostics {
    transport: Rc<Transport>,
    id: JsValue,
}

/// What comes with a descriptor.
struct Kind {
    name: &'static str,
    what: &'static str,
    /// The scope that stands for what servers before 1.1 gave, and how to ask them for all of it.
    plain: &'static str,
    all: (&'static str, &'static str),
}

const LOGS: Kind =
    Kind { name: "logs", what: "Get diagnostic logs failed", plain: "container", all: ("tail", "10000") };
const EVENTS: Kind =
    Kind { name: "events", what: "Get diagnostic events failed", plain: "runtime", all: ("limit", "500") };
const PART: &str = "These diagnostics are";

/// A question for a descriptor, checked.
struct Asking {
    kind: &'static Kind,
    id: JsValue,
    url: String,
    /// The scope, or the one that is meant.
    scope: String,
    call: CallOptions,
}

fn url_of(transport: &Transport, id: &JsValue, name: &str) -> Result<String, Error> {
    lifecycle::path(transport, id, &("/diagnostics/".to_owned() + name))
}

fn asking(transport: &Transport, id: &JsValue, kind: &'static Kind, options: &JsValue) -> Result<Asking, Error> {
    let call = CallOptions::read(options)?;
    let scope = Options::new("options", options)?.optional_filled("scope")?;
    let (id, url) = (id.clone(), url_of(transport, id, kind.name)?);
    Ok(Asking { kind, id, url, scope: scope.unwrap_or_else(|| kind.plain.into()), call })
}

impl Asking {
    fn request(&self, query: (&str, &str)) -> Request<'static> {
        Request::new("GET", url::with_query(&self.url, &[query]), self.kind.what)
    }

    /// Whether it was a server before 1.1 that has answered: it has no scopes, only this text.
    fn is_refused(&self, answer: &Result<Response, Failure>) -> bool {
        let refused = answer.as_ref().is_err_and(|failure| failure.status() == Some(501));
        refused && self.scope == self.kind.plain
    }

    fn unexpected(&self, problem: &str) -> Error {
        Error::new(ErrorKind::UnexpectedResponse, self.kind.what.to_owned() + problem)
    }

    fn descriptor(&self, answer: Result<Response, Failure>) -> Result<JsValue, Failure> {
        let response = answer.map_err(|failure| failure.or_unsupported(PART))?;
        let content_type = response.header("content-type").unwrap_or_default();
        if !has(&content_type, "json") {
            let descriptor = Object::new();
            object::set(&descriptor, "sandboxId", &self.id);
            object::set(&descriptor, "kind", self.kind.name);
            object::set(&descriptor, "scope", self.scope.as_str());
            object::set(&descriptor, "delivery", "inline");
            object::set(&descriptor, "contentType", content_type);
            object::set(&descriptor, "content", response.read(Answer::Text)?);
            return Ok(descriptor.into());
        }
        let descriptor = response.read(Answer::Shaped(shape::diagnostics))?;
        let there = |name| object::get(&descriptor, name).is_string();
        if there("content") || there("contentUrl") {
            return Ok(descriptor);
        }
        Err(self.unexpected(": the answer has neither content nor contentUrl").into())
    }

    /// The request for a text that is elsewhere. What is not under the lifecycle server's base is somebody else's, who gets no
    /// header of ours.
    fn elsewhere(&self, transport: &Transport, address: &str) -> Result<Request<'static>, Failure> {
        let url = js::resolve_url(address, &transport.base)
            .map_err(|thrown| Failure::caused(self.unexpected(": the answer's contentUrl is no address"), thrown))?;
        let home = url::is_under(&url, &transport.base);
        let request = Request::new("GET", url, self.kind.what);
        Ok(if home { request } else { request.bare() })
    }
}

/// The descriptor with its text: a server may send the text along, or say where it is.
async fn content(transport: Rc<Transport>, asking: Result<Asking, Error>) -> Result<JsValue, Failure> {
    let asking = asking?;
    let mut answer = send(&transport, asking.request(("scope", &asking.scope)), &asking.call).await;
    if asking.is_refused(&answer) {
        answer = send(&transport, asking.request(asking.kind.all), &asking.call).await;
    }
    let descriptor = asking.descriptor(answer)?;
    if let Some(address) = object::text(&descriptor, "contentUrl") {
        let text = send(&transport, asking.elsewhere(&transport, &address)?, &asking.call).await?;
        object::set(descriptor.unchecked_ref(), "content", text.read(Answer::Text)?);
    }
    Ok(descriptor)
}

impl Diagnostics {
    /// For one sandbox.
    pub fn new(transport: Rc<Transport>, id: JsValue) -> Self {
        Self { transport, id }
    }

    fn content(&self, kind: &'static Kind, options: &JsValue) -> Promise {
        promise(content(Rc::clone(&self.transport), asking(&self.transport, &self.id, kind, options)))
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
        self.content(&LOGS, options)
    }

    /// What has happened to it.
    pub fn events(&self, options: &JsValue) -> Promise {
        self.content(&EVENTS, options)
    }

    /// Its state, events and the end of its logs in one text.
    pub fn summary(&self, options: &JsValue) -> Promise {
        let wire = || -> Result<Wire, Failure> {
            let options = Options::new("options", options)?;
            let mut url = url_of(&self.transport, &self.id, "summary")?;
            for (name, wire) in [("tail", "tail"), ("eventLimit", "event_limit")] {
                if let Some(number) = options.count(name)? {
                    url = url::with_query(&url, &[(wire, &rules::short(number))]);
                }
            }
            Ok(Wire::new("GET", url, "Get diagnostic summary failed").text().part(PART))
        };
        wire::promised(&self.transport, wire(), options)
    }

    /// Its state in one text.
    pub fn inspect(&self, options: &JsValue) -> Promise {
        let wire = url_of(&self.transport, &self.id, "inspect")
            .map(|url| Wire::new("GET", url, "Inspect sandbox failed").text().part(PART));
        wire::promised(&self.transport, wire.map_err(Failure::from), options)
    }
}
