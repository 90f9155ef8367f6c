//! Rows to values. A row that no code of ours wrote is an inconsistency that names table and key, never a guess.
use super::{entity, listing};
use crate::domain::{Claim, State, StateKind, history::Digest};
use cpor_durable::{Change, Key, StoreError, Versioned, rows::Micros};
use cpor_types::{ClaimId, ClaimName};
use sea_orm::{ActiveValue::Set, DbErr};
use serde::{Serialize, de::DeserializeOwned};
use std::{fmt::Display, str::FromStr};

/// Where a value was read: for the inconsistency, if it is one.
pub(super) struct RowPlace {
    pub(super) table: &'static str,
    pub(super) key: Key,
}

impl RowPlace {
    pub(super) fn inconsistent(&self, what: impl Display) -> StoreError {
        StoreError::inconsistent(self.table, &self.key, what)
    }

    pub(super) fn text<T: FromStr<Err: Display>>(&self, text: &str) -> Result<T, StoreError> {
        text.parse().map_err(|malformed| self.inconsistent(malformed))
    }

    pub(super) fn state(&self, word: &str) -> Result<StateKind, StoreError> {
        StateKind::parse(word).ok_or_else(|| self.inconsistent(format_args!("no state is called `{word}`")))
    }

    pub(super) fn json<T: DeserializeOwned>(&self, json: serde_json::Value) -> Result<T, StoreError> {
        serde_json::from_value(json).map_err(|error| self.inconsistent(error))
    }

    pub(super) fn digest(&self, bytes: Vec<u8>) -> Result<Digest, StoreError> {
        bytes.try_into().map(Digest).map_err(|_| self.inconsistent("a digest has 32 bytes"))
    }

    pub(super) fn count(&self, count: i64) -> Result<u64, StoreError> {
        u64::try_from(count).map_err(|_| self.inconsistent(format_args!("{count} is no count")))
    }
}

/// A value for a JSON column.
pub(super) fn json(value: &impl Serialize) -> Result<serde_json::Value, StoreError> {
    Ok(serde_json::to_value(value).map_err(|error| DbErr::Json(error.to_string()))?)
}

/// A count for a big integer column.
pub(super) fn stored(count: u64) -> Result<i64, StoreError> {
    Ok(i64::try_from(count).map_err(|_| DbErr::Type(format!("{count} exceeds bigint")))?)
}

/// The claim that a row holds.
pub(super) fn claim(row: entity::claim::Model) -> Result<(Key, Versioned<Claim>), StoreError> {
    let key = Key::new(row.owner, row.id);
    let place = RowPlace { table: "claim", key: key.clone() };
    let state: State = place.json(row.status)?;
    if state.kind() != place.state(&row.state)? {
        return Err(place.inconsistent("state and status disagree"));
    }
    let claim = Claim {
        name: ClaimName { partner: place.text(&key.owner)?, claim: ClaimId(key.id) },
        content: place.json(row.content)?,
        directory: place.json(row.directory)?,
        evidence: place.json(row.evidence)?,
        lost_lines: place.json(row.lost_lines)?,
        state,
        create_time: row.create_time.into(),
        update_time: row.update_time.into(),
        wait_time: row.wait_time.into(),
        customer_wait_time: row.customer_wait_time.into(),
        history: place.count(row.history)?,
        head: place.digest(row.head)?,
        erased: place.json(row.erased)?,
    };
    Ok((key, Versioned::new(place.count(row.version)?, claim)))
}

/// The row that holds the claim after `change`, whose history ends with the link `head`.
pub(super) fn of_claim(change: &Change<Claim>, head: Digest) -> Result<entity::claim::ActiveModel, StoreError> {
    let Versioned { version, state: claim } = &change.after;
    Ok(entity::claim::ActiveModel {
        owner: Set(change.key.owner.clone()),
        id: Set(change.key.id),
        version: Set(stored(*version)?),
        state: Set(claim.state.kind().as_str().to_owned()),
        create_time: Set(Micros::from(claim.create_time)),
        update_time: Set(Micros::from(claim.update_time)),
        history: Set(stored(claim.history)?),
        head: Set(head.0.to_vec()),
        erased: Set(json(&claim.erased)?),
        content: Set(json(&claim.content)?),
        directory: Set(json(&claim.directory)?),
        evidence: Set(json(&claim.evidence)?),
        lost_lines: Set(json(&claim.lost_lines)?),
        status: Set(json(&claim.state)?),
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
