//! Events of the other services, and claims in states that need such events.
use cpor_proto::{
    claims::v1 as wire,
    events::v1::{
        AssociationEnded, CustomerDeclined, LinesAwarded, ReviewApproved, ReviewRejected, ReviewStarted, event::Payload,
    },
};
use cpor_types::{Role, Service};

use crate::fixture::{TestSystem, start};

/// Returns the id of the review case of a claim.
pub(crate) async fn review_case(system: &TestSystem, name: &str) -> String {
    let mut reviewer = system.vendor(Role::PoeReviewer);
    let claim = reviewer.get_claim(wire::GetClaimRequest { name: name.to_owned() }).await.unwrap().into_inner();
    claim.review_case.rsplit_once('/').unwrap().1.to_owned()
}

pub(crate) fn review_started(claim: &str, case: &str) -> Payload {
    Payload::ReviewStarted(ReviewStarted {
        claim: claim.into(),
        review_case_id: case.into(),
        reviewer: "rita@vendor.example".into(),
        ..Default::default()
    })
}

pub(crate) fn review_rejected(claim: &str, case: &str) -> Payload {
    Payload::ReviewRejected(ReviewRejected {
        claim: claim.into(),
        review_case_id: case.into(),
        primary_reason: cpor_proto::r#type::v1::PrimaryRejectionReason::InsufficientPoe.into(),
        comment: "not signed".into(),
        ..Default::default()
    })
}

pub(crate) fn review_approved(claim: &str, case: &str) -> Payload {
    Payload::ReviewApproved(ReviewApproved { claim: claim.into(), review_case_id: case.into(), ..Default::default() })
}

pub(crate) fn customer_declined(claim: &str, channel: cpor_proto::r#type::v1::ConsentChannel) -> Payload {
    Payload::CustomerDeclined(CustomerDeclined { claim: claim.into(), channel: channel.into(), ..Default::default() })
}

/// Creates a claim that its reviewer rejected. The last event of poe-review has the sequence number
/// 2.
pub(crate) async fn rejected_claim(system: &TestSystem) -> wire::Claim {
    let claim = system.submitted_claim().await;
    let case = review_case(system, &claim.name).await;
    system.deliver(Service::PoeReview, 1, start(), review_started(&claim.name, &case)).await.unwrap();
    system.deliver(Service::PoeReview, 2, start(), review_rejected(&claim.name, &case)).await.unwrap();
    system.get(&claim.name).await.unwrap()
}

/// Creates an approved claim. The last event of poe-review has the sequence number 2.
pub(crate) async fn approved_claim(system: &TestSystem) -> wire::Claim {
    let claim = system.submitted_claim().await;
    let case = review_case(system, &claim.name).await;
    system.deliver(Service::PoeReview, 1, start(), review_started(&claim.name, &case)).await.unwrap();
    system.deliver(Service::PoeReview, 2, start(), review_approved(&claim.name, &case)).await.unwrap();
    system.get(&claim.name).await.unwrap()
}

pub(crate) fn lines_lost(claim: &wire::Claim, case: &str) -> Payload {
    Payload::LinesAwarded(LinesAwarded {
        claim: claim.name.clone(),
        review_case_id: case.into(),
        lost_line_ids: claim.lines.iter().map(|line| line.line_id.clone()).collect(),
        comment: "the other proof is newer".into(),
        ..Default::default()
    })
}

pub(crate) fn association_ended(claim: &wire::Claim, reason: cpor_proto::r#type::v1::AssociationEndReason) -> Payload {
    Payload::AssociationEnded(AssociationEnded {
        claim: claim.name.clone(),
        reason: reason.into(),
        line_ids: claim.lines.iter().map(|line| line.line_id.clone()).collect(),
        none_left: true,
        ..Default::default()
    })
}
