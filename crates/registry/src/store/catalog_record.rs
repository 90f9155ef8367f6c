//! The table `catalog_record`: which products partners were paid for when the service last started,
//! in one row.
use std::convert::Infallible;

use cpor_durable::{AggregateKey, Change, OutgoingEvent, Store, StoreError, Tx, Versioned, rows};
use sea_orm::ActiveValue::Set;
use uuid::Uuid;

use super::entity::catalog_record::{ActiveModel, CatalogBody, Entity};
use super::row::RowContext;
use crate::domain::catalog_record::CatalogRecord;
use crate::events::outgoing;

/// Loads and saves the record of the catalog.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CatalogStore;

/// Returns the storage key of the only row.
pub(crate) fn key() -> AggregateKey {
    AggregateKey::new("products", Uuid::nil())
}

impl Store for CatalogStore {
    type Aggregate = CatalogRecord;
    type Conflict = Infallible;

    const AGGREGATE: &'static str = "catalog";

    fn resource(_: &AggregateKey) -> String {
        "products".to_owned()
    }

    async fn load(
        &self,
        tx: &Tx,
        keys: &[AggregateKey],
    ) -> Result<Vec<(AggregateKey, Versioned<CatalogRecord>)>, StoreError> {
        let found = rows::load_locked::<Entity>(tx, keys).await?;
        let with_key = |row: super::entity::catalog_record::Model| {
            let context = RowContext { table: "catalog_record", owner: &row.owner, id: row.id };
            Ok((key(), Versioned::new(context.parse_version(row.version)?, row.products.0)))
        };
        found.into_iter().map(with_key).collect()
    }

    async fn save(
        &self,
        tx: &Tx,
        changes: &[Change<CatalogRecord>],
    ) -> Result<Vec<(AggregateKey, Infallible)>, StoreError> {
        let row = |change: &Change<CatalogRecord>| {
            let Versioned { version, state } = &change.after;
            let row = ActiveModel {
                owner: Set(change.key.owner.clone()),
                id: Set(change.key.id),
                version: Set(rows::to_bigint(*version)?),
                products: Set(CatalogBody(state.clone())),
            };
            Ok((change.previous_version(), row))
        };
        rows::save::<Entity>(tx, changes.iter().map(row).collect::<Result<Vec<_>, StoreError>>()?).await?;
        Ok(Vec::new())
    }

    fn outgoing(&self, change: &Change<CatalogRecord>) -> Vec<OutgoingEvent> {
        outgoing::catalog_events(change)
    }
}
