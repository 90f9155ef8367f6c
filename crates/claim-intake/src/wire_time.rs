//! Conversion between [`Timestamp`] and the protobuf timestamps of requests, responses and events.
use cpor_types::{Timestamp, truncate_to_micros};

/// Converts a time to its protobuf form.
pub(crate) fn to_wire_time(time: Timestamp) -> prost_types::Timestamp {
    let nanos = i32::try_from(time.timestamp_subsec_nanos()).unwrap_or_default();
    prost_types::Timestamp { seconds: time.timestamp(), nanos }
}

/// Converts a protobuf timestamp to a time, truncated to whole microseconds. `None` if the value is
/// outside the range that [`Timestamp`] can represent.
pub(crate) fn from_wire_time(time: prost_types::Timestamp) -> Option<Timestamp> {
    let nanos = u32::try_from(time.nanos).ok()?;
    Timestamp::from_timestamp(time.seconds, nanos).map(truncate_to_micros)
}
