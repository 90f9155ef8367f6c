//! Limits how often something is done, by key, for example for each client address or each user.
use std::{
    collections::HashMap,
    hash::{BuildHasher as _, Hash, RandomState},
    num::NonZeroU32,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use governor::clock::Reference;
pub use governor::{
    Quota,
    clock::{Clock, DefaultClock},
};

/// The number of keys that can have a counter of their own at the same time.
const OWN_COUNTERS: usize = 1 << 16;
/// The number of counters that all further keys share.
const SHARED_COUNTERS: u64 = 1 << 16;
/// The time between two searches for counters that are not needed any more.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

/// Returns a quota of this number of uses for each key: all of them at once, and then evenly spread
/// over an hour. Zero counts as 1.
#[must_use]
pub fn per_hour(uses: u32) -> Quota {
    Quota::per_hour(NonZeroU32::new(uses).unwrap_or(NonZeroU32::MIN))
}

/// Limits how often a key is used. Uses can also be counted afterwards, which the limiter of
/// `governor` cannot do.
///
/// Its memory is bounded: 65,536 keys can have a counter of their own at the same time, and further
/// keys share as many counters. Nobody outside of the process knows which of them share one.
pub struct RateLimit<C: Clock = DefaultClock> {
    /// The time after which one use is available again.
    interval: Duration,
    /// The time by which uses can be ahead of their even spread.
    tolerance: Duration,
    clock: C,
    /// The time at which the limit was created.
    start: C::Instant,
    /// Hashes the keys, with a random seed.
    hasher: RandomState,
    counters: Mutex<Counters>,
}

/// The counters of the keys. All times are counted from the creation of the limit.
#[derive(Default)]
struct Counters {
    /// The time from which on the whole quota of a key is available again, by the hash of the key.
    full_again: HashMap<u64, Duration>,
    /// The time before which counters that are not needed any more are not searched again.
    next_sweep: Duration,
}

impl<C: Clock> std::fmt::Debug for RateLimit<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RateLimit").finish_non_exhaustive()
    }
}

impl RateLimit {
    /// Creates a limit by the clock of the machine.
    #[must_use]
    pub fn new(quota: Quota) -> Self {
        Self::with_clock(quota, DefaultClock::default())
    }
}

impl<C: Clock> RateLimit<C> {
    /// Creates a limit by this clock.
    pub fn with_clock(quota: Quota, clock: C) -> Self {
        let interval = quota.replenish_interval();
        let tolerance = interval.saturating_mul(quota.burst_size().get().saturating_sub(1));
        let (start, hasher) = (clock.now(), RandomState::new());
        Self { interval, tolerance, clock, start, hasher, counters: Mutex::default() }
    }

    /// Counts one use of the key.
    ///
    /// # Errors
    /// Returns the time to wait if the key was used too often. Then nothing is counted.
    pub fn check(&self, key: impl Hash) -> Result<(), Duration> {
        none_or_wait(self.count(key, Duration::ZERO, |wait| u32::from(wait.is_zero())))
    }

    /// Returns whether the key can be used, without counting a use.
    ///
    /// # Errors
    /// Returns the time to wait if the key was used too often.
    pub fn admit(&self, key: impl Hash) -> Result<(), Duration> {
        none_or_wait(self.count(key, Duration::ZERO, |_| 0))
    }

    /// Counts uses of the key, also more than the limit allows. The key cannot be used again before
    /// the limit would have allowed all of them.
    pub fn charge(&self, key: impl Hash, uses: u32) {
        self.count(key, Duration::ZERO, |_| uses);
    }

    /// Counts one use of the key in the future: at the first time at which the limit allows it
    /// after all uses that were counted before, but not before `earliest` has passed. Returns the
    /// time until then.
    pub fn reserve(&self, key: impl Hash, earliest: Duration) -> Duration {
        earliest.saturating_add(self.count(key, earliest, |_| 1))
    }

    /// Counts as many uses of the key as `uses` returns for the time to wait. Returns that time. It
    /// begins when `earliest` has passed.
    fn count(&self, key: impl Hash, earliest: Duration, uses: impl FnOnce(Duration) -> u32) -> Duration {
        let hash = self.hasher.hash_one(key);
        let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Duration::from(Reference::duration_since(&self.clock.now(), self.start));
        let counter = counters.counter_of(hash, now);
        let begin = now.saturating_add(earliest);
        let full_again = counters.full_again.get(&counter).copied().unwrap_or_default().max(begin);
        let wait = full_again.saturating_sub(begin.saturating_add(self.tolerance));
        let uses = uses(wait);
        if uses > 0 {
            counters.full_again.insert(counter, full_again.saturating_add(self.interval.saturating_mul(uses)));
        }
        wait
    }
}

