//! The JSON column of a tenant's domains.
use std::collections::BTreeSet;

use cpor_types::DomainName;
use sea_orm::FromJsonQueryResult;
use serde::{Deserialize, Serialize};

/// The domains of a tenant as JSON. The type exists because the domain knows no database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
#[serde(transparent)]
pub(crate) struct Domains(pub(crate) BTreeSet<DomainName>);
