//! Tests storing and querying assessments and usage, on both databases.
use cpor_testing::on_both_databases;
use std::convert::Infallible;

use cpor_durable::{Change, Command, Store as _, StoreError, Versioned, ids::PayoutId};
use cpor_types::{Actor, Service};
use sea_orm::{
    ActiveEnum as _, ActiveValue::Set, ConnectionTrait as _, DatabaseTransaction, DbBackend, DbErr, EntityTrait,
    IntoActiveModel as _, Iterable as _, QueryOrder, SqlErr, Statement, TransactionTrait as _,
};

use super::{
    assessment_key as key_of_assessment,
    assessments::{self, Scope},
    earnings::{self, EARNINGS, EarningQuery, EarningStatus},
    entity::{
        assessment, assessment_key, assessment_month, earning, payout, payout_state::PayoutState, usage_month,
        usage_replaced,
    },
    partner_records,
    payouts::{self, PayoutStore},
    usage,
};
use crate::{
    domain::{
        Assessment, AssociationEnd, AssociationFacts, ImportOutcome, Payee, Payout, StoredUsage, UsageRefusal,
        examples::{presales, time, usage_of_teams},
    },
    test_system::{TestSystem, facts_of_claim, teams_key, teams_usage},
};

on_both_databases![
    an_assessment_reads_back_as_it_was_saved,
    r4_a_partner_finds_only_its_own_assessments,
    a_list_continues_after_the_last_key,
    r54_an_ended_assessment_still_depends_on_its_keys,
    r51_an_import_replaces_months_and_keeps_the_old,
    r51_importing_the_same_usage_again_writes_nothing,
    r52_usage_imported_again_stays_pending,
    r51_concurrent_imports_lose_nothing,
    the_database_admits_exactly_the_statuses,
    a_body_that_does_not_decode_is_an_inconsistency,
    a_partner_record_that_does_not_decode_is_an_inconsistency,
    rows_without_their_parents_are_refused,
    r54_earnings_read_back_as_they_were_recorded,
    an_earning_without_assessment_or_payout_is_refused,
    contradictory_earnings_are_refused_or_reported,
    r54a_payouts_are_locked_in_one_order,
];

fn scope_of(partner: &str) -> Scope {
    Scope::Partner(partner.parse().unwrap())
}

async fn end_association(system: &TestSystem, facts: &AssociationFacts) {
    let key = key_of_assessment(facts.tenant, facts.claim.claim);
    let command = Command::new("end_assessment", key, Actor::system(Service::Registry));
    let decide = |current: Option<&Assessment>, time| {
        let end = AssociationEnd { time, reason: "declined".to_owned() };
        Ok::<_, Infallible>(current.unwrap().end_lines(&[], &end))
    };
    system.writer.execute(command, decide).await.unwrap();
}

async fn an_assessment_reads_back_as_it_was_saved(system: TestSystem) {
    system.open_assessment(presales()).await;
    let found = assessments::list_in_key_order(system.db.reader(), &Scope::All, None, None, 10).await.unwrap();
    let [(found_key, found)] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(*found_key, key_of_assessment(presales().tenant, presales().claim.claim));
    assert_eq!((found.state.facts(), found.state.is_stale, found.version), (&presales(), false, 2));
    assert!(found.state.latest.is_some());
}

async fn r4_a_partner_finds_only_its_own_assessments(system: TestSystem) {
    system.open_assessment(facts_of_claim(1, "contoso", presales())).await;
    system.open_assessment(facts_of_claim(2, "fabrikam", usage_of_teams())).await;
    system.open_assessment(facts_of_claim(3, "contoso", usage_of_teams())).await;
    let ids = async |scope: &Scope| {
        let found = assessments::list_in_key_order(system.db.reader(), scope, None, None, 10).await.unwrap();
        found.into_iter().map(|(key, _)| key.id.as_u128()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&Scope::All).await, [1, 2, 3]);
    assert_eq!(ids(&scope_of("contoso")).await, [1, 3]);
    let foreign = key_of_assessment(presales().tenant, uuid::Uuid::from_u128(2).into());
    assert!(assessments::get(system.db.reader(), &scope_of("contoso"), &foreign).await.unwrap().is_none());
    assert!(assessments::get(system.db.reader(), &scope_of("fabrikam"), &foreign).await.unwrap().is_some());
}

