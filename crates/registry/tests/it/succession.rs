//! Arbitration and succession (R37): contested keys are awarded, and a successor replaces an
//! official holder.
use cpor_proto::events::v1::event::Payload;
use cpor_registry_client::{
    Arbitration, ArbitrationOutcome, Award, AwardOutcome, AwardRefusal, AwardRefusalReason, HoldOutcome, SharedRegistry,
};
use cpor_testing::on_both_databases;
use cpor_types::{Activity, Actor, AssociationKey, ClaimName, Service, Timestamp};
use sea_orm::{ConnectionTrait, Statement};
use uuid::Uuid;

use crate::events::{closed, granted};
use crate::fixture::TestSystem;
use crate::rows::{claim, directory_rows, hold, subscription_id, tenant_id};

on_both_databases![
    r37_a_pending_hold_yields_to_the_winner,
    r37_an_awarded_key_is_reserved_for_the_winner,
    r37_holder_and_successor_change_in_one_transaction,
    r37_the_holder_stays_if_the_winner_is_declined,
    r37_a_refusal_names_the_unknown_key,
    r37_concurrent_awards_give_one_successor,
];

fn key(n: u128) -> AssociationKey {
    AssociationKey::Subscription(subscription_id(n))
}

fn award(decision: u128, winner: &ClaimName, key: AssociationKey) -> Arbitration {
    let review_case = Uuid::from_u128(decision).into();
    let award = Award {
        key,
        winner: winner.clone(),
        review_case,
        activities: vec![Activity::Usage],
        revenue_association_exclusive: false,
    };
    Arbitration { decision_id: Uuid::from_u128(decision).into(), tenant: tenant_id(), awards: vec![award] }
}

async fn arbitrate(registry: &SharedRegistry, arbitration: Arbitration) -> ArbitrationOutcome {
    registry.arbitrate(&Actor::system(Service::PoeReview), arbitration).await.unwrap()
}

async fn place(registry: &SharedRegistry, claim: &ClaimName, n: u128) -> HoldOutcome {
    registry.place_hold(&Actor::system(Service::PoeReview), hold(claim, n, &[1])).await.unwrap()
}

fn outcome(outcome: AwardOutcome) -> ArbitrationOutcome {
    ArbitrationOutcome::Awarded(vec![outcome])
}

fn refused(key: AssociationKey, reason: AwardRefusalReason) -> ArbitrationOutcome {
    ArbitrationOutcome::Refused(vec![AwardRefusal { key, reason }])
}

fn due() -> Timestamp {
    Timestamp::from_timestamp(4_000_000_000, 0).unwrap()
}

/// The partners in the rows of `key_holder`, with the partners of the successors.
async fn key_holders(system: &TestSystem) -> Vec<(String, Option<String>)> {
    let db = system.db.reader();
    let select = "SELECT partner, successor_partner FROM key_holder ORDER BY key";
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), select)).await.unwrap();
    let row = |row: &sea_orm::QueryResult| {
        (row.try_get("", "partner").unwrap(), row.try_get("", "successor_partner").unwrap())
    };
    rows.iter().map(row).collect()
}

