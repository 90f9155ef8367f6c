//! Reads the lengths of the messages in a gRPC body.

/// The size of the prefix of a message: a flag, and the length of the message in four bytes.
const PREFIX_BYTES: usize = 5;

/// Follows the messages of a body, of which each begins with its length.
#[derive(Debug, Default)]
pub(super) struct MessageLengths {
    /// The bytes of an incomplete prefix.
    prefix: [u8; PREFIX_BYTES],
    /// The number of bytes in `prefix`.
    prefix_bytes: usize,
    /// The number of bytes of the current message that have not arrived.
    missing_bytes: usize,
}

impl MessageLengths {
    /// Takes the next bytes of the body. Returns the length of the largest message of which the
    /// prefix ends in them.
    pub(super) fn largest_in(&mut self, mut bytes: &[u8]) -> Option<usize> {
        let mut largest = None;
        loop {
            let (_, rest) = bytes.split_at(self.missing_bytes.min(bytes.len()));
            self.missing_bytes -= bytes.len() - rest.len();
            let (prefix, rest) = rest.split_at((PREFIX_BYTES - self.prefix_bytes).min(rest.len()));
            self.prefix[self.prefix_bytes..][..prefix.len()].copy_from_slice(prefix);
            self.prefix_bytes += prefix.len();
            if self.prefix_bytes < PREFIX_BYTES {
                return largest;
            }
            let [_, length @ ..] = self.prefix;
            let length = u32::from_be_bytes(length) as usize;
            (self.prefix_bytes, self.missing_bytes) = (0, length);
            largest = largest.max(Some(length));
            bytes = rest;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_each_prefix_wherever_frames_are_split() {
        let message = |length: u32| [&[0][..], &length.to_be_bytes(), &vec![7; length as usize]].concat();
        let body = [message(3), message(0), message(300), message(1)].concat();
        let mut lengths = MessageLengths::default();
        assert_eq!(lengths.largest_in(&body), Some(300));
        for size in [1, 2, 3, 5, 6, 64] {
            let mut lengths = MessageLengths::default();
            let found: Vec<usize> = body.chunks(size).filter_map(|chunk| lengths.largest_in(chunk)).collect();
            assert!(found.contains(&300) && found.contains(&1), "{size}: {found:?}");
            assert_eq!(lengths.missing_bytes + lengths.prefix_bytes, 0);
        }
    }
}
