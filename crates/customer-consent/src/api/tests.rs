//! The methods, called as their roles may call them.

use std::sync::Arc;

use cpor_kit::auth::MethodTable;
use cpor_kit::{Caller, status};
use cpor_proto::consents::v1::consent_service_server::SERVICE_NAME;
use cpor_proto::consents::v1::{ConsentChannel, ConsentCommand, ConsentState, NoticeState};
use cpor_proto::events::v1::event::Payload;
use cpor_types::{Actor, Role, Service, SystemEntropy, TenantId};
use tonic::Code;

use super::*;
use crate::domain::samples;
use crate::harness::{House, due, on_both, snapshot};

fn api(house: &House) -> Api {
    Api { consents: house.consents.clone(), entropy: Arc::new(SystemEntropy), sender: house.sender.clone() }
}

fn name() -> String {
    crate::store::resource(&House::key())
}

fn caller(role: Role, tenant: Option<TenantId>) -> Caller {
    let actor = Actor::new(role.side(), "somebody@example.org");
    Caller { subject: actor.subject.clone(), roles: vec![role], partner: None, tenant, service: None, actor }
}

fn customer() -> Caller {
    caller(Role::CustomerAdmin, Some(samples::claim().tenant))
}

fn from<T>(caller: Caller, method: &str, message: T) -> Request<T> {
    let table = MethodTable::build(&[(SERVICE_NAME, vec![Service::CustomerConsent])]).unwrap();
    let mut request = Request::new(message);
    request.extensions_mut().insert(table.get(&format!("/{SERVICE_NAME}/{method}")).unwrap());
    request.extensions_mut().insert(Arc::new(caller));
    request
}

async fn get(house: &House, caller: Caller) -> Result<Consent, Status> {
    let request = from(caller, "GetConsent", GetConsentRequest { name: name() });
    Ok(api(house).get_consent(request).await?.into_inner())
}

async fn approve(house: &House, request: ApproveConsentRequest) -> Result<Consent, Status> {
    Ok(api(house).approve_consent(from(customer(), "ApproveConsent", request)).await?.into_inner())
}

async fn decline(house: &House, request: DeclineConsentRequest) -> Result<Consent, Status> {
    Ok(api(house).decline_consent(from(customer(), "DeclineConsent", request)).await?.into_inner())
}

fn approval() -> ApproveConsentRequest {
    ApproveConsentRequest { name: name(), etag: String::new(), request_id: String::new() }
}

fn refusal(comment: &str) -> DeclineConsentRequest {
    DeclineConsentRequest { name: name(), comment: comment.into(), etag: String::new(), request_id: String::new() }
}

fn reason(status: &Status) -> (Code, String) {
    (status.code(), status::reason(status).unwrap_or_default())
}

#[tokio::test]
async fn r41_a_consent_shows_what_is_claimed_until_when_and_what_can_be_done() {
    on_both(async |house| {
        house.submitted().await;
        house.approved().await;
        let consent = get(&house, customer()).await.unwrap();
        assert_eq!(consent.state(), ConsentState::WindowOpen);
        assert_eq!(consent.due_time, Some(crate::wire::timestamp(due())));
        assert_eq!(consent.due_rule, "7 calendar days, calendar de 2026");
        assert_eq!(consent.claim, samples::claim().name.to_string());
        assert_eq!(consent.lines[0].key, "workloads/teams");
        assert_eq!(consent.allowed_commands().collect::<Vec<_>>(), [ConsentCommand::Approve, ConsentCommand::Decline]);
        let notices: Vec<_> = consent.notices.iter().map(|notice| (notice.state(), notice.email.as_str())).collect();
        assert_eq!(notices, [(NoticeState::Accepted, "anna.lee@fabrikam.example"); 2]);
    })
    .await;
}

#[tokio::test]
async fn r5_operators_see_no_address_and_other_tenants_see_nothing() {
    on_both(async |house| {
        house.submitted().await;
        let shown = get(&house, caller(Role::Operator, None)).await.unwrap();
        assert_eq!(shown.notices[0].email, "[redacted]");
        let shown = get(&house, caller(Role::PoeReviewer, None)).await.unwrap();
        assert_eq!(shown.notices[0].email, "anna.lee@fabrikam.example");
        let other = TenantId(uuid::Uuid::from_u128(77));
        let hidden = get(&house, caller(Role::CustomerAdmin, Some(other))).await.unwrap_err();
        assert_eq!(hidden.code(), Code::NotFound);
    })
    .await;
}

