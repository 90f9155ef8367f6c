//! The JSON column of the claim that a case reviews.
use crate::domain::Snapshot;
use sea_orm::FromJsonQueryResult;
use serde::{Deserialize, Serialize};

/// The snapshot of a claim as JSON. The type exists because the domain knows no database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
#[serde(transparent)]
pub(crate) struct CaseSnapshot(pub(crate) Snapshot);
