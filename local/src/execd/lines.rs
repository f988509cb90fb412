//! Cuts raw output into lines the way execd does: `\n`, `\r` and `\r\n` each end a line.

/// A splitter for one stream. Bytes go in as they come; whole lines come out.
#[derive(Default)]
pub struct Lines {
    pending: Vec<u8>,
    /// The last byte seen was CR: an LF right behind it belongs to the same terminator, even in the next chunk.
    after_cr: bool,
}

impl Lines {
    /// Takes a chunk and calls `emit` for each line that it completes. A blank line is emitted as `"\n"`.
    pub fn push(&mut self, chunk: &[u8], mut emit: impl FnMut(&[u8])) {
        let mut rest = chunk;
        if self.after_cr && !rest.is_empty() {
            self.after_cr = false;
            rest = rest.strip_prefix(b"\n").unwrap_or(rest);
        }
        while let Some(end) = memchr::memchr2(b'\n', b'\r', rest) {
            let (line, tail) = rest.split_at(end);
            if self.pending.is_empty() {
                emit(if line.is_empty() { b"\n" } else { line });
            } else {
                self.pending.extend_from_slice(line);
                emit(&self.pending);
                self.pending.clear();
            }
            rest = match tail {
                [b'\r', b'\n', more @ ..] => more,
                [b'\r'] => {
                    self.after_cr = true;
                    &[]
                }
                [_, more @ ..] => more,
                [] => &[],
            };
        }
        self.pending.extend_from_slice(rest);
        if self.pending.is_empty() && self.pending.capacity() > 1 << 20 {
            // One huge line must not hold its memory for the rest of the run.
            self.pending = Vec::new();
        }
    }

    /// The last line, if it has no terminator.
    pub fn finish(&mut self, emit: impl FnOnce(&[u8])) {
        if !self.pending.is_empty() {
            emit(&std::mem::take(&mut self.pending));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(chunks: &[&str]) -> Vec<String> {
        let mut lines = Lines::default();
        let mut out = Vec::new();
        for chunk in chunks {
            lines.push(chunk.as_bytes(), |line| out.push(String::from_utf8_lossy(line).into_owned()));
        }
        lines.finish(|line| out.push(String::from_utf8_lossy(line).into_owned()));
        out
    }

    #[test]
    fn recorded_example() {
        assert_eq!(split(&["a\n\nb\r\nc\rd\nno-newline"]), ["a", "\n", "b", "c", "d", "no-newline"]);
    }

    #[test]
    fn any_cut_gives_the_same_lines() {
        let text = "a\n\nb\r\nc\rd\r\r\n\n\re\r\n";
        let whole = split(&[text]);
        assert_eq!(whole, ["a", "\n", "b", "c", "d", "\n", "\n", "\n", "e"]);
        for cut in 0..text.len() {
            let (left, right) = text.split_at(cut);
            assert_eq!(split(&[left, "", right]), whole, "cut at {cut}");
        }
    }

    #[test]
    fn nothing_gives_nothing() {
        assert!(split(&[]).is_empty());
        assert_eq!(split(&["x\n"]), ["x"]);
    }
}