async fn r37_a_pending_hold_yields_to_the_winner(system: TestSystem) {
    system.import_new(directory_rows(1)).await;
    let registry = system.registry(Service::PoeReview, 0);
    let (contoso, litware) = (claim("contoso", 1), claim("litware", 2));
    assert_eq!(place(&registry, &contoso, 1).await, HoldOutcome::Held);
    let award = award(9, &litware, key(1));
    assert_eq!(arbitrate(&registry, award.clone()).await, outcome(AwardOutcome::PendingHoldEnded));
    let other = system.registry(Service::PoeReview, 1);
    assert_eq!(arbitrate(&other, award).await, outcome(AwardOutcome::PendingHoldEnded), "one decision, one answer");
    let sent = system.outgoing_events(Service::ClaimIntake).await;
    let [Payload::AssociationEnded(ended)] = sent.as_slice() else { panic!("{sent:?}") };
    let line = hold(&contoso, 1, &[1]).lines[0].line_id.to_string();
    assert_eq!(
        (ended.claim.clone(), ended.reason()),
        (contoso.to_string(), cpor_proto::r#type::v1::AssociationEndReason::Superseded)
    );
    assert_eq!((ended.line_ids.as_slice(), ended.none_left), (&[line][..], true));
    assert_eq!(place(&registry, &litware, 2).await, HoldOutcome::Held);
}

async fn r37_an_awarded_key_is_reserved_for_the_winner(system: TestSystem) {
    system.import_new(directory_rows(1)).await;
    let registry = system.registry(Service::PoeReview, 0);
    let (contoso, litware) = (claim("contoso", 1), claim("litware", 2));
    assert_eq!(arbitrate(&registry, award(9, &litware, key(1))).await, outcome(AwardOutcome::Unopposed));
    assert_eq!(key_holders(&system).await, [("litware".to_owned(), Some("litware".to_owned()))]);
    let other = system.registry(Service::PoeReview, 1);
    let HoldOutcome::Refused(_) = place(&other, &contoso, 1).await else { panic!("the losing claim got a hold") };
    let released = |decision: u128| {
        Payload::AwardReleased(cpor_proto::events::v1::AwardReleased {
            claim: litware.to_string(),
            tenant: format!("tenants/{}", tenant_id()),
            key: key(1).to_string(),
            decision_id: Uuid::from_u128(decision).to_string(),
        })
    };
    system.deliver(litware.claim.0, 1, released(8), due()).await.unwrap();
    assert_eq!(key_holders(&system).await.len(), 1, "another decision releases nothing");
    system.deliver(litware.claim.0, 2, released(9), due()).await.unwrap();
    assert_eq!(key_holders(&system).await, []);
    assert_eq!(place(&other, &contoso, 3).await, HoldOutcome::Held);
}

async fn r37_holder_and_successor_change_in_one_transaction(system: TestSystem) {
    system.import_new(directory_rows(1)).await;
    let registry = system.registry(Service::PoeReview, 0);
    let (contoso, litware) = (claim("contoso", 1), claim("litware", 2));
    place(&registry, &contoso, 1).await;
    system.deliver(contoso.claim.0, 1, granted(&contoso), due()).await.unwrap();
    assert_eq!(arbitrate(&registry, award(9, &litware, key(1))).await, outcome(AwardOutcome::SucceedsHolder));
    let both = [("contoso".to_owned(), Some("litware".to_owned()))];
    assert_eq!(key_holders(&system).await, both);
    let third = award(10, &claim("litware", 3), key(1));
    assert_eq!(arbitrate(&registry, third).await, refused(key(1), AwardRefusalReason::SuccessorExists));

    let other = system.registry(Service::PoeReview, 1);
    assert_eq!(
        place(&other, &litware, 2).await,
        HoldOutcome::Held,
        "the successor gets a pending hold beside the holder"
    );
    assert_eq!(key_holders(&system).await, both);
    system.deliver(litware.claim.0, 1, granted(&litware), due()).await.unwrap();
    assert_eq!(key_holders(&system).await, [("litware".to_owned(), None)]);
    let select = "SELECT COUNT(*) AS n FROM association AS loser \
                  JOIN association AS winner ON winner.official_time = loser.end_time \
                  WHERE loser.partner = 'contoso' AND winner.partner = 'litware'";
    let db = system.db.reader();
    let same = db.query_one_raw(Statement::from_string(db.get_database_backend(), select)).await.unwrap().unwrap();
    assert_eq!(same.try_get::<i64>("", "n").unwrap(), 1, "the one ends when the other becomes official");
    let sent = system.outgoing_events(Service::Eligibility).await;
    let ended =
        sent.iter().any(|sent| matches!(sent, Payload::AssociationEnded(ended) if ended.claim == contoso.to_string()));
    assert!(ended, "{sent:?}");
}

async fn r37_the_holder_stays_if_the_winner_is_declined(system: TestSystem) {
    system.import_new(directory_rows(1)).await;
    let registry = system.registry(Service::PoeReview, 0);
    let (contoso, litware) = (claim("contoso", 1), claim("litware", 2));
    place(&registry, &contoso, 1).await;
    system.deliver(contoso.claim.0, 1, granted(&contoso), due()).await.unwrap();
    arbitrate(&registry, award(9, &litware, key(1))).await;
    place(&registry, &litware, 2).await;
    system
        .deliver(
            litware.claim.0,
            1,
            closed(&litware, cpor_proto::r#type::v1::PrimaryRejectionReason::CustomerDeclined),
            due(),
        )
        .await
        .unwrap();
    assert_eq!(key_holders(&system).await, [("contoso".to_owned(), None)]);
    let HoldOutcome::Refused(_) = place(&registry, &claim("litware", 3), 3).await else { panic!("held") };
    let closed = arbitrate(&registry, award(10, &litware, key(1))).await;
    assert_eq!(closed, refused(key(1), AwardRefusalReason::ClaimClosed), "a closed claim cannot become a successor");
}

async fn r37_a_refusal_names_the_unknown_key(system: TestSystem) {
    system.import_new(directory_rows(1)).await;
    let registry = system.registry(Service::PoeReview, 0);
    let litware = claim("litware", 2);
    let mut both = award(9, &litware, key(1));
    both.awards.push(Award { key: key(7), ..both.awards[0].clone() });
    assert_eq!(arbitrate(&registry, both).await, refused(key(7), AwardRefusalReason::KeyUnknown));
}

/// Two review leads award one key at the same time, on PostgreSQL at two replicas. Exactly one
/// award succeeds.
async fn r37_concurrent_awards_give_one_successor(system: TestSystem) {
    system.import_new(directory_rows(20)).await;
    let (one, other) = (system.registry(Service::PoeReview, 0), system.registry(Service::PoeReview, 1));
    let actor = Actor::system(Service::PoeReview);
    for n in 1..=20 {
        let contoso = claim("contoso", n);
        one.place_hold(&actor, hold(&contoso, n, &[n])).await.unwrap();
        system.deliver(contoso.claim.0, 1, granted(&contoso), due()).await.unwrap();
        let [first, second] = [100 + n, 200 + n].map(|of| award(of, &claim("litware", of), key(n)));
        let answers = tokio::join!(arbitrate(&one, first), arbitrate(&other, second));
        let won =
            [&answers.0, &answers.1].into_iter().filter(|answer| **answer == outcome(AwardOutcome::SucceedsHolder));
        assert_eq!(won.count(), 1, "{answers:?}");
    }
    assert_eq!(key_holders(&system).await, vec![("contoso".to_owned(), Some("litware".to_owned())); 20]);
}
