//! Moments on the wire, as answers and events have them.
use cpor_types::Timestamp;

/// A moment on the wire.
pub(crate) fn timestamp(time: Timestamp) -> prost_types::Timestamp {
    let nanos = i32::try_from(time.timestamp_subsec_nanos()).unwrap_or_default();
    prost_types::Timestamp { seconds: time.timestamp(), nanos }
}
