//! Tests of the RPCs, called with the roles that may call them.

use cpor_testing::{on_both_databases, request_by};
use std::sync::Arc;

use cpor_auth::Caller;
use cpor_call::status;
use cpor_proto::consents::v1::consent_service_server::SERVICE_NAME;
use cpor_proto::events::v1::event::Payload;
use cpor_proto::wire_time::to_wire_time;
use cpor_proto::{
    consents::v1::{ConsentCommand, ConsentState},
    r#type::v1::{ConsentChannel, NoticeState},
};
use cpor_types::{Role, Service, SystemEntropy, TenantId};
use tonic::Code;

use super::*;
use crate::domain::samples;
use crate::test_system::{TestSystem, due, snapshot};

on_both_databases![
    r41_get_consent_shows_lines_due_time_and_commands,
    r5_operators_see_masked_addresses,
    r26a_repeating_an_approval_gets_the_first_answer,
    r26a_r43_an_early_approval_can_be_declined,
    r43_a_late_decline_is_refused_with_the_due_time,
    a_closed_claim_refuses_a_decline,
    etags_and_request_ids_are_enforced,
    missing_is_not_found_and_invalid_fields_are_named,
    lists_are_paged_and_filtered_newest_first,
    r44_resending_a_bounced_notice_opens_the_window,
    r44_no_notice_is_resent_after_a_decline,
    r44_a_notice_is_sent_again_only_so_often,
];

fn api(system: &TestSystem) -> Api {
    Api {
        consents: system.consents.clone(),
        entropy: Arc::new(SystemEntropy),
        sender: system.sender.clone(),
        resends: NoticeLimit::new(20),
    }
}

fn name() -> String {
    crate::store::resource_name(&TestSystem::key())
}

fn caller(role: Role, tenant: Option<TenantId>) -> Caller {
    cpor_testing::caller("somebody@example.org", role, tenant.map(|tenant| format!("tenants/{tenant}")).as_deref())
}

fn customer() -> Caller {
    caller(Role::CustomerAdmin, Some(samples::claim().tenant))
}

fn request_from<T>(caller: Caller, method: &str, message: T) -> Request<T> {
    request_by(caller, (Service::CustomerConsent, SERVICE_NAME), method, message)
}

async fn get(system: &TestSystem, caller: Caller) -> Result<Consent, Status> {
    let request = request_from(caller, "GetConsent", GetConsentRequest { name: name() });
    Ok(api(system).get_consent(request).await?.into_inner())
}

async fn approve(system: &TestSystem, request: ApproveConsentRequest) -> Result<Consent, Status> {
    Ok(api(system).approve_consent(request_from(customer(), "ApproveConsent", request)).await?.into_inner())
}

async fn decline(system: &TestSystem, request: DeclineConsentRequest) -> Result<Consent, Status> {
    Ok(api(system).decline_consent(request_from(customer(), "DeclineConsent", request)).await?.into_inner())
}

fn approve_request() -> ApproveConsentRequest {
    ApproveConsentRequest { name: name(), ..ApproveConsentRequest::default() }
}

fn decline_request(comment: &str) -> DeclineConsentRequest {
    DeclineConsentRequest { name: name(), comment: comment.into(), ..DeclineConsentRequest::default() }
}

fn reason(status: &Status) -> (Code, String) {
    (status.code(), status::reason(status).unwrap_or_default())
}

async fn r41_get_consent_shows_lines_due_time_and_commands(system: TestSystem) {
    system.submit_claim().await;
    system.approve_claim().await;
    let consent = get(&system, customer()).await.unwrap();
    assert_eq!(consent.state(), ConsentState::WindowOpen);
    assert_eq!(consent.due_time, Some(to_wire_time(due())));
    assert_eq!(consent.due_rule, samples::due_rule("7 calendar days, calendar de 2026"));
    assert_eq!(consent.claim, samples::claim().name.to_string());
    assert_eq!(consent.lines[0].key, format!("tenants/{}/workloads/teams", samples::claim().tenant));
    assert_eq!(consent.allowed_commands().collect::<Vec<_>>(), [ConsentCommand::Approve, ConsentCommand::Decline]);
    let notices: Vec<_> = consent.notices.iter().map(|notice| (notice.state(), notice.email.as_str())).collect();
    assert_eq!(notices, [(NoticeState::Accepted, "anna.lee@fabrikam.example"); 2]);
}

async fn r5_operators_see_masked_addresses(system: TestSystem) {
    system.submit_claim().await;
    let shown = get(&system, caller(Role::Operator, None)).await.unwrap();
    assert_eq!(shown.notices[0].email, "[redacted]");
    let shown = get(&system, caller(Role::PoeReviewer, None)).await.unwrap();
    assert_eq!(shown.notices[0].email, "anna.lee@fabrikam.example");
    let other = TenantId(uuid::Uuid::from_u128(77));
    let hidden = get(&system, caller(Role::CustomerAdmin, Some(other))).await.unwrap_err();
    assert_eq!(hidden.code(), Code::NotFound);
}

