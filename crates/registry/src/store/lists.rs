//! The lists of partners, tenants and associations, and of the subscriptions and workloads of a
//! tenant. The *key* of an association is its subscription or workload.
use cpor_durable::{StoreError, Versioned, ids};
use cpor_listing::{CLAIM_NAME, Cursor, KEY_NAME, PARTNER_NAME, Source, TableList, TableQuery, column, field};
use cpor_listing::{
    filter::{FieldType, Format},
    order::Order,
};
use cpor_types::{PartnerId, ProductName, SubscriptionId, TenantId, TenantKey};
use sea_orm::{ColumnTrait, Condition, DatabaseConnection, EntityTrait, QueryFilter};

use super::children::Workload;
use super::entity::{association, partner, subscription, tenant, workload};
use super::query::{AssociationWithName, with_name};
use super::row::tenant_child_error;
use crate::domain::directory::{PartnerProfile, Subscription, TenantProfile};
use crate::domain::partner::Partner;

/// The format of the resource names of products.
const PRODUCT_NAME: Format = Format::of::<ProductName>("a product in the format products/{product}");
/// The accepted values of the filter field `activity`.
const ACTIVITY: FieldType = FieldType::Enum("ACTIVITY_", &["USAGE", "PRE_SALES", "REVENUE_ASSOCIATION"]);
/// The accepted values of the filter field `state` of associations.
const STATE: FieldType = FieldType::Enum("ASSOCIATION_STATE_", &["PENDING", "OFFICIAL", "ENDED"]);
/// The accepted values of the filter field `end_reason`.
const END_REASON: FieldType =
    FieldType::Enum("ASSOCIATION_END_REASON_", &["DECLINED", "WITHDRAWN", "EXPIRED", "SUPERSEDED", "REJECTED"]);
/// The accepted values of the filter field `status` of subscriptions.
const STATUS: FieldType =
    FieldType::Enum("SUBSCRIPTION_STATUS_", &["ACTIVE", "IN_GRACE", "EXPIRED", "NOT_PROVISIONED", "SUSPENDED"]);
/// The accepted values of the filter field `channel` of subscriptions.
const CHANNEL: FieldType = FieldType::Enum("PURCHASE_CHANNEL_", &["VOLUME_LICENSING", "WEB_DIRECT", "CSP"]);

/// The filters and orders of the list of partners; by default in the order of their ids.
pub(crate) static PARTNERS: TableList<partner::Entity> = {
    use partner::Column;
    TableList {
        fields: &[field("name", FieldType::Id(PARTNER_NAME), Source::PartnerName(Column::Owner))],
        sort_keys: &[("name", Column::Owner), ("display_name", Column::DisplayName)],
        default_order: Order { key: Column::Owner, descending: false },
        tie_break: &[Column::Owner],
        default_filter: None,
    }
};

/// The filters and orders of the list of tenants; by default in the order of their ids.
pub(crate) static TENANTS: TableList<tenant::Entity> = {
    use tenant::Column;
    TableList {
        fields: &[column("region", FieldType::Text, Column::Region)],
        sort_keys: &[("name", Column::Owner), ("display_name", Column::DisplayName)],
        default_order: Order { key: Column::Owner, descending: false },
        tie_break: &[Column::Owner],
        default_filter: None,
    }
};

