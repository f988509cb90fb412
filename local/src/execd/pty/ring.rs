//! What a terminal has printed last, by its offset since the beginning.

use std::collections::VecDeque;

/// As much as the real one keeps.
const CAPACITY: usize = 1 << 20;

#[derive(Default)]
pub struct Ring {
    bytes: VecDeque<u8>,
    /// How many bytes there have been in all.
    end: u64,
}

impl Ring {
    pub fn push(&mut self, bytes: &[u8]) {
        self.end += bytes.len() as u64;
        let kept = bytes.get(bytes.len().saturating_sub(CAPACITY)..).unwrap_or_default();
        let surplus = (self.bytes.len() + kept.len()).saturating_sub(CAPACITY);
        self.bytes.drain(..surplus);
        self.bytes.extend(kept);
    }

    /// The offset of the next byte.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Everything from `offset` on that is still there, with the offset of its first byte. `None`: nothing is missing.
    pub fn since(&self, offset: u64) -> Option<(u64, Vec<u8>)> {
        let from = offset.max(self.end - self.bytes.len() as u64);
        let missing = usize::try_from(self.end.checked_sub(from)?).ok().filter(|missing| *missing > 0)?;
        Some((from, self.bytes.range(self.bytes.len() - missing..).copied().collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_last_mebibyte() {
        let mut ring = Ring::default();
        assert_eq!(ring.since(0), None);
        ring.push(b"hello");
        assert_eq!(ring.since(0), Some((0, b"hello".to_vec())));
        assert_eq!(ring.since(3), Some((3, b"lo".to_vec())));
        assert_eq!((ring.since(5), ring.since(99)), (None, None));
        ring.push(&vec![b'x'; CAPACITY - 1]);
        let (from, bytes) = ring.since(0).unwrap();
        assert_eq!((from, bytes.len(), bytes.first()), (4, CAPACITY, Some(&b'o')));
        ring.push(&vec![b'y'; CAPACITY + 7]);
        let (from, bytes) = ring.since(1).unwrap();
        assert_eq!((from, bytes.len()), (ring.end() - CAPACITY as u64, CAPACITY));
        assert!(bytes.iter().all(|byte| *byte == b'y'));
    }
}
