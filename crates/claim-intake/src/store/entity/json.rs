//! The JSON columns. Each type wraps a type of the domain, because the domain does not depend on
//! the database.

use std::collections::BTreeMap;

use cpor_types::PersonalData;
use sea_orm::FromJsonQueryResult;
use serde::{Deserialize, Serialize};

use crate::domain::{ClaimRegistryData, Content, Erasure, Evidence, FieldChange, LostLine, State};

/// The last erasure of each kind of personal data, as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
#[serde(transparent)]
pub(crate) struct Erasures(pub(crate) BTreeMap<PersonalData, Erasure>);

/// The content of a claim as JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, FromJsonQueryResult)]
#[serde(transparent)]
pub(crate) struct ContentBody(pub(crate) Content);

/// The registry's data about a claim as JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, FromJsonQueryResult)]
#[serde(transparent)]
pub(crate) struct RegistryDataBody(pub(crate) ClaimRegistryData);

/// The documents that are on a claim, as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
#[serde(transparent)]
pub(crate) struct Documents(pub(crate) Vec<Evidence>);

/// The lines of a claim (claimed workloads or subscriptions) that a review lead awarded to other
/// companies, as JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, FromJsonQueryResult)]
#[serde(transparent)]
pub(crate) struct LostLines(pub(crate) Vec<LostLine>);

/// The state of a claim with its data, as JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, FromJsonQueryResult)]
#[serde(transparent)]
pub(crate) struct Status(pub(crate) State);

/// The data of one document as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
#[serde(transparent)]
pub(crate) struct DocumentBody(pub(crate) Evidence);

/// The changed fields of a history entry as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
#[serde(transparent)]
pub(crate) struct Changes(pub(crate) Vec<FieldChange>);
