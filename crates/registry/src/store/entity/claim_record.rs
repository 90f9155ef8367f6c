//! The JSON columns of a claim record. These types exist because the domain knows no database.
use std::collections::{BTreeMap, BTreeSet};

use cpor_types::{CaseId, DecisionId};
use sea_orm::FromJsonQueryResult;
use serde::{Deserialize, Serialize};

use crate::domain::record::RecordedDecision;

/// The recorded decisions about a claim as JSON, by decision id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
#[serde(transparent)]
pub(crate) struct Decisions(pub(crate) BTreeMap<DecisionId, RecordedDecision>);

/// The closed review cases of a claim as JSON; later decisions of them are refused. A null in the
/// list stands for the claim as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
#[serde(transparent)]
pub(crate) struct ClosedCases(pub(crate) BTreeSet<Option<CaseId>>);
