//! Moments on the wire, as requests, answers and events have them.
use cpor_types::{Timestamp, whole_micros};

/// A moment on the wire.
pub(crate) fn timestamp(time: Timestamp) -> prost_types::Timestamp {
    let nanos = i32::try_from(time.timestamp_subsec_nanos()).unwrap_or_default();
    prost_types::Timestamp { seconds: time.timestamp(), nanos }
}

/// A moment from the wire, of whole microseconds; `None` when it is outside of what can be told.
pub(crate) fn timestamp_from(time: prost_types::Timestamp) -> Option<Timestamp> {
    let nanos = u32::try_from(time.nanos).ok()?;
    Timestamp::from_timestamp(time.seconds, nanos).map(whole_micros)
}
