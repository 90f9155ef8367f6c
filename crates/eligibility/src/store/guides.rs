//! The shelf of program guides: one row.
use std::convert::Infallible;

use cpor_durable::{Change, Key, Outgoing, Store, StoreError, Tx, Versioned, rows};
use cpor_types::Month;
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait};
use uuid::Uuid;

use super::{
    entity::guide_shelf::{ActiveModel, Entity, Model},
    row,
};
use crate::domain::{Guide, GuideDocument, GuideFault, Guides, Shelf, Shelved};

/// The shipped guide has been in force since January of this year.
const SHIPPED_SINCE: i32 = 2020;

/// The key of the one shelf.
pub(crate) fn key() -> Key {
    Key::new("programGuides", Uuid::nil())
}

/// How the shelf lies in the database.
pub(crate) struct ShelfStore;

impl Store for ShelfStore {
    type Aggregate = Shelf;
    /// Whatever is unique about guides is so on the shelf itself.
    type Clash = Infallible;

    const AGGREGATE: &'static str = "guide_shelf";

    fn resource(_: &Key) -> String {
        "programGuides".to_owned()
    }

    async fn load(&self, tx: &Tx, keys: &[Key]) -> Result<Vec<(Key, Versioned<Shelf>)>, StoreError> {
        let found = rows::lock::<Entity>(tx, keys).await?;
        found.into_iter().map(|row| Ok((key(), shelf(row)?))).collect()
    }

    async fn save(&self, tx: &Tx, changes: &[Change<Shelf>]) -> Result<Vec<(Key, Infallible)>, StoreError> {
        let rows = changes.iter().map(|change| {
            let Versioned { version, state } = &change.after;
            Ok((change.previous_version(), of_shelf(row::stored(*version)?, state)?))
        });
        rows::save::<Entity>(tx, rows.collect::<Result<Vec<_>, StoreError>>()?).await?;
        Ok(Vec::new())
    }

    /// Assessments learn of it by its edition.
    fn outgoing(&self, _: &Change<Shelf>) -> Vec<Outgoing> {
        Vec::new()
    }
}

/// The shelf as it is; one read by key.
///
/// # Errors
/// The database's; an inconsistent row.
pub(crate) async fn load(db: &impl ConnectionTrait) -> Result<Shelf, StoreError> {
    let Key { owner, id } = key();
    match Entity::find_by_id((owner, id)).one(db).await? {
        Some(row) => Ok(shelf(row)?.state),
        None => shipped(),
    }
}

/// The shelf until it is first changed: the shipped guide, in force from the beginning (R53).
///
/// # Errors
/// Only in a release whose tests have not run: the shipped guide does not read.
pub(crate) fn shipped() -> Result<Shelf, StoreError> {
    let inconsistent = |what: &dyn std::fmt::Display| StoreError::inconsistent("guide_shelf", &key(), what);
    let document = GuideDocument::shipped().map_err(|error| inconsistent(&error))?;
    let since = Month::new(SHIPPED_SINCE, 1).ok_or_else(|| inconsistent(&"no such month"))?;
    Ok(Shelf::shipped(document, since))
}

/// The guides in force, compiled.
///
/// # Errors
/// A document that no code of ours would have put on the shelf.
pub(crate) fn compiled(shelf: &Shelf) -> Result<Guides, StoreError> {
    Guides::of(shelf).map_err(|faults| unsound(&faults))
}

/// A draft, compiled.
///
/// # Errors
/// A document that no code of ours would have put on the shelf.
pub(crate) fn compiled_draft(guide: &Shelved) -> Result<Guide, StoreError> {
    Guide::of(&guide.document).map_err(|faults| unsound(&faults))
}

fn unsound(faults: &[GuideFault]) -> StoreError {
    StoreError::inconsistent("guide_shelf", &key(), format_args!("{faults:?}"))
}

fn shelf(row: Model) -> Result<Versioned<Shelf>, StoreError> {
    let inconsistent = |what: &dyn std::fmt::Display| StoreError::inconsistent("guide_shelf", &key(), what);
    let version = u64::try_from(row.version).map_err(|_| inconsistent(&"the version is negative"))?;
    Ok(Versioned::new(version, serde_json::from_value(row.state).map_err(|error| inconsistent(&error))?))
}

fn of_shelf(version: i64, shelf: &Shelf) -> Result<ActiveModel, StoreError> {
    let Key { owner, id } = key();
    Ok(ActiveModel { owner: Set(owner), id: Set(id), version: Set(version), state: Set(row::json(shelf)?) })
}
