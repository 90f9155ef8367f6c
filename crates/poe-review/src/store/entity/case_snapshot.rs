//! The JSON column of the claim that a case reviews.
use crate::domain::Snapshot;
use sea_orm::FromJsonQueryResult;
use serde::{Deserialize, Serialize};

/// The snapshot of a claim as JSON. This type implements the traits of SeaORM, on which the
/// domain's type must not depend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
#[serde(transparent)]
pub(crate) struct CaseSnapshot(pub(crate) Snapshot);
