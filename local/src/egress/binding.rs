//! A binding: which requests get which credentials. Defaults, rules and what is shown of it.

use super::requests::{self, Auth, Match};
use super::{auth_rules, hosts};
use serde_json::{Map, Value, json};
use std::collections::HashSet;
use std::hash::Hash;

/// A checked one.
#[derive(Debug, Clone)]
pub struct Binding {
    pub name: String,
    pub matches: Match,
    pub auth: Auth,
}

impl Binding {
    /// Reads one.
    pub fn normal(sent: requests::Binding) -> Result<Self, String> {
        let name = sent.name.trim().to_owned();
        if name.is_empty() {
            return Err("binding name cannot be blank".into());
        }
        let inside = |why: String| format!("binding {name:?}: {why}");
        let matches = normal_match(sent.matches).map_err(inside)?;
        let auth = auth_rules::normal(sent.auth).map_err(inside)?;
        Ok(Self { name, matches, auth })
    }

    /// Without the names of its credentials.
    pub fn json(&self, revision: i64) -> Value {
        let Match { schemes, ports, hosts, methods, paths } = &self.matches;
        let mut auth = Map::new();
        auth.insert("type".into(), json!(self.auth.kind));
        if self.auth.kind == "apiKey" {
            auth.insert("name".into(), json!(self.auth.name));
        }
        json!({
            "name": self.name,
            "revision": revision,
            "match": { "schemes": schemes, "ports": ports, "hosts": hosts, "methods": methods, "paths": paths },
            "auth": auth,
        })
    }
}

fn normal_match(mut sent: Match) -> Result<Match, String> {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    if sent.schemes.is_empty() {
        sent.schemes = words(&["https"]);
    }
    if sent.ports.is_empty() {
        // Whatever the schemes are.
        sent.ports = vec![443];
    }
    if sent.methods.is_empty() {
        sent.methods = words(&["GET", "POST", "PUT", "PATCH", "DELETE"]);
    }
    if sent.paths.is_empty() {
        sent.paths = words(&["/*"]);
    }
    if sent.hosts.is_empty() {
        return Err("match.hosts cannot be empty".into());
    }
    Ok(Match {
        schemes: unique(sent.schemes.iter().map(|scheme| scheme_name(scheme)))?,
        ports: unique(sent.ports.into_iter().map(port))?,
        hosts: unique(sent.hosts.iter().map(|host| hosts::normal(host)))?,
        methods: unique(sent.methods.iter().map(|method| method_name(method)))?,
        paths: unique(sent.paths.iter().map(|path| path_pattern(path)))?,
    })
}

fn scheme_name(scheme: &str) -> Result<String, String> {
    let scheme = scheme.trim().to_lowercase();
    if ["http", "https"].contains(&scheme.as_str()) {
        Ok(scheme)
    } else {
        Err(format!("unsupported scheme {scheme:?}"))
    }
}

fn port(port: i64) -> Result<i64, String> {
    match port {
        80 | 443 => Ok(port),
        1..=65535 => Err(format!("port {port} is not a configured transparent intercept port")),
        _ => Err(format!("invalid port {port}")),
    }
}

fn method_name(method: &str) -> Result<String, String> {
    let method = method.trim().to_uppercase();
    if method.is_empty() { Err("method cannot be blank".into()) } else { Ok(method) }
}

fn path_pattern(path: &str) -> Result<String, String> {
    let path = path.trim();
    if path.starts_with('/') { Ok(path.to_owned()) } else { Err("path pattern must start with /".into()) }
}

/// Each once, in their order.
fn unique<T: Clone + Eq + Hash>(values: impl Iterator<Item = Result<T, String>>) -> Result<Vec<T>, String> {
    let all = values.collect::<Result<Vec<T>, String>>()?;
    let mut seen = HashSet::new();
    Ok(all.into_iter().filter(|value| seen.insert(value.clone())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(matches: Value) -> Result<Binding, String> {
        let auth = json!({ "type": "apiKey", "name": "x-key", "credential": "c" });
        Binding::normal(serde_json::from_value(json!({ "name": " b ", "match": matches, "auth": auth })).unwrap())
    }

    #[test]
    fn defaults_and_what_is_shown() {
        let binding = read(json!({ "hosts": ["A.example", "a.example."] })).unwrap();
        assert_eq!(
            binding.json(3).to_string(),
            json!({
                "name": "b",
                "revision": 3,
                "match": {
                    "schemes": ["https"],
                    "ports": [443],
                    "hosts": ["a.example"],
                    "methods": ["GET", "POST", "PUT", "PATCH", "DELETE"],
                    "paths": ["/*"],
                },
                "auth": { "type": "apiKey", "name": "X-Key" },
            })
            .to_string()
        );
        // The port does not follow the scheme.
        assert_eq!(read(json!({ "hosts": ["a.example"], "schemes": ["HTTP"] })).unwrap().matches.ports, [443]);
    }

    #[test]
    fn what_is_refused() {
        for (matches, why) in [
            (json!({}), r#"binding "b": match.hosts cannot be empty"#),
            (json!({ "hosts": ["a.example"], "schemes": ["ftp"] }), r#"binding "b": unsupported scheme "ftp""#),
            (json!({ "hosts": ["a.example"], "ports": [0] }), r#"binding "b": invalid port 0"#),
            (
                json!({ "hosts": ["a.example"], "ports": [8443] }),
                r#"binding "b": port 8443 is not a configured transparent intercept port"#,
            ),
            (json!({ "hosts": ["a.example"], "methods": [" "] }), r#"binding "b": method cannot be blank"#),
            (json!({ "hosts": ["a.example"], "paths": ["x"] }), r#"binding "b": path pattern must start with /"#),
        ] {
            assert_eq!(read(matches).unwrap_err(), why);
        }
        let nameless = serde_json::from_value(json!({ "name": " " })).unwrap();
        assert_eq!(Binding::normal(nameless).unwrap_err(), "binding name cannot be blank");
    }
}
