//! The credential vault: names and revisions of credentials, and the bindings that use them.
//!
//! Values are checked and then forgotten: nothing here would use them, and what is not kept cannot leak.

use super::binding::Binding;
use super::policy::Policy;
use super::requests::{self, Changes};
use super::{auth_rules, hosts, overlap};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashSet};

/// In the order of their names.
#[derive(Debug, Clone)]
pub struct Vault {
    revision: i64,
    credentials: BTreeMap<String, Credential>,
    bindings: BTreeMap<String, Binding>,
}

/// What is known of one.
#[derive(Debug, Clone)]
struct Credential {
    /// The vault's revision that wrote it.
    revision: i64,
}

impl Vault {
    /// A new one has revision 1.
    pub fn create(sent: requests::Create, policy: &Policy) -> Result<Self, String> {
        let mut vault = Self { revision: 1, credentials: BTreeMap::new(), bindings: BTreeMap::new() };
        for sent in sent.credentials {
            let name = credential_name(&sent)?;
            if vault.credentials.contains_key(&name) {
                return Err(format!("duplicate credential name {name:?}"));
            }
            vault.credentials.insert(name, Credential { revision: 1 });
        }
        for sent in sent.bindings {
            let binding = Binding::normal(sent)?;
            if vault.bindings.contains_key(&binding.name) {
                return Err(format!("duplicate binding name {:?}", binding.name));
            }
            vault.bindings.insert(binding.name.clone(), binding);
        }
        vault.fits(policy)?;
        Ok(vault)
    }

    /// The next revision: all of the changes or none.
    pub fn patched(&self, sent: requests::Patch, policy: &Policy) -> Result<Self, String> {
        let mut next = self.clone();
        next.revision += 1;
        let revision = next.revision;
        if let Some(changes) = sent.credentials {
            let read = |sent: requests::Credential| {
                let name = credential_name(&sent)?;
                Ok((name, Credential { revision }))
            };
            apply("credential", &mut next.credentials, changes, read)?;
        }
        if let Some(changes) = sent.bindings {
            let read = |sent: requests::Binding| Binding::normal(sent).map(|binding| (binding.name.clone(), binding));
            apply("binding", &mut next.bindings, changes, read)?;
        }
        next.fits(policy)?;
        Ok(next)
    }

    /// The number of the last change.
    pub fn revision(&self) -> i64 {
        self.revision
    }

    /// Whether its bindings name credentials that exist and hosts that a policy allows, and do not collide.
    pub fn fits(&self, policy: &Policy) -> Result<(), String> {
        for binding in self.bindings.values() {
            let name = &binding.name;
            if let Some(unknown) =
                auth_rules::credentials(&binding.auth).into_iter().find(|name| !self.credentials.contains_key(*name))
            {
                return Err(format!("binding {name:?} references unknown credential {unknown:?}"));
            }
            if let Some(host) = binding.matches.hosts.iter().find(|host| !policy.allows(&hosts::example(host))) {
                return Err(format!("binding {name:?} host {host:?} is not allowed by egress policy"));
            }
        }
        let all: Vec<&Binding> = self.bindings.values().collect();
        for (index, one) in all.iter().enumerate() {
            if let Some(other) = all.iter().skip(index + 1).find(|other| overlap::ambiguous(one, other)) {
                return Err(format!("bindings {:?} and {:?} can match the same request", one.name, other.name));
            }
        }
        Ok(())
    }

    /// All of it.
    pub fn json(&self) -> Value {
        json!({ "revision": self.revision, "credentials": self.credentials(), "bindings": self.bindings() })
    }

    /// Without values.
    pub fn credentials(&self) -> Vec<Value> {
        self.credentials.iter().map(|(name, credential)| credential.json(name)).collect()
    }

    /// A binding's revision is the vault's.
    pub fn bindings(&self) -> Vec<Value> {
        self.bindings.values().map(|binding| binding.json(self.revision)).collect()
    }

    /// One of them.
    pub fn credential(&self, name: &str) -> Option<Value> {
        self.credentials.get(name).map(|credential| credential.json(name))
    }

    /// One of them.
    pub fn binding(&self, name: &str) -> Option<Value> {
        self.bindings.get(name).map(|binding| binding.json(self.revision))
    }
}

impl Credential {
    fn json(&self, name: &str) -> Value {
        json!({ "name": name, "sourceType": "inline", "revision": self.revision })
    }
}

/// Checks the source, too.
fn credential_name(sent: &requests::Credential) -> Result<String, String> {
    let name = sent.name.trim();
    if name.is_empty() {
        return Err("credential name cannot be blank".into());
    }
    match sent.source.kind.trim() {
        "" | "inline" if sent.source.value.is_empty() => {
            Err(format!("credential {name:?} inline value cannot be empty"))
        }
        "" | "inline" => Ok(name.to_owned()),
        other => Err(format!("unsupported credential source type {other:?}")),
    }
}

