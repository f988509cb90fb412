//! What a value must look like before it may go on the wire. Each rule names the field and says how to mend it.

use crate::error::Error;

/// Ids and names that become one path segment. `.` and `..` would change the path, and an empty one the route.
pub fn segment(field: &str, value: &str) -> Result<String, Error> {
    match value.trim() {
        "" => Err(Error::invalid(format!("{field} cannot be empty"))),
        "." | ".." => Err(Error::invalid(format!("{field} cannot be \"{value}\""))),
        _ => Ok(crate::url::encode(value)),
    }
}

/// A port number.
pub fn port(value: f64) -> Result<u16, Error> {
    if value.fract() == 0.0 && (1.0..=65535.0).contains(&value) {
        Ok(value as u16)
    } else {
        Err(Error::invalid(format!("port must be an integer from 1 to 65535, got {}", short(value))))
    }
}

/// A path below a port's address, its query included. Nothing in it may lead out of there.
pub fn url_path(field: &str, path: &str) -> Result<(), Error> {
    let plain = path.split('?').next().unwrap_or_default();
    let leads_out = plain.split('/').any(is_dots);
    let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '#' | '\\');
    if !path.starts_with('/') || leads_out || path.contains(odd) {
        return Err(Error::invalid(format!(
            "{field} must begin with '/' and have no '.' or '..' between slashes, no '#', no backslash and no white space"
        )));
    }
    Ok(())
}

/// Whether a part of a path is `.` or `..`, however it is written.
fn is_dots(part: &str) -> bool {
    let mut rest = part;
    let mut dots = 0;
    while !rest.is_empty() {
        let encoded = rest.get(..3).is_some_and(|text| text.eq_ignore_ascii_case("%2e"));
        match rest.strip_prefix('.').or_else(|| rest.get(3..).filter(|_| encoded)) {
            Some(after) => rest = after,
            None => return false,
        }
        dots += 1;
    }
    matches!(dots, 1 | 2)
}

/// How long a sandbox shall live, in seconds.
pub fn lifetime(field: &str, seconds: f64) -> Result<(), Error> {
    if (0.0..WHOLE_LIMIT).contains(&seconds) {
        return Ok(());
    }
    Err(Error::invalid(format!("{field} must be a time that a sandbox can live, got {}", short(seconds))))
}

/// A file path for execd.
///
/// execd expands `$NAME` and `${NAME}` from its own environment (documented, allowed) and silently turns every other use
/// of `$` into nothing: `price$5.txt` would be written as `price.txt`. Those are refused.
pub fn file_path(field: &str, path: &str) -> Result<(), Error> {
    if path.is_empty() {
        return Err(Error::invalid(format!("{field} cannot be empty")));
    }
    if path.contains('\0') {
        return Err(Error::invalid(format!("{field} cannot contain a NUL character")));
    }
    let after = path.split('$').skip(1);
    if after.clone().any(|rest| !rest.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '{'))) {
        return Err(Error::invalid(format!(
            "{field} has a '$' that execd would drop: {path}. Only $NAME and ${{NAME}} are expanded; a literal '$' cannot be sent"
        )));
    }
    Ok(())
}

/// The name and value of a request header. A line break in either would smuggle in another header.
pub fn header(name: &str, value: &str) -> Result<(), Error> {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(token) {
        return Err(Error::invalid(format!("headers: \"{name}\" is not a valid header name")));
    }
    header_value(&format!("headers.{name}"), value)
}

/// What becomes the value of a request header.
pub fn header_value(field: &str, value: &str) -> Result<(), Error> {
    // The value is not repeated: it may be a key.
    if value.contains(['\r', '\n', '\0']) || value.chars().any(|c| c as u32 > 0xFF) {
        return Err(Error::invalid(format!("{field} has a character that HTTP does not allow")));
    }
    Ok(())
}

/// A volume names exactly one backend.
pub fn volume_backend(name: &str, backends: usize) -> Result<(), Error> {
    let problem = match backends {
        1 => return Ok(()),
        0 => "but none was provided.",
        _ => "but multiple were provided.",
    };
    Err(Error::invalid(format!("Volume '{name}' must specify exactly one backend (host, pvc, ossfs), {problem}")))
}

/// A host path is absolute: `/data`, `C:\data` or `D:/data`.
pub fn host_path(path: &str) -> Result<(), Error> {
    let drive = matches!(path.as_bytes(), [letter, b':', b'/' | b'\\', ..] if letter.is_ascii_alphabetic());
    if path.starts_with('/') || drive {
        return Ok(());
    }
    Err(Error::invalid(
        "Host path must be an absolute path starting with '/' or a Windows drive letter (e.g. 'C:\\' or 'D:/')".into(),
    ))
}

/// A file mode: octal digits written as a decimal number, such as 644.
pub fn mode(field: &str, value: f64) -> Result<u32, Error> {
    let octal = |number: u32| number.to_string().bytes().all(|digit| digit < b'8');
    if value.fract() == 0.0 && (0.0..=7777.0).contains(&value) && octal(value as u32) {
        return Ok(value as u32);
    }
    Err(Error::invalid(format!(
        "{field} must be octal digits written as a number, such as 644 or 755, got {}",
        short(value)
    )))
}

/// A whole number from a header or from [`short`]. Not `parse::<f64>`: its tables are 14 kB of WebAssembly.
pub fn whole(text: &str) -> Option<f64> {
    text.trim().parse::<u64>().ok().map(|number| number as f64)
}

/// From here on not every whole number is one in JavaScript, and [`short`] does not write it.
pub const WHOLE_LIMIT: f64 = 9_007_199_254_740_992.0;

/// A number for a message: without the 14 kB that printing an f64 in full costs.
pub fn short(value: f64) -> String {
    if value.is_nan() {
        "NaN".into()
    } else if value.is_infinite() {
        if value > 0.0 { "Infinity".into() } else { "-Infinity".into() }
    } else if value.fract() == 0.0 && value.abs() < WHOLE_LIMIT {
        (value as i64).to_string()
    } else if value.fract() == 0.0 {
        "a number that is too large".into()
    } else {
        "a fraction".into()
    }
}