async fn r26a_repeating_an_approval_gets_the_first_answer(system: TestSystem) {
    system.submit_claim().await;
    let first = approve(&system, approve_request()).await.unwrap();
    assert_eq!((first.state(), first.channel()), (ConsentState::Requested, ConsentChannel::SignedIn));
    assert!(first.approve_time.is_some());
    assert_eq!(approve(&system, approve_request()).await.unwrap(), first);
    let declined = decline(&system, decline_request("No.")).await.unwrap();
    assert_eq!(declined.state(), ConsentState::Declined);
    let refused = approve(&system, approve_request()).await.unwrap_err();
    assert_eq!(reason(&refused), (Code::FailedPrecondition, "ALREADY_DECLINED".into()));
}

async fn r26a_r43_an_early_approval_can_be_declined(system: TestSystem) {
    system.submit_claim().await;
    approve(&system, approve_request()).await.unwrap();
    system.approve_claim().await;
    let granted = get(&system, customer()).await.unwrap();
    assert_eq!((granted.state(), granted.due_time), (ConsentState::Granted, Some(to_wire_time(due()))));
    assert_eq!(granted.allowed_commands().collect::<Vec<_>>(), [ConsentCommand::Decline]);
    assert_eq!(decline(&system, decline_request("No.")).await.unwrap().state(), ConsentState::Declined);
}

async fn r43_a_late_decline_is_refused_with_the_due_time(system: TestSystem) {
    system.submit_claim().await;
    system.approve_claim().await;
    system.host.advance_clock(due()).await.unwrap();
    assert_eq!(get(&system, customer()).await.unwrap().state(), ConsentState::Granted, "fired or not");
    let refused = decline(&system, decline_request("")).await.unwrap_err();
    assert_eq!(reason(&refused), (Code::FailedPrecondition, "WINDOW_PASSED".into()));
    assert_eq!(status::metadata(&refused, "due_time").as_deref(), Some("2026-03-09T23:00:00Z"));
    let passed =
        system.sent_events().await.iter().filter(|event| matches!(event, Payload::ConsentWindowPassed(_))).count();
    assert_eq!(passed, 1, "the refused command applied the deadline");
}

async fn a_closed_claim_refuses_a_decline(system: TestSystem) {
    system.submit_claim().await;
    system.withdraw_claim().await;
    let refused = decline(&system, decline_request("")).await.unwrap_err();
    assert_eq!(reason(&refused), (Code::FailedPrecondition, "CLAIM_CLOSED".into()));
}

async fn etags_and_request_ids_are_enforced(system: TestSystem) {
    system.submit_claim().await;
    let etag = get(&system, customer()).await.unwrap().etag;
    let request = DeclineConsentRequest { request_id: "r1".into(), etag: etag.clone(), ..decline_request("No.") };
    let first = decline(&system, request.clone()).await.unwrap();
    assert_ne!(first.etag, etag);
    assert_eq!(decline(&system, request.clone()).await.unwrap(), first);
    let other = decline(&system, DeclineConsentRequest { comment: "Other.".into(), ..request }).await.unwrap_err();
    assert_eq!(reason(&other), (Code::InvalidArgument, "REQUEST_ID_REUSED".into()));
    for etag in [etag.as_str(), "+1", "01", "1F", "not an etag"] {
        let request = ApproveConsentRequest { etag: etag.to_owned(), ..approve_request() };
        let stale = approve(&system, request).await.unwrap_err();
        assert_eq!(reason(&stale), (Code::Aborted, "ETAG_MISMATCH".into()), "{etag}");
    }
}

async fn missing_is_not_found_and_invalid_fields_are_named(system: TestSystem) {
    for etag in ["", "1", "not an etag"] {
        let request = DeclineConsentRequest { etag: etag.to_owned(), ..decline_request("") };
        let missing = decline(&system, request).await.unwrap_err();
        assert_eq!(reason(&missing), (Code::NotFound, "RESOURCE_NOT_FOUND".into()), "{etag}");
    }
    let long = decline(&system, decline_request(&"x".repeat(2001))).await.unwrap_err();
    assert_eq!(status::field_violations(&long)[0].field, "comment");
}

async fn list(
    system: &TestSystem,
    caller: Caller,
    request: ListConsentsRequest,
) -> Result<ListConsentsResponse, Status> {
    Ok(api(system).list_consents(request_from(caller, "ListConsents", request)).await?.into_inner())
}

