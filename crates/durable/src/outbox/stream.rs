//! The identity of an outgoing stream, and its conversions to and from database columns, a resource
//! name and a protobuf message.
use std::{fmt, str::FromStr};

use cpor_proto::events::v1 as wire;
use cpor_types::Service;
use sea_orm::{DbErr, QueryResult, Value};
use uuid::Uuid;

use crate::{AggregateKey, entity::outbox_stream::Column};

/// The identity of an outgoing stream: the events that one aggregate (such as a claim) sends to one
/// service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct OutboxStreamKey {
    /// The aggregate that sends the events.
    pub(crate) key: AggregateKey,
    /// The kind of the aggregate, for example `claim`.
    pub(crate) aggregate: String,
    /// The service that receives the events.
    pub(crate) destination: Service,
}

/// The columns of the primary key of `outbox_stream`, in its order.
pub(super) const KEY_COLUMNS: [Column; 4] = [Column::Owner, Column::Aggregate, Column::Id, Column::Destination];

impl OutboxStreamKey {
    /// Returns the values of [`KEY_COLUMNS`].
    pub(super) fn values(&self) -> [Value; 4] {
        let Self { key, aggregate, destination } = self;
        [key.owner.clone().into(), aggregate.clone().into(), key.id.into(), destination.as_str().into()]
    }

    /// Returns the primary key of the stream's row.
    pub(super) fn primary_key(&self) -> (String, String, Uuid, String) {
        let Self { key, aggregate, destination } = self;
        (key.owner.clone(), aggregate.clone(), key.id, destination.as_str().to_owned())
    }

    /// Creates the key from the values of [`KEY_COLUMNS`].
    pub(super) fn new(owner: String, aggregate: String, id: Uuid, destination: &str) -> Result<Self, DbErr> {
        let destination =
            destination.parse().map_err(|error| DbErr::Type(format!("outbox_stream.destination: {error}")))?;
        Ok(Self { key: AggregateKey { owner, id }, aggregate, destination })
    }

    /// Reads the key from a row that contains [`KEY_COLUMNS`].
    pub(super) fn from_row(row: &QueryResult) -> Result<Self, DbErr> {
        let destination: String = row.try_get("", "destination")?;
        Self::new(row.try_get("", "owner")?, row.try_get("", "aggregate")?, row.try_get("", "id")?, &destination)
    }

    pub(super) fn to_wire(&self, source: Service) -> wire::StreamId {
        wire::StreamId {
            source: crate::wire::service_to_wire(source).into(),
            aggregate: self.aggregate.clone(),
            owner: self.key.owner.clone(),
            id: self.key.id.to_string(),
        }
    }
}

/// Writes the last part of the stream's resource name: `{aggregate}~{owner}~{id}~{destination}`.
impl fmt::Display for OutboxStreamKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key: AggregateKey { owner, id }, aggregate, destination } = self;
        write!(f, "{aggregate}~{owner}~{id}~{destination}")
    }
}

/// The error for a text that is not the last part of a stream's resource name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InvalidStreamName;

impl FromStr for OutboxStreamKey {
    type Err = InvalidStreamName;

    fn from_str(text: &str) -> Result<Self, InvalidStreamName> {
        let parts: Vec<&str> = text.split('~').collect();
        let [aggregate, owner, id, destination] = parts.as_slice() else { return Err(InvalidStreamName) };
        let id = Uuid::parse_str(id).map_err(|_| InvalidStreamName)?;
        let destination = destination.parse().map_err(|_| InvalidStreamName)?;
        Ok(Self { key: AggregateKey::new(*owner, id), aggregate: (*aggregate).to_owned(), destination })
    }
}
