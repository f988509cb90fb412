//! `sandbox.egress`: rules for outgoing traffic, and the two ways to the sidecar that keeps them.

use crate::api::execd::{Call, Execd};
use crate::api::methods::methods;
use crate::api::{lifecycle, promise, sidecar};
use crate::core::error::{Error, ErrorKind};
use crate::host::args::{self, CallOptions, Options};
use crate::host::failure::Failure;
use crate::host::http::{Response, send};
use crate::host::object;
use js_sys::{Array, Promise};
use std::cell::Cell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;

#[derive(Clone, Copy, PartialEq)]
enum Way {
    /// Through a route of the lifecycle server, which newer ones have: it works where a sandbox's ports cannot be reached.
    Server,
    /// To the sidecar's own port.
    Sidecar,
}

/// The policy of one sandbox, and which way to it has worked.
pub struct Policy {
    sidecar: Execd,
    id: JsValue,
    way: Cell<Option<Way>>,
}

impl Policy {
    /// For one sandbox.
    pub fn new(execd: &Execd, id: JsValue) -> Self {
        Self { sidecar: sidecar::of(execd), id, way: Cell::new(None) }
    }

    /// Sends a request by the way that has worked. Before one has: by the server's route, and on a 404 to the sidecar.
    async fn send(
        &self,
        method: &'static str,
        json: Option<&JsValue>,
        what: &'static str,
        call: &CallOptions,
    ) -> Result<Response, Failure> {
        if self.way.get() != Some(Way::Sidecar) {
            let transport = &self.sidecar.transport;
            let request = lifecycle::network_policy(transport, &self.id, method, json, what)?;
            match send(transport, request, call).await {
                Err(failure) if no_such_route(&failure) => {}
                answer => return self.noted(Way::Server, answer),
            }
        }
        let call_to = Call { method, path: "/policy", query: &[], what };
        let answer = self.sidecar.send(call_to, json, call).await;
        self.noted(Way::Sidecar, answer)
    }

    fn noted(&self, way: Way, answer: Result<Response, Failure>) -> Result<Response, Failure> {
        if answer.is_ok() {
            self.way.set(Some(way));
        }
        answer.map_err(sidecar::explained)
    }
}

/// The policy in its official shape: the sidecar says `null` for "no rules".
fn policy_of(answer: Result<Response, Failure>) -> Result<JsValue, Failure> {
    let answer = answer?;
    let policy = object::get(&answer.json()?, "policy");
    let egress = object::get(&policy, "egress");
    let none = object::absent(&egress);
    if !policy.is_object() || is_array(&policy) || !(none || is_array(&egress)) {
        let problem = "Get sandbox egress policy failed: the answer has no policy";
        let error = Error::fixed(ErrorKind::UnexpectedResponse, problem);
        return Err(Failure::from(error).for_request(answer.request_id()));
    }
    if none {
        object::set(policy.unchecked_ref(), "egress", Array::new());
    }
    Ok(policy)
}

fn is_array(value: &JsValue) -> bool {
    value.is_instance_of::<Array>()
}

/// A 404 that is not about the sandbox.
fn no_such_route(failure: &Failure) -> bool {
    failure.error().is_some_and(|error| {
        let code = error.server_code.as_deref();
        error.kind == ErrorKind::Api
            && error.status == 404
            && !code.is_some_and(|code| code.ends_with("SANDBOX_NOT_FOUND"))
    })
}

const ACTIONS: [&str; 2] = ["allow", "deny"];

/// Rules, each checked. What else is in them is the sidecar's business.
fn rules(field: &str, list: &JsValue) -> Result<Array, Error> {
    let body = Array::new();
    for rule in args::objects(field, list)? {
        rule.required_string("action")?;
        rule.choice("action", ACTIONS)?;
        rule.filled("target")?;
        body.push(&rule.copy());
    }
    Ok(body)
}

fn not_empty(field: &str, list: &JsValue) -> Result<(), Error> {
    let length = list.unchecked_ref::<Array>().length();
    if length == 0 { Err(Error::invalid(field.to_owned() + " cannot be empty")) } else { Ok(()) }
}

