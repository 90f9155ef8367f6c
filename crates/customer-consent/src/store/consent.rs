//! Conversion between a consent and its row.

use cpor_durable::rows::{to_bigint, to_json};
use cpor_durable::{AggregateKey, Change, Micros, StoreError, Versioned};
use sea_orm::ActiveValue::Set;

use super::entity::consent as row;
use crate::domain::Consent;

/// Reads a consent from its row.
///
/// # Errors
/// Returns an inconsistency if the row does not hold a valid consent.
pub(super) fn from_row(row: row::Model) -> Result<(AggregateKey, Versioned<Consent>), StoreError> {
    let key = AggregateKey::new(row.owner, row.id);
    let inconsistent = |detail: String| StoreError::inconsistent("consent", &key, detail);
    let version = u64::try_from(row.version).map_err(|error| inconsistent(error.to_string()))?;
    let state: Consent = serde_json::from_value(row.body).map_err(|error| inconsistent(error.to_string()))?;
    if state.state.kind().as_str() != row.state {
        return Err(inconsistent(format!(
            "state {} but the body is in state {}",
            row.state,
            state.state.kind().as_str()
        )));
    }
    Ok((key, Versioned::new(version, state)))
}

/// Builds the row of a changed consent. Returns it with the version that the stored row must have.
pub(super) fn to_row(change: &Change<Consent>) -> Result<(u64, row::ActiveModel), StoreError> {
    let Versioned { version, state } = &change.after;
    let row = row::ActiveModel {
        owner: Set(change.key.owner.clone()),
        id: Set(change.key.id),
        version: Set(to_bigint(*version)?),
        state: Set(state.state.kind().as_str().to_owned()),
        waiting: Set(state.is_waiting_for_delivery()),
        body: Set(to_json(state)?),
        create_time: Set(Micros::from(state.claim.submit_time)),
        update_time: Set(Micros::from(state.update_time)),
    };
    Ok((change.previous_version(), row))
}