#[tokio::test]
async fn r26a_an_administrator_approves_and_repeats_it() {
    on_both(async |house| {
        house.submitted().await;
        let first = approve(&house, approval()).await.unwrap();
        assert_eq!((first.state(), first.channel()), (ConsentState::Requested, ConsentChannel::SignedIn));
        assert!(first.approve_time.is_some());
        assert_eq!(approve(&house, approval()).await.unwrap(), first);
        let declined = decline(&house, refusal("No.")).await.unwrap();
        assert_eq!(declined.state(), ConsentState::Declined);
        let refused = approve(&house, approval()).await.unwrap_err();
        assert_eq!(reason(&refused), (Code::FailedPrecondition, "ALREADY_DECLINED".into()));
    })
    .await;
}

#[tokio::test]
async fn r26a_r43_an_early_approval_is_granted_shows_until_when_and_can_be_declined() {
    on_both(async |house| {
        house.submitted().await;
        approve(&house, approval()).await.unwrap();
        house.approved().await;
        let granted = get(&house, customer()).await.unwrap();
        assert_eq!((granted.state(), granted.due_time), (ConsentState::Granted, Some(crate::wire::timestamp(due()))));
        assert_eq!(granted.allowed_commands().collect::<Vec<_>>(), [ConsentCommand::Decline]);
        assert_eq!(decline(&house, refusal("No.")).await.unwrap().state(), ConsentState::Declined);
    })
    .await;
}

#[tokio::test]
async fn r43_after_the_window_a_decline_is_refused_with_the_time_at_which_it_passed() {
    on_both(async |house| {
        house.submitted().await;
        house.approved().await;
        house.host.advance(due()).await.unwrap();
        assert_eq!(get(&house, customer()).await.unwrap().state(), ConsentState::Granted, "fired or not");
        let refused = decline(&house, refusal("")).await.unwrap_err();
        assert_eq!(reason(&refused), (Code::FailedPrecondition, "WINDOW_PASSED".into()));
        assert_eq!(status::metadata(&refused, "due_time").as_deref(), Some("2026-03-09T23:00:00Z"));
        let passed = house.facts().await.iter().filter(|fact| matches!(fact, Payload::ConsentWindowPassed(_))).count();
        assert_eq!(passed, 1, "the refused command applied the deadline");
    })
    .await;
}

#[tokio::test]
async fn a_closed_claim_takes_no_word() {
    on_both(async |house| {
        house.submitted().await;
        house.closed().await;
        let refused = decline(&house, refusal("")).await.unwrap_err();
        assert_eq!(reason(&refused), (Code::FailedPrecondition, "CLAIM_CLOSED".into()));
    })
    .await;
}

#[tokio::test]
async fn etags_and_request_ids_are_held_to() {
    on_both(async |house| {
        house.submitted().await;
        let seen = get(&house, customer()).await.unwrap().etag;
        let named = DeclineConsentRequest { request_id: "r1".into(), etag: seen.clone(), ..refusal("No.") };
        let first = decline(&house, named.clone()).await.unwrap();
        assert_ne!(first.etag, seen);
        assert_eq!(decline(&house, named.clone()).await.unwrap(), first);
        let other = decline(&house, DeclineConsentRequest { comment: "Other.".into(), ..named }).await.unwrap_err();
        assert_eq!(reason(&other), (Code::InvalidArgument, "REQUEST_ID_REUSED".into()));
        let stale = approve(&house, ApproveConsentRequest { etag: seen, ..approval() }).await.unwrap_err();
        assert_eq!(reason(&stale), (Code::Aborted, "ETAG_MISMATCH".into()));
    })
    .await;
}

#[tokio::test]
async fn what_is_not_there_is_not_found_and_what_is_malformed_is_named() {
    on_both(async |house| {
        let missing = decline(&house, refusal("")).await.unwrap_err();
        assert_eq!(missing.code(), Code::NotFound);
        let long = decline(&house, refusal(&"x".repeat(2001))).await.unwrap_err();
        assert_eq!(status::violations(&long)[0].field, "comment");
    })
    .await;
}

async fn listed(house: &House, caller: Caller, request: ListConsentsRequest) -> Result<ListConsentsResponse, Status> {
    Ok(api(house).list_consents(from(caller, "ListConsents", request)).await?.into_inner())
}

