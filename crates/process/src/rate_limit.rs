//! Limits how often something is done, by key, for example for each client address or each user.
use std::{
    collections::HashMap,
    hash::{BuildHasher as _, Hash, RandomState},
    num::NonZeroU32,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use governor::{NotUntil, RateLimiter, middleware::NoOpMiddleware, state::keyed::HashMapStateStore};
pub use governor::{
    Quota,
    clock::{Clock, DefaultClock},
};

/// Returns a quota of this number of uses for each key: all of them at once, and then evenly spread
/// over an hour. Zero counts as 1.
#[must_use]
pub fn per_hour(uses: u32) -> Quota {
    Quota::per_hour(NonZeroU32::new(uses).unwrap_or(NonZeroU32::MIN))
}

/// Limits how often a key is used. Its memory is fixed: the keys share 65,536 counters, and nobody
/// outside of the process knows which of them share one.
pub struct RateLimit<C: Clock = DefaultClock> {
    counters: RateLimiter<u16, HashMapStateStore<u16>, C, NoOpMiddleware<C::Instant>>,
    clock: C,
    hasher: RandomState,
    /// Uses that were given back, by counter.
    returned: Mutex<HashMap<u16, u32>>,
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

impl<C: Clock + Clone> RateLimit<C> {
    /// Creates a limit by this clock.
    pub fn with_clock(quota: Quota, clock: C) -> Self {
        let counters = RateLimiter::new(quota, HashMapStateStore::default(), clock.clone());
        Self { counters, clock, hasher: RandomState::new(), returned: Mutex::default() }
    }

    /// Counts one use of the key.
    ///
    /// # Errors
    /// Returns the time to wait if the key was used too often.
    pub fn check(&self, key: impl Hash) -> Result<(), Duration> {
        let counter = self.counter(key);
        if let Some(uses) = self.returned.lock().unwrap_or_else(PoisonError::into_inner).get_mut(&counter)
            && *uses > 0
        {
            *uses -= 1;
            return Ok(());
        }
        let refused = |not_until: NotUntil<C::Instant>| not_until.wait_time_from(self.clock.now());
        self.counters.check_key(&counter).map_err(refused)
    }

    /// Gives back a use that was counted before, because it turned out to be one that is not
    /// limited. The use must be counted first and given back afterwards, so that concurrent uses
    /// cannot exceed the limit.
    pub fn give_back(&self, key: impl Hash) {
        *self.returned.lock().unwrap_or_else(PoisonError::into_inner).entry(self.counter(key)).or_default() += 1;
    }

    fn counter(&self, key: impl Hash) -> u16 {
        let [first, second, ..] = self.hasher.hash_one(key).to_le_bytes();
        u16::from_le_bytes([first, second])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_limited_by_itself() {
        let limit = RateLimit::new(per_hour(3));
        let results: Vec<bool> = (0..5).map(|_| limit.check("a").is_ok()).collect();
        assert_eq!(results, [true, true, true, false, false]);
        assert!(limit.check("a").unwrap_err() > Duration::from_secs(1100));
        let others = (0..100).filter(|key| limit.check(key).is_ok()).count();
        assert!(others >= 99, "other keys are not limited, unless they share the counter");
    }

    #[test]
    fn a_use_can_be_given_back() {
        let limit = RateLimit::new(per_hour(2));
        for _ in 0..10 {
            limit.check("a").unwrap();
            limit.give_back("a");
        }
        assert_eq!([limit.check("a"), limit.check("a")], [Ok(()), Ok(())]);
        limit.check("a").unwrap_err();
    }

    #[test]
    fn the_memory_is_fixed() {
        let limit = RateLimit::new(per_hour(3600).allow_burst(NonZeroU32::new(60).unwrap()));
        let admitted = (0..200_000).filter(|key| limit.check(key).is_ok()).count();
        assert!(admitted >= 200_000 * 9 / 10, "{admitted}");
        assert!(limit.counters.len() <= 1 << 16);
    }
}
