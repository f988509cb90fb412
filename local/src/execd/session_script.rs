//! The script of one run in a bash session, and what it tells at its end about exports and directory.

use std::collections::BTreeMap;
use std::fmt::Write;

const DUMP_START: &str = "__ENV_DUMP_START__";
const DUMP_END: &str = "__ENV_DUMP_END__";
const EXIT_CODE: &str = "__EXIT_CODE__:";
const DIRECTORY: &str = "__PWD__:";

/// Longer values are forgotten between runs.
const MAX_VALUE: usize = 8 * 1024;

/// What survives from one run to the next.
#[derive(Clone, Debug, Default)]
pub struct State {
    pub exports: BTreeMap<String, String>,
    pub cwd: String,
}

/// The state, the user's text, then the new state between marker lines. The text stands in the script as it is: when
/// it calls `exit` or does not parse, the end is not reached and nothing is remembered.
pub fn write(state: &State, text: &str) -> String {
    let mut script = String::new();
    for (name, value) in &state.exports {
        let _ = writeln!(script, "export {name}={}", quote(value));
    }
    if !state.cwd.is_empty() {
        let _ = writeln!(script, "cd {}", quote(&state.cwd));
    }
    let _ = write!(
        script,
        "{text}\n\
         __execd_status=$?\n\
         printf '\\n%s\\n' '{DUMP_START}'\n\
         export -p\n\
         printf '%s\\n' '{DUMP_END}'\n\
         printf '{DIRECTORY}%s\\n' \"$PWD\"\n\
         printf '{EXIT_CODE}%s\\n' \"$__execd_status\"\n\
         exit \"$__execd_status\"\n"
    );
    script
}

fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Separates the user's output from the dump, line by line.
#[derive(Default)]
pub struct Dump {
    inside: bool,
    complete: bool,
    exports: BTreeMap<String, String>,
    cwd: Option<String>,
}

impl Dump {
    /// Takes one line without its terminator; true if it is output. Blank lines are not.
    pub fn is_output(&mut self, line: &[u8]) -> bool {
        if line == DUMP_START.as_bytes() {
            self.inside = true;
            self.exports.clear();
            return false;
        }
        if line == DUMP_END.as_bytes() {
            self.complete |= self.inside;
            self.inside = false;
            return false;
        }
        if self.inside {
            if let Some((name, value)) = std::str::from_utf8(line).ok().and_then(parse_export) {
                self.exports.insert(name, value);
            }
            return false;
        }
        if let Some(directory) = line.strip_prefix(DIRECTORY.as_bytes()) {
            self.cwd = Some(String::from_utf8_lossy(directory).into_owned());
            return false;
        }
        !line.is_empty() && !line.starts_with(EXIT_CODE.as_bytes())
    }

    /// What the run left behind, if it reached the end of its script.
    pub fn into_state(self) -> Option<State> {
        let cwd = self.cwd?;
        self.complete.then_some(State { exports: self.exports, cwd })
    }
}

/// `declare -x NAME="value"`. Bash's `$'…'` form (newlines, bytes outside the locale) is kept as the text it is, like
/// the real one does.
fn parse_export(line: &str) -> Option<(String, String)> {
    let (flags, rest) = line.strip_prefix("declare -")?.split_once(' ')?;
    if !flags.contains('x') {
        return None;
    }
    let (name, value) = rest.split_once('=')?;
    let is_name = name.starts_with(|c: char| c == '_' || c.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric());
    if !is_name || matches!(name, "PS1" | "PS2" | "PS3" | "PS4" | "PROMPT_COMMAND" | "_" | "SHLVL") {
        return None;
    }
    let value = unquote(value);
    (value.len() <= MAX_VALUE).then(|| (name.to_owned(), value))
}

fn unquote(text: &str) -> String {
    let Some(inner) = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) else {
        return text.to_owned();
    };
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars().peekable();
    while let Some(c) = chars.next() {
        match chars.peek() {
            Some('"' | '\\' | '$' | '`') if c == '\\' => out.extend(chars.next()),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dump_is_hidden_and_remembered() {
        let mut dump = Dump::default();
        let lines = [
            "hello",
            "",
            DUMP_START,
            "declare -x A=\"1 \\\"two\\\" \\$x \\\\\"",
            "declare -rx R=\"r\"",
            "declare -x EMPTY=\"\"",
            "declare -x UNSET",
            "declare -x PS1=\"> \"",
            "declare -x M=$'multi\\nline'",
            "garbage",
            DUMP_END,
            "__PWD__:/tmp/a b",
            "__EXIT_CODE__:3",
        ];
        let shown: Vec<&str> = lines.into_iter().filter(|line| dump.is_output(line.as_bytes())).collect();
        assert_eq!(shown, ["hello"]);
        let state = dump.into_state().unwrap();
        assert_eq!(state.cwd, "/tmp/a b");
        let exports: Vec<_> = state.exports.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(exports, ["A=1 \"two\" $x \\", "EMPTY=", "M=$'multi\\nline'", "R=r"]);
    }

    #[test]
    fn nothing_without_the_end() {
        let mut dump = Dump::default();
        assert!(dump.is_output(b"x"));
        assert!(!dump.is_output(DUMP_START.as_bytes()));
        assert!(!dump.is_output(b"hidden"));
        assert!(dump.into_state().is_none());
    }

    #[test]
    fn quotes() {
        assert_eq!(quote("it's"), "'it'\\''s'");
    }

    #[test]
    fn long_values_are_forgotten() {
        assert!(parse_export(&format!("declare -x L=\"{}\"", "x".repeat(MAX_VALUE + 1))).is_none());
    }
}
