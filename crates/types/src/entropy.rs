use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use uuid::Uuid;

/// Where ids and secrets come from. Injected everywhere, so that a test can repeat itself.
pub trait Entropy: Send + Sync {
    /// A new id, version 7: later ids of one process sort after earlier ones, which keeps indexes compact.
    fn uuid(&self) -> Uuid;

    /// 256 bits that nobody can guess.
    fn secret(&self) -> [u8; 32];

    /// An even draw from `0.0..1.0`, for jitter.
    fn fraction(&self) -> f64 {
        let [a, b, c, d, ..] = self.secret();
        f64::from(u32::from_le_bytes([a, b, c, d])) / (f64::from(u32::MAX) + 1.0)
    }
}

impl<E: Entropy + ?Sized> Entropy for Arc<E> {
    fn uuid(&self) -> Uuid {
        (**self).uuid()
    }

    fn secret(&self) -> [u8; 32] {
        (**self).secret()
    }
}

/// The operating system's randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that makes ids from the system's clock and randomness"
    )]
    fn uuid(&self) -> Uuid {
        Uuid::now_v7()
    }

    #[expect(clippy::expect_used, reason = "a system without randomness cannot mint secrets, and must not guess them")]
    fn secret(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).expect("the operating system gives randomness");
        bytes
    }
}

/// The same ids and secrets in the same order for the same seed. For tests: anybody can guess them.
#[derive(Debug)]
pub struct SeededEntropy {
    seed: u64,
    drawn: AtomicU64,
}

impl SeededEntropy {
    /// 2025-01-01T00:00:00Z in milliseconds: ids count up from here, one millisecond each.
    const EPOCH_MILLIS: u64 = 1_735_689_600_000;

    /// The source that `seed` names. Two seeds share no id.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed, drawn: AtomicU64::new(0) }
    }

    /// The `lane`th 64 bits of draw `n`: SplitMix64 over a position that no other draw of this seed has.
    fn word(&self, n: u64, lane: u64) -> u64 {
        let position = n.wrapping_mul(8).wrapping_add(lane).wrapping_add(1);
        mix(mix(self.seed).wrapping_add(position.wrapping_mul(0x9E37_79B9_7F4A_7C15)))
    }

    fn draw(&self) -> u64 {
        self.drawn.fetch_add(1, Ordering::Relaxed)
    }
}

impl Entropy for SeededEntropy {
    fn uuid(&self) -> Uuid {
        let n = self.draw();
        let mut random = [0; 10];
        let (low, high) = random.split_at_mut(8);
        low.copy_from_slice(&self.word(n, 0).to_le_bytes());
        high.copy_from_slice(&self.word(n, 1).to_le_bytes()[..2]);
        uuid::Builder::from_unix_timestamp_millis(Self::EPOCH_MILLIS.saturating_add(n), &random).into_uuid()
    }

    fn secret(&self) -> [u8; 32] {
        let n = self.draw();
        let mut bytes = [0; 32];
        for (lane, chunk) in (0..).zip(bytes.chunks_exact_mut(8)) {
            chunk.copy_from_slice(&self.word(n, lane).to_le_bytes());
        }
        bytes
    }
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood 2014): a bijection, so distinct inputs stay distinct.
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn uuids(entropy: &impl Entropy, count: usize) -> Vec<Uuid> {
        (0..count).map(|_| entropy.uuid()).collect()
    }

    #[test]
    fn ids_are_of_version_7_and_sort_by_age() {
        for ids in [uuids(&SystemEntropy, 1_000), uuids(&SeededEntropy::new(7), 1_000)] {
            assert!(ids.iter().all(|id| id.get_version_num() == 7 && id.get_variant() == uuid::Variant::RFC4122));
            assert!(ids.is_sorted_by(|a, b| a < b));
        }
    }

    #[test]
    fn a_seed_repeats_itself_and_no_other() {
        assert_eq!(uuids(&SeededEntropy::new(7), 100), uuids(&SeededEntropy::new(7), 100));
        let distinct: BTreeSet<Uuid> = (0..100).flat_map(|seed| uuids(&SeededEntropy::new(seed), 100)).collect();
        assert_eq!(distinct.len(), 10_000);
    }

    #[test]
    fn secrets_do_not_repeat() {
        let seeded = SeededEntropy::new(7);
        let secrets: BTreeSet<[u8; 32]> = (0..1_000).map(|_| seeded.secret()).collect();
        assert_eq!(secrets.len(), 1_000);
        assert_ne!(SystemEntropy.secret(), SystemEntropy.secret());
    }

    #[test]
    fn fractions_spread_evenly_below_one() {
        let seeded = SeededEntropy::new(7);
        let drawn: Vec<f64> = (0..1_000).map(|_| seeded.fraction()).collect();
        assert!(drawn.iter().all(|fraction| (0.0..1.0).contains(fraction)));
        let mean = drawn.iter().sum::<f64>() / 1_000.0;
        assert!((0.45..0.55).contains(&mean), "{mean}");
    }
}