/// A whole policy. What the sidecar takes a missing default for is said outright.
fn whole(policy: &JsValue) -> Result<JsValue, Error> {
    let policy = Options::required("policy", policy)?;
    policy.choice("defaultAction", ACTIONS)?;
    let (body, egress) = (policy.copy(), policy.raw("egress"));
    if object::absent(&policy.raw("defaultAction")) {
        object::set(&body, "defaultAction", "deny");
    }
    object::set(&body, "egress", if object::absent(&egress) { Array::new() } else { rules("egress", &egress)? });
    Ok(body.into())
}

fn targets(list: &JsValue) -> Result<JsValue, Error> {
    sidecar::names("targets", list)?;
    not_empty("targets", list)?;
    Ok(list.clone())
}

/// From what has come of a request to what the caller gets.
type Reading = fn(Result<Response, Failure>) -> Result<JsValue, Failure>;

/// All requests are this one, so that there is one future and not five. A body that is `undefined` is none.
fn asked(
    policy: &Rc<Policy>,
    method: &'static str,
    body: Result<JsValue, Error>,
    what: &'static str,
    read: Reading,
    call: Result<CallOptions, Error>,
) -> Promise {
    let policy = Rc::clone(policy);
    promise(async move {
        let (body, call) = (body?, call?);
        let json = if body.is_undefined() { None } else { Some(&body) };
        read(policy.send(method, json, what, &call).await)
    })
}

/// Asks for the policy.
pub fn ask(policy: &Rc<Policy>, read: Reading, call: Result<CallOptions, Error>) -> Promise {
    asked(policy, "GET", Ok(JsValue::UNDEFINED), "Get sandbox egress policy failed", read, call)
}

/// A change. What the sidecar says to it but "ok" is of no use.
fn changed(
    policy: &Rc<Policy>,
    method: &'static str,
    body: Result<JsValue, Error>,
    what: &'static str,
    options: &JsValue,
) -> Promise {
    asked(policy, method, body, what, |answer| answer?.json().map(|_| JsValue::UNDEFINED), CallOptions::read(options))
}

/// The policy.
pub fn get(policy: &Rc<Policy>, options: &JsValue) -> Promise {
    ask(policy, policy_of, CallOptions::read(options))
}

/// Merges rules into it.
pub fn patch(policy: &Rc<Policy>, list: &JsValue, options: &JsValue) -> Promise {
    let body = rules("rules", list).and_then(|rules| {
        not_empty("rules", &rules)?;
        Ok(rules.into())
    });
    changed(policy, "PATCH", body, "Patch sandbox egress rules failed", options)
}

/// Takes rules away by their targets.
pub fn delete(policy: &Rc<Policy>, list: &JsValue, options: &JsValue) -> Promise {
    changed(policy, "DELETE", targets(list), "Delete sandbox egress rules failed", options)
}

/// Rules for outgoing traffic.
#[wasm_bindgen]
pub struct Egress {
    policy: Rc<Policy>,
}

impl Egress {
    /// For one sandbox.
    pub fn new(policy: Rc<Policy>) -> Self {
        Self { policy }
    }
}

methods! { Egress:
    "getPolicy" => get_policy(_),
    "replacePolicy" => replace_policy(_, _),
    "patchRules" => patch_rules(_, _),
    "deleteRules" => delete_rules(_, _),
}

impl Egress {
    /// The current policy.
    pub fn get_policy(&self, options: &JsValue) -> Promise {
        get(&self.policy, options)
    }

    /// Puts another policy in its place.
    pub fn replace_policy(&self, policy: &JsValue, options: &JsValue) -> Promise {
        changed(&self.policy, "PUT", whole(policy), "Replace sandbox egress policy failed", options)
    }

    /// Adds rules before those that are there.
    pub fn patch_rules(&self, rules: &JsValue, options: &JsValue) -> Promise {
        patch(&self.policy, rules, options)
    }

    /// Takes the rules for these targets away.
    pub fn delete_rules(&self, targets: &JsValue, options: &JsValue) -> Promise {
        delete(&self.policy, targets, options)
    }
}
