//! What the other services report, told by hand.
use cpor_proto::{
    claims::v1 as wire,
    events::v1::{
        AssociationEnded, CustomerDeclined, LinesAwarded, ReviewApproved, ReviewRejected, ReviewStarted, event::Payload,
    },
};
use cpor_types::{Role, Service};

use crate::stage::{Stage, start};

/// The review case of a claim, as the vendor's staff sees it.
pub(crate) async fn case(stage: &Stage, name: &str) -> String {
    let mut reviewer = stage.vendor(Role::PoeReviewer);
    let seen = reviewer.get_claim(wire::GetClaimRequest { name: name.to_owned() }).await.unwrap().into_inner();
    seen.review_case.rsplit_once('/').unwrap().1.to_owned()
}

pub(crate) fn started(claim: &str, case: &str) -> Payload {
    Payload::ReviewStarted(ReviewStarted {
        claim: claim.into(),
        review_case_id: case.into(),
        reviewer: "rita@vendor.example".into(),
        ..Default::default()
    })
}

pub(crate) fn rejected(claim: &str, case: &str) -> Payload {
    Payload::ReviewRejected(ReviewRejected {
        claim: claim.into(),
        review_case_id: case.into(),
        primary_reason: "insufficient_poe".into(),
        comment: "not signed".into(),
        ..Default::default()
    })
}

pub(crate) fn approved(claim: &str, case: &str) -> Payload {
    Payload::ReviewApproved(ReviewApproved { claim: claim.into(), review_case_id: case.into(), ..Default::default() })
}

pub(crate) fn declined(claim: &str, channel: &str) -> Payload {
    Payload::CustomerDeclined(CustomerDeclined { claim: claim.into(), channel: channel.into(), ..Default::default() })
}

/// A claim that its reviewer rejected: what was said of it by poe-review ends with sequence 2.
pub(crate) async fn rejected_claim(stage: &Stage) -> wire::Claim {
    let claim = stage.submitted().await;
    let case = case(stage, &claim.name).await;
    stage.tell(Service::PoeReview, 1, start(), started(&claim.name, &case)).await.unwrap();
    stage.tell(Service::PoeReview, 2, start(), rejected(&claim.name, &case)).await.unwrap();
    stage.get(&claim.name).await.unwrap()
}

/// An approved claim: what was said of it by poe-review ends with sequence 2.
pub(crate) async fn approved_claim(stage: &Stage) -> wire::Claim {
    let claim = stage.submitted().await;
    let case = case(stage, &claim.name).await;
    stage.tell(Service::PoeReview, 1, start(), started(&claim.name, &case)).await.unwrap();
    stage.tell(Service::PoeReview, 2, start(), approved(&claim.name, &case)).await.unwrap();
    stage.get(&claim.name).await.unwrap()
}

pub(crate) fn lost(claim: &wire::Claim, case: &str) -> Payload {
    Payload::LinesAwarded(LinesAwarded {
        claim: claim.name.clone(),
        review_case_id: case.into(),
        lost_line_ids: claim.lines.iter().map(|line| line.line_id.clone()).collect(),
        comment: "the other proof is newer".into(),
        ..Default::default()
    })
}

pub(crate) fn ended(claim: &wire::Claim, reason: &str) -> Payload {
    Payload::AssociationEnded(AssociationEnded {
        claim: claim.name.clone(),
        reason: reason.into(),
        line_ids: claim.lines.iter().map(|line| line.line_id.clone()).collect(),
        all: true,
        ..Default::default()
    })
}
