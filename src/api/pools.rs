//! Pools of sandboxes that are kept warm by a server on Kubernetes: the wire calls.

use crate::api::wire::{self, Wire};
use crate::core::error::Error;
use crate::host::args::{Kind, Options};
use crate::host::failure::Failure;
use crate::host::js::Transport;
use wasm_bindgen::JsValue;

const PART: &str = "Pools are";

/// The four sizes, all of them required.
fn check_capacity(request: &Options) -> Result<(), Error> {
    let sizes = ["bufferMax", "bufferMin", "poolMax", "poolMin"].map(|name| (name, Kind::RequiredCount));
    request.required_nested("capacitySpec")?.check(&sizes)
}

/// `POST /pools`.
pub fn create(transport: &Transport, request: &JsValue) -> Result<Wire, Failure> {
    let given = Options::required("request", request)?;
    given.check(&[("name", Kind::Filled), ("template", Kind::RequiredObject)])?;
    check_capacity(&given)?;
    let url = transport.base() + "/pools";
    Ok(Wire::new("POST", &url, "Create pool failed", "pool").json(request)?.part(PART))
}

/// `GET /pools`: all of them, there are no pages.
pub fn list(transport: &Transport) -> Wire {
    Wire::new("GET", &(transport.base() + "/pools"), "List pools failed", "pool{}").part(PART)
}

/// `GET /pools/{name}`.
pub fn get(transport: &Transport, name: &JsValue) -> Result<Wire, Failure> {
    Ok(Wire::new("GET", &wire::item(transport, "pools", "poolName", name)?, "Get pool failed", "pool").part(PART))
}

/// `PUT /pools/{name}`: only the sizes can be changed.
pub fn update(transport: &Transport, name: &JsValue, request: &JsValue) -> Result<Wire, Failure> {
    let path = wire::item(transport, "pools", "poolName", name)?;
    check_capacity(&Options::required("request", request)?)?;
    Ok(Wire::new("PUT", &path, "Update pool failed", "pool").json(request)?.part(PART))
}

/// `DELETE /pools/{name}`.
pub fn delete(transport: &Transport, name: &JsValue) -> Result<Wire, Failure> {
    Ok(Wire::new("DELETE", &wire::item(transport, "pools", "poolName", name)?, "Delete pool failed", "nothing")
        .part(PART))
}
