//! Conversion between [`Timestamp`] and the protobuf timestamps of requests, responses and events.
use cpor_types::{Timestamp, truncate_to_micros};

/// Converts a time to its protobuf form.
#[must_use]
pub fn to_wire_time(time: Timestamp) -> prost_types::Timestamp {
    // Within a leap second, chrono counts more than 999,999,999 nanoseconds. Protobuf does not.
    let nanos = i32::try_from(time.timestamp_subsec_nanos().min(MAX_NANOS)).unwrap_or_default();
    prost_types::Timestamp { seconds: time.timestamp(), nanos }
}

/// Converts a protobuf timestamp to a time, truncated to whole microseconds. Returns `None` if the
/// nanoseconds are not within one second, or if the time is outside the range of [`Timestamp`].
#[must_use]
pub fn from_wire_time(time: prost_types::Timestamp) -> Option<Timestamp> {
    let nanos = u32::try_from(time.nanos).ok().filter(|nanos| *nanos <= MAX_NANOS)?;
    Timestamp::from_timestamp(time.seconds, nanos).map(truncate_to_micros)
}

/// The maximum number of nanoseconds in a protobuf timestamp.
const MAX_NANOS: u32 = 999_999_999;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_keep_their_microseconds() {
        for (seconds, micros) in [(0, 0), (1_700_000_000, 123_456), (-1, 999_999)] {
            let time = Timestamp::from_timestamp(seconds, micros * 1_000).unwrap();
            let wire = to_wire_time(time);
            assert_eq!((wire.seconds, wire.nanos), (seconds, (micros * 1_000).cast_signed()));
            assert_eq!(from_wire_time(wire), Some(time));
        }
        let nanos = from_wire_time(prost_types::Timestamp { seconds: 5, nanos: 1_999 }).unwrap();
        assert_eq!(nanos.timestamp_subsec_nanos(), 1_000);
    }

    #[test]
    fn invalid_times_are_recognised() {
        for (seconds, nanos) in [(0, -1), (59, 1_000_000_000), (i64::MAX, 0), (i64::MIN, 0)] {
            assert_eq!(from_wire_time(prost_types::Timestamp { seconds, nanos }), None, "{seconds} {nanos}");
        }
    }
}
