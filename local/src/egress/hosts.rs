//! Which hosts a binding may name: full names, or `*.` and a full name.

use std::net::IpAddr;

/// In lower case, without a dot at the end.
pub fn normal(host: &str) -> Result<String, String> {
    let host = host.trim();
    let host = host.strip_suffix('.').unwrap_or(host).to_lowercase();
    if host.is_empty() {
        return Err("host cannot be blank".into());
    }
    if host.contains('/') {
        return Err(format!("host {host:?} must not include scheme or path"));
    }
    if let Some(suffix) = host.strip_prefix("*.") {
        if suffix.parse::<IpAddr>().is_ok() {
            return Err(format!("wildcard host {host:?} cannot target an IP address"));
        }
        return if is_full_name(suffix) { Ok(host) } else { Err(format!("invalid wildcard host {host:?}")) };
    }
    if host.contains('*') {
        return Err(format!("invalid wildcard host {host:?}"));
    }
    if host.parse::<IpAddr>().is_ok() {
        return Err(format!("credential binding host {host:?} must be an FQDN, not an IP address"));
    }
    if is_full_name(&host) { Ok(host) } else { Err(format!("credential binding host {host:?} must be an FQDN")) }
}

/// Labels of letters, digits and hyphens, at least two.
fn is_full_name(name: &str) -> bool {
    name.len() <= 253 && name.contains('.') && name.split('.').all(is_label)
}

fn is_label(label: &str) -> bool {
    label.len() <= 63
        && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !label.is_empty()
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// A name that stands for a host: any one below a wildcard.
pub fn example(host: &str) -> String {
    host.strip_prefix("*.").map_or_else(|| host.to_owned(), |suffix| format!("probe.{suffix}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_and_bad() {
        for (given, host) in [("A.Example", "a.example"), (" a.example. ", "a.example"), ("*.a.example", "*.a.example")]
        {
            assert_eq!(normal(given).as_deref(), Ok(host));
        }
        for (given, why) in [
            ("", "host cannot be blank"),
            ("https://a.example", r#"host "https://a.example" must not include scheme or path"#),
            ("a.example/x", r#"host "a.example/x" must not include scheme or path"#),
            ("localhost", r#"credential binding host "localhost" must be an FQDN"#),
            ("a_b.example", r#"credential binding host "a_b.example" must be an FQDN"#),
            ("10.0.0.1", r#"credential binding host "10.0.0.1" must be an FQDN, not an IP address"#),
            ("*.10.0.0.1", r#"wildcard host "*.10.0.0.1" cannot target an IP address"#),
            ("*.example", r#"invalid wildcard host "*.example""#),
            ("*.", r#"invalid wildcard host "*""#),
            ("a.*.example", r#"invalid wildcard host "a.*.example""#),
        ] {
            assert_eq!(normal(given).unwrap_err(), why, "{given}");
        }
    }
}
