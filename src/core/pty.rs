//! The command of a terminal. execd's terminals take neither variables nor a first size; a shell that starts the command can.

use crate::error::Error;
use crate::text::replace;

/// The window of a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Characters per line.
    pub cols: u16,
    /// Lines.
    pub rows: u16,
}

/// `cols` or `rows`.
pub fn dimension(field: &str, value: f64) -> Result<u16, Error> {
    if value.fract() == 0.0 && (1.0..=65535.0).contains(&value) {
        return Ok(value as u16);
    }
    let got = crate::rules::short(value);
    Err(Error::invalid(format!("{field} must be a whole number from 1 to 65535, got {got}")))
}

/// A name that a shell can hold. Others would be read as an option or an assignment of something else.
fn name(name: &str) -> Result<&str, Error> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.chars().all(fits) && name.starts_with(|c: char| !c.is_ascii_digit()) {
        return Ok(name);
    }
    Err(Error::invalid(format!("env has a name that is not made of letters, digits and _: \"{name}\"")))
}

/// In single quotes, which leave nothing to the shell.
fn quote(text: &str) -> String {
    format!("'{}'", replace(text, "'", "'\\''"))
}

/// What execd is to run: `command`, or an interactive bash, with these variables and in a window of this size. `None` is
/// execd's own interactive bash.
pub fn launcher(command: &str, env: &[(String, String)], size: Option<Size>) -> Result<Option<String>, Error> {
    if let Some((field, _)) = [("command", command)]
        .into_iter()
        .chain(env.iter().map(|(name, value)| (name.as_str(), value.as_str())))
        .find(|(_, text)| text.contains('\0'))
    {
        return Err(Error::invalid(format!("{field} cannot contain a NUL character")));
    }
    if env.is_empty() && size.is_none() {
        return Ok((!command.is_empty()).then(|| command.to_owned()));
    }
    let mut line = String::new();
    if let Some(Size { cols, rows }) = size {
        // Before the program looks. Where there is no stty, the resize that follows has to do.
        line.push_str(&format!("stty cols {cols} rows {rows} 2>/dev/null; "));
    }
    line.push_str("exec ");
    if !env.is_empty() {
        line.push_str("env ");
        for (variable, value) in env {
            line.push_str(&format!("{}={} ", name(variable)?, quote(value)));
        }
    }
    line.push_str("bash --norc --noprofile");
    if !command.is_empty() {
        line.push_str(&format!(" -c {}", quote(command)));
    }
    Ok(Some(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
    }

    #[test]
    fn nothing_asked_for_is_nothing_done() {
        assert_eq!(launcher("", &[], None), Ok(None));
        assert_eq!(launcher("top -d 1", &[], None), Ok(Some("top -d 1".into())));
    }

    #[test]
    fn variables_and_size() {
        let size = Some(Size { cols: 100, rows: 30 });
        assert_eq!(
            launcher("", &env(&[("TERM", "xterm"), ("_A1", "it's $HOME `x`\n")]), size),
            Ok(Some(
                "stty cols 100 rows 30 2>/dev/null; exec env TERM='xterm' _A1='it'\\''s $HOME `x`\n' bash --norc --noprofile"
                    .into()
            ))
        );
        assert_eq!(
            launcher("echo 'a'", &env(&[("A", "")]), None),
            Ok(Some("exec env A='' bash --norc --noprofile -c 'echo '\\''a'\\'''".into()))
        );
        assert_eq!(
            launcher("top", &[], size),
            Ok(Some("stty cols 100 rows 30 2>/dev/null; exec bash --norc --noprofile -c 'top'".into()))
        );
    }

    #[test]
    fn names_that_would_be_something_else_are_refused() {
        for bad in ["", "-i", "A=B", "1A", "A B", "A;", "É"] {
            assert!(launcher("", &env(&[(bad, "x")]), None).is_err(), "{bad}");
        }
        assert!(launcher("a\0b", &[], None).is_err());
        assert!(launcher("", &env(&[("A", "\0")]), None).is_err());
    }

    #[test]
    fn dimensions() {
        assert_eq!(dimension("cols", 65535.0), Ok(65535));
        for bad in [0.0, -1.0, 65536.0, 1.5, f64::NAN] {
            assert!(dimension("cols", bad).is_err(), "{bad}");
        }
    }
}
