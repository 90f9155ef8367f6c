//! Conversion between timestamps and their protobuf messages.

use cpor_types::Timestamp;

/// Converts a timestamp into its protobuf message.
pub(crate) fn to_proto(time: Timestamp) -> prost_types::Timestamp {
    let nanos = i32::try_from(time.timestamp_subsec_nanos()).unwrap_or_default();
    prost_types::Timestamp { seconds: time.timestamp(), nanos }
}

/// Converts a protobuf message into a timestamp in whole microseconds. Returns `None` if it is out
/// of range.
pub(crate) fn from_proto(timestamp: &prost_types::Timestamp) -> Option<Timestamp> {
    let nanos = u32::try_from(timestamp.nanos).ok()?;
    Timestamp::from_timestamp(timestamp.seconds, nanos).map(cpor_types::truncate_to_micros)
}
