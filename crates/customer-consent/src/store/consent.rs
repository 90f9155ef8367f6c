//! Conversion between a consent (the customer's side of one claim) and its row.

use cpor_durable::rows::to_bigint;
use cpor_durable::{AggregateKey, Change, StoreError, Versioned};
use sea_orm::ActiveValue::Set;

use super::entity::{consent as row, consent_body::ConsentBody};
use crate::domain::{Consent, StateKind};

/// Reads a consent from its row.
///
/// # Errors
/// Returns an error if the row does not contain a valid consent.
pub(super) fn from_row(row: row::Model) -> Result<(AggregateKey, Versioned<Consent>), StoreError> {
    let key = AggregateKey::new(row.owner, row.id.into());
    let inconsistent = |detail: String| StoreError::inconsistent("consent", &key, detail);
    let version = u64::try_from(row.version).map_err(|error| inconsistent(error.to_string()))?;
    let (ConsentBody(consent), kind) = (row.body, StateKind::from(row.state));
    if consent.state.kind() != kind {
        return Err(inconsistent(format!("state {kind:?} but the body is in state {:?}", consent.state.kind())));
    }
    Ok((key, Versioned::new(version, consent)))
}

/// Builds the row of a changed consent. Returns it with the version that the stored row must have.
pub(super) fn to_row(change: &Change<Consent>) -> Result<(u64, row::ActiveModel), StoreError> {
    let Versioned { version, state: consent } = &change.after;
    let row = row::ActiveModel {
        owner: Set(change.key.owner.clone().into()),
        id: Set(change.key.id.into()),
        version: Set(to_bigint(*version)?),
        state: Set(consent.state.kind().into()),
        waiting_for_delivery: Set(consent.is_waiting_for_delivery()),
        partner: Set((&consent.claim.name.partner).into()),
        body: Set(ConsentBody(consent.clone())),
        create_time: Set(consent.claim.submit_time),
        update_time: Set(consent.update_time),
    };
    Ok((change.previous_version(), row))
}