/// The filters and orders of the list of associations; by default the newest first.
pub(crate) static ASSOCIATIONS: TableList<association::Entity> = {
    use association::Column;
    TableList {
        fields: &[
            field("state", STATE, Source::Where(is_in_state)),
            field("partner", FieldType::Id(PARTNER_NAME), Source::PartnerName(Column::Partner)),
            field("claim", FieldType::Id(CLAIM_NAME), Source::ClaimName(Column::Partner, Column::Claim)),
            field("key", FieldType::Id(KEY_NAME), Source::Where(has_key)),
            field("product", FieldType::Id(PRODUCT_NAME), Source::Where(|name| has_product(Column::Product, name))),
            field("activity", ACTIVITY, Source::LowercaseEnum(Column::Activity)),
            column("mpn_id", FieldType::Text, Column::MpnId),
            field("end_reason", END_REASON, Source::LowercaseEnum(Column::EndReason)),
            column("hold_time", FieldType::Time, Column::HoldTime),
            column("official_time", FieldType::Time, Column::OfficialTime),
            column("end_time", FieldType::Time, Column::EndTime),
        ],
        sort_keys: &[("hold_time", Column::HoldTime)],
        default_order: Order { key: Column::HoldTime, descending: true },
        tie_break: &[Column::Id],
        default_filter: None,
    }
};

/// The filters and orders of the list of a tenant's subscriptions; by default in the order of their
/// ids.
pub(crate) static SUBSCRIPTIONS: TableList<subscription::Entity> = {
    use subscription::Column;
    TableList {
        fields: &[
            field("product", FieldType::Id(PRODUCT_NAME), Source::Where(|name| has_product(Column::Product, name))),
            field("status", STATUS, Source::LowercaseEnum(Column::Status)),
            field("channel", CHANNEL, Source::LowercaseEnum(Column::Channel)),
            column("purchase_time", FieldType::Time, Column::PurchaseTime),
            column("end_time", FieldType::Time, Column::EndTime),
        ],
        sort_keys: &[("name", Column::Id), ("purchase_time", Column::PurchaseTime), ("end_time", Column::EndTime)],
        default_order: Order { key: Column::Id, descending: false },
        tie_break: &[Column::Id],
        default_filter: None,
    }
};

/// The filter and the order of the list of a tenant's workloads: the order of their product ids.
pub(crate) static WORKLOADS: TableList<workload::Entity> = {
    use workload::Column;
    TableList {
        fields: &[field(
            "product",
            FieldType::Id(PRODUCT_NAME),
            Source::Where(|name| has_product(Column::Product, name)),
        )],
        sort_keys: &[("name", Column::Product)],
        default_order: Order { key: Column::Product, descending: false },
        tie_break: &[],
        default_filter: None,
    }
};

/// Returns the condition for the associations whose state has this name in the API.
fn is_in_state(state: &str) -> Condition {
    use association::Column::{EndTime, OfficialTime};
    match state {
        "ENDED" => Condition::all().add(EndTime.is_not_null()),
        "OFFICIAL" => Condition::all().add(EndTime.is_null()).add(OfficialTime.is_not_null()),
        // The filter accepts only the three states, so this is PENDING.
        _ => Condition::all().add(EndTime.is_null()).add(OfficialTime.is_null()),
    }
}

/// Returns the condition for the associations whose key has this resource name.
fn has_key(name: &str) -> Condition {
    use association::Column::{Key, Tenant};
    match name.parse::<TenantKey>() {
        Ok(TenantKey { tenant, key }) => {
            Condition::all().add(Tenant.eq(ids::TenantUuid::from(tenant))).add(Key.eq(key.to_string()))
        }
        // The name is empty here: the filter refuses all other malformed names before. Every
        // association has a key, so none matches.
        Err(_) => Condition::all().add(Key.eq("")),
    }
}

/// Returns the condition for the rows whose product has this resource name. `column` contains the
/// ids of products.
fn has_product(column: impl ColumnTrait, name: &str) -> Condition {
    Condition::all().add(column.eq(name.strip_prefix("products/").unwrap_or(name)))
}

/// The associations that a caller may see. A field that is `None` does not limit them.
#[derive(Clone, Debug, Default)]
pub(crate) struct AssociationScope {
    pub(crate) tenant: Option<TenantId>,
    pub(crate) partner: Option<PartnerId>,
}

