//! The syntax of resource limits. They are read and not enforced.

use super::errors::Failure;
use serde_json::{Map, Value};

/// Server 1.1.1 refuses limits it cannot read.
pub fn check_limits(limits: &Map<String, Value>) -> Result<(), Failure> {
    for (name, value) in limits {
        let text = value.as_str().unwrap_or_default().trim().to_ascii_lowercase();
        let digits_end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
        let (number, unit) = text.split_at(digits_end);
        let number = number.parse::<f64>().is_ok_and(|number| number > 0.0);
        let good = match name.as_str() {
            "cpu" => number && ["", "m"].contains(&unit),
            "memory" => {
                number
                    && [
                        "", "b", "k", "kb", "ki", "kib", "m", "mb", "mi", "mib", "g", "gb", "gi", "gib", "t", "tb",
                        "ti", "tib",
                    ]
                    .contains(&unit)
            }
            "gpu" => text == "all" || (number && unit.is_empty()),
            _ => true,
        };
        if !good {
            return Err(Failure::parameter(format!("Invalid {name} limit '{}'.", value.as_str().unwrap_or_default())));
        }
    }
    Ok(())
}
