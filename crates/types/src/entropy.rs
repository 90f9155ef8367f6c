//! Sources of random ids and secrets: the operating system, or a seed for tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use uuid::Uuid;

/// A source of random ids and secrets. Code takes it as a parameter, so that tests are repeatable.
pub trait Entropy: Send + Sync {
    /// Creates a UUID of version 7. Ids that a process creates later sort after earlier ones, which
    /// keeps database indexes compact.
    fn uuid(&self) -> Uuid;

    /// Returns 256 random bits that cannot be guessed.
    fn secret(&self) -> [u8; 32];

    /// Returns a uniformly distributed number in `0.0..1.0`, for jitter.
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

/// The random source of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(
        clippy::disallowed_methods,
        reason = "the only place that makes ids from the system's clock and randomness"
    )]
    fn uuid(&self) -> Uuid {
        Uuid::now_v7()
    }

    #[expect(clippy::expect_used, reason = "without randomness there are no safe secrets, so the process must stop")]
    fn secret(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).expect("the operating system provides randomness");
        bytes
    }
}

/// A deterministic source for tests: the same seed gives the same ids and secrets in the same
/// order. They can be guessed.
#[derive(Debug)]
pub struct SeededEntropy {
    seed: u64,
    /// The number of ids and secrets that were drawn so far.
    draws: AtomicU64,
}

impl SeededEntropy {
    /// 2025-01-01T00:00:00Z in milliseconds since 1970. The first id has this time, and each
    /// further id one millisecond more.
    const EPOCH_MILLIS: u64 = 1_735_689_600_000;

    /// Creates the source with this seed. Sources with different seeds give different ids.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed, draws: AtomicU64::new(0) }
    }

    /// Returns 64 random bits. One id or secret (a draw) consists of several such parts: `draw` is
    /// the number of the draw, and `part` the number of the part in it. The bits are the output of
    /// the generator SplitMix64 at a position that no other part of any draw has.
    fn random_bits(&self, draw: u64, part: u64) -> u64 {
        let position = draw.wrapping_mul(8).wrapping_add(part).wrapping_add(1);
        mix(mix(self.seed).wrapping_add(position.wrapping_mul(0x9E37_79B9_7F4A_7C15)))
    }

    /// Counts one more draw and returns its number.
    fn next_draw(&self) -> u64 {
        self.draws.fetch_add(1, Ordering::Relaxed)
    }
}

impl Entropy for SeededEntropy {
    fn uuid(&self) -> Uuid {
        let draw = self.next_draw();
        let mut random = [0; 10];
        let (low, high) = random.split_at_mut(8);
        low.copy_from_slice(&self.random_bits(draw, 0).to_le_bytes());
        high.copy_from_slice(&self.random_bits(draw, 1).to_le_bytes()[..2]);
        uuid::Builder::from_unix_timestamp_millis(Self::EPOCH_MILLIS.saturating_add(draw), &random).into_uuid()
    }

    fn secret(&self) -> [u8; 32] {
        let draw = self.next_draw();
        let mut bytes = [0; 32];
        for (part, chunk) in (0..).zip(bytes.chunks_exact_mut(8)) {
            chunk.copy_from_slice(&self.random_bits(draw, part).to_le_bytes());
        }
        bytes
    }
}

/// Scrambles the bits of a number, as the last step of SplitMix64 does (Steele, Lea, Flood 2014).
/// Different inputs give different outputs.
fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
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
    fn a_seed_gives_ids_of_its_own() {
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
        let fractions: Vec<f64> = (0..1_000).map(|_| seeded.fraction()).collect();
        assert!(fractions.iter().all(|fraction| (0.0..1.0).contains(fraction)));
        let mean = fractions.iter().sum::<f64>() / 1_000.0;
        assert!((0.45..0.55).contains(&mean), "{mean}");
    }
}