async fn a_list_continues_after_the_last_key(system: TestSystem) {
    for number in 1..=5 {
        system.open_assessment(facts_of_claim(number, "contoso", presales())).await;
    }
    let (mut after, mut listed) = (None, Vec::new());
    loop {
        let tenant = Some(presales().tenant);
        let page =
            assessments::list_in_key_order(system.db.reader(), &Scope::All, tenant, after.as_ref(), 2).await.unwrap();
        let Some((last, _)) = page.last() else { break };
        after = Some(last.clone());
        listed.extend(page.iter().map(|(key, _)| key.id.as_u128()));
    }
    assert_eq!(listed, [1, 2, 3, 4, 5]);
    let other = uuid::Uuid::from_u128(99).into();
    assert_eq!(
        assessments::list_in_key_order(system.db.reader(), &Scope::All, Some(other), None, 2).await.unwrap(),
        []
    );
}

async fn r54_an_ended_assessment_still_depends_on_its_keys(system: TestSystem) {
    let keys = async || assessment_key::Entity::find().all(system.db.reader()).await.unwrap();
    system.open_assessment(usage_of_teams()).await;
    assert_eq!(keys().await.iter().map(|row| row.key.as_str()).collect::<Vec<_>>(), ["workloads/teams"]);
    end_association(&system, &usage_of_teams()).await;
    assert_eq!(keys().await.len(), 1, "the usage of its months may be imported again");
}

async fn stored_months(system: &TestSystem) -> Vec<(String, i64, i64, bool)> {
    let stored = usage_month::Entity::find().order_by_asc(usage_month::Column::Month).all(system.db.reader());
    let row = |row: usage_month::Model| (row.month, row.active_users.unwrap(), row.revision, row.pending);
    stored.await.unwrap().into_iter().map(row).collect()
}

async fn r51_an_import_replaces_months_and_keeps_the_old(system: TestSystem) {
    let first = system.import_usage(&[teams_usage("2026-01", 100), teams_usage("2026-02", 200)]).await;
    assert_eq!(first, [ImportOutcome::Created, ImportOutcome::Created]);
    let future = ImportOutcome::Refused(UsageRefusal::MonthInFuture);
    let rows = [
        teams_usage("2026-01", 100),
        teams_usage("2026-02", 222),
        teams_usage("2026-03", 300),
        teams_usage("2026-04", 400),
    ];
    let second = system.import_usage(&rows).await;
    assert_eq!(second, [ImportOutcome::Unchanged, ImportOutcome::Replaced, ImportOutcome::Created, future]);
    let stored = [("2026-01", 100, 1), ("2026-02", 222, 2), ("2026-03", 300, 1)];
    assert_eq!(
        stored_months(&system).await,
        stored.map(|(month, users, revision)| (month.to_owned(), users, revision, true))
    );
    let replaced = usage_replaced::Entity::find().all(system.db.reader()).await.unwrap();
    let [replaced] = replaced.as_slice() else { panic!("{replaced:?}") };
    assert_eq!((replaced.month.as_str(), replaced.active_users, replaced.revision), ("2026-02", Some(200), 1));

    let list = async |show_replaced, filter| {
        let found = usage::list(system.db.reader(), &teams_key(), show_replaced).await.unwrap();
        let listed = usage::USAGE.parse(filter, "").unwrap().select(found, None);
        listed.into_iter().map(|(_, revision)| revision).collect::<Vec<_>>()
    };
    let listed = list(false, "month < 2026-03").await;
    assert_eq!(listed.iter().map(|revision| &revision.stored.usage).collect::<Vec<_>>(), [&rows[1], &rows[0]]);
    assert_eq!(listed[0].stored.import_time, time("2026-03-25T00:00:00Z"));
    let summaries = |listed: Vec<usage::UsageRevision>| {
        let summary = |revision: &usage::UsageRevision| {
            let StoredUsage { usage, revision: number, .. } = &revision.stored;
            (usage.measures.active_usage(), *number, revision.replace_time.is_some())
        };
        listed.iter().map(summary).collect::<Vec<_>>()
    };
    let all = [(300, 1, false), (222, 2, false), (200, 1, true), (100, 1, false)];
    assert_eq!(summaries(list(true, "").await), all);
    assert_eq!(summaries(list(true, "active_users <= 200").await), all[2..]);
}

