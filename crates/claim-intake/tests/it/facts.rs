//! What other services report, what time does, and the one history of it all.
use cpor_durable::ReceiveError;
use cpor_proto::{
    claims::v1 as wire,
    events::v1::{
        ApprovalRefused, ConsentWindowPassed, CustomerDeclined, LineRefusal, PartnerActionRequested, ReviewApproved,
        event::Payload,
    },
};
use cpor_types::{Role, Service};
use tonic::Code;

use crate::{
    reports::{case, started},
    stage::{Stage, on_both, reason, start},
};

async fn asked(stage: &Stage) -> wire::Claim {
    let claim = stage.submitted().await;
    let case = case(stage, &claim.name).await;
    stage.tell(Service::PoeReview, 1, start(), started(&claim.name, &case)).await.unwrap();
    let request = PartnerActionRequested {
        claim: claim.name.clone(),
        review_case_id: case,
        reasons: vec!["dates_missing_or_old".into()],
        comment: "when was it signed?".into(),
        remove_line_ids: claim.lines.iter().map(|line| line.line_id.clone()).collect(),
    };
    stage.tell(Service::PoeReview, 2, start(), Payload::PartnerActionRequested(request)).await.unwrap();
    stage.get(&claim.name).await.unwrap()
}

on_both! {
    /// R20, R21: asked, answered, back in the queue.
    async fn r21_the_partner_answers_in_time(stage: Stage) {
        let claim = asked(&stage).await;
        assert_eq!(claim.state(), wire::ClaimState::PartnerActionRequired);
        let action = claim.partner_action.unwrap();
        // Friday's request: five business days later is Friday the 13th, by the end of the day in Berlin.
        assert_eq!(action.due_time.unwrap().to_string(), "2026-03-13T23:00:00Z");
        assert_eq!(action.comment, "when was it signed?");
        assert_eq!(action.remove_line_ids, [claim.lines[0].line_id.clone()]);
        let resubmit = |comment: &str| wire::ResubmitClaimRequest {
            name: claim.name.clone(),
            comment: comment.into(),
            ..Default::default()
        };
        let refused = stage.contoso().resubmit_claim(resubmit("")).await.unwrap_err();
        assert_eq!((refused.code(), reason(&refused).as_str()), (Code::FailedPrecondition, "NOTHING_CHANGED"));
        let answered = stage.contoso().resubmit_claim(resubmit("on 3 March")).await.unwrap().into_inner();
        assert_eq!(answered.state(), wire::ClaimState::Submitted);
        let list = wire::ListCommentsRequest { parent: claim.name.clone(), ..Default::default() };
        let comments = stage.contoso().list_comments(list).await.unwrap().into_inner().comments;
        let said: Vec<_> = comments.iter().map(|comment| (comment.side(), comment.text.as_str())).collect();
        assert_eq!(said, [(wire::Side::Reviewer, "when was it signed?"), (wire::Side::Partner, "on 3 March")]);
    }

    /// R22, R47: whoever comes after the deadline finds it applied, though nothing has fired it.
    async fn r22_r47_a_late_answer_meets_a_rejected_claim(stage: Stage) {
        let claim = asked(&stage).await;
        stage.hosted.host.advance("2026-03-13T23:00:00Z".parse().unwrap()).await.unwrap();
        let resubmit =
            wire::ResubmitClaimRequest { name: claim.name.clone(), comment: "sorry".into(), ..Default::default() };
        let refused = stage.contoso().resubmit_claim(resubmit).await.unwrap_err();
        assert_eq!((refused.code(), reason(&refused).as_str()), (Code::FailedPrecondition, "COMMAND_NOT_ALLOWED"));
        let rejected = stage.get(&claim.name).await.unwrap();
        assert_eq!(rejected.state(), wire::ClaimState::Rejected);
        let rejection = rejected.rejection.unwrap();
        assert_eq!(rejection.reject_time.unwrap().to_string(), "2026-03-13T23:00:00Z");
        assert_eq!(rejection.primary_reason(), wire::PrimaryRejectionReason::InsufficientPoe);
        let last = stage.history(&mut stage.contoso(), &claim.name).await.pop().unwrap();
        assert_eq!((last.action.as_str(), last.side()), ("response_deadline_passed", wire::Side::Time));
    }

    /// R22, R48: the runner fires both, once.
    async fn r22_the_deadline_is_fired(stage: Stage) {
        let claim = asked(&stage).await;
        stage.hosted.host.advance("2026-03-14T00:00:00Z".parse().unwrap()).await.unwrap();
        assert_eq!(stage.hosted.host.runner().drain().await.unwrap(), 2, "the reminder and what it reminds of");
        assert_eq!(stage.get(&claim.name).await.unwrap().state(), wire::ClaimState::Rejected);
        assert_eq!(stage.hosted.host.runner().drain().await.unwrap(), 0);
    }

    /// R12, R36: what speaks against the whole claim has no line, and stops nothing that comes after it.
    async fn r36_an_approval_is_refused_for_the_claim_as_a_whole(stage: Stage) {
        let claim = stage.submitted().await;
        let case = case(&stage, &claim.name).await;
        stage.tell(Service::PoeReview, 1, start(), started(&claim.name, &case)).await.unwrap();
        let refusal = LineRefusal { line_id: String::new(), reason: "LOCATION_NOT_OF_PARTNER".into() };
        let refused = Payload::ApprovalRefused(ApprovalRefused {
            claim: claim.name.clone(),
            review_case_id: case,
            refusals: vec![refusal],
            ..Default::default()
        });
        stage.tell(Service::PoeReview, 2, start(), refused).await.unwrap();
        let last = stage.history(&mut stage.vendor(Role::PoeReviewer), &claim.name).await.pop().unwrap();
        assert_eq!((last.action.as_str(), last.overtaken), ("approval_refused", false));
        let change = last.changes.first().unwrap();
        assert_eq!((change.field.as_str(), change.to.as_str()), ("claim", "LOCATION_NOT_OF_PARTNER"));
    }

    /// R26, R27, and a fact that comes too late: recorded, never refused.
    async fn r26_the_customer_declines_and_what_follows_is_overtaken(stage: Stage) {
        let claim = stage.submitted().await;
        let case = case(&stage, &claim.name).await;
        stage.tell(Service::PoeReview, 1, start(), started(&claim.name, &case)).await.unwrap();
        let approved = Payload::ReviewApproved(ReviewApproved {
            claim: claim.name.clone(),
            review_case_id: case,
            ..Default::default()
        });
        stage.tell(Service::PoeReview, 2, start(), approved).await.unwrap();
        assert_eq!(stage.get(&claim.name).await.unwrap().association_state(), wire::AssociationState::Pending);
        let declined = CustomerDeclined {
            claim: claim.name.clone(),
            channel: "link".into(),
            comment: "never heard of them".into(),
        };
        stage.tell(Service::CustomerConsent, 1, start(), Payload::CustomerDeclined(declined)).await.unwrap();
        let passed = Payload::ConsentWindowPassed(ConsentWindowPassed { claim: claim.name.clone() });
        stage.tell(Service::CustomerConsent, 2, start(), passed.clone()).await.unwrap();
        stage.tell(Service::CustomerConsent, 2, start(), passed).await.unwrap();
        let rejected = stage.get(&claim.name).await.unwrap();
        assert_eq!(
            (rejected.state(), rejected.association_state()),
            (wire::ClaimState::Rejected, wire::AssociationState::Ended)
        );
        let history = stage.history(&mut stage.contoso(), &claim.name).await;
        let told: Vec<_> =
            history.iter().map(|entry| (entry.position, entry.action.as_str(), entry.overtaken)).collect();
        let expected = [
            (1, "created", false),
            (2, "evidence_added", false),
            (3, "submitted", false),
            (4, "review_started", false),
            (5, "review_approved", false),
            (6, "customer_declined", false),
            (7, "consent_window_passed", true),
        ];
        assert_eq!(told, expected);
        assert_eq!(history[5].reason, "never heard of them");
        assert!(history[3].subject.is_empty(), "a partner does not learn who reviews");
        assert!(history.windows(2).all(|pair| pair[0].to_state == pair[1].from_state));
    }

    /// An event that makes no sense parks its stream.
    async fn nonsense_is_parked(stage: Stage) {
        let claim = stage.submitted().await;
        let nowhere = claim.name.replace("/claims/0", "/claims/1");
        let case = case(&stage, &claim.name).await;
        for payload in [started(&nowhere, &case), started(&claim.name, "no uuid"), started("no claim", &case)] {
            let parked = stage.tell(Service::PoeReview, 1, start(), payload).await;
            assert!(matches!(parked, Err(ReceiveError::Park(_))), "{parked:?}");
        }
        let early = stage.tell(Service::PoeReview, 5, start(), started(&claim.name, &case)).await;
        assert_eq!(early, Err(ReceiveError::Gap { expected: 1 }));
    }
}
