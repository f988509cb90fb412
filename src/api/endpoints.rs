//! Where the ports of a sandbox are reached. Looked up when first needed, once, by however many ask at the same time.

use crate::api::{lifecycle, spawn};
use crate::core::error::Error;
use crate::core::url;
use crate::host::args::CallOptions;
use crate::host::failure::Failure;
use crate::host::object;
use crate::host::transport::Transport;
use js_sys::{Object, Promise};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// A port's address and the headers that every request to it must carry.
pub struct Endpoint {
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
    id: String,
    /// Look-ups that are under way or have succeeded.
    known: RefCell<Vec<(u16, Promise)>>,
}

impl Endpoints {
    /// Knows none yet.
    pub fn new(transport: Rc<Transport>, id: String) -> Self {
        Self { transport, id, known: RefCell::default() }
    }

    /// The endpoint of a port. A look-up that fails is not remembered.
    pub async fn get(self: &Rc<Self>, port: u16, call: &CallOptions) -> Result<Endpoint, Failure> {
        self.transport.check(call)?;
        let remembered =
            self.known.borrow().iter().find(|(known, _)| *known == port).map(|(_, promise)| promise.clone());
        let promise = remembered.unwrap_or_else(|| self.look_up(port, call));
        let raw: Object = JsFuture::from(promise).await.map_err(Failure::Thrown)?.unchecked_into();
        let address = object::text(&raw, "endpoint").ok_or_else(|| {
            Error::UnexpectedResponse("Get sandbox endpoint failed: the answer has no endpoint".into())
        })?;
        let base = url::endpoint_base(&self.transport.protocol, &address).map_err(Error::UnexpectedResponse)?;
        let headers = object::entries(&object::get(&raw, "headers"))
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.as_string()?)))
            .collect();
        Ok(Endpoint { raw, base, headers })
    }

    fn look_up(self: &Rc<Self>, port: u16, call: &CallOptions) -> Promise {
        let this = Rc::clone(self);
        // Others may wait for the same answer: the signal of the first must not take it from them.
        let call = CallOptions { signal: None, ..call.clone() };
        let promise = spawn(Box::pin(async move {
            let result = lifecycle::endpoint(&this.transport, &this.id, port, &call).await;
            if result.is_err() {
                this.forget(port);
            }
            let raw = result.map_err(JsValue::from)?;
            if !object::get(&raw, "headers").is_object() {
                object::set(&raw, "headers", Object::new());
            }
            Ok(raw.into())
        }));
        self.known.borrow_mut().push((port, promise.clone()));
        promise
    }

    fn forget(&self, port: u16) {
        self.known.borrow_mut().retain(|(known, _)| *known != port);
    }

    /// After a pause the ports may be somewhere else.
    pub fn forget_all(&self) {
        self.known.borrow_mut().clear();
    }
}
