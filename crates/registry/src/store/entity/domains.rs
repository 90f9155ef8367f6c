//! The JSON columns of a tenant's domains.
use std::collections::{BTreeMap, BTreeSet};

use cpor_types::{DomainName, Timestamp};
use sea_orm::FromJsonQueryResult;
use serde::{Deserialize, Serialize};

/// The domains of a tenant as JSON. The type exists because the domain knows no database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
#[serde(transparent)]
pub(crate) struct Domains(pub(crate) BTreeSet<DomainName>);

/// The ends of domains of a tenant as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
#[serde(transparent)]
pub(crate) struct DomainEnds(pub(crate) BTreeMap<DomainName, Timestamp>);
