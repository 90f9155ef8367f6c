//! The JSON column of a consent.

use sea_orm::FromJsonQueryResult;
use serde::{Deserialize, Serialize};

use crate::domain::Consent;

/// A consent as JSON. The type exists because the domain knows no database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
#[serde(transparent)]
pub(crate) struct ConsentBody(pub(crate) Consent);
