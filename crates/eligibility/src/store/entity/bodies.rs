//! The types of the JSON columns. Each wraps a domain type, so that the domain does not depend on
//! the database library.

use sea_orm::FromJsonQueryResult;
use serde::{Deserialize, Serialize};

use crate::domain::{Assessment, CatalogFacts, Earning, GuideCatalog, MonthlyResult, PartnerRecord, Payout};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, FromJsonQueryResult)]
#[serde(transparent)]
pub(crate) struct AssessmentBody(pub(crate) Assessment);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, FromJsonQueryResult)]
#[serde(transparent)]
pub(crate) struct MonthlyResultBody(pub(crate) MonthlyResult);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
#[serde(transparent)]
pub(crate) struct EarningBody(pub(crate) Earning);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
#[serde(transparent)]
pub(crate) struct PayoutBody(pub(crate) Payout);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
#[serde(transparent)]
pub(crate) struct PartnerRecordBody(pub(crate) PartnerRecord);

/// The catalog of products as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
#[serde(transparent)]
pub(crate) struct CatalogFactsBody(pub(crate) CatalogFacts);

/// The catalog of program guides as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
#[serde(transparent)]
pub(crate) struct GuideCatalogBody(pub(crate) GuideCatalog);
