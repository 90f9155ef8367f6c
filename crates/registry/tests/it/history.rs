//! What is remembered of claims: for ever, and at no cost to others.
use cpor_registry_client::{HoldAnswer, HoldRequest, Reason, RegistryError, SharedRegistry};
use cpor_types::{Actor, ClaimName, Service};
use sea_orm::{ConnectionTrait, Statement};
use uuid::Uuid;

use crate::events::{closed, granted};
use crate::rows::{at, claim, everybody, hold, tenant};
use crate::stage::{Stage, on_both};

async fn place(registry: &SharedRegistry, hold: &HoldRequest) -> HoldAnswer {
    registry.place_hold(&Actor::system(Service::PoeReview), hold.clone()).await.unwrap()
}

fn refused_for(answer: &HoldAnswer, reason: Reason) -> bool {
    matches!(answer, HoldAnswer::Refused(why) if why.iter().all(|refusal| refusal.reason == reason))
}

async fn end(stage: &Stage, claim: &ClaimName, sequence: u64) {
    stage.tell(claim.claim.0, sequence, closed(claim, "partner_request"), at("2026-03-01T00:00:00Z")).await.unwrap();
}

/// Makes what is remembered of a claim unreadable, so that whoever reads it fails.
async fn garble(stage: &Stage, claim: &ClaimName) {
    let db = stage.db.writer();
    let update = "UPDATE tenant_claim SET decisions = '\"garbled\"' WHERE claim = $1";
    let garbled = Statement::from_sql_and_values(db.get_database_backend(), update, [claim.claim.0.into()]);
    assert_eq!(db.execute_raw(garbled).await.unwrap().rows_affected(), 1);
}

on_both! {
    async fn what_other_claims_left_is_not_read(stage: Stage) {
        stage.create(everybody(2)).await;
        let registry = stage.registry(Service::PoeReview, 0);
        let (past, live) = (claim("contoso", 1), claim("litware", 2));
        assert_eq!(place(&registry, &hold(&past, 1, &[1])).await, HoldAnswer::Held);
        end(&stage, &past, 1).await;
        garble(&stage, &past).await;

        assert_eq!(place(&registry, &hold(&live, 2, &[1])).await, HoldAnswer::Held);
        stage.tell(live.claim.0, 1, granted(&live), at("2026-03-09T00:00:00Z")).await.unwrap();
        assert!(refused_for(&place(&registry, &hold(&claim("contoso", 3), 3, &[1])).await, Reason::KeyHeld));
        stage.import(vec![tenant(crate::rows::TENANT, "new.example")]).await;
        end(&stage, &live, 2).await;
        let own = registry.place_hold(&Actor::system(Service::PoeReview), hold(&past, 4, &[1])).await;
        assert!(matches!(own, Err(RegistryError::Unavailable(_))), "what it left itself is read: {own:?}");
    }

    /// They wait together, for one customer, and share transactions.
    async fn late_holds_and_repeated_decisions_take_no_neighbours_along(stage: Stage) {
        stage.create(everybody(30)).await;
        let registry = stage.registry(Service::PoeReview, 0);
        let (over, known) = (claim("contoso", 100), hold(&claim("litware", 101), 101, &[30]));
        end(&stage, &over, 1).await;
        assert_eq!(place(&registry, &known).await, HoldAnswer::Held);
        let holds: Vec<_> = (1..=29_u128).map(|n| match n % 3 {
            0 => hold(&over, n, &[n]),
            1 => known.clone(),
            _ => hold(&claim("contoso", n), n, &[n]),
        }).collect();
        let answers = futures_util::future::join_all(holds.iter().map(|hold| place(&registry, hold))).await;
        for (hold, answer) in holds.iter().zip(&answers) {
            let late = hold.claim == over;
            assert!(if late { refused_for(answer, Reason::ClaimClosed) } else { *answer == HoldAnswer::Held }, "{hold:?} {answer:?}");
        }
    }

    async fn an_answer_outlives_its_claim(stage: Stage) {
        stage.create(everybody(1)).await;
        let (one, other) = (stage.registry(Service::PoeReview, 0), stage.registry(Service::PoeReview, 1));
        let contoso = claim("contoso", 1);
        let first = hold(&contoso, 1, &[1]);
        assert_eq!(place(&one, &first).await, HoldAnswer::Held);
        end(&stage, &contoso, 1).await;
        assert_eq!(place(&one, &hold(&claim("litware", 2), 2, &[1])).await, HoldAnswer::Held, "the key is free");
        assert_eq!(place(&other, &first).await, HoldAnswer::Held, "as it was decided, though nothing is left of it");
        let mut anew = first;
        anew.decision_id = Uuid::from_u128(3).into();
        assert!(refused_for(&place(&other, &anew).await, Reason::ClaimClosed));
    }
}
