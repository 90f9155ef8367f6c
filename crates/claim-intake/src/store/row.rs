//! Converts rows of the table `claim` to claims and back. A row with an impossible value is
//! reported as an inconsistency that names the table and the key. It is never replaced by a
//! default.
use super::{entity, listing};
use crate::domain::{Claim, State, StateKind, history::Digest};
use cpor_durable::{
    AggregateKey, Change, StoreError, Versioned,
    rows::{Micros, to_bigint, to_json},
};
use cpor_types::{ClaimId, ClaimName};
use sea_orm::ActiveValue::Set;
use serde::de::DeserializeOwned;
use std::{fmt::Display, str::FromStr};

/// The table and key of a row that is being converted. Errors of the conversion name them.
pub(super) struct RowContext {
    pub(super) table: &'static str,
    pub(super) key: AggregateKey,
}

impl RowContext {
    /// Returns the error for an impossible value.
    pub(super) fn inconsistent(&self, fault: impl Display) -> StoreError {
        StoreError::inconsistent(self.table, &self.key, fault)
    }

    /// Parses a text column.
    pub(super) fn parse<T: FromStr<Err: Display>>(&self, text: &str) -> Result<T, StoreError> {
        text.parse().map_err(|error| self.inconsistent(error))
    }

    /// Parses a column with the state of a claim.
    pub(super) fn parse_state(&self, state: &str) -> Result<StateKind, StoreError> {
        StateKind::parse(state).ok_or_else(|| self.inconsistent(format_args!("`{state}` is not a state")))
    }

    /// Converts a JSON column.
    pub(super) fn parse_json<T: DeserializeOwned>(&self, json: serde_json::Value) -> Result<T, StoreError> {
        serde_json::from_value(json).map_err(|error| self.inconsistent(error))
    }

    /// Converts a column of 32 bytes.
    pub(super) fn parse_digest(&self, bytes: Vec<u8>) -> Result<Digest, StoreError> {
        bytes.try_into().map(Digest).map_err(|_| self.inconsistent("a digest must have 32 bytes"))
    }

    /// Converts a column with a count or a version.
    pub(super) fn parse_count(&self, count: i64) -> Result<u64, StoreError> {
        u64::try_from(count).map_err(|_| self.inconsistent(format_args!("the count {count} is negative")))
    }
}

/// Converts a row to a claim with its key and version.
pub(super) fn claim_from_row(row: entity::claim::Model) -> Result<(AggregateKey, Versioned<Claim>), StoreError> {
    let key = AggregateKey::new(row.owner, row.id);
    let context = RowContext { table: "claim", key: key.clone() };
    let state: State = context.parse_json(row.status)?;
    if state.kind() != context.parse_state(&row.state)? {
        return Err(context.inconsistent("the columns `state` and `status` disagree"));
    }
    let claim = Claim {
        name: ClaimName { partner: context.parse(&key.owner)?, claim: ClaimId(key.id) },
        content: context.parse_json(row.content)?,
        directory: context.parse_json(row.directory)?,
        evidence: context.parse_json(row.evidence)?,
        lost_lines: context.parse_json(row.lost_lines)?,
        state,
        create_time: row.create_time.into(),
        update_time: row.update_time.into(),
        wait_time: row.wait_time.into(),
        customer_wait_time: row.customer_wait_time.into(),
        history: context.parse_count(row.history)?,
        head: context.parse_digest(row.head)?,
        erased: context.parse_json(row.erased)?,
    };
    Ok((key, Versioned::new(context.parse_count(row.version)?, claim)))
}

/// Converts the claim after `change` to a row. `head` is the chain link of its last history entry.
pub(super) fn claim_to_row(change: &Change<Claim>, head: Digest) -> Result<entity::claim::ActiveModel, StoreError> {
    let Versioned { version, state: claim } = &change.after;
    Ok(entity::claim::ActiveModel {
        owner: Set(change.key.owner.clone()),
        id: Set(change.key.id),
        version: Set(to_bigint(*version)?),
        state: Set(claim.state.kind().as_str().to_owned()),
        create_time: Set(Micros::from(claim.create_time)),
        update_time: Set(Micros::from(claim.update_time)),
        history: Set(to_bigint(claim.history)?),
        head: Set(head.0.to_vec()),
        erased: Set(to_json(&claim.erased)?),
        content: Set(to_json(&claim.content)?),
        directory: Set(to_json(&claim.directory)?),
        evidence: Set(to_json(&claim.evidence)?),
        lost_lines: Set(to_json(&claim.lost_lines)?),
        status: Set(to_json(&claim.state)?),
        waits_for: Set(claim.waiting().wait.as_str().to_owned()),
        wait_time: Set(Micros::from(claim.wait_time)),
        customer_wait_time: Set(Micros::from(claim.customer_wait_time)),
        association_state: Set(listing::association_state(&claim.state).to_owned()),
        solution_area: Set(listing::solution_area(claim)),
        activities: Set(listing::activities(claim)),
        products: Set(listing::products(claim)),
        display_name: Set(claim.content.display_name.to_lowercase()),
        mpn_id: Set(claim.content.mpn_id.as_ref().map(ToString::to_string).unwrap_or_default()),
        tenant_id: Set(claim.content.tenant_id.to_lowercase()),
        policy: Set(listing::policy(claim)),
        submit_time: Set(listing::submit_time(claim)),
    })
}
