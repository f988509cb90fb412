//! What the errors of the egress sidecar mean. It answers in plain text, without a code, and some of its refusals can be
//! mended by the caller.

use crate::text::has;

/// A stable code, and what to do about it; empty where there is nothing to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meaning {
    /// For `code` of the exception.
    pub code: &'static str,
    /// A sentence for its message.
    pub advice: &'static str,
}

/// The meaning of an error status. `coded`: the answer had a code of its own, so it is the lifecycle server's; that one is
/// kept, except for "the sidecar cannot be reached", which is one thing whoever says it.
pub fn meaning(status: u16, coded: bool, message: &str) -> Option<Meaning> {
    if matches!(status, 502..=504) {
        return Some(Meaning {
            code: "EGRESS_UNREACHABLE",
            advice: "The egress sidecar does not answer. A sandbox has one only if it was created with a networkPolicy",
        });
    }
    if coded {
        return None;
    }
    let says = |text: &str| has(message, text);
    let (code, advice) = match status {
        400 | 422 => ("EGRESS_INVALID_REQUEST", ""),
        401 => {
            ("EGRESS_UNAUTHORIZED", "Its token comes with the sandbox's endpoint: connect anew to get the current one")
        }
        404 if says("credential vault not found") => ("VAULT_NOT_FOUND", "Make it first with credentialVault.create"),
        404 if says("credential not found") => ("CREDENTIAL_NOT_FOUND", ""),
        404 if says("binding not found") => ("BINDING_NOT_FOUND", ""),
        404 | 405 => ("NOT_SUPPORTED", "This sandbox's egress sidecar does not know the request"),
        409 if says("exists") => ("VAULT_EXISTS", "Change it with credentialVault.patch, or delete it first"),
        409 => (
            "VAULT_REVISION_CONFLICT",
            "Somebody has changed it: read it with credentialVault.get, then patch with the revision that it has now",
        ),
        412 => (
            "VAULT_NOT_READY",
            "The vault needs a sandbox that was created with a networkPolicy and credentialProxy: { enabled: true }, \
             and its proxy may still be starting",
        ),
        413 => ("EGRESS_TOO_MANY_RULES", ""),
        426 => (
            "VAULT_TRANSPORT_REFUSED",
            "The sidecar takes credentials only over a local connection: reach it through the lifecycle server with \
             useServerProxy: true",
        ),
        500 => ("EGRESS_FAILED", ""),
        _ => return None,
    };
    Some(Meaning { code, advice })
}
