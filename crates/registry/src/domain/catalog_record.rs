//! The record of the catalog that the service last started with. Eligibility gets an event at the
//! first start, and if the service starts with another catalog, because incentives depend on it
//! (R52).
use std::collections::BTreeMap;

use cpor_types::ProductId;
use serde::{Deserialize, Serialize};

use super::catalog::Catalog;

/// Whether partners are paid for each product of the catalog.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct CatalogRecord(pub(crate) BTreeMap<ProductId, bool>);

/// The event that the service started with another catalog than before, or for the first time.
/// Contains the record of the new catalog.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CatalogReplaced(pub(crate) CatalogRecord);

impl From<&Catalog> for CatalogRecord {
    fn from(catalog: &Catalog) -> Self {
        Self(catalog.products().map(|product| (product.id.clone(), product.incentivized)).collect())
    }
}

impl CatalogRecord {
    /// Replaces the record by `next`. Returns the new record with the event, or `None` if it stays
    /// the same.
    pub(crate) fn replace(current: Option<&Self>, next: Self) -> Option<(Self, Vec<CatalogReplaced>)> {
        (current != Some(&next)).then(|| (next.clone(), vec![CatalogReplaced(next)]))
    }
}
