//! `sandbox.egress`: rules for outgoing traffic, checked. `src/js/egress.js` knows the ways to the sidecar that keeps them.

use crate::api::methods::methods;
use crate::api::wire::Wire;
use crate::api::{settled, sidecar};
use crate::core::error::Error;
use crate::host::args::{self, CallOptions, Options};
use crate::host::failure::Failure;
use crate::host::js::{self, Policy};
use crate::host::object;
use js_sys::{Array, Promise};
use wasm_bindgen::prelude::*;

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

/// A change.
fn changed(policy: &Policy, method: &str, body: Result<JsValue, Error>, what: &str, options: &JsValue) -> Promise {
    let begin = || -> Result<Promise, Failure> {
        let wire = Wire::new(method, "", what, "json").json(&body?)?;
        Ok(js::change_policy(policy, wire.as_ref(), CallOptions::read(options)?.as_ref()))
    };
    settled(begin())
}

/// The policy.
pub fn get(policy: &Policy, options: &JsValue) -> Promise {
    let call = CallOptions::read(options).map_err(Failure::from);
    settled(call.map(|call| js::get_policy(policy, call.as_ref())))
}

/// Merges rules into it.
pub fn patch(policy: &Policy, list: &JsValue, options: &JsValue) -> Promise {
    let body = rules("rules", list).and_then(|rules| {
        not_empty("rules", &rules)?;
        Ok(rules.into())
    });
    changed(policy, "PATCH", body, "Patch sandbox egress rules failed", options)
}

/// Takes rules away by their targets.
pub fn delete(policy: &Policy, list: &JsValue, options: &JsValue) -> Promise {
    changed(policy, "DELETE", targets(list), "Delete sandbox egress rules failed", options)
}

/// Rules for outgoing traffic.
#[wasm_bindgen]
pub struct Egress {
    policy: Policy,
}

impl Egress {
    /// For one sandbox.
    pub fn new(policy: Policy) -> Self {
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
