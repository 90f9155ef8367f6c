//! Times on the wire.

use cpor_types::Timestamp;

/// A moment as protobuf writes it.
pub(crate) fn to_proto(time: Timestamp) -> prost_types::Timestamp {
    let nanos = i32::try_from(time.timestamp_subsec_nanos()).unwrap_or_default();
    prost_types::Timestamp { seconds: time.timestamp(), nanos }
}

/// A moment that protobuf wrote; `None` where it is none.
pub(crate) fn from_proto(timestamp: &prost_types::Timestamp) -> Option<Timestamp> {
    let nanos = u32::try_from(timestamp.nanos).ok()?;
    Timestamp::from_timestamp(timestamp.seconds, nanos).map(cpor_types::whole_micros)
}
