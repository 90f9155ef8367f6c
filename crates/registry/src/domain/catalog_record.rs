//! The record of the catalog that the service last started with. Eligibility gets an event if the
//! service starts with another one, because incentives depend on it (R52).
use std::collections::BTreeMap;

use cpor_types::ProductId;
use serde::{Deserialize, Serialize};

use super::catalog::Catalog;

/// Whether partners are paid for each product of the catalog.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct CatalogRecord(pub(crate) BTreeMap<ProductId, bool>);

/// The event that the service started with another catalog than before. Contains its record.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CatalogReplaced(pub(crate) CatalogRecord);

impl From<&Catalog> for CatalogRecord {
    fn from(catalog: &Catalog) -> Self {
        Self(catalog.products().map(|product| (product.id.clone(), product.incentivized)).collect())
    }
}

impl CatalogRecord {
    /// Replaces the record. Returns `None` if it stays the same. The first record causes no event:
    /// each association tells whether its products are paid when it becomes official.
    pub(crate) fn replace(current: Option<&Self>, next: Self) -> Option<(Self, Vec<CatalogReplaced>)> {
        match current {
            None => Some((next, Vec::new())),
            Some(current) if *current == next => None,
            Some(_) => Some((next.clone(), vec![CatalogReplaced(next)])),
        }
    }
}
