//! The syntax of resource limits. They are read and not enforced.

use super::errors::Failure;
use super::python::repr;
use serde_json::{Map, Value};

/// Server 1.1.1 refuses limits it cannot read.
pub fn check_limits(limits: &Map<String, Value>) -> Result<(), Failure> {
    for (name, value) in limits {
        let text = value.as_str().unwrap_or_default();
        let good = match name.as_str() {
            "cpu" => cores(text).is_some(),
            "memory" => bytes(text).is_some(),
            "gpu" => is_count(text),
            _ => true,
        };
        if !good {
            let length = text.chars().count();
            let mut shown = repr(&text.chars().take(80).collect::<String>());
            if length > 80 {
                shown = format!("{shown}... ({length} characters)");
            }
            let must = if name == "gpu" { "positive device count or 'all'" } else { "positive resource limit" };
            return Err(Failure::parameter(format!(
                "Invalid resourceLimits.{name}: {shown}; must resolve to a {must}."
            )));
        }
    }
    Ok(())
}

/// `2`, `0.5`, `500m`
pub fn cores(text: &str) -> Option<f64> {
    let text = text.trim().to_ascii_lowercase();
    let (number, unit) = match text.strip_suffix('m') {
        Some(number) => (number, 1000.0),
        None => (text.as_str(), 1.0),
    };
    number.parse::<f64>().ok().map(|number| number / unit).filter(|cores| *cores > 0.0 && cores.is_finite())
}

/// `1024`, `512Mi`, `1GB`: units with an i are powers of 1024, the others of 1000.
pub fn bytes(text: &str) -> Option<u64> {
    let text = text.trim().to_ascii_lowercase();
    let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let (base, power) = match unit {
        "" | "b" => (1, 0),
        "k" | "kb" => (1000, 1),
        "m" | "mb" => (1000, 2),
        "g" | "gb" => (1000, 3),
        "t" | "tb" => (1000, 4),
        "ki" => (1024, 1),
        "mi" => (1024, 2),
        "gi" => (1024, 3),
        "ti" => (1024, 4),
        _ => return None,
    };
    number.parse::<u64>().ok().filter(|number| *number > 0)?.checked_mul(u64::pow(base, power))
}

fn is_count(text: &str) -> bool {
    let text = text.trim();
    text.eq_ignore_ascii_case("all") || text.parse().is_ok_and(|count: u64| count > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts() {
        assert_eq!((cores("500m"), cores("2"), cores("0"), cores("much")), (Some(0.5), Some(2.0), None, None));
        assert_eq!(
            (bytes("512Mi"), bytes("1k"), bytes("7"), bytes("1x")),
            (Some(512 << 20), Some(1000), Some(7), None)
        );
    }

    #[test]
    fn words() {
        let refusal = |name: &str, value: &str| {
            let limits = serde_json::json!({ name: value });
            match check_limits(limits.as_object().unwrap()) {
                Err(Failure::Api(_, _, message)) => message,
                _ => "ok".into(),
            }
        };
        assert_eq!(
            refusal("cpu", "much"),
            "Invalid resourceLimits.cpu: 'much'; must resolve to a positive resource limit."
        );
        assert_eq!(
            refusal("gpu", "0"),
            "Invalid resourceLimits.gpu: '0'; must resolve to a positive device count or 'all'."
        );
        assert!(refusal("memory", &"x".repeat(99)).contains("xxx'... (99 characters);"));
        assert_eq!(refusal("disk", "?"), "ok");
    }
}
