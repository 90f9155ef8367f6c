//! Between a consent and its row.

use cpor_durable::{Change, Key, StoreError, Versioned};
use sea_orm::ActiveValue::Set;

use super::entity::consent as row;
use super::{micros, stored};
use crate::domain::Consent;

/// The consent in a row; one that does not read back is an inconsistency, not a missing consent.
pub(super) fn read(row: row::Model) -> Result<(Key, Versioned<Consent>), StoreError> {
    let key = Key::new(row.owner, row.id);
    let broken = |what: String| StoreError::inconsistent("consent", &key, what);
    let version = u64::try_from(row.version).map_err(|error| broken(error.to_string()))?;
    let state: Consent = serde_json::from_value(row.body).map_err(|error| broken(error.to_string()))?;
    if state.state.kind().as_str() != row.state {
        return Err(broken(format!("state {} beside a body in {}", row.state, state.state.kind().as_str())));
    }
    Ok((key, Versioned::new(version, state)))
}

/// The row of a changed consent, with the version that it must still have.
pub(super) fn write(change: &Change<Consent>) -> Result<(u64, row::ActiveModel), StoreError> {
    let Versioned { version, state } = &change.after;
    let broken = |error: serde_json::Error| StoreError::inconsistent("consent", &change.key, error);
    let row = row::ActiveModel {
        owner: Set(change.key.owner.clone()),
        id: Set(change.key.id),
        version: Set(stored(*version)?),
        state: Set(state.state.kind().as_str().to_owned()),
        waiting: Set(state.waits_for_delivery()),
        body: Set(serde_json::to_value(state).map_err(broken)?),
        create_time: Set(micros(state.claim.submit_time)),
        update_time: Set(micros(state.update_time)),
    };
    Ok((change.previous_version(), row))
}
