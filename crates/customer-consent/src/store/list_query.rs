//! Listing consents with filters, page by page.

use cpor_bulk_rows::fetch_all;
use cpor_database::Db;
use cpor_durable::ids::{ClaimId, TenantId};
use cpor_durable::{StoreError, Versioned};
use cpor_types::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::consent;
use super::entity::{
    consent::{Column, Entity},
    consent_state::ConsentState,
};
use crate::domain::{Consent, StateKind};

/// The filter of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    /// List only consents in these states; if empty, in any state.
    pub(crate) states: Vec<StateKind>,
    /// List only consents whose last notice bounced and that wait for a delivery (R41).
    pub(crate) only_waiting_for_delivery: bool,
}

/// The position of a consent in a list. A page token contains it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cursor {
    /// The time at which the claim of the consent was first submitted.
    create_time: Timestamp,
    /// The tenant of the consent.
    owner: String,
    /// The id of the claim.
    id: Uuid,
}

/// Lists up to `limit` consents, newest first, each with its position. If `owner` is given, only
/// the consents of this tenant are listed. If `after` is given, the list begins after that
/// position. It executes one statement.
pub(crate) async fn list_consents(
    db: &Db,
    owner: Option<&str>,
    filter: &Filter,
    after: Option<Cursor>,
    limit: u64,
) -> Result<Vec<(Cursor, Versioned<Consent>)>, StoreError> {
    let mut query = Entity::find()
        .order_by_desc(Column::CreateTime)
        .order_by_desc(Column::Owner)
        .order_by_desc(Column::Id)
        .limit(limit);
    if let Some(owner) = owner {
        query = query.filter(Column::Owner.eq(TenantId::from(owner)));
    }
    if !filter.states.is_empty() {
        query = query.filter(Column::State.is_in(filter.states.iter().copied().map(ConsentState::from)));
    }
    if filter.only_waiting_for_delivery {
        // This is exactly the condition of the partial index, so that the index is used.
        query = query.filter(Expr::col(Column::Waiting));
    }
    if let Some(cursor) = after {
        query = query.filter(after_cursor(cursor));
    }
    let consents = fetch_all(db.reader(), query).await?.into_iter().map(|row| {
        let cursor = Cursor { create_time: row.create_time, owner: row.owner.clone().into(), id: row.id.into() };
        consent::from_row(row).map(|(_, consent)| (cursor, consent))
    });
    consents.collect()
}

/// Returns the condition for the consents that come after the cursor in the list.
fn after_cursor(Cursor { create_time, owner, id }: Cursor) -> Condition {
    let (owner, id) = (TenantId::from(owner), ClaimId::from(id));
    let same_time = Condition::all().add(Column::CreateTime.eq(create_time));
    let same_owner = same_time.clone().add(Column::Owner.eq(owner.clone()));
    Condition::any()
        .add(Column::CreateTime.lt(create_time))
        .add(same_time.add(Column::Owner.lt(owner)))
        .add(same_owner.add(Column::Id.lt(id)))
}
