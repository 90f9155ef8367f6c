//! Times, and the clocks that return the current time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, SecondsFormat, SubsecRound, TimeDelta, Utc};

/// A time in UTC. All stored times have whole microseconds, because both databases store these
/// exactly.
pub type Timestamp = DateTime<Utc>;

/// Truncates a time to whole microseconds, so that storing it does not change it.
#[must_use]
pub fn truncate_to_micros(time: Timestamp) -> Timestamp {
    time.trunc_subsecs(6)
}

/// Formats a time as RFC 3339 with `Z` and with as few decimals as possible:
/// `2026-03-06T08:00:00Z`.
#[must_use]
pub fn rfc3339(time: Timestamp) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// A source of the current time. Code takes it as a parameter, so that a test or an operator can
/// control the time.
pub trait Clock: Send + Sync {
    /// Returns the current time in whole microseconds.
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
    #[expect(clippy::disallowed_methods, reason = "the only place that reads the machine's clock")]
    fn now(&self) -> Timestamp {
        truncate_to_micros(Utc::now())
    }
}

/// A clock that shows a fixed time until it is advanced. It never goes back. Clones share the same
/// time.
#[derive(Clone, Debug)]
pub struct VirtualClock {
    /// The time in microseconds since 1970.
    micros: Arc<AtomicI64>,
}

impl VirtualClock {
    /// Creates a clock that shows `start`.
    #[must_use]
    pub fn new(start: Timestamp) -> Self {
        Self { micros: Arc::new(AtomicI64::new(start.timestamp_micros())) }
    }

    /// Advances the clock to `to`, unless it already shows a later time. Returns the new time.
    pub fn advance_to(&self, to: Timestamp) -> Timestamp {
        self.micros.fetch_max(to.timestamp_micros(), Ordering::SeqCst);
        self.now()
    }

    /// Advances the clock by `step`. A negative step has no effect. Returns the new time.
    pub fn advance_by(&self, step: TimeDelta) -> Timestamp {
        let step_micros = step.num_microseconds().unwrap_or(i64::MAX).max(0);
        self.micros.update(Ordering::SeqCst, Ordering::SeqCst, |micros| micros.saturating_add(step_micros));
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
    fn times_have_whole_microseconds() {
        assert_eq!(truncate_to_micros(at("2026-03-06T08:00:00.123456789Z")), at("2026-03-06T08:00:00.123456Z"));
        assert_eq!(SystemClock.now().timestamp_subsec_nanos() % 1_000, 0);
        let clock = VirtualClock::new(at("2026-03-06T08:00:00.123456789Z"));
        assert_eq!(clock.now(), at("2026-03-06T08:00:00.123456Z"));
    }

    #[test]
    fn times_are_formatted_with_few_decimals() {
        assert_eq!(rfc3339(at("2026-03-06T09:00:00+01:00")), "2026-03-06T08:00:00Z");
        assert_eq!(rfc3339(at("2026-03-06T08:00:00.000001Z")), "2026-03-06T08:00:00.000001Z");
    }

    #[test]
    fn a_virtual_clock_never_goes_back() {
        let clock = VirtualClock::new(at("2026-03-06T08:00:00Z"));
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        assert_eq!(clock.advance_to(at("2026-03-07T08:00:00Z")), at("2026-03-07T08:00:00Z"));
        assert_eq!(clock.advance_to(at("2026-03-01T08:00:00Z")), at("2026-03-07T08:00:00Z"));
        assert_eq!(clock.advance_by(TimeDelta::hours(1)), at("2026-03-07T09:00:00Z"));
        assert_eq!(clock.advance_by(TimeDelta::hours(-1)), at("2026-03-07T09:00:00Z"));
        assert_eq!(shared.now(), clock.now());
    }

    #[test]
    fn a_virtual_clock_stops_at_the_latest_time() {
        let clock = VirtualClock::new(at("2026-03-06T08:00:00Z"));
        assert_eq!(clock.advance_by(TimeDelta::MAX), Timestamp::MAX_UTC);
    }
}
