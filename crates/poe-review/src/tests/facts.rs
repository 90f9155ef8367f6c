//! What claim-intake tells takes effect once, whatever state the case is in.
use super::*;
use crate::domain::Phase;
use cpor_durable::ReceiveError;
use cpor_proto::events::v1::{ClaimClosed, ClaimSnapshot, ClaimSubmitted, event::Payload};

fn submitted(snapshot: ClaimSnapshot) -> Payload {
    Payload::ClaimSubmitted(ClaimSubmitted { snapshot: Some(snapshot) })
}

#[tokio::test]
async fn r18_a_submission_opens_a_case_once() {
    on_both(async |system| {
        system.submit(1).await;
        system.take("amy", 1).await.unwrap();
        let name = claim(1).claim;
        system.tell_again(&name, submitted(claim(1)), at(SUBMITTED), 1).await.unwrap();
        system.tell(&name, submitted(claim(1)), at(SUBMITTED)).await.unwrap();
        assert_eq!(system.stored(&case(1)).await.state.reviewer(), Some("amy"));
    })
    .await;
}

#[tokio::test]
async fn r47_a_late_submission_is_overdue_from_when_it_was_due() {
    on_both(async |system| {
        system.advance(day(20)).await;
        system.submit(1).await;
        system.advance(day(20)).await;
        let told = system.told().await;
        let clocks: Vec<_> = told
            .iter()
            .filter_map(|fact| if let Payload::ReviewOverdue(fact) = fact { Some(fact.clock.as_str()) } else { None })
            .collect();
        assert_eq!(clocks, ["review_start", "overall"]);
    })
    .await;
}

#[tokio::test]
async fn an_event_out_of_order_waits_for_those_before_it() {
    on_both(async |system| {
        let answer = system.tell_again(&claim(1).claim, submitted(claim(1)), at(SUBMITTED), 2).await;
        assert_eq!(answer, Err(ReceiveError::Gap { expected: 1 }));
    })
    .await;
}

#[tokio::test]
async fn an_event_that_makes_no_sense_is_parked() {
    on_both(async |system| {
        for broken in [
            ClaimSnapshot { tenant: "tenants/fabrikam".to_owned(), ..claim(1) },
            ClaimSnapshot { policy: "1999@1".to_owned(), ..claim(1) },
            ClaimSnapshot { submit_time: None, ..claim(1) },
            ClaimSnapshot { lines: vec![LineSnapshot { key: "teams".to_owned(), ..line("teams") }], ..claim(1) },
        ] {
            let answer = system.tell_again(&claim(1).claim, submitted(broken.clone()), at(SUBMITTED), 1).await;
            assert!(matches!(answer, Err(ReceiveError::Park(_))), "{broken:?}: {answer:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn r45_a_closed_claim_closes_its_case_and_its_clocks() {
    on_both(async |system| {
        system.review(1).await;
        assert!(system.count("deadline WHERE state = 'pending'").await > 0);
        system.close(1).await;
        assert_eq!(system.stored(&case(1)).await.state.phase(), Phase::Closed);
        assert_eq!(system.count("deadline WHERE state = 'pending'").await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_closed_claim_without_a_case_is_taken_note_of() {
    on_both(async |system| {
        let closed = ClaimClosed {
            claim: claim(1).claim,
            tenant: claim(1).tenant,
            primary_reason: "partner_request".to_owned(),
            review_case_id: String::new(),
            dispute_due_time: None,
        };
        system.tell(&claim(1).claim, Payload::ClaimClosed(closed), at(SUBMITTED)).await.unwrap();
        assert_eq!(system.count("review_case").await, 0);
        assert_eq!(system.count("inbox").await, 1);
    })
    .await;
}
