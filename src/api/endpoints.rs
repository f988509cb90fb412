//! Where the ports of a sandbox are reached. Looked up when first needed, once, by however many ask at the same time.

use crate::api::{lifecycle, wire};
use crate::core::error::{Error, ErrorKind};
use crate::core::{rules, url};
use crate::host::args::CallOptions;
use crate::host::failure::Failure;
use crate::host::transport::{Deadline, Transport};
use crate::host::{js, object, time};
use js_sys::{Object, Promise};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue};

/// A port's address and the headers that every request to it must carry.
pub struct Endpoint {
    /// The look-up that it comes from.
    source: Promise,
    /// As the server gave it, `headers` always an object.
    pub raw: Object,
    /// URL without a slash at the end.
    pub base: String,
    /// Go to this endpoint and nowhere else.
    pub headers: Vec<(String, String)>,
}

/// The endpoints of one sandbox.
pub struct Endpoints {
    transport: Rc<Transport>,
    id: JsValue,
    /// Look-ups that are under way or have succeeded.
    known: RefCell<Vec<(u16, Promise)>>,
}

impl Endpoints {
    /// Knows none yet.
    pub fn new(transport: Rc<Transport>, id: JsValue) -> Self {
        Self { transport, id, known: RefCell::default() }
    }

    /// The sandbox that they belong to.
    pub fn sandbox_id(&self) -> String {
        self.id.as_string().unwrap_or_default()
    }

    /// The endpoint of a port. A look-up that fails is not remembered. Those who wait for one that is shared wait with
    /// their own signal and time limit; the look-up itself has the configuration's.
    pub async fn get(self: &Rc<Self>, port: u16, call: &CallOptions) -> Result<Endpoint, Failure> {
        self.get_by(port, call, &self.transport.deadline(call)).await
    }

    /// The same, for somebody whose time runs already.
    pub async fn get_by(
        self: &Rc<Self>,
        port: u16,
        call: &CallOptions,
        deadline: &Deadline,
    ) -> Result<Endpoint, Failure> {
        let transport = &self.transport;
        transport.check(call)?;
        let remembered =
            self.known.borrow().iter().find(|(known, _)| *known == port).map(|(_, promise)| promise.clone());
        let promise = remembered.unwrap_or_else(|| self.look_up(port, call));
        let left = deadline.left_ms().max(1.0);
        let raw = time::within(&promise, left, &transport.bare_signals(call)).await.map_err(Failure::thrown)?;
        transport.check(call)?;
        let Ok(raw) = raw.dyn_into::<Object>() else {
            let limit = rules::short(deadline.limit_ms.round());
            return Err(Error::new(
                ErrorKind::Timeout,
                format!("Get sandbox endpoint failed: no complete answer within {limit} ms"),
            )
            .into());
        };
        let address = object::text(&raw, "endpoint").ok_or_else(|| {
            Error::new(ErrorKind::UnexpectedResponse, "Get sandbox endpoint failed: the answer has no endpoint".into())
        })?;
        let base = url::endpoint_base(&transport.protocol, &address)
            .map_err(|problem| Error::new(ErrorKind::UnexpectedResponse, problem))?;
        // Only normal URLs can be compared: a `..` in it would leave the base under which the API key may go.
        let base = js::normal_url(&base).map_err(|thrown| {
            Failure::caused(
                Error::new(
                    ErrorKind::UnexpectedResponse,
                    format!("The server gave an endpoint that is no address: {address}"),
                ),
                thrown,
            )
        })?;
        let headers = object::texts(&object::get(&raw, "headers"));
        Ok(Endpoint { source: promise, raw, base, headers })
    }

    /// After a request to `old` got no answer: looks the port up once more, unless somebody has done so meanwhile. Gives the
    /// endpoint if it is another one.
    pub async fn moved(
        self: &Rc<Self>,
        port: u16,
        old: &Endpoint,
        call: &CallOptions,
        deadline: &Deadline,
    ) -> Option<Endpoint> {
        self.known
            .borrow_mut()
            .retain(|(known, promise)| *known != port || JsValue::from(promise) != JsValue::from(&old.source));
        let new = self.get_by(port, call, deadline).await.ok()?;
        (new.base != old.base || new.headers != old.headers).then_some(new)
    }

    fn look_up(self: &Rc<Self>, port: u16, call: &CallOptions) -> Promise {
        let this = Rc::clone(self);
        let call = call.for_others();
        let transport = &self.transport;
        let wire = lifecycle::endpoint(transport, &self.id, Ok(port), transport.use_server_proxy);
        let remembered = wire.map(|wire| {
            wire.then(move |answer| {
                if answer.is_err() {
                    this.forget(port);
                }
                answer
            })
        });
        let promise = wire::started(transport.into(), remembered, Ok(call));
        self.known.borrow_mut().push((port, promise.clone()));
        promise
    }

    fn forget(&self, port: u16) {
        self.known.borrow_mut().retain(|(known, _)| *known != port);
    }

    /// Forgets what is known of a sandbox, if it is this one.
    pub fn invalidate(&self, id: &str) {
        if self.id == *id {
            self.forget_all();
        }
    }

    /// After a pause the ports may be somewhere else.
    pub fn forget_all(&self) {
        self.known.borrow_mut().clear();
    }
}
