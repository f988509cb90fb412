//! Whether two bindings could want the same request, so that nobody knows whose credentials it gets.

use super::binding::Binding;
use super::requests::Match;

/// A wildcard and a name do not collide: the name wins.
pub fn ambiguous(one: &Binding, other: &Binding) -> bool {
    let (a, b): (&Match, &Match) = (&one.matches, &other.matches);
    any(&a.schemes, &b.schemes, |a, b| a == b)
        && any(&a.ports, &b.ports, |a, b| a == b)
        && any(&a.methods, &b.methods, |a, b| a == b)
        && any(&a.paths, &b.paths, |a, b| paths_meet(a, b))
        && any(&a.hosts, &b.hosts, |a, b| hosts_meet(a, b))
}

fn any<T>(one: &[T], other: &[T], meet: impl Fn(&T, &T) -> bool) -> bool {
    one.iter().any(|a| other.iter().any(|b| meet(a, b)))
}

fn hosts_meet(a: &str, b: &str) -> bool {
    match (a.strip_prefix("*."), b.strip_prefix("*.")) {
        (None, None) => a == b,
        (Some(a), Some(b)) => a == b || is_below(a, b) || is_below(b, a),
        _ => false,
    }
}

fn is_below(name: &str, parent: &str) -> bool {
    name.strip_suffix(parent).is_some_and(|rest| rest.ends_with('.'))
}

/// A star counts at the end only.
fn paths_meet(a: &str, b: &str) -> bool {
    match (a.strip_suffix('*'), b.strip_suffix('*')) {
        (None, None) => a == b,
        (Some(a), None) => b.starts_with(a),
        (None, Some(b)) => a.starts_with(b),
        (Some(a), Some(b)) => a.starts_with(b) || b.starts_with(a),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn binding(matches: Value) -> Binding {
        let auth = json!({ "type": "passthrough" });
        Binding::normal(serde_json::from_value(json!({ "name": "b", "match": matches, "auth": auth })).unwrap())
            .unwrap()
    }

    #[test]
    fn who_meets_whom() {
        for (a, b, expected) in [
            (json!({ "hosts": ["a.example"] }), json!({ "hosts": ["b.example", "a.example"] }), true),
            (json!({ "hosts": ["a.example"] }), json!({ "hosts": ["*.example.com"] }), false),
            (json!({ "hosts": ["x.a.example"] }), json!({ "hosts": ["*.a.example"] }), false),
            (json!({ "hosts": ["*.a.example"] }), json!({ "hosts": ["*.x.a.example"] }), true),
            (json!({ "hosts": ["*.a.example"] }), json!({ "hosts": ["*.xa.example"] }), false),
            (
                json!({ "hosts": ["a.example"], "paths": ["/v1/*"] }),
                json!({ "hosts": ["a.example"], "paths": ["/v2/*"] }),
                false,
            ),
            (
                json!({ "hosts": ["a.example"], "paths": ["/v1/*"] }),
                json!({ "hosts": ["a.example"], "paths": ["/v1/x"] }),
                true,
            ),
            (
                json!({ "hosts": ["a.example"], "methods": ["GET"] }),
                json!({ "hosts": ["a.example"], "methods": ["post"] }),
                false,
            ),
            (json!({ "hosts": ["a.example"], "ports": [80] }), json!({ "hosts": ["a.example"] }), false),
        ] {
            let (one, other) = (binding(a.clone()), binding(b.clone()));
            assert_eq!(ambiguous(&one, &other), expected, "{a} {b}");
            assert_eq!(ambiguous(&other, &one), expected, "{b} {a}");
        }
    }
}
