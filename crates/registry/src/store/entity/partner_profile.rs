//! The JSON columns of a partner's profile. These types exist because the domain knows no database.
use std::collections::BTreeMap;

use cpor_types::MpnId;
use sea_orm::FromJsonQueryResult;
use serde::{Deserialize, Serialize};

use crate::domain::directory::{Enrollment, Location};

/// The locations of a partner as JSON, by Microsoft Partner Network (MPN) id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
#[serde(transparent)]
pub(crate) struct Locations(pub(crate) BTreeMap<MpnId, Location>);

/// The enrollments of a partner as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
#[serde(transparent)]
pub(crate) struct Enrollments(pub(crate) Vec<Enrollment>);

/// The regions of the former locations of a partner as JSON, by Microsoft Partner Network (MPN) id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
#[serde(transparent)]
pub(crate) struct FormerRegions(pub(crate) BTreeMap<MpnId, String>);
