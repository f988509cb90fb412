//! Going on with a download whose connection broke: is the answer the rest of the same file?

/// How many bytes at the beginning of the body to pass over, when `from` of `size` bytes are there already.
///
/// `Err` says what does not fit. Lengths are not looked at: a gateway that compresses changes them. The bytes are counted.
/// `content_range` is absent where CORS hides it.
pub fn skip(from: u64, size: u64, status: u16, content_range: Option<&str>) -> Result<u64, String> {
    if from == 0 {
        return Ok(0);
    }
    match (status, content_range) {
        // execd answers so for a range of an empty file, a gateway may for every range: the file comes whole.
        (200, _) => Ok(from),
        (206, None) => Ok(0),
        (206, Some(text)) => match content_range_of(text) {
            Some((start, total)) if start == from && total.is_none_or(|total| total == size) => Ok(0),
            _ => Err(format!("asked for what follows {from} of {size} bytes, the server sent \"{text}\"")),
        },
        _ => Err(format!("asked for what follows {from} of {size} bytes, the server answered {status}")),
    }
}

/// Start and total of `bytes 5-9/10`. The total may be `*`.
fn content_range_of(text: &str) -> Option<(u64, Option<u64>)> {
    let (range, total) = text.trim().strip_prefix("bytes ")?.split_once('/')?;
    let start = range.split_once('-')?.0.trim().parse().ok()?;
    match total.trim() {
        "*" => Some((start, None)),
        total => Some((start, Some(total.parse().ok()?))),
    }
}
