//! Conversion of timestamps to their protobuf form, for responses and events.
use cpor_types::Timestamp;

/// Converts a timestamp to its protobuf form.
pub(crate) fn timestamp(time: Timestamp) -> prost_types::Timestamp {
    let nanos = i32::try_from(time.timestamp_subsec_nanos()).unwrap_or_default();
    prost_types::Timestamp { seconds: time.timestamp(), nanos }
}