async fn lists_are_paged_and_filtered_newest_first(system: TestSystem) {
    for n in 0..5_u8 {
        let mut claim = snapshot();
        claim.claim = format!("partners/contoso/claims/0195b3a0-0000-7000-8000-00000000000{n}");
        claim.submit_time = Some(to_wire_time(samples::day(i64::from(n / 2))));
        if n == 4 {
            claim.tenant = format!("tenants/{}", uuid::Uuid::from_u128(7));
        }
        system.receive(Payload::ClaimSubmitted(cpor_proto::events::v1::ClaimSubmitted { snapshot: Some(claim) })).await;
    }
    let mut request = ListConsentsRequest { parent: "tenants/-".into(), page_size: 2, ..Default::default() };
    let mut found = vec![];
    loop {
        let page = list(&system, caller(Role::ReviewLead, None), request.clone()).await.unwrap();
        found.extend(page.consents.into_iter().map(|consent| consent.claim.chars().last().unwrap()));
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    assert_eq!(found, ['4', '3', '2', '1', '0']);

    let own = ListConsentsRequest { parent: format!("tenants/{}", samples::claim().tenant), ..Default::default() };
    assert_eq!(list(&system, customer(), own.clone()).await.unwrap().consents.len(), 4);
    let granted = ListConsentsRequest { filter: "state = GRANTED".into(), ..own };
    assert!(list(&system, customer(), granted).await.unwrap().consents.is_empty());
    let all = ListConsentsRequest { parent: "tenants/-".into(), ..Default::default() };
    assert_eq!(list(&system, customer(), all).await.unwrap_err().code(), Code::NotFound);
}

async fn resend(system: &TestSystem, role: Role, request_id: &str) -> Result<Consent, Status> {
    let request = ResendNoticeRequest { name: name(), request_id: request_id.into(), ..ResendNoticeRequest::default() };
    Ok(api(system).resend_notice(request_from(caller(role, None), "ResendNotice", request)).await?.into_inner())
}

async fn r44_resending_a_bounced_notice_opens_the_window(system: TestSystem) {
    let missing = resend(&system, Role::Operator, "").await.unwrap_err();
    assert_eq!(missing.code(), Code::NotFound);
    system.submit_claim().await;
    system.mailbox.refuse_next(1);
    system.approve_claim().await;
    let waiting = ListConsentsRequest {
        parent: "tenants/-".into(),
        filter: "waiting_for_delivery = true".into(),
        ..ListConsentsRequest::default()
    };
    for role in [Role::Operator, Role::PoeReviewer, Role::ReviewLead] {
        let found = list(&system, caller(role, None), waiting.clone()).await.unwrap().consents;
        assert!(found.len() == 1 && found[0].waiting_for_delivery, "{role:?}: {found:?}");
    }
    let resent = resend(&system, Role::Operator, "r1").await.unwrap();
    assert_eq!((resent.notices.len(), resent.notices[2].email.as_str()), (3, "[redacted]"));
    assert_eq!(resend(&system, Role::Operator, "r1").await.unwrap().notices.len(), 3, "the first answer");
    system.sender.send_due_mails().await.unwrap();
    let opened = get(&system, customer()).await.unwrap();
    assert_eq!((opened.state(), opened.notices.len()), (ConsentState::WindowOpen, 3));
    assert!(list(&system, caller(Role::Operator, None), waiting).await.unwrap().consents.is_empty());
    let again = resend(&system, Role::PoeReviewer, "").await.unwrap();
    system.sender.send_due_mails().await.unwrap();
    assert_eq!(get(&system, customer()).await.unwrap().due_time, again.due_time, "never shortened");
}

async fn r44_no_notice_is_resent_after_a_decline(system: TestSystem) {
    system.submit_claim().await;
    decline(&system, decline_request("")).await.unwrap();
    let refused = resend(&system, Role::ReviewLead, "").await.unwrap_err();
    assert_eq!(reason(&refused), (Code::FailedPrecondition, "ALREADY_DECLINED".into()));
}

async fn r44_a_notice_is_sent_again_only_so_often(system: TestSystem) {
    system.submit_claim().await;
    system.approve_claim().await;
    let limited = Api { resends: NoticeLimit::new(2), ..api(&system) };
    let resend_as = async |request_id: &str, validate_only, name: String| {
        let request_id = request_id.to_owned();
        let message = ResendNoticeRequest { name, request_id, validate_only, ..ResendNoticeRequest::default() };
        limited.resend_notice(request_from(caller(Role::Operator, None), "ResendNotice", message)).await
    };
    let resend = async |validate_only, name: String| resend_as("", validate_only, name).await;
    let first = resend_as("r1", false, name()).await.unwrap().into_inner();
    for _ in 0..3 {
        resend(false, name()).await.expect("a notice that is still queued is not queued again and not counted");
    }
    system.sender.send_due_mails().await.unwrap();
    let second = resend(false, name()).await.unwrap().into_inner();
    assert_eq!(second.notices.len(), first.notices.len() + 1);
    system.sender.send_due_mails().await.unwrap();
    let refused = resend(false, name()).await.unwrap_err();
    assert_eq!(
        (refused.code(), status::reason(&refused).as_deref()),
        (Code::ResourceExhausted, Some("TOO_MANY_NOTICES"))
    );
    assert_eq!(status::metadata(&refused, "limit").as_deref(), Some("2"));
    assert!(status::retry_after(&refused).is_some());
    resend(true, name()).await.expect("a call that sends nothing is not counted");
    resend_as("r1", false, name()).await.expect("a repeated request id gets its first answer");
    let other = name().replace(&TestSystem::key().id.to_string(), "0a1b2c3d-0000-4000-8000-00000000abcd");
    assert_eq!(resend(false, other).await.unwrap_err().code(), Code::NotFound, "each consent is counted by itself");
}