#[tokio::test]
async fn lists_are_newest_first_in_pages_and_narrowed_to_a_tenant_and_a_state() {
    on_both(async |house| {
        for n in 0..5_u8 {
            let mut claim = snapshot();
            claim.claim = format!("partners/contoso/claims/0195b3a0-0000-7000-8000-00000000000{n}");
            claim.submit_time = Some(crate::wire::timestamp(samples::day(i64::from(n / 2))));
            if n == 4 {
                claim.tenant = format!("tenants/{}", uuid::Uuid::from_u128(7));
            }
            house.told(Payload::ClaimSubmitted(cpor_proto::events::v1::ClaimSubmitted { snapshot: Some(claim) })).await;
        }
        let mut request = ListConsentsRequest { parent: "tenants/-".into(), page_size: 2, ..Default::default() };
        let mut found = vec![];
        loop {
            let page = listed(&house, caller(Role::ReviewLead, None), request.clone()).await.unwrap();
            found.extend(page.consents.into_iter().map(|consent| consent.claim.chars().last().unwrap()));
            request.page_token = page.next_page_token;
            if request.page_token.is_empty() {
                break;
            }
        }
        assert_eq!(found, ['4', '3', '2', '1', '0']);

        let own = ListConsentsRequest { parent: format!("tenants/{}", samples::claim().tenant), ..Default::default() };
        assert_eq!(listed(&house, customer(), own.clone()).await.unwrap().consents.len(), 4);
        let granted = ListConsentsRequest { state: ConsentState::Granted.into(), ..own };
        assert!(listed(&house, customer(), granted).await.unwrap().consents.is_empty());
        let all = ListConsentsRequest { parent: "tenants/-".into(), ..Default::default() };
        assert_eq!(listed(&house, customer(), all).await.unwrap_err().code(), Code::NotFound);
    })
    .await;
}

async fn resend(house: &House, role: Role, request_id: &str) -> Result<Consent, Status> {
    let request = ResendNoticeRequest { name: name(), request_id: request_id.into() };
    Ok(api(house).resend_notice(from(caller(role, None), "ResendNotice", request)).await?.into_inner())
}

#[tokio::test]
async fn r44_a_bounced_notice_is_sent_again_and_opens_the_window() {
    on_both(async |house| {
        let missing = resend(&house, Role::Operator, "").await.unwrap_err();
        assert_eq!(missing.code(), Code::NotFound);
        house.submitted().await;
        *house.mailbox.refusing.lock().unwrap() = 1;
        house.approved().await;
        let waiting = ListConsentsRequest {
            parent: "tenants/-".into(),
            waiting_for_delivery: true,
            ..ListConsentsRequest::default()
        };
        for role in [Role::Operator, Role::PoeReviewer, Role::ReviewLead] {
            let found = listed(&house, caller(role, None), waiting.clone()).await.unwrap().consents;
            assert!(found.len() == 1 && found[0].waiting_for_delivery, "{role:?}: {found:?}");
        }
        let resent = resend(&house, Role::Operator, "r1").await.unwrap();
        assert_eq!((resent.notices.len(), resent.notices[2].email.as_str()), (3, "[redacted]"));
        assert_eq!(resend(&house, Role::Operator, "r1").await.unwrap().notices.len(), 3, "the first answer");
        house.sender.drain().await.unwrap();
        let opened = get(&house, customer()).await.unwrap();
        assert_eq!((opened.state(), opened.notices.len()), (ConsentState::WindowOpen, 3));
        assert!(listed(&house, caller(Role::Operator, None), waiting).await.unwrap().consents.is_empty());
        let again = resend(&house, Role::PoeReviewer, "").await.unwrap();
        house.sender.drain().await.unwrap();
        assert_eq!(get(&house, customer()).await.unwrap().due_time, again.due_time, "never shortened");
    })
    .await;
}

#[tokio::test]
async fn r44_where_the_customer_has_spoken_nothing_is_sent_again() {
    on_both(async |house| {
        house.submitted().await;
        decline(&house, refusal("")).await.unwrap();
        let refused = resend(&house, Role::ReviewLead, "").await.unwrap_err();
        assert_eq!(reason(&refused), (Code::FailedPrecondition, "ALREADY_DECLINED".into()));
    })
    .await;
}
