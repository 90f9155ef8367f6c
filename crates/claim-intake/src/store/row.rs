//! Converts rows of the table `claim` to claims and back. A row with an impossible value causes an
//! error that names the table and the row's key. The value is never replaced by a default.
use super::{
    entity::{
        self,
        json::{ContentBody, Documents, Erasures, LostLines, RegistryDataBody, Status},
    },
    listing,
};
use crate::domain::{Claim, ClaimStateKind};
use cpor_durable::{AggregateKey, Change, StoreError, Versioned, rows::to_bigint};
use cpor_history::Digest;
use cpor_types::{ClaimName, PartnerId};
use sea_orm::ActiveValue::Set;
use std::fmt::Display;

/// The table and key of a row that is being converted. Errors of the conversion name them.
pub(super) struct RowContext {
    /// The name of the table.
    pub(super) table: &'static str,
    /// The partner and the id of the claim that the row belongs to.
    pub(super) key: AggregateKey,
}

impl RowContext {
    /// Returns the error for an impossible value.
    pub(super) fn inconsistent(&self, fault: impl Display) -> StoreError {
        StoreError::inconsistent(self.table, &self.key, fault)
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
    let claim_id = row.id.into();
    let key = AggregateKey::new(row.owner, row.id.into());
    let context = RowContext { table: "claim", key: key.clone() };
    let Status(state) = row.status;
    let kind = ClaimStateKind::from(row.state);
    if state.kind() != kind {
        return Err(context.inconsistent(format_args!("state {kind} but the status is {}", state.kind())));
    }
    let partner: PartnerId = key.owner.parse().map_err(|error| context.inconsistent(error))?;
    let claim = Claim {
        name: ClaimName { partner, claim: claim_id },
        content: row.content.0,
        registry_data: row.registry_data.0,
        evidence: row.evidence.0,
        lost_lines: row.lost_lines.0,
        state,
        create_time: row.create_time,
        update_time: row.update_time,
        wait_start_time: row.wait_start_time,
        customer_wait_start_time: row.customer_wait_start_time,
        history_length: context.parse_count(row.history)?,
        head: context.parse_digest(row.head)?,
        erased: row.erased.0,
    };
    Ok((key, Versioned::new(context.parse_count(row.version)?, claim)))
}

/// Converts the claim after `change` to a row. `head` is the link of its last history entry: the
/// hash of the whole history.
pub(super) fn claim_to_row(change: &Change<Claim>, head: Digest) -> Result<entity::claim::ActiveModel, StoreError> {
    let Versioned { version, state: claim } = &change.after;
    Ok(entity::claim::ActiveModel {
        owner: Set(change.key.owner.clone().into()),
        id: Set(change.key.id.into()),
        version: Set(to_bigint(*version)?),
        state: Set(claim.state.kind().into()),
        create_time: Set(claim.create_time),
        update_time: Set(claim.update_time),
        history: Set(to_bigint(claim.history_length)?),
        head: Set(head.0.to_vec()),
        erased: Set(Erasures(claim.erased.clone())),
        content: Set(ContentBody(claim.content.clone())),
        registry_data: Set(RegistryDataBody(claim.registry_data.clone())),
        evidence: Set(Documents(claim.evidence.clone())),
        lost_lines: Set(LostLines(claim.lost_lines.clone())),
        status: Set(Status(claim.state.clone())),
        waits_for: Set(claim.waiting().wait.into()),
        wait_start_time: Set(claim.wait_start_time),
        customer_wait_start_time: Set(claim.customer_wait_start_time),
        association_state: Set((&claim.state).into()),
        solution_area: Set(claim.content.solution_area.into()),
        activities: Set(listing::activities(claim)),
        products: Set(listing::products(claim)),
        display_name: Set(claim.content.display_name.to_lowercase()),
        mpn_id: Set(claim.content.mpn_id.as_ref().map(ToString::to_string).unwrap_or_default()),
        tenant_id: Set(claim.content.tenant_id.to_lowercase()),
        policy: Set(listing::policy(claim)),
        submit_time: Set(listing::submit_time(claim)),
        customer_domain: Set(claim.content.customer_domain.to_lowercase()),
        contested: Set(claim.content.lines.iter().any(|line| line.contested)),
        due_time: Set(listing::due_time(claim)),
        acting_party: Set(listing::acting_party(claim)),
    })
}
