//! A network policy: a default action and rules, the first rule that matches wins.

use super::shape;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use std::collections::HashSet;

const ALLOW: &str = "allow";
const DENY: &str = "deny";

/// One rule. The target is a name, `*.name`, an address or a range of addresses.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Rule {
    #[serde(default, deserialize_with = "nullable")]
    action: String,
    #[serde(default, deserialize_with = "nullable")]
    target: String,
}

/// A checked policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    default_action: String,
    /// None is shown as `null`: a policy that never had a list.
    rules: Option<Vec<Rule>>,
}

/// As it comes. Unknown fields do not matter.
#[derive(Default, Deserialize)]
struct Sent {
    #[serde(default)]
    egress: Option<Vec<Rule>>,
    #[serde(default, rename = "defaultAction", deserialize_with = "nullable")]
    default_action: String,
}

/// `null` stands for the empty value, as in Go.
pub fn nullable<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(from: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

impl Policy {
    /// Nothing is allowed.
    pub fn deny_all() -> Self {
        Self { default_action: DENY.into(), rules: None }
    }

    /// Reads one. Empty, `null` and `{}` deny everything.
    pub fn parse(raw: &str) -> Result<Self, String> {
        let raw = raw.trim();
        if ["", "null", "{}"].contains(&raw) {
            return Ok(Self::deny_all());
        }
        let sent: Sent = shape::object(raw.as_bytes())?;
        Self::checked(&sent.default_action, sent.egress)
    }

    /// The default action is not checked, as in the real one.
    fn checked(default_action: &str, rules: Option<Vec<Rule>>) -> Result<Self, String> {
        let or_deny = |action: &str| match action.trim().to_lowercase() {
            empty if empty.is_empty() => DENY.to_owned(),
            action => action,
        };
        let check = |rule: Rule| {
            let rule = Rule { action: or_deny(&rule.action), target: rule.target.trim().to_owned() };
            if ![ALLOW, DENY].contains(&rule.action.as_str()) {
                return Err(format!("unsupported action {:?}", rule.action));
            }
            if rule.target.is_empty() {
                return Err("egress target cannot be empty".into());
            }
            Ok(rule)
        };
        let rules = rules.map(|rules| rules.into_iter().map(check).collect()).transpose()?;
        Ok(Self { default_action: or_deny(default_action), rules })
    }

    /// How many rules it has.
    pub fn len(&self) -> usize {
        self.rules.as_ref().map_or(0, Vec::len)
    }

    /// What the sidecar calls its state.
    pub fn mode(&self) -> &'static str {
        match self.default_action.as_str() {
            ALLOW if self.len() == 0 => "allow_all",
            DENY if self.len() == 0 => "deny_all",
            _ => "enforcing",
        }
    }

    /// As GET shows it.
    pub fn json(&self) -> Value {
        let show = |rule: &Rule| json!({ "action": rule.action, "target": rule.target });
        let rules = self.rules.as_ref().map(|rules| rules.iter().map(show).collect::<Vec<_>>());
        json!({ "egress": rules, "defaultAction": self.default_action })
    }

    /// New rules first; of several for one target the first one stays.
    pub fn merged(&self, new: Vec<Rule>) -> Result<Self, String> {
        let old = self.rules.clone().unwrap_or_default();
        let mut seen = HashSet::new();
        let rules = new.into_iter().chain(old).filter(|rule| seen.insert(rule.target.to_lowercase())).collect();
        Self::checked(&self.default_action, Some(rules))
    }

    /// Without the rules for some targets; none if there are no such rules.
    pub fn without(&self, targets: &[String]) -> Option<Self> {
        let gone: HashSet<String> = targets.iter().map(|target| target.trim().to_lowercase()).collect();
        let (left, removed): (Vec<_>, Vec<_>) =
            self.rules.iter().flatten().cloned().partition(|rule| !gone.contains(&rule.target.to_lowercase()));
        (!removed.is_empty()).then(|| Self { default_action: self.default_action.clone(), rules: Some(left) })
    }

    /// Whether a rule, and not only the default, allows a name.
    pub fn allows(&self, name: &str) -> bool {
        let first = self.rules.iter().flatten().find(|rule| matches(&rule.target.to_lowercase(), name));
        first.is_some_and(|rule| rule.action == ALLOW)
    }
}

