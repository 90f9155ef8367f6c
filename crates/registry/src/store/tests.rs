use cpor_database::Db;
use cpor_durable::{StoreError, Versioned, ids};
use cpor_testing::{TestDatabase, on_both_databases};
use cpor_types::{AssociationEndReason, AssociationId, PartnerId, TenantId};
use sea_orm::{
    ActiveEnum as _, ActiveValue::Set, ConnectionTrait as _, DbErr, EntityTrait as _, Iterable as _, SqlErr,
    TryIntoModel as _,
};
use uuid::Uuid;

use super::entity::activity::Activity;
use super::entity::end_reason::EndReason;
use super::entity::purchase_channel::PurchaseChannel;
use super::entity::subscription_status::SubscriptionStatus;
use super::entity::{key_holder, partner_location, tenant as tenant_row, workload};
use super::*;
use crate::domain::association::{Association, AssociationState, ClaimedLine, Source};
use crate::domain::fixtures;

on_both_databases![with empty_tables:
    the_database_admits_exactly_the_names,
    the_database_refuses_contradictory_rows,
    r36_the_database_admits_one_holder_of_a_key,
    a_body_that_does_not_decode_is_an_inconsistency,
    a_child_row_that_does_not_decode_is_an_inconsistency,
    child_rows_without_a_parent_are_refused,
];

async fn empty_tables(database: &TestDatabase) -> Db {
    database.migrated(migration::migrations()).await
}

/// Inserts the row of the tenant of the fixtures, without child rows, and returns its id.
async fn insert_tenant(db: &Db) -> TenantId {
    let tenant = fixtures::tenant();
    let id = tenant.id;
    let row = tenant::to_row(&Versioned::new(1, tenant)).unwrap();
    tenant_row::Entity::insert(row).exec_without_returning(db.writer()).await.unwrap();
    id
}

fn association(state: AssociationState) -> Association {
    let claim = fixtures::claim("contoso", 1);
    let line = fixtures::line(&claim, 1);
    let claimed = ClaimedLine {
        claim,
        line_id: line.line_id,
        review_case: None,
        submit_time: fixtures::at("2026-02-20T09:00:00Z"),
    };
    Association {
        source: Source::Claim(claimed),
        mpn_id: fixtures::id(fixtures::MPN_ID),
        product: line.product,
        key: line.key,
        activity: cpor_types::Activity::Usage,
        is_exclusive: true,
        hold_time: fixtures::now(),
        state,
    }
}

#[test]
fn stored_names_are_those_of_the_domain() {
    for value in cpor_types::Activity::ALL.iter().copied() {
        assert_eq!((Activity::from(value).to_value(), Activity::from(value).into()), (value.to_string(), value));
    }
    for value in AssociationEndReason::ALL.iter().copied() {
        assert_eq!((EndReason::from(value).to_value(), EndReason::from(value).into()), (value.to_string(), value));
    }
    for value in cpor_types::SubscriptionStatus::ALL.iter().copied() {
        let stored = SubscriptionStatus::from(value);
        assert_eq!((stored.to_value(), stored.into()), (value.to_string(), value));
    }
    for value in cpor_types::PurchaseChannel::ALL.iter().copied() {
        let stored = PurchaseChannel::from(value);
        assert_eq!((stored.to_value(), stored.into()), (value.to_string(), value));
    }
    assert_eq!(Activity::iter().count(), cpor_types::Activity::ALL.len());
    assert_eq!(EndReason::iter().count(), AssociationEndReason::ALL.len());
    assert_eq!(SubscriptionStatus::iter().count(), cpor_types::SubscriptionStatus::ALL.len());
    assert_eq!(PurchaseChannel::iter().count(), cpor_types::PurchaseChannel::ALL.len());
}

#[test]
fn every_state_of_an_association_round_trips_through_its_row() {
    let (tenant, id) = (fixtures::tenant().id, AssociationId(Uuid::from_u128(3)));
    let (official_time, end_time) = (fixtures::now(), fixtures::at("2026-05-02T09:00:00.000001Z"));
    let mut states = vec![AssociationState::Pending, AssociationState::Official { official_time }];
    states.extend(AssociationEndReason::ALL.iter().flat_map(|reason| {
        [None, Some(official_time)].map(|official_time| AssociationState::Ended {
            official_time,
            end_time,
            reason: *reason,
        })
    }));
    for state in states {
        let association = association(state);
        let row: entity::association::Model = association::to_row(tenant, id, &association).try_into_model().unwrap();
        assert_eq!(Association::try_from(row).unwrap(), association);
    }
}

async fn the_database_admits_exactly_the_names(db: Db) {
    for (table, column, names) in [
        ("association", "activity", Activity::values()),
        ("association", "end_reason", EndReason::values()),
        ("subscription", "status", SubscriptionStatus::values()),
        ("subscription", "channel", PurchaseChannel::values()),
    ] {
        let admitted = cpor_bulk_rows::allowed_texts(db.writer(), table, column).await.unwrap();
        assert_eq!(admitted, names.into_iter().collect(), "{table}.{column}");
    }
}

