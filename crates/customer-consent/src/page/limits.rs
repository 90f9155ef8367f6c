//! Limits for the number of requests for the page, for each link and for each client address.

use std::hash::{BuildHasher as _, Hash, RandomState};
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

/// The requests for one link: 60 at once, and 1 more each second.
const LINK: Quota = Quota::per_second(NonZeroU32::MIN).allow_burst(count(60));
/// The requests of one client address: 300 at once, and 10 more each second. A whole office can
/// have one address.
const ADDRESS: Quota = Quota::per_second(count(10)).allow_burst(count(300));

const fn count(number: u32) -> NonZeroU32 {
    match NonZeroU32::new(number) {
        Some(number) => number,
        None => NonZeroU32::MIN,
    }
}

/// The limits of one process.
pub(super) struct RateLimits {
    /// Limits the requests with one token, whether a link with this token exists or not.
    pub(super) links: RateLimit,
    /// Limits the requests of one client address.
    pub(super) addresses: RateLimit,
}

impl Default for RateLimits {
    fn default() -> Self {
        Self { links: RateLimit::new(LINK), addresses: RateLimit::new(ADDRESS) }
    }
}

/// Limits how often a key (a token or an address) is used. The memory is limited, because the keys
/// share 65,536 counters. A secret hash selects the counter, so that nobody outside of the process
/// knows which keys share one.
pub(super) struct RateLimit {
    counters: RateLimiter<u16, HashMapStateStore<u16>, DefaultClock>,
    hasher: RandomState,
}

impl RateLimit {
    fn new(quota: Quota) -> Self {
        Self { counters: RateLimiter::hashmap(quota), hasher: RandomState::new() }
    }

    /// Counts one use of the key. Returns the time to wait if the key was used too often.
    pub(super) fn check(&self, key: impl Hash) -> Result<(), Duration> {
        let [first, second, ..] = self.hasher.hash_one(key).to_le_bytes();
        let counter = u16::from_le_bytes([first, second]);
        let refused = |not_until: governor::NotUntil<_>| not_until.wait_time_from(DefaultClock::default().now());
        self.counters.check_key(&counter).map_err(refused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_limited_by_itself() {
        let limit = RateLimit::new(Quota::per_hour(NonZeroU32::MIN).allow_burst(count(3)));
        let results: Vec<bool> = (0..5).map(|_| limit.check("a").is_ok()).collect();
        assert_eq!(results, [true, true, true, false, false]);
        assert!(limit.check("a").unwrap_err() > Duration::from_secs(3500));
        let others = (0..100).filter(|key| limit.check(key).is_ok()).count();
        assert!(others >= 99, "other keys are not limited, unless they share the counter");
    }

    #[test]
    fn the_memory_is_fixed() {
        let limit = RateLimit::new(LINK);
        let admitted = (0..200_000).filter(|key| limit.check(key).is_ok()).count();
        assert!(admitted >= 200_000 * 9 / 10, "{admitted}");
        assert!(limit.counters.len() <= 1 << 16);
    }
}