/// Deletes, replaces, adds; a name may be in one of the three only.
fn apply<S, T>(
    kind: &str,
    all: &mut BTreeMap<String, T>,
    changes: Changes<S>,
    read: impl Fn(S) -> Result<(String, T), String>,
) -> Result<(), String> {
    let mut mentioned = HashSet::new();
    let mut mention = |name: &str| {
        let first = mentioned.insert(name.to_owned());
        if first { Ok(()) } else { Err(format!("{kind} {name:?} mentioned by multiple operations")) }
    };
    for name in &changes.delete {
        let name = name.trim();
        if name.is_empty() {
            return Err(format!("{kind} delete name cannot be blank"));
        }
        mention(name)?;
        all.remove(name).ok_or_else(|| format!("{kind} {name:?} does not exist"))?;
    }
    for sent in changes.replace {
        let (name, value) = read(sent)?;
        mention(&name)?;
        *all.get_mut(&name).ok_or_else(|| format!("{kind} {name:?} does not exist"))? = value;
    }
    for sent in changes.add {
        let (name, value) = read(sent)?;
        mention(&name)?;
        if all.contains_key(&name) {
            return Err(format!("{kind} {name:?} already exists"));
        }
        all.insert(name, value);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> Policy {
        Policy::parse(r#"{"egress":[{"action":"allow","target":"*.example"}]}"#).unwrap()
    }

    fn credential(name: &str) -> Value {
        json!({ "name": name, "source": { "type": "inline", "value": "secret" } })
    }

    fn binding(name: &str, host: &str, credential: &str) -> Value {
        json!({ "name": name, "match": { "hosts": [host] }, "auth": { "type": "bearer", "credential": credential } })
    }

    fn create(body: Value) -> Result<Vault, String> {
        Vault::create(serde_json::from_value(body).unwrap(), &policy())
    }

    fn sample() -> Vault {
        let credentials = [credential("b"), credential("a")];
        create(json!({ "credentials": credentials, "bindings": [binding("one", "a.example", "a")] })).unwrap()
    }

    fn patch(vault: &Vault, body: Value) -> Result<Vault, String> {
        vault.patched(serde_json::from_value(body).unwrap(), &policy())
    }

    #[test]
    fn values_are_nowhere() {
        let vault = sample();
        assert!(!format!("{vault:?}").contains("secret"));
        assert_eq!(vault.credentials().iter().map(|one| one["name"].clone()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(create(json!({})).unwrap().json(), json!({ "revision": 1, "credentials": [], "bindings": [] }));
    }

    #[test]
    fn what_create_refuses() {
        for (body, why) in [
            (json!({ "credentials": [{ "name": " " }] }), "credential name cannot be blank"),
            (json!({ "credentials": [{ "name": "a" }] }), r#"credential "a" inline value cannot be empty"#),
            (
                json!({ "credentials": [{ "name": "a", "source": { "type": "file", "value": "x" } }] }),
                r#"unsupported credential source type "file""#,
            ),
            (json!({ "credentials": [credential("a"), credential(" a")] }), r#"duplicate credential name "a""#),
            (
                json!({ "credentials": [credential("a")], "bindings": [
                    binding("x", "a.example", "a"), binding("x", "b.example", "a"),
                ] }),
                r#"duplicate binding name "x""#,
            ),
            (
                json!({ "bindings": [binding("x", "a.example", "a")] }),
                r#"binding "x" references unknown credential "a""#,
            ),
            (
                json!({ "credentials": [credential("a")], "bindings": [binding("x", "a.invalid", "a")] }),
                r#"binding "x" host "a.invalid" is not allowed by egress policy"#,
            ),
            (
                json!({ "credentials": [credential("a")], "bindings": [
                    binding("x", "a.example", "a"), binding("y", "a.example", "a"),
                ] }),
                r#"bindings "x" and "y" can match the same request"#,
            ),
        ] {
            assert_eq!(create(body).unwrap_err(), why);
        }
    }

    #[test]
    fn revisions() {
        let vault = sample();
        let next = patch(&vault, json!({ "credentials": { "replace": [credential("a")], "delete": ["b"] } })).unwrap();
        assert_eq!(next.revision(), 2);
        assert_eq!(next.credential("a").unwrap()["revision"], 2);
        assert_eq!(next.credential("b"), None);
        assert_eq!(next.binding("one").unwrap()["revision"], 2, "a binding has the vault's");
        let after = patch(&next, json!({ "credentials": { "add": [credential("c")] } })).unwrap();
        assert_eq!((after.credential("a").unwrap()["revision"].clone(), after.revision()), (json!(2), 3));
        assert_eq!(patch(&after, json!({})).unwrap().revision(), 4);
    }

    #[test]
    fn what_patch_refuses() {
        let vault = sample();
        for (body, why) in [
            (json!({ "credentials": { "delete": [" "] } }), "credential delete name cannot be blank"),
            (json!({ "credentials": { "delete": ["x"] } }), r#"credential "x" does not exist"#),
            (json!({ "credentials": { "replace": [credential("x")] } }), r#"credential "x" does not exist"#),
            (json!({ "credentials": { "add": [credential("a")] } }), r#"credential "a" already exists"#),
            (
                json!({ "credentials": { "delete": ["b"], "add": [credential("b")] } }),
                r#"credential "b" mentioned by multiple operations"#,
            ),
            (json!({ "credentials": { "delete": ["a"] } }), r#"binding "one" references unknown credential "a""#),
            (json!({ "bindings": { "delete": ["x"] } }), r#"binding "x" does not exist"#),
            (
                json!({ "bindings": { "add": [binding("two", "a.example", "b")] } }),
                r#"bindings "one" and "two" can match the same request"#,
            ),
        ] {
            assert_eq!(patch(&vault, body).unwrap_err(), why);
        }
        assert_eq!(vault.revision(), 1);
    }

    #[test]
    fn a_policy_must_go_on_covering_the_bindings() {
        let vault = sample();
        assert!(vault.fits(&policy()).is_ok());
        assert!(vault.fits(&Policy::deny_all()).unwrap_err().contains("is not allowed by egress policy"));
        assert!(create(json!({})).unwrap().fits(&Policy::deny_all()).is_ok());
    }
}
