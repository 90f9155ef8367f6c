//! Listing consents (a consent is the customer's side of one claim) with filters, page by page.

use cpor_database::Db;
use cpor_durable::ids::TenantId;
use cpor_durable::{StoreError, Versioned};
use cpor_listing::{CLAIM_NAME, Cursor, PARTNER_NAME, Source, TableList, TableQuery, column, field};
use cpor_listing::{filter::FieldType, order::Order};
use sea_orm::{ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _};

use super::consent;
use super::entity::{
    consent::{Column, Entity},
    consent_state::ConsentState,
};
use crate::domain::{Consent, StateKind};

/// The list of consents, the newest first.
pub(crate) static CONSENT_LIST: TableList<Entity> = TableList {
    fields: &[
        field("state", FieldType::Enum("CONSENT_STATE_", STATES), Source::Where(is_in_state)),
        column("waiting_for_delivery", FieldType::Bool, Column::WaitingForDelivery),
        field("claim", FieldType::Id(CLAIM_NAME), Source::ClaimName(Column::Partner, Column::Id)),
        field("partner", FieldType::Id(PARTNER_NAME), Source::PartnerName(Column::Partner)),
        column("create_time", FieldType::Time, Column::CreateTime),
        column("update_time", FieldType::Time, Column::UpdateTime),
    ],
    sort_keys: &[("create_time", Column::CreateTime), ("update_time", Column::UpdateTime)],
    default_order: Order { key: Column::CreateTime, descending: true },
    tie_break: &[Column::Owner, Column::Id],
    default_filter: None,
};

/// The accepted values of `state`.
const STATES: &[&str] =
    &["REQUESTED", "AWAITING_DELIVERY", "WINDOW_OPEN", "AWAITING_CONFIRMATION", "GRANTED", "DECLINED", "CLOSED"];

/// Returns the name of a state in the API, without its prefix. Several states have the same name.
pub(crate) const fn api_state(kind: StateKind) -> &'static str {
    match kind {
        StateKind::Requested | StateKind::AwaitingReviewInWindow | StateKind::AwaitingReviewWindowPassed => "REQUESTED",
        StateKind::AwaitingDelivery => "AWAITING_DELIVERY",
        StateKind::WindowOpen => "WINDOW_OPEN",
        StateKind::AwaitingConfirmation => "AWAITING_CONFIRMATION",
        StateKind::GrantedAwaitingDelivery | StateKind::GrantedInWindow | StateKind::Granted => "GRANTED",
        StateKind::Declined => "DECLINED",
        StateKind::RejectedDisputable | StateKind::Closed => "CLOSED",
    }
}

/// Returns the condition for the consents whose state has this name in the API.
fn is_in_state(state: &str) -> Condition {
    let kinds = StateKind::ALL.into_iter().filter(|kind| api_state(*kind) == state);
    Condition::all().add(Column::State.is_in(kinds.map(ConsentState::from)))
}

/// Lists up to `limit` consents of `owner`, or of all tenants, each with its cursor. If `after` is
/// given, the list begins after that cursor. It executes one statement.
pub(crate) async fn list_consents(
    db: &Db,
    owner: Option<&str>,
    query: &TableQuery<Entity>,
    after: Option<&Cursor>,
    limit: u64,
) -> Result<Vec<(Cursor, Versioned<Consent>)>, StoreError> {
    let scope = match owner {
        Some(owner) => Entity::find().filter(Column::Owner.eq(TenantId::from(owner))),
        None => Entity::find(),
    };
    let rows = query.fetch(db.reader(), scope, after, limit).await?;
    rows.into_iter().map(|(cursor, row)| Ok((cursor, consent::from_row(row)?.1))).collect()
}
