//! `sandbox.diagnostics`: what the server can tell of a sandbox, as texts for people to read.

use crate::api::methods::methods;
use crate::api::wire::{self, Wire};
use crate::api::{lifecycle, promise, shape};
use crate::core::error::{Error, ErrorKind};
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
#[derive(Clone, Copy)]
enum Kind {
    Logs,
    Events,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Logs => "logs",
            Self::Events => "events",
        }
    }

    fn what(self) -> &'static str {
        match self {
            Self::Logs => "Get diagnostic logs failed",
            Self::Events => "Get diagnostic events failed",
        }
    }

    /// The scope that stands for what servers before 1.1 gave, and how to ask them for all of it.
    fn plain(self) -> (&'static str, (&'static str, &'static str)) {
        match self {
            Self::Logs => ("container", ("tail", "10000")),
            Self::Events => ("runtime", ("limit", "500")),
        }
    }
}

async fn ask(
    transport: &Transport,
    id: &JsValue,
    name: &str,
    what: &'static str,
    query: &[(&str, &str)],
    call: &CallOptions,
) -> Result<Response, Failure> {
    let path = lifecycle::path(transport, id, &format!("/diagnostics/{name}"))?;
    send(transport, Request::new("GET", url::with_query(&path, query), what), call).await
}

const PART: &str = "These diagnostics are";

/// The descriptor with its text: a server may send the text along, or say where it is.
async fn content(transport: &Transport, id: &JsValue, kind: Kind, options: &JsValue) -> Result<JsValue, Failure> {
    let call = CallOptions::read(options)?;
    let scope = Options::new("options", options)?.optional_filled("scope")?;
    let (name, what, (plain, all)) = (kind.name(), kind.what(), kind.plain());
    let scope = scope.as_deref().unwrap_or(plain);
    let answer = ask(transport, id, name, what, &[("scope", scope)], &call).await;
    let response = match answer {
        // A server before 1.1 has no scopes, only this text.
        Err(failure) if failure.status() == Some(501) && scope == plain => {
            ask(transport, id, name, what, &[all], &call).await
        }
        answer => answer,
    }
    .map_err(|failure| failure.or_unsupported(PART))?;
    let content_type = response.header("content-type").unwrap_or_default();
    if !content_type.contains("json") {
        let descriptor = Object::new();
        object::set(&descriptor, "sandboxId", id.clone());
        for (key, value) in [("kind", name), ("scope", scope), ("delivery", "inline"), ("contentType", &content_type)] {
            object::set(&descriptor, key, value);
        }
        object::set(&descriptor, "content", response.read(Answer::Text)?);
        return Ok(descriptor.into());
    }
    let descriptor = response.read(Answer::Shaped(shape::diagnostics))?;
    if let Some(address) = object::text(&descriptor, "contentUrl") {
        object::set(descriptor.unchecked_ref(), "content", fetched(transport, &address, what, &call).await?);
    } else if !object::get(&descriptor, "content").is_string() {
        return Err(Error::new(
            ErrorKind::UnexpectedResponse,
            format!("{what}: the answer has neither content nor contentUrl"),
        )
        .into());
    }
    Ok(descriptor)
}

/// The text behind an address. Elsewhere than under the lifecycle server's base it is somebody else's, who gets no header of ours.
async fn fetched(
    transport: &Transport,
    address: &str,
    what: &'static str,
    call: &CallOptions,
) -> Result<JsValue, Failure> {
    let url = js::resolve_url(address, &transport.base).map_err(|thrown| {
        Failure::caused(
            Error::new(ErrorKind::UnexpectedResponse, format!("{what}: the answer's contentUrl is no address")),
            thrown,
        )
    })?;
    let home = url::is_under(&url, &transport.base);
    let request = Request::new("GET", url, what);
    send(transport, if home { request } else { request.bare() }, call).await?.read(Answer::Text)
}

impl Diagnostics {
    /// For one sandbox.
    pub fn new(transport: Rc<Transport>, id: JsValue) -> Self {
        Self { transport, id }
    }

    fn text(&self, name: &str, what: &'static str, query: &[(&str, &str)]) -> Result<Wire, Failure> {
        let path = lifecycle::path(&self.transport, &self.id, &format!("/diagnostics/{name}"))?;
        Ok(Wire::new("GET", url::with_query(&path, query), what).text().part(PART))
    }

    fn content(&self, kind: Kind, options: &JsValue) -> Promise {
        let (transport, id, options) = (Rc::clone(&self.transport), self.id.clone(), options.clone());
        promise(async move { content(&transport, &id, kind, &options).await })
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
        self.content(Kind::Logs, options)
    }

    /// What has happened to it.
    pub fn events(&self, options: &JsValue) -> Promise {
        self.content(Kind::Events, options)
    }

    /// Its state, events and the end of its logs in one text.
    pub fn summary(&self, options: &JsValue) -> Promise {
        let query = || -> Result<Vec<(&str, String)>, Error> {
            let options = Options::new("options", options)?;
            let mut query = Vec::new();
            for (name, wire) in [("tail", "tail"), ("eventLimit", "event_limit")] {
                query.extend(options.count(name)?.map(|number| (wire, rules::short(number))));
            }
            Ok(query)
        };
        let wire = query().map_err(Failure::from).and_then(|query| {
            let query: Vec<(&str, &str)> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
            self.text("summary", "Get diagnostic summary failed", &query)
        });
        wire::promised(&self.transport, wire, options)
    }

    /// Its state in one text.
    pub fn inspect(&self, options: &JsValue) -> Promise {
        wire::promised(&self.transport, self.text("inspect", "Inspect sandbox failed", &[]), options)
    }
}
