//! How a binding adds its credentials: what each kind needs, and which headers may not be written.

use super::requests::{Auth, Substitution};
use std::collections::HashSet;

/// Headers that belong to the connection or say who asks.
const RESERVED: [&str; 14] = [
    "host",
    "content-length",
    "content-type",
    "transfer-encoding",
    "connection",
    "upgrade",
    "te",
    "trailer",
    "proxy-authorization",
    "proxy-authenticate",
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
];
const SURFACES: [&str; 4] = ["path", "query", "header", "body"];

/// Trims and checks.
pub fn normal(mut auth: Auth) -> Result<Auth, String> {
    auth.kind = auth.kind.trim().to_owned();
    auth.credential = auth.credential.trim().to_owned();
    match auth.kind.as_str() {
        "bearer" | "basic" | "apiKey" => {
            if auth.kind == "apiKey" {
                auth.name = header_name(&auth.name)?;
            }
            if auth.credential.is_empty() {
                return Err(format!("{} auth requires credential", auth.kind));
            }
        }
        "customHeaders" => {
            if auth.headers.is_empty() {
                return Err("customHeaders auth requires headers".into());
            }
            let mut seen = HashSet::new();
            for entry in &mut auth.headers {
                entry.name = header_name(&entry.name)?;
                if !seen.insert(entry.name.to_ascii_lowercase()) {
                    return Err(format!("duplicate custom header name {:?}", entry.name));
                }
                entry.credential = entry.credential.trim().to_owned();
                if entry.credential.is_empty() {
                    return Err(format!("customHeaders entry {:?} requires credential", entry.name));
                }
            }
        }
        "passthrough" => {}
        other => return Err(format!("unsupported auth type {other:?}")),
    }
    for (index, substitution) in auth.substitutions.iter_mut().enumerate() {
        check_substitution(index, substitution)?;
    }
    Ok(auth)
}

/// The names of the credentials it uses.
pub fn credentials(auth: &Auth) -> Vec<&str> {
    let mut names: Vec<&str> = match auth.kind.as_str() {
        "customHeaders" => auth.headers.iter().map(|entry| entry.credential.as_str()).collect(),
        "passthrough" => Vec::new(),
        _ => vec![auth.credential.as_str()],
    };
    names.extend(auth.substitutions.iter().map(|substitution| substitution.credential.as_str()));
    names
}

fn header_name(name: &str) -> Result<String, String> {
    let name = canonical(name.trim());
    if name.is_empty() || !name.bytes().all(is_token) {
        return Err(format!("invalid credential header name {name:?}"));
    }
    if RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(&name)) {
        return Err(format!("reserved credential header name {name:?}"));
    }
    Ok(name)
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// As Go writes header names: `X-Api-Key`. What is no name stays as it is.
fn canonical(name: &str) -> String {
    if !name.bytes().all(is_token) {
        return name.to_owned();
    }
    let mut upper = true;
    name.chars()
        .map(|letter| {
            let written = if upper { letter.to_ascii_uppercase() } else { letter.to_ascii_lowercase() };
            upper = letter == '-';
            written
        })
        .collect()
}

fn check_substitution(index: usize, substitution: &mut Substitution) -> Result<(), String> {
    substitution.credential = substitution.credential.trim().to_owned();
    if substitution.credential.is_empty() {
        return Err(format!("substitution {index} requires credential"));
    }
    if substitution.placeholder.trim().is_empty() {
        return Err(format!("substitution {index} requires placeholder"));
    }
    if substitution.surfaces.is_empty() {
        return Err(format!("substitution {index} requires at least one target surface"));
    }
    for surface in &substitution.surfaces {
        let surface = surface.trim().to_lowercase();
        if !SURFACES.contains(&surface.as_str()) {
            return Err(format!("substitution {index} has unsupported target surface {surface:?}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn check(auth: Value) -> Result<Auth, String> {
        normal(serde_json::from_value(auth).unwrap())
    }

    #[test]
    fn each_kind() {
        assert_eq!(check(json!({ "type": " bearer ", "credential": " c " })).unwrap().credential, "c");
        assert_eq!(
            check(json!({ "type": "apiKey", "name": "x-api-KEY", "credential": "c" })).unwrap().name,
            "X-Api-Key"
        );
        let headers = json!([{ "name": "x-a", "credential": "a" }, { "name": "x-b", "credential": "b" }]);
        let custom = check(json!({ "type": "customHeaders", "headers": headers })).unwrap();
        assert_eq!(credentials(&custom), ["a", "b"]);
        let substitution = json!({ "credential": "s", "placeholder": "{{s}}", "in": ["Query", "body"] });
        let pass = check(json!({ "type": "passthrough", "substitutions": [substitution] })).unwrap();
        assert_eq!(credentials(&pass), ["s"]);
    }

    #[test]
    fn what_is_refused() {
        for (auth, why) in [
            (json!({ "type": "digest" }), r#"unsupported auth type "digest""#),
            (json!({}), r#"unsupported auth type """#),
            (json!({ "type": "basic", "credential": " " }), "basic auth requires credential"),
            (json!({ "type": "apiKey", "name": "a b", "credential": "c" }), r#"invalid credential header name "a b""#),
            (
                json!({ "type": "apiKey", "name": "HOST", "credential": "c" }),
                r#"reserved credential header name "Host""#,
            ),
            (json!({ "type": "apiKey", "name": "X-A" }), "apiKey auth requires credential"),
            (json!({ "type": "customHeaders" }), "customHeaders auth requires headers"),
            (
                json!({ "type": "customHeaders", "headers": [
                    { "name": "x-a", "credential": "a" },
                    { "name": "X-A", "credential": "a" },
                ] }),
                r#"duplicate custom header name "X-A""#,
            ),
            (
                json!({ "type": "customHeaders", "headers": [{ "name": "x-a" }] }),
                r#"customHeaders entry "X-A" requires credential"#,
            ),
            (
                json!({ "type": "passthrough", "substitutions": [{ "placeholder": "p", "in": ["path"] }] }),
                "substitution 0 requires credential",
            ),
            (
                json!({ "type": "passthrough", "substitutions": [{ "credential": "c", "in": ["path"] }] }),
                "substitution 0 requires placeholder",
            ),
            (
                json!({ "type": "passthrough", "substitutions": [{ "credential": "c", "placeholder": "p" }] }),
                "substitution 0 requires at least one target surface",
            ),
            (
                json!({ "type": "passthrough", "substitutions": [
                    { "credential": "c", "placeholder": "p", "in": ["cookie"] },
                ] }),
                r#"substitution 0 has unsupported target surface "cookie""#,
            ),
        ] {
            assert_eq!(check(auth.clone()).unwrap_err(), why, "{auth}");
        }
        for name in RESERVED {
            assert!(check(json!({ "type": "apiKey", "name": name, "credential": "c" })).is_err(), "{name}");
        }
    }
}
