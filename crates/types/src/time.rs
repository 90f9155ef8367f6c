use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, SecondsFormat, SubsecRound, TimeDelta, Utc};

/// A moment in UTC, of whole microseconds, which is what both databases keep exactly.
pub type Timestamp = DateTime<Utc>;

/// Cuts what is finer than a microsecond, so that a moment reads back from a database as it was written.
#[must_use]
pub fn whole_micros(moment: Timestamp) -> Timestamp {
    moment.trunc_subsecs(6)
}

/// The moment as RFC 3339 with `Z`, and no more decimals than it needs: `2026-03-06T08:00:00Z`.
#[must_use]
pub fn rfc3339(moment: Timestamp) -> String {
    moment.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// Where the time comes from. Injected everywhere, so that a test or an operator can move it.
pub trait Clock: Send + Sync {
    /// The present moment, of whole microseconds.
    fn now(&self) -> Timestamp;
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> Timestamp {
        (**self).now()
    }
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> Timestamp {
        whole_micros(Utc::now())
    }
}

/// A clock that stands until it is moved, and never moves back. Clones share the same time.
#[derive(Clone, Debug)]
pub struct VirtualClock {
    micros: Arc<AtomicI64>,
}

impl VirtualClock {
    /// A clock that shows `start`.
    #[must_use]
    pub fn new(start: Timestamp) -> Self {
        Self { micros: Arc::new(AtomicI64::new(start.timestamp_micros())) }
    }

    /// Moves to `to` if that lies ahead; otherwise stays. Returns what the clock shows then.
    pub fn advance_to(&self, to: Timestamp) -> Timestamp {
        self.micros.fetch_max(to.timestamp_micros(), Ordering::SeqCst);
        self.now()
    }

    /// Moves ahead by `step`; a negative step is no step. Returns what the clock shows then.
    pub fn advance_by(&self, step: TimeDelta) -> Timestamp {
        let ahead = step.num_microseconds().unwrap_or(i64::MAX).max(0);
        self.micros.update(Ordering::SeqCst, Ordering::SeqCst, |micros| micros.saturating_add(ahead));
        self.now()
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        DateTime::from_timestamp_micros(self.micros.load(Ordering::SeqCst)).unwrap_or(Timestamp::MAX_UTC)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn moments_are_of_whole_microseconds() {
        assert_eq!(whole_micros(at("2026-03-06T08:00:00.123456789Z")), at("2026-03-06T08:00:00.123456Z"));
        assert_eq!(SystemClock.now().timestamp_subsec_nanos() % 1_000, 0);
        let clock = VirtualClock::new(at("2026-03-06T08:00:00.123456789Z"));
        assert_eq!(clock.now(), at("2026-03-06T08:00:00.123456Z"));
    }

    #[test]
    fn moments_print_with_no_more_decimals_than_needed() {
        assert_eq!(rfc3339(at("2026-03-06T09:00:00+01:00")), "2026-03-06T08:00:00Z");
        assert_eq!(rfc3339(at("2026-03-06T08:00:00.000001Z")), "2026-03-06T08:00:00.000001Z");
    }

    #[test]
    fn a_virtual_clock_stands_until_moved_and_never_goes_back() {
        let clock = VirtualClock::new(at("2026-03-06T08:00:00Z"));
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        assert_eq!(clock.advance_to(at("2026-03-07T08:00:00Z")), at("2026-03-07T08:00:00Z"));
        assert_eq!(clock.advance_to(at("2026-03-01T08:00:00Z")), at("2026-03-07T08:00:00Z"));
        assert_eq!(clock.advance_by(TimeDelta::hours(1)), at("2026-03-07T09:00:00Z"));
        assert_eq!(clock.advance_by(TimeDelta::hours(-1)), at("2026-03-07T09:00:00Z"));
        assert_eq!(shared.now(), clock.now());
    }

    #[test]
    fn a_virtual_clock_moved_past_the_end_stays_there() {
        let clock = VirtualClock::new(at("2026-03-06T08:00:00Z"));
        assert_eq!(clock.advance_by(TimeDelta::MAX), Timestamp::MAX_UTC);
    }
}