impl Counters {
    /// Returns the counter of the key with this hash.
    fn counter_of(&mut self, hash: u64, now: Duration) -> u64 {
        if self.full_again.len() < OWN_COUNTERS || self.full_again.contains_key(&hash) {
            return hash;
        }
        if now >= self.next_sweep {
            self.full_again.retain(|_, full_again| *full_again > now);
            self.next_sweep = now.saturating_add(SWEEP_INTERVAL);
        }
        if self.full_again.len() < OWN_COUNTERS { hash } else { hash % SHARED_COUNTERS }
    }
}

/// Returns the time to wait as an error, unless it is zero.
const fn none_or_wait(wait: Duration) -> Result<(), Duration> {
    if wait.is_zero() { Ok(()) } else { Err(wait) }
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn a_key_is_limited_by_itself() {
        let limit = RateLimit::new(per_hour(3));
        let results: Vec<bool> = (0..5).map(|_| limit.check("a").is_ok()).collect();
        assert_eq!(results, [true, true, true, false, false]);
        assert!(limit.check("a").unwrap_err() > Duration::from_secs(1100));
        assert!((0..1000).all(|key| limit.check(key).is_ok()), "other keys are not limited");
    }

    #[test]
    fn an_unused_quota_is_not_saved() {
        let clock = FakeRelativeClock::default();
        let limit = RateLimit::with_clock(per_hour(2), clock.clone());
        limit.check("a").unwrap();
        clock.advance(600 * MINUTE);
        assert_eq!([(); 4].map(|()| limit.check("a")), [Ok(()), Ok(()), Err(30 * MINUTE), Err(30 * MINUTE)]);
        clock.advance(30 * MINUTE);
        assert_eq!([(); 2].map(|()| limit.check("a")), [Ok(()), Err(30 * MINUTE)]);
    }

    #[test]
    fn uses_can_be_counted_afterwards() {
        let clock = FakeRelativeClock::default();
        let limit = RateLimit::with_clock(per_hour(2), clock.clone());
        assert_eq!([(); 9].map(|()| limit.admit("a")), [Ok(()); 9], "nothing is counted before");
        limit.charge("a", 1);
        assert_eq!([limit.admit("a"), limit.check("a")], [Ok(()), Ok(())], "one use is left");
        limit.charge("a", 3);
        assert_eq!([limit.admit("a"), limit.check("a")], [Err(120 * MINUTE); 2], "more than the limit was used");
        clock.advance(120 * MINUTE);
        assert_eq!([limit.check("a"), limit.check("a")], [Ok(()), Err(30 * MINUTE)]);
    }

    #[test]
    fn each_reserved_use_has_its_own_time() {
        let clock = FakeRelativeClock::default();
        let limit = RateLimit::with_clock(per_hour(2).allow_burst(NonZeroU32::MIN), clock.clone());
        assert_eq!([(); 2].map(|()| limit.reserve("a", 10 * MINUTE)), [10 * MINUTE, 40 * MINUTE]);
        clock.advance(9 * MINUTE);
        assert_eq!(limit.reserve("a", MINUTE), 61 * MINUTE, "after the reserved uses");
        assert_eq!(limit.reserve("b", MINUTE), MINUTE);
        assert_eq!(limit.reserve("a", 200 * MINUTE), 200 * MINUTE, "not earlier than possible");
    }

    #[test]
    fn the_memory_is_bounded() {
        let clock = FakeRelativeClock::default();
        let quota = per_hour(3600).allow_burst(NonZeroU32::new(60).unwrap());
        let limit = RateLimit::with_clock(quota, clock.clone());
        let counters = || limit.counters.lock().unwrap().full_again.len();
        assert!((0..300_000).all(|key| limit.check(key).is_ok()));
        assert!(counters() > OWN_COUNTERS && counters() <= OWN_COUNTERS + (1 << 16), "{}", counters());
        clock.advance(MINUTE);
        limit.check("a").unwrap();
        assert_eq!(counters(), 1, "counters that are not needed any more are removed");
    }
}