/// The constraints that two columns are null together or not at all.
async fn the_database_refuses_contradictory_rows(db: Db) {
    let tenant = insert_tenant(&db).await;
    let row = association::to_row(tenant, AssociationId(Uuid::from_u128(3)), &association(AssociationState::Pending));
    entity::association::Entity::insert(row).exec_without_returning(db.writer()).await.unwrap();
    for contradiction in ["end_reason = 'declined'", "claim = NULL", "line = NULL", "submit_time = NULL"] {
        let update = format!("UPDATE association SET {contradiction}");
        assert!(db.writer().execute_unprepared(&update).await.is_err(), "{contradiction}");
    }
    let holder = key_holder::ActiveModel {
        successor_partner: Set(Some((&fixtures::id::<PartnerId>("litware")).into())),
        ..holder(tenant, "contoso")
    };
    let refused = key_holder::Entity::insert(holder).exec_without_returning(db.writer()).await;
    assert!(refused.is_err(), "a successor needs a claim");
}

fn holder(tenant: TenantId, partner: &str) -> key_holder::ActiveModel {
    key_holder::ActiveModel {
        tenant: Set(tenant.into()),
        key: Set("workloads/teams".to_owned()),
        partner: Set(partner.into()),
        successor_partner: Set(None),
        successor_claim: Set(None),
        successor_decision: Set(None),
        successor_case: Set(None),
    }
}

async fn r36_the_database_admits_one_holder_of_a_key(db: Db) {
    let tenant = insert_tenant(&db).await;
    let insert =
        async |partner| key_holder::Entity::insert(holder(tenant, partner)).exec_without_returning(db.writer()).await;
    insert("contoso").await.unwrap();
    let refused = insert("litware").await.unwrap_err();
    assert!(matches!(refused.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))), "{refused}");
}

async fn a_body_that_does_not_decode_is_an_inconsistency(db: Db) {
    let tenant = insert_tenant(&db).await;
    db.writer().execute_unprepared("UPDATE tenant SET domains = '{}'").await.unwrap();
    let error = query::tenant_profile(db.reader(), tenant).await.unwrap_err();
    let StoreError::Inconsistent { table, key, what } = &error else { panic!("{error}") };
    assert_eq!((*table, key), ("tenant", &tenant::key(tenant)));
    assert!(what.contains("domains"), "{what}");
}

/// The primary key of a child row has the tenant's id as a UUID.
async fn a_child_row_that_does_not_decode_is_an_inconsistency(db: Db) {
    let (tenant, claim) = (insert_tenant(&db).await, fixtures::claim("contoso", 1));
    let row = entity::tenant_claim::ActiveModel {
        tenant: Set(tenant.into()),
        partner: Set((&claim.partner).into()),
        claim: Set(claim.claim.into()),
        decisions: Set(entity::claim_record::Decisions([].into())),
        closed: Set(entity::claim_record::ClosedCases([].into())),
    };
    entity::tenant_claim::Entity::insert(row).exec_without_returning(db.writer()).await.unwrap();
    db.writer().execute_unprepared("UPDATE tenant_claim SET closed = '{}'").await.unwrap();
    let decision = cpor_types::DecisionId(Uuid::nil());
    let error = query::decision(db.reader(), tenant, &claim, decision).await.unwrap_err();
    let StoreError::Inconsistent { table, key, what } = &error else { panic!("{error}") };
    assert_eq!((*table, &key.owner, key.id), ("tenant_claim", &tenant.to_string(), claim.claim.uuid()));
    assert!(what.contains("closed"), "{what}");
}

async fn child_rows_without_a_parent_are_refused(db: Db) {
    let is_refused = |error: &DbErr| matches!(error.sql_err(), Some(SqlErr::ForeignKeyConstraintViolation(_)));
    let tenant = fixtures::tenant().id;
    let row =
        workload::ActiveModel { tenant: Set(tenant.into()), product: Set("teams".to_owned()), end_time: Set(None) };
    let error = workload::Entity::insert(row).exec_without_returning(db.writer()).await.unwrap_err();
    assert!(is_refused(&error), "{error}");
    let insert = key_holder::Entity::insert(holder(tenant, "contoso")).exec_without_returning(db.writer());
    let error = insert.await.unwrap_err();
    assert!(is_refused(&error), "{error}");
    let row = partner_location::ActiveModel {
        partner: Set(ids::PartnerId::from("contoso")),
        mpn_id: Set(fixtures::MPN_ID.to_owned()),
    };
    let error = partner_location::Entity::insert(row).exec_without_returning(db.writer()).await.unwrap_err();
    assert!(is_refused(&error), "{error}");
}