async fn r51_importing_the_same_usage_again_writes_nothing(system: TestSystem) {
    system.import_usage(&[teams_usage("2026-01", 100)]).await;
    system.app.assessor.drain().await.unwrap();
    assert_eq!(
        stored_months(&system).await,
        [("2026-01".to_owned(), 100, 1, false)],
        "no assessment depends on it, so it is not pending"
    );
    assert_eq!(system.import_usage(&[teams_usage("2026-01", 100)]).await, [ImportOutcome::Unchanged]);
    assert_eq!(stored_months(&system).await, [("2026-01".to_owned(), 100, 1, false)]);
}

async fn r52_usage_imported_again_stays_pending(system: TestSystem) {
    system.import_usage(&[teams_usage("2026-01", 100), teams_usage("2026-02", 200)]).await;
    let pending = usage::list_pending(system.db.reader(), 10).await.unwrap();
    system.import_usage(&[teams_usage("2026-02", 201)]).await;
    usage::mark_as_assessed(system.db.writer(), &pending).await.unwrap();
    let expected = [("2026-01".to_owned(), 100, 1, false), ("2026-02".to_owned(), 201, 2, true)];
    assert_eq!(stored_months(&system).await, expected);
}

async fn r51_concurrent_imports_lose_nothing(system: TestSystem) {
    let rows: Vec<_> = (1..=6).map(|users| [teams_usage("2026-01", users), teams_usage("2026-02", users)]).collect();
    for outcomes in futures_util::future::join_all(rows.iter().map(|rows| system.import_usage(rows))).await {
        assert!(outcomes.iter().all(|outcome| [ImportOutcome::Created, ImportOutcome::Replaced].contains(outcome)));
    }
    let revisions: Vec<i64> = stored_months(&system).await.iter().map(|(_, _, revision, _)| *revision).collect();
    assert_eq!(revisions, [6, 6]);
    assert_eq!(usage_replaced::Entity::find().all(system.db.reader()).await.unwrap().len(), 10);
}

#[test]
fn stored_statuses_have_unique_names() {
    assert_eq!(EarningStatus::iter().count(), EarningStatus::values().len());
}

async fn the_database_admits_exactly_the_statuses(system: TestSystem) {
    let admitted = cpor_bulk_rows::allowed_texts(system.db.writer(), "earning", "status").await.unwrap();
    assert_eq!(admitted, EarningStatus::values().into_iter().collect());
    let admitted = cpor_bulk_rows::allowed_texts(system.db.writer(), "payout", "state").await.unwrap();
    assert_eq!(admitted, PayoutState::values().into_iter().collect());
}

async fn a_body_that_does_not_decode_is_an_inconsistency(system: TestSystem) {
    system.open_assessment(presales()).await;
    let (db, key) = (&system.db, key_of_assessment(presales().tenant, presales().claim.claim));
    for sql in ["UPDATE assessment SET state = '{}'", "UPDATE assessment_month SET body = '{}'"] {
        db.writer().execute_unprepared(sql).await.unwrap();
    }
    let found = assessments::get(db.reader(), &Scope::All, &key).await.unwrap_err();
    let listed = assessments::list_in_key_order(db.reader(), &Scope::All, None, None, 10).await.unwrap_err();
    let results = assessments::list_monthly_results(db.reader(), std::slice::from_ref(&key)).await.unwrap_err();
    let cases =
        [(found, "assessment", "state"), (listed, "assessment", "state"), (results, "assessment_month", "body")];
    for (error, expected_table, column) in cases {
        let StoreError::Inconsistent { table, key: named, what } = &error else { panic!("{error}") };
        assert_eq!((*table, named), (expected_table, &key));
        assert!(what.contains(column), "{what}");
    }
}

async fn a_partner_record_that_does_not_decode_is_an_inconsistency(system: TestSystem) {
    let row = "INSERT INTO partner_record (partner, sequence, record) VALUES ('contoso', 1, '{}')";
    system.db.writer().execute_unprepared(row).await.unwrap();
    let error = partner_records::get(system.db.reader(), &"contoso".parse().unwrap()).await.unwrap_err();
    let StoreError::Inconsistent { table, key, .. } = &error else { panic!("{error}") };
    assert_eq!((*table, key.owner.as_str()), ("partner_record", "contoso"));
}

