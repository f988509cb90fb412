//! `/policy`: show, replace, merge, remove.

use super::answer::{Refusal, json, not_allowed};
use super::policy::{Policy, Rule};
use super::{Egress, State, body, shape};
use crate::lock::lock;
use axum::body::Body;
use http::{Method, Request, Response, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

const MOST_RULES: usize = 4096;
/// Where the real one says `dns` or `dns+nft`.
const ENFORCED_BY: &str = "none";

/// Any method.
pub async fn policy(egress: &Egress, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    if parts.method == Method::GET {
        return json(StatusCode::OK, &shown(&lock(&egress.state).policy));
    }
    let change = match parts.method {
        Method::POST | Method::PUT => replace,
        Method::PATCH => merge,
        Method::DELETE => remove,
        _ => return not_allowed("GET, POST, PUT, PATCH, DELETE"),
    };
    let done = match body::read(body).await {
        Ok(bytes) => change(&mut lock(&egress.state), String::from_utf8_lossy(&bytes).trim()),
        Err(why) => Err(Refusal::bad(format!("failed to read body: {why}"))),
    };
    match done {
        Ok(value) => json(StatusCode::OK, &value),
        Err(refusal) => refusal.answer(),
    }
}

fn shown(policy: &Policy) -> Value {
    json!({ "status": "ok", "mode": policy.mode(), "enforcementMode": ENFORCED_BY, "policy": policy.json() })
}

fn changed(policy: &Policy) -> Value {
    json!({ "status": "ok", "mode": policy.mode(), "enforcementMode": ENFORCED_BY })
}

/// An empty body resets.
fn replace(state: &mut State, raw: &str) -> Result<Value, Refusal> {
    let policy = Policy::parse(raw).map_err(|why| Refusal::bad(format!("invalid policy: {why}")))?;
    set(state, policy)?;
    if raw.is_empty() {
        return Ok(json!({ "status": "ok", "mode": "deny_all", "reason": "policy reset to default deny-all" }));
    }
    Ok(changed(&state.policy))
}

fn merge(state: &mut State, raw: &str) -> Result<Value, Refusal> {
    let rules: Vec<Rule> = list(raw, "invalid patch rules")?;
    let merged = state.policy.merged(rules).map_err(|why| Refusal::bad(format!("invalid merged policy: {why}")))?;
    set(state, merged)?;
    Ok(changed(&state.policy))
}

fn remove(state: &mut State, raw: &str) -> Result<Value, Refusal> {
    let targets: Vec<String> = list(raw, "invalid delete targets")?;
    let Some(rest) = state.policy.without(&targets) else {
        let mut answer = changed(&state.policy);
        if let Some(map) = answer.as_object_mut() {
            map.insert("reason".into(), "no matching targets found".into());
        }
        return Ok(answer);
    };
    set(state, rest)?;
    Ok(changed(&state.policy))
}

/// A JSON array that is not empty.
fn list<T: DeserializeOwned>(raw: &str, invalid: &str) -> Result<Vec<T>, Refusal> {
    if raw.is_empty() {
        return Err(Refusal::bad("empty body"));
    }
    match shape::list(raw.as_bytes()) {
        Ok(list) if list.is_empty() => Err(Refusal::bad(format!("{invalid}: empty array"))),
        Ok(list) => Ok(list),
        Err(why) => Err(Refusal::bad(format!("{invalid}: {why}"))),
    }
}

/// Takes a policy if it is not too long and still covers what the vault binds.
fn set(state: &mut State, policy: Policy) -> Result<(), Refusal> {
    if policy.len() > MOST_RULES {
        let text = format!("egress rule total count {} exceeds limit {MOST_RULES}", policy.len());
        return Err(Refusal(StatusCode::PAYLOAD_TOO_LARGE, text));
    }
    if let Some(vault) = &state.vault {
        let fits = vault.fits(&policy);
        fits.map_err(|why| Refusal::bad(format!("credential vault policy validation: {why}")))?;
    }
    state.policy = policy;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> State {
        State { policy: Policy::deny_all(), vault: None }
    }

    #[test]
    fn replacing() {
        let mut state = state();
        let answer = replace(&mut state, r#"{"defaultAction":"allow"}"#).unwrap();
        assert_eq!(answer, json!({ "status": "ok", "mode": "allow_all", "enforcementMode": "none" }));
        assert!(replace(&mut state, "nonsense").unwrap_err().1.starts_with("invalid policy: "));
        assert_eq!(state.policy.mode(), "allow_all", "a refused change changes nothing");
        let answer = replace(&mut state, "").unwrap();
        assert_eq!(answer, json!({ "status": "ok", "mode": "deny_all", "reason": "policy reset to default deny-all" }));
        assert_eq!(replace(&mut state, "{}").unwrap().get("reason"), None);
    }

    #[test]
    fn merging_and_removing() {
        let mut state = state();
        assert_eq!(merge(&mut state, "").unwrap_err(), Refusal::bad("empty body"));
        for (raw, text) in [("[]", "invalid patch rules: empty array"), ("null", "invalid patch rules: empty array")] {
            assert_eq!(merge(&mut state, raw).unwrap_err(), Refusal::bad(text));
        }
        assert!(merge(&mut state, "{}").unwrap_err().1.starts_with("invalid patch rules: "));
        let bad = merge(&mut state, r#"[{"action":"x","target":"a"}]"#).unwrap_err();
        assert_eq!(bad, Refusal::bad(r#"invalid merged policy: unsupported action "x""#));
        merge(&mut state, r#"[{"action":"allow","target":"a.example"}]"#).unwrap();
        assert_eq!(state.policy.len(), 1);
        let none = remove(&mut state, r#"["b.example"]"#).unwrap();
        assert_eq!(none.get("reason").unwrap(), "no matching targets found");
        assert!(remove(&mut state, r#"{"a":1}"#).unwrap_err().1.starts_with("invalid delete targets: "));
        remove(&mut state, r#"["A.EXAMPLE"]"#).unwrap();
        assert_eq!(state.policy.json(), json!({ "egress": [], "defaultAction": "deny" }));
    }

    #[test]
    fn not_too_many() {
        let mut state = state();
        let rules: Vec<Value> =
            (0..=MOST_RULES).map(|n| json!({ "action": "deny", "target": format!("{n}.example") })).collect();
        let Refusal(status, text) = merge(&mut state, &Value::Array(rules).to_string()).unwrap_err();
        assert_eq!((status.as_u16(), text.as_str()), (413, "egress rule total count 4097 exceeds limit 4096"));
        assert_eq!(state.policy.len(), 0);
    }
}
