//! The JSON column of a consent.

use sea_orm::FromJsonQueryResult;
use serde::{Deserialize, Serialize};

use crate::domain::Consent;

/// A consent as JSON. This type implements the traits of SeaORM, on which the domain's type must
/// not depend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
#[serde(transparent)]
pub(crate) struct ConsentBody(pub(crate) Consent);