fn assert_refused<T: std::fmt::Debug>(result: Result<T, DbErr>) {
    let refused = result.unwrap_err();
    assert!(matches!(refused.sql_err(), Some(SqlErr::ForeignKeyConstraintViolation(_))), "{refused}");
}

async fn rows_without_their_parents_are_refused(system: TestSystem) {
    let db = system.db.writer();
    let key = assessment_key::ActiveModel {
        owner: Set(presales().tenant.into()),
        id: Set(presales().claim.claim.into()),
        key: Set("workloads/teams".to_owned()),
    };
    assert_refused(assessment_key::Entity::insert(key).exec_without_returning(db).await);
    let time = time("2026-03-25T00:00:00Z");
    let replaced = usage_replaced::ActiveModel {
        owner: Set(teams_key().tenant.into()),
        key: Set(teams_key().key.to_string()),
        month: Set("2026-01".to_owned()),
        revision: Set(1),
        active_users: Set(Some(1)),
        paid_available_units: Set(Some(1)),
        seats_sold: Set(None),
        consumption: Set(None),
        import_time: Set(time),
        replace_time: Set(time),
    };
    assert_refused(usage_replaced::Entity::insert(replaced).exec_without_returning(db).await);
}

/// Assesses Teams for March and April 2026, and then again with their usage: April earns an amount.
/// Returns the earnings in the order of their recording.
async fn record_earnings(system: &TestSystem) -> Vec<earning::Model> {
    system.open_assessment(usage_of_teams()).await;
    system.advance_to("2026-05-02T00:00:00Z").await;
    system.import_usage(&[teams_usage("2026-03", 1000), teams_usage("2026-04", 1100)]).await;
    system.app.assessor.drain().await.unwrap();
    let earnings = earning::Entity::find().order_by_asc(earning::Column::Number).all(system.db.reader()).await;
    earnings.unwrap()
}

fn all_earnings() -> EarningQuery {
    EarningQuery { scope: Scope::All, tenant: None, query: EARNINGS.parse("", "").unwrap() }
}

async fn r54_earnings_read_back_as_they_were_recorded(system: TestSystem) {
    let rows = record_earnings(&system).await;
    let columns = |row: &earning::Model| (row.number, row.month.clone(), row.amount_micros, row.status);
    let expected = [
        (1, "2026-03".to_owned(), None, EarningStatus::NothingDue),
        (2, "2026-04".to_owned(), None, EarningStatus::NothingDue),
        (3, "2026-04".to_owned(), Some(385_000_000), EarningStatus::Accrued),
    ];
    assert_eq!(rows.iter().map(columns).collect::<Vec<_>>(), expected);
    let all = all_earnings();
    let listed = earnings::list(system.db.reader(), &all, None, 10).await.unwrap();
    assert_eq!(
        listed.iter().map(|(_, entry)| &entry.earning).collect::<Vec<_>>(),
        rows.iter().map(|row| &row.body.0).collect::<Vec<_>>()
    );
    let contoso = EarningQuery {
        scope: scope_of("contoso"),
        query: EARNINGS.parse("status = ACCRUED", "").unwrap(),
        ..all.clone()
    };
    assert_eq!(earnings::list(system.db.reader(), &contoso, None, 10).await.unwrap(), listed[2..]);
    let fabrikam = EarningQuery { scope: scope_of("fabrikam"), ..all };
    assert_eq!(earnings::list(system.db.reader(), &fabrikam, None, 10).await.unwrap(), []);
}

