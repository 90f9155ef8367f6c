//! The identity of an outgoing stream, as columns, as a name and on the wire.
use std::{fmt, str::FromStr};

use cpor_proto::events::v1 as wire;
use cpor_types::Service;
use sea_orm::{DbErr, QueryResult, Value};
use uuid::Uuid;

use crate::{
    Key,
    rows::{Column, Kind},
};

/// What one aggregate says to one service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct OutboxKey {
    pub(crate) key: Key,
    pub(crate) aggregate: String,
    pub(crate) destination: Service,
}

/// The primary key of `outbox_stream`.
pub(super) const KEY: &str = "owner, aggregate, id, destination";

/// The same of the rows that a statement begins with.
pub(super) const ROW_KEY: &str = "s.owner, s.aggregate, s.id, s.destination";

impl OutboxKey {
    pub(super) fn columns() -> Vec<Column> {
        vec![
            Column::new("owner", Kind::Text),
            Column::new("aggregate", Kind::Text),
            Column::new("id", Kind::Uuid),
            Column::new("destination", Kind::Text),
        ]
    }

    pub(super) fn values(&self) -> [Value; 4] {
        let Self { key, aggregate, destination } = self;
        [key.owner.clone().into(), aggregate.clone().into(), key.id.into(), destination.as_str().into()]
    }

    pub(super) fn read(row: &QueryResult) -> Result<Self, DbErr> {
        let destination: String = row.try_get("", "destination")?;
        let destination =
            destination.parse().map_err(|bad| DbErr::Type(format!("outbox_stream.destination: {bad}")))?;
        let key = Key { owner: row.try_get("", "owner")?, id: row.try_get("", "id")? };
        Ok(Self { key, aggregate: row.try_get("", "aggregate")?, destination })
    }

    pub(super) fn to_wire(&self, source: Service) -> wire::StreamId {
        wire::StreamId {
            source: crate::wire::service(source).into(),
            aggregate: self.aggregate.clone(),
            owner: self.key.owner.clone(),
            id: self.key.id.to_string(),
        }
    }
}

/// The last part of a stream's resource name: `{aggregate}~{owner}~{id}~{destination}`.
impl fmt::Display for OutboxKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key: Key { owner, id }, aggregate, destination } = self;
        write!(f, "{aggregate}~{owner}~{id}~{destination}")
    }
}

/// The text is not the name of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotAStream;

impl FromStr for OutboxKey {
    type Err = NotAStream;

    fn from_str(text: &str) -> Result<Self, NotAStream> {
        let parts: Vec<&str> = text.split('~').collect();
        let [aggregate, owner, id, destination] = parts.as_slice() else { return Err(NotAStream) };
        let id = Uuid::parse_str(id).map_err(|_| NotAStream)?;
        let destination = destination.parse().map_err(|_| NotAStream)?;
        Ok(Self { key: Key::new(*owner, id), aggregate: (*aggregate).to_owned(), destination })
    }
}