/// Returns at most `limit` associations that match the query, in its order, starting after the
/// cursor `after`. Each comes with its own cursor. Uses one query; the default order uses the index
/// `association_tenant`, `association_partner` or `association_all`.
pub(crate) async fn associations(
    db: &DatabaseConnection,
    scope: &AssociationScope,
    query: &TableQuery<association::Entity>,
    after: Option<&Cursor>,
    limit: u64,
) -> Result<Vec<(Cursor, AssociationWithName)>, StoreError> {
    use association::Column::{Partner, Tenant};
    let condition = Condition::all()
        .add_option(scope.tenant.map(|tenant| Tenant.eq(ids::TenantUuid::from(tenant))))
        .add_option(scope.partner.as_ref().map(|partner| Partner.eq(ids::PartnerId::from(partner))));
    let rows = query.fetch(db, association::Entity::find().filter(condition), after, limit).await;
    let named = |(cursor, row)| Ok((cursor, with_name(row)?));
    rows.map_err(tenant_child_error)?.into_iter().map(named).collect()
}

/// Returns at most `limit` partners that match the query, in its order, starting after the cursor
/// `after`. Each comes with its own cursor. Uses one query.
pub(crate) async fn partners(
    db: &DatabaseConnection,
    query: &TableQuery<partner::Entity>,
    after: Option<&Cursor>,
    limit: u64,
) -> Result<Vec<(Cursor, (PartnerId, PartnerProfile))>, StoreError> {
    let rows = query.fetch(db, partner::Entity::find(), after, limit).await?;
    let parse = |(cursor, row)| {
        let Partner { id, profile, .. } = Versioned::<Partner>::try_from(row)?.state;
        Ok((cursor, (id, profile)))
    };
    rows.into_iter().map(parse).collect()
}

/// Returns at most `limit` tenants that match the query, in its order, starting after the cursor
/// `after`. Each comes with its own cursor. Uses one query.
pub(crate) async fn tenants(
    db: &DatabaseConnection,
    query: &TableQuery<tenant::Entity>,
    after: Option<&Cursor>,
    limit: u64,
) -> Result<Vec<(Cursor, (TenantId, TenantProfile))>, StoreError> {
    let rows = query.fetch(db, tenant::Entity::find(), after, limit).await?;
    Ok(rows.into_iter().map(|(cursor, row)| (cursor, (row.id.into(), row.into()))).collect())
}

/// Returns at most `limit` subscriptions of a tenant that match the query, in its order, starting
/// after the cursor `after`. Each comes with its own cursor. Uses one query.
pub(crate) async fn subscriptions(
    db: &DatabaseConnection,
    tenant: TenantId,
    query: &TableQuery<subscription::Entity>,
    after: Option<&Cursor>,
    limit: u64,
) -> Result<Vec<(Cursor, (SubscriptionId, Subscription))>, StoreError> {
    let of_tenant = subscription::Column::Tenant.eq(ids::TenantUuid::from(tenant));
    let rows = query.fetch(db, subscription::Entity::find().filter(of_tenant), after, limit).await;
    let parse = |(cursor, row): (_, subscription::Model)| Ok((cursor, (row.id.into(), row.try_into()?)));
    rows.map_err(tenant_child_error)?.into_iter().map(parse).collect()
}

/// Returns at most `limit` workloads of a tenant that match the query, in its order, starting after
/// the cursor `after`. Each comes with its own cursor. Uses one query.
pub(crate) async fn workloads(
    db: &DatabaseConnection,
    tenant: TenantId,
    query: &TableQuery<workload::Entity>,
    after: Option<&Cursor>,
    limit: u64,
) -> Result<Vec<(Cursor, Workload)>, StoreError> {
    let of_tenant = workload::Column::Tenant.eq(ids::TenantUuid::from(tenant));
    let rows = query.fetch(db, workload::Entity::find().filter(of_tenant), after, limit).await;
    let parse = |(cursor, row)| Ok((cursor, Workload::try_from(row)?));
    rows.map_err(tenant_child_error)?.into_iter().map(parse).collect()
}
