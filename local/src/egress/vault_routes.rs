//! `/credential-vault` and what is below it.

use super::answer::{Refusal, json, not_allowed};
use super::vault::Vault;
use super::{Egress, State, body, shape};
use crate::lock::lock;
use axum::body::Body;
use http::{Method, Request, Response, StatusCode};
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

const NO_VAULT: &str = "credential vault not found";

/// The vault itself. Reading needs no more than the token; writing also an egress that intercepts. That the writer is
/// on this machine need not be asked: the port is open to loopback only.
pub async fn vault(egress: &Egress, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let write = match parts.method {
        Method::GET => return shown(egress, |vault| Ok(vault.json())),
        Method::POST => create,
        Method::PATCH => patch,
        Method::DELETE => delete,
        _ => return not_allowed("GET, POST, PATCH, DELETE"),
    };
    if !egress.intercepts {
        let text = "credential vault requires transparent mitmproxy".into();
        return Refusal(StatusCode::PRECONDITION_FAILED, text).answer();
    }
    let bytes = match body::read(body).await {
        Ok(bytes) => bytes,
        Err(why) => return Refusal::bad(why).answer(),
    };
    match write(&mut lock(&egress.state), &bytes) {
        Ok((StatusCode::NO_CONTENT, _)) => {
            let mut answer = Response::new(Body::empty());
            *answer.status_mut() = StatusCode::NO_CONTENT;
            answer
        }
        Ok((status, value)) => json(status, &value),
        Err(refusal) => refusal.answer(),
    }
}

/// `credentials`, `bindings`, and one of them by name.
pub fn part(egress: &Egress, method: &Method, part: &str) -> Response<Body> {
    let (list, name) = match part.split_once('/') {
        Some((list, name)) => (list, Some(percent_decode_str(name).decode_utf8_lossy().trim().to_owned())),
        None => (part, None),
    };
    if !["credentials", "bindings"].contains(&list) {
        return Refusal::missing("not found").answer();
    }
    if method != Method::GET {
        return not_allowed("GET");
    }
    shown(egress, |vault| match (list, &name) {
        ("credentials", None) => Ok(json!({ "revision": vault.revision(), "credentials": vault.credentials() })),
        ("credentials", Some(name)) => vault.credential(name).ok_or_else(|| Refusal::missing("credential not found")),
        (_, None) => Ok(json!({ "revision": vault.revision(), "bindings": vault.bindings() })),
        (_, Some(name)) => vault.binding(name).ok_or_else(|| Refusal::missing("binding not found")),
    })
}

/// With the values of the credentials: for nobody.
pub fn active(method: &Method) -> Response<Body> {
    if method == Method::GET { Refusal(StatusCode::FORBIDDEN, "forbidden".into()).answer() } else { not_allowed("GET") }
}

fn shown(egress: &Egress, show: impl FnOnce(&Vault) -> Result<Value, Refusal>) -> Response<Body> {
    let shown = match &lock(&egress.state).vault {
        Some(vault) => show(vault),
        None => Err(Refusal::missing(NO_VAULT)),
    };
    match shown {
        Ok(value) => json(StatusCode::OK, &value),
        Err(refusal) => refusal.answer(),
    }
}

fn create(state: &mut State, raw: &[u8]) -> Result<(StatusCode, Value), Refusal> {
    let sent = parse(raw, "invalid credential vault request")?;
    if state.vault.is_some() {
        return Err(Refusal(StatusCode::CONFLICT, "credential vault already exists".into()));
    }
    let vault = Vault::create(sent, &state.policy).map_err(Refusal::bad)?;
    let shown = vault.json();
    state.vault = Some(vault);
    Ok((StatusCode::CREATED, shown))
}

fn patch(state: &mut State, raw: &[u8]) -> Result<(StatusCode, Value), Refusal> {
    let sent: super::requests::Patch = parse(raw, "invalid credential vault mutation request")?;
    let vault = state.vault.as_mut().ok_or_else(|| Refusal::missing(NO_VAULT))?;
    if let Some(expected) = sent.expected_revision.filter(|expected| *expected != vault.revision()) {
        let text = format!("expectedRevision {expected} does not match current revision {}", vault.revision());
        return Err(Refusal(StatusCode::CONFLICT, text));
    }
    *vault = vault.patched(sent, &state.policy).map_err(Refusal::bad)?;
    Ok((StatusCode::OK, vault.json()))
}

fn delete(state: &mut State, _: &[u8]) -> Result<(StatusCode, Value), Refusal> {
    state.vault.take().ok_or_else(|| Refusal::missing(NO_VAULT))?;
    Ok((StatusCode::NO_CONTENT, Value::Null))
}

fn parse<T: DeserializeOwned + Default>(raw: &[u8], invalid: &str) -> Result<T, Refusal> {
    if raw.trim_ascii().is_empty() {
        return Err(Refusal::bad(format!("{invalid}: EOF")));
    }
    shape::object(raw).map_err(|why| Refusal::bad(format!("{invalid}: {why}")))
}

#[cfg(test)]
mod tests {
    use super::super::Policy;
    use super::*;

    const POLICY: &str = r#"{"egress":[{"action":"allow","target":"a.example"}]}"#;
    const VAULT: &[u8] = br#"{"credentials":[{"name":"c","source":{"type":"inline","value":"secret"}}],
        "bindings":[{"name":"b","match":{"hosts":["a.example"]},"auth":{"type":"bearer","credential":"c"}}]}"#;

    fn state() -> State {
        State { policy: Policy::parse(POLICY).unwrap(), vault: None }
    }

    #[test]
    fn its_life() {
        let mut state = state();
        assert_eq!(patch(&mut state, b"{}").unwrap_err(), Refusal::missing(NO_VAULT));
        assert_eq!(delete(&mut state, b"").unwrap_err(), Refusal::missing(NO_VAULT));
        assert_eq!(create(&mut state, VAULT).unwrap().0, StatusCode::CREATED);
        assert_eq!(create(&mut state, VAULT).unwrap_err().0, StatusCode::CONFLICT);
        assert_eq!(
            patch(&mut state, br#"{"expectedRevision":9}"#).unwrap_err(),
            Refusal(StatusCode::CONFLICT, "expectedRevision 9 does not match current revision 1".into())
        );
        assert_eq!(patch(&mut state, br#"{"expectedRevision":1}"#).unwrap().1["revision"], 2);
        assert_eq!(delete(&mut state, b"").unwrap().0, StatusCode::NO_CONTENT);
        assert_eq!(create(&mut state, b"{}").unwrap().1["revision"], 1, "from the start");
    }

    #[test]
    fn bodies_that_are_none() {
        let mut state = state();
        let why = |raw: &[u8], state: &mut State| create(state, raw).unwrap_err().1;
        assert_eq!(why(b" ", &mut state), "invalid credential vault request: EOF");
        assert!(why(br#"{"credentials":[],"extra":1}"#, &mut state).contains("unknown field `extra`"));
        assert!(why(br#"{"credentials":[{"name":"c","source":{"kind":"x"}}]}"#, &mut state).contains("unknown field"));
    }
}