async fn an_earning_without_assessment_or_payout_is_refused(system: TestSystem) {
    let db = system.db.writer();
    let row = record_earnings(&system).await.pop().unwrap();
    let (partner, paid) = (row.partner.clone(), PayoutId(uuid::Uuid::from_u128(9)));
    let row = row.into_active_model();
    let other_claim = cpor_types::ClaimId::from(uuid::Uuid::from_u128(99));
    let orphan = earning::ActiveModel { claim: Set(other_claim.into()), ..row.clone() };
    assert_refused(earning::Entity::update(orphan).exec(db).await);
    let paid_by_nothing = earning::ActiveModel { payout: Set(Some(paid)), ..row.clone() };
    assert_refused(earning::Entity::update(paid_by_nothing.clone()).exec(db).await);
    assessment_key::Entity::delete_many().exec(db).await.unwrap();
    assessment_month::Entity::delete_many().exec(db).await.unwrap();
    assert!(assessment::Entity::delete_many().exec(db).await.is_err(), "it has earnings");

    let sql = "INSERT INTO payout (owner, id, version, mpn_id, currency, period, state, estimated_date, \
               create_time, amount_micros, line_count, body) \
               VALUES ($1, $2, 1, '1001', 'USD', '2026-Q2', 'upcoming', '2026-08-01', $3, 0, 0, '{}')";
    let values = [partner.as_str().into(), uuid::Uuid::from_u128(9).into(), time("2026-07-01T00:00:00Z").into()];
    db.execute_raw(Statement::from_sql_and_values(db.get_database_backend(), sql, values)).await.unwrap();
    earning::Entity::update(paid_by_nothing).exec(db).await.unwrap();
    assert!(payout::Entity::delete_many().exec(db).await.is_err(), "it contains an earning");
}

async fn contradictory_earnings_are_refused_or_reported(system: TestSystem) {
    record_earnings(&system).await;
    let db = &system.db;
    assert!(db.writer().execute_unprepared("UPDATE earning SET status = 'lost'").await.is_err());
    db.writer().execute_unprepared("UPDATE earning SET status = 'paid'").await.unwrap();
    let all = all_earnings();
    let error = earnings::list(db.reader(), &all, None, 10).await.unwrap_err();
    let StoreError::Inconsistent { table, what, .. } = &error else { panic!("{error}") };
    assert_eq!(*table, "earning");
    assert!(what.contains("status"), "{what}");
}

/// Two processes give references to two payouts of one payee at the same time.
async fn r54a_payouts_are_locked_in_one_order(system: TestSystem) {
    let payee = || Payee {
        partner: "contoso".parse().unwrap(),
        mpn_id: "1001".parse().unwrap(),
        currency: "USD".parse().unwrap(),
    };
    let payout = |id: u128, period: &str| {
        let (id, period) = (uuid::Uuid::from_u128(id).into(), period.parse().unwrap());
        let date = chrono::NaiveDate::from_ymd_opt(2026, 10, 1).unwrap();
        Versioned::new(1, Payout::create(id, (payee(), period), date, None, time("2026-10-01T00:00:00Z")).unwrap())
    };
    let payouts = [payout(1, "2026-Q1"), payout(2, "2026-Q2")];
    let (db, key) = (system.db.writer(), |payout: &Versioned<Payout>| payouts::payout_key(&payout.state.name()));
    for payout in &payouts {
        payout::Entity::insert(payouts::to_row(payout, (0, 0)).unwrap()).exec_without_returning(db).await.unwrap();
    }
    let load = async |payout: &Versioned<Payout>| {
        let tx = db.begin().await.unwrap();
        PayoutStore.load(&tx, &[key(payout)]).await.unwrap();
        tx
    };
    let save = async |tx: DatabaseTransaction, payout: &Versioned<Payout>, reference: &str| {
        let changed = Payout { reference: Some(reference.to_owned()), ..payout.state.clone() };
        let (before, after) = (Some(payout.clone()), Versioned::new(2, changed));
        let change = Change { key: key(payout), before, after, events: Vec::new() };
        assert_eq!(PayoutStore.save(&tx, &[change]).await.unwrap(), []);
        tx.commit().await.unwrap();
    };
    let first = load(&payouts[0]).await;
    let second = async {
        let second = load(&payouts[1]).await;
        save(second, &payouts[1], "second").await;
    };
    let then_first = async {
        // On SQLite the second transaction begins when the first one has ended.
        while db.get_database_backend() == DbBackend::Postgres && !is_waiting_for_lock(&system).await {}
        save(first, &payouts[0], "first").await;
    };
    tokio::join!(second, then_first);
    let rows = payout::Entity::find().order_by_asc(payout::Column::Period).all(db).await.unwrap();
    let references: Vec<_> = rows.into_iter().map(|row| row.reference.unwrap()).collect();
    assert_eq!(references, ["first", "second"]);
}

/// Returns whether a transaction of this test waits for another one, on PostgreSQL.
async fn is_waiting_for_lock(system: &TestSystem) -> bool {
    let sql =
        "SELECT COUNT(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let db = system.db.reader();
    let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap().unwrap();
    row.try_get::<i64>("", "n").unwrap() > 0
}