/// `*.name` stands for what is below the name, not for the name itself.
fn matches(target: &str, name: &str) -> bool {
    match target.strip_prefix('*') {
        Some(suffix) if suffix.starts_with('.') => name.len() > suffix.len() && name.ends_with(suffix),
        _ => target == name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(list: &[(&str, &str)]) -> Vec<Rule> {
        list.iter().map(|(action, target)| Rule { action: (*action).into(), target: (*target).into() }).collect()
    }

    #[test]
    fn what_is_missing_denies() {
        for raw in ["", "null", " {} ", r#"{"unknown":1}"#, r#"{"egress":null,"defaultAction":null}"#] {
            let policy = Policy::parse(raw).unwrap();
            assert_eq!(policy.json().to_string(), r#"{"egress":null,"defaultAction":"deny"}"#, "{raw}");
            assert_eq!(policy.mode(), "deny_all");
        }
        let policy = Policy::parse(r#"{"egress":[{"target":" a.example "}],"defaultAction":" ALLOW "}"#).unwrap();
        let shown = r#"{"egress":[{"action":"deny","target":"a.example"}],"defaultAction":"allow"}"#;
        assert_eq!(policy.json().to_string(), shown);
        assert_eq!(policy.mode(), "enforcing");
        assert_eq!(Policy::parse(r#"{"egress":[],"defaultAction":"allow"}"#).unwrap().mode(), "allow_all");
    }

    #[test]
    fn what_is_refused() {
        assert_eq!(
            Policy::parse(r#"{"egress":[{"action":"log","target":"a"}]}"#).unwrap_err(),
            r#"unsupported action "log""#
        );
        assert_eq!(
            Policy::parse(r#"{"egress":[{"action":"allow","target":" "}]}"#).unwrap_err(),
            "egress target cannot be empty"
        );
        assert!(Policy::parse("[]").is_err() && Policy::parse(r#"{"egress":[["allow","a"]]}"#).is_err());
        // The default action is taken as it is.
        assert!(Policy::parse(r#"{"defaultAction":"maybe"}"#).is_ok());
    }

    #[test]
    fn new_rules_come_first_and_the_first_of_a_target_stays() {
        let policy = Policy::deny_all().merged(rules(&[("allow", "a.example"), ("deny", "b.example")])).unwrap();
        let merged =
            policy.merged(rules(&[("allow", "c.example"), ("allow", "B.example"), ("deny", "b.EXAMPLE")])).unwrap();
        assert_eq!(
            merged.rules.unwrap(),
            rules(&[("allow", "c.example"), ("allow", "B.example"), ("allow", "a.example")])
        );
        assert!(policy.without(&["nobody".into()]).is_none());
        assert_eq!(policy.without(&[" A.Example ".into()]).unwrap().rules.unwrap(), rules(&[("deny", "b.example")]));
    }

    #[test]
    fn the_first_match_decides() {
        let policy = Policy::deny_all()
            .merged(rules(&[("deny", "no.a.example"), ("allow", "*.a.example"), ("allow", "b.example")]))
            .unwrap();
        for (name, allowed) in [
            ("x.a.example", true),
            ("x.y.a.example", true),
            ("a.example", false),
            ("no.a.example", false),
            ("b.example", true),
            ("x.b.example", false),
        ] {
            assert_eq!(policy.allows(name), allowed, "{name}");
        }
        // The default alone is no rule.
        assert!(!Policy::parse(r#"{"defaultAction":"allow"}"#).unwrap().allows("a.example"));
    }
}
