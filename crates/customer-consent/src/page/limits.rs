//! Limits for the number of requests for the page, for each link and for each client address.

use std::num::NonZeroU32;

use cpor_process::rate_limit::{Quota, RateLimit};

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
