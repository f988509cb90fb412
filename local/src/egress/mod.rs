//! What stands at port 18080 of a sandbox that was created with a network policy: the state of its policy and of its
//! credential vault, read and checked as the egress sidecar does it.
//!
//! Nothing of it is enforced: the sandbox reaches whatever this machine reaches, and no credential is put into any
//! request. Every answer says so in a header.

mod answer;
mod auth_rules;
mod binding;
mod body;
mod handle;
mod hosts;
mod overlap;
mod policy;
mod policy_routes;
mod requests;
mod serve;
mod shape;
mod vault;
mod vault_routes;

pub use handle::handle_trusted;
pub use policy::Policy;
pub use serve::Served;

use std::sync::Mutex;

/// The state of one sandbox.
pub struct Egress {
    token: String,
    /// Created with `credentialProxy.enabled`: without it the real sidecar refuses writes to the vault.
    intercepts: bool,
    /// In one lock: a policy must cover what the vault binds, whichever of the two changes.
    state: Mutex<State>,
}

/// What may change.
struct State {
    policy: Policy,
    vault: Option<vault::Vault>,
}

impl Egress {
    /// With the policy of the create request and an empty vault.
    pub fn new(token: String, policy: Policy, intercepts: bool) -> Self {
        Self { token, intercepts, state: Mutex::new(State { policy, vault: None }) }
    }
}
