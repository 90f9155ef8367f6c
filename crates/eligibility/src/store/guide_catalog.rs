//! The table `guide_catalog`: the catalog of all program guides (the conditions and rates of
//! payment), in one row.
use std::convert::Infallible;

use cpor_bulk_rows::fetch_one;
use cpor_durable::{AggregateKey, Change, OutgoingEvent, Store, StoreError, Tx, Versioned, rows};
use cpor_types::Month;
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait};
use uuid::Uuid;

use super::entity::{
    bodies::GuideCatalogBody,
    guide_catalog::{ActiveModel, Entity, Model},
};
use crate::domain::{ActiveGuides, CatalogGuide, Guide, GuideCatalog, GuideDocument, GuideViolation};

/// The shipped guide is in force since January of this year.
const SHIPPED_GUIDE_START_YEAR: i32 = 2020;

/// Returns the storage key of the catalog, which is the only row.
pub(crate) fn catalog_key() -> AggregateKey {
    AggregateKey::new("programGuides", Uuid::nil())
}

/// Loads and saves the catalog for the writer, the task that commits commands.
pub(crate) struct GuideCatalogStore;

impl Store for GuideCatalogStore {
    type Aggregate = GuideCatalog;
    /// The catalog checks the uniqueness of ids itself.
    type Conflict = Infallible;

    const AGGREGATE: &'static str = "guide_catalog";

    fn resource(_: &AggregateKey) -> String {
        "programGuides".to_owned()
    }

    async fn load(
        &self,
        tx: &Tx,
        keys: &[AggregateKey],
    ) -> Result<Vec<(AggregateKey, Versioned<GuideCatalog>)>, StoreError> {
        let found = rows::load_locked::<Entity>(tx, keys).await?;
        found.into_iter().map(|row| Ok((catalog_key(), to_catalog(row)?))).collect()
    }

    async fn save(
        &self,
        tx: &Tx,
        changes: &[Change<GuideCatalog>],
    ) -> Result<Vec<(AggregateKey, Infallible)>, StoreError> {
        let rows = changes.iter().map(|change| {
            let Versioned { version, state } = &change.after;
            Ok((change.previous_version(), from_catalog(rows::to_bigint(*version)?, state)))
        });
        rows::save::<Entity>(tx, rows.collect::<Result<Vec<_>, StoreError>>()?).await?;
        Ok(Vec::new())
    }

    /// Sends no events, because the assessor reads the catalog's edition.
    fn outgoing(&self, _: &Change<GuideCatalog>) -> Vec<OutgoingEvent> {
        Vec::new()
    }
}

/// Returns the stored catalog, or the shipped one if the catalog has not been changed yet.
///
/// # Errors
/// Returns an error if the database cannot be reached or the row cannot be decoded.
pub(crate) async fn load(db: &impl ConnectionTrait) -> Result<GuideCatalog, StoreError> {
    let AggregateKey { owner, id } = catalog_key();
    match fetch_one(db, Entity::find_by_id((owner, id))).await? {
        Some(row) => Ok(to_catalog(row)?.state),
        None => shipped_catalog(),
    }
}

/// Returns the catalog as it is before its first change: with the shipped guide only (R53).
///
/// # Errors
/// Returns an error if the shipped guide is not a valid document. The tests of this crate check
/// that it is valid.
pub(crate) fn shipped_catalog() -> Result<GuideCatalog, StoreError> {
    let inconsistent = |what: &dyn std::fmt::Display| StoreError::inconsistent("guide_catalog", &catalog_key(), what);
    let document = GuideDocument::shipped().map_err(|error| inconsistent(&error))?;
    let start = Month::new(SHIPPED_GUIDE_START_YEAR, 1).ok_or_else(|| inconsistent(&"the month is out of range"))?;
    Ok(GuideCatalog::shipped(document, start))
}

/// Compiles the active guides of the catalog.
///
/// # Errors
/// Returns an error if a stored document is invalid. This service does not store invalid documents.
pub(crate) fn compile_active(catalog: &GuideCatalog) -> Result<ActiveGuides, StoreError> {
    ActiveGuides::compile(catalog).map_err(|violations| invalid_document(&violations))
}

/// Compiles a draft, so that it can be simulated.
///
/// # Errors
/// Returns an error if the stored document is invalid. This service does not store invalid
/// documents.
pub(crate) fn compile_draft(guide: &CatalogGuide) -> Result<Guide, StoreError> {
    Guide::compile(&guide.document).map_err(|violations| invalid_document(&violations))
}

fn invalid_document(violations: &[GuideViolation]) -> StoreError {
    StoreError::inconsistent("guide_catalog", &catalog_key(), format_args!("{violations:?}"))
}

fn to_catalog(row: Model) -> Result<Versioned<GuideCatalog>, StoreError> {
    let GuideCatalogBody(catalog) = row.state;
    let negative = |_| StoreError::inconsistent("guide_catalog", &catalog_key(), "the version is negative");
    Ok(Versioned::new(u64::try_from(row.version).map_err(negative)?, catalog))
}

fn from_catalog(version: i64, catalog: &GuideCatalog) -> ActiveModel {
    let AggregateKey { owner, id } = catalog_key();
    let state = GuideCatalogBody(catalog.clone());
    ActiveModel { owner: Set(owner), id: Set(id), version: Set(version), state: Set(state) }
}
