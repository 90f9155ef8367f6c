//! The JSON column of an arbitration: a review lead's decision on keys (workloads or subscriptions)
//! that several claims compete for.
use crate::domain::arbitration::{ArbitrationState, Award};
use cpor_types::Actor;
use sea_orm::FromJsonQueryResult;
use serde::{Deserialize, Serialize};

/// The part of an arbitration that no query filters by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub(crate) struct ArbitrationBody {
    /// The awarded keys and their winners.
    pub(crate) awards: Vec<Award>,
    /// The review lead's comment.
    pub(crate) comment: String,
    /// The review lead who decided.
    pub(crate) actor: Actor,
    pub(crate) state: ArbitrationState,
}
