//! Tests of incoming events: each event of claim-intake takes effect once.
use super::*;
use crate::domain::Phase;
use cpor_durable::ReceiveError;
use cpor_proto::events::v1::{ClaimClosed, ClaimSnapshot, ClaimSubmitted, event::Payload};
use cpor_testing::on_both_databases;

on_both_databases![
    r18_a_submission_opens_a_case_once,
    r47_a_late_submission_is_overdue_at_its_due_time,
    an_event_out_of_order_is_refused_as_a_gap,
    a_malformed_event_is_parked,
    r45_a_closed_claim_closes_its_case_and_its_clocks,
    a_closed_claim_without_a_case_is_acknowledged,
];

fn submitted(snapshot: ClaimSnapshot) -> Payload {
    Payload::ClaimSubmitted(ClaimSubmitted { snapshot: Some(snapshot) })
}

async fn r18_a_submission_opens_a_case_once(system: TestSystem) {
    system.submit(1).await;
    system.take("amy", 1).await.unwrap();
    let name = claim(1).claim;
    system.deliver_event_at(&name, submitted(claim(1)), parse_time(SUBMITTED), 1).await.unwrap();
    system.deliver_event(&name, submitted(claim(1)), parse_time(SUBMITTED)).await.unwrap();
    assert_eq!(system.stored(&case(1)).await.state.reviewer(), Some("amy"));
}

async fn r47_a_late_submission_is_overdue_at_its_due_time(system: TestSystem) {
    system.advance(day(20)).await;
    system.submit(1).await;
    system.advance(day(20)).await;
    let events = system.sent_events().await;
    let clocks: Vec<_> = events
        .iter()
        .filter_map(|event| if let Payload::ReviewOverdue(event) = event { Some(event.clock()) } else { None })
        .collect();
    assert_eq!(clocks, [cpor_proto::r#type::v1::ReviewClock::Start, cpor_proto::r#type::v1::ReviewClock::Overall]);
}

async fn an_event_out_of_order_is_refused_as_a_gap(system: TestSystem) {
    let answer = system.deliver_event_at(&claim(1).claim, submitted(claim(1)), parse_time(SUBMITTED), 2).await;
    assert_eq!(answer, Err(ReceiveError::SequenceGap { expected: 1 }));
}

async fn a_malformed_event_is_parked(system: TestSystem) {
    for broken in [
        ClaimSnapshot { tenant: "tenants/fabrikam".to_owned(), ..claim(1) },
        ClaimSnapshot { policy: "1999@1".to_owned(), ..claim(1) },
        ClaimSnapshot { submit_time: None, ..claim(1) },
        ClaimSnapshot { lines: vec![LineSnapshot { key: "teams".to_owned(), ..line("teams") }], ..claim(1) },
    ] {
        let answer =
            system.deliver_event_at(&claim(1).claim, submitted(broken.clone()), parse_time(SUBMITTED), 1).await;
        assert!(matches!(answer, Err(ReceiveError::Park(_))), "{broken:?}: {answer:?}");
    }
}

async fn r45_a_closed_claim_closes_its_case_and_its_clocks(system: TestSystem) {
    system.submit_and_start_review(1).await;
    assert!(system.count("deadline WHERE state = 'pending'").await > 0);
    system.close(1).await;
    assert_eq!(system.stored(&case(1)).await.state.phase(), Phase::Closed);
    assert_eq!(system.count("deadline WHERE state = 'pending'").await, 0);
}

async fn a_closed_claim_without_a_case_is_acknowledged(system: TestSystem) {
    let closed = ClaimClosed {
        claim: claim(1).claim,
        tenant: claim(1).tenant,
        primary_reason: cpor_proto::r#type::v1::PrimaryRejectionReason::PartnerRequest.into(),
        review_case_id: String::new(),
        dispute_due_time: None,
    };
    system.deliver_event(&claim(1).claim, Payload::ClaimClosed(closed), parse_time(SUBMITTED)).await.unwrap();
    assert_eq!(system.count("review_case").await, 0);
    assert_eq!(system.count("inbox").await, 1);
}
