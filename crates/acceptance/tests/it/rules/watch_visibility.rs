//! R59, R5: what vendor staff and customers see of the claims that they watch.

use cpor_acceptance::{
    CONTOSO, ClaimStage, FABRIKAM, LITWARE, PDF, TestClaim, TestSystem, assert_refused, both_databases,
};
use cpor_proto::{
    claims::v1::{Claim, ClaimState, WatchClaimsResponse},
    r#type::v1::AssociationState,
};
use tonic::Code;

use super::watch::{after, from_beginning, heartbeat, positions, read_changes, watch};

both_databases![
    r59_staff_watches_all_claims_from_submission_on,
    r5_a_customer_watches_the_claims_on_its_tenant,
    r59_watches_of_other_parents_are_refused,
];

/// The parent that stands for all partners.
const ALL: &str = "partners/-";

async fn r59_staff_watches_all_claims_from_submission_on(system: &TestSystem) {
    let draft = TestClaim::create_with_evidence(system, system.presales().await).await;
    let first = TestClaim::at_stage(system, system.presales().await, ClaimStage::UnderReview).await;
    first.note(&system.reviewer, "For reviewers.").await.unwrap();
    let second = TestClaim::at_stage(system, system.workloads(), ClaimStage::Official).await;
    let mut expected = Vec::new();
    for case in [&first, &second] {
        let history = case.history().await;
        let submitted = history.iter().skip_while(|entry| entry.action != "submitted");
        expected.extend(submitted.map(|entry| (case.name.clone(), entry.position)));
    }
    let changes = read_changes(&system.lead, from_beginning(ALL), expected.len()).await;
    let mut sorted = positions(&changes);
    for case in [&first, &second] {
        let own = sorted.iter().filter(|(name, _)| *name == case.name);
        assert!(own.map(|(_, position)| position).is_sorted(), "{sorted:?}");
    }
    for n in (0..changes.len()).step_by(7) {
        let rest = read_changes(&system.lead, after(ALL, &changes[n].cursor), changes.len() - n - 1).await;
        assert_eq!(positions(&rest), positions(&changes[n + 1..]), "after {n}");
    }
    sorted.sort();
    expected.sort();
    assert_eq!(sorted, expected, "each entry once, with notes, without drafts");
    // The log of one tenant is the part of this log that is about it.
    let tenant = format!("tenants/{FABRIKAM}");
    let of_fabrikam: Vec<_> = changes.iter().filter(|change| change.name == first.name).cloned().collect();
    let watched = read_changes(&system.lead, from_beginning(&tenant), of_fabrikam.len()).await;
    assert_eq!(positions(&watched), positions(&of_fabrikam));
    // Program managers do not see the notes of reviewers (R55).
    let is_note =
        |change: &WatchClaimsResponse| change.entry.as_ref().is_some_and(|entry| entry.action == "review_noted");
    let without_notes: Vec<_> = of_fabrikam.iter().filter(|change| !is_note(change)).cloned().collect();
    assert_eq!(without_notes.len(), of_fabrikam.len() - 1, "{of_fabrikam:?}");
    let watched = read_changes(&system.manager, from_beginning(&tenant), without_notes.len()).await;
    assert_eq!(positions(&watched), positions(&without_notes));

    draft.submit().await.unwrap();
    let last = &changes.last().unwrap().cursor;
    let submitted = read_changes(&system.operator, after(ALL, last), 1).await.remove(0);
    assert_eq!((&submitted.name, submitted.entry.unwrap().action.as_str()), (&draft.name, "submitted"));
    let claim = submitted.claim.unwrap();
    assert_eq!((claim.state(), claim.customer_contact.unwrap().name.as_str()), (ClaimState::Submitted, "[redacted]"));
}

/// The changes of a claim that its customer sees besides those of its state.
const SHOWN_ACTIONS: [&str; 8] = [
    "updated",
    "lines_awarded",
    "consent_window_opened",
    "consent_window_passed",
    "customer_approved",
    "customer_declined",
    "association_official",
    "association_ended",
];

/// The number of changes of these claims that the customer sees.
async fn shown_count(cases: &[&TestClaim<'_>]) -> usize {
    let mut count = 0;
    for case in cases {
        let history = case.history().await;
        let submitted = history.iter().skip_while(|entry| entry.action != "submitted");
        let is_shown = |action: &str| SHOWN_ACTIONS.contains(&action);
        count += submitted.filter(|entry| entry.from_state != entry.to_state || is_shown(&entry.action)).count();
    }
    count
}

async fn r5_a_customer_watches_the_claims_on_its_tenant(system: &TestSystem) {
    let tenant = format!("tenants/{FABRIKAM}");
    let mut live = watch(&system.fabrikam, after(&tenant, "")).await.unwrap();
    let content = system.presales().await;
    let case = TestClaim::create_draft(system, content.clone()).await.unwrap();
    let document = case.upload("rollout-protocol.pdf", PDF).await.unwrap();
    case.comment(&case.partner, "The partner's remark.").await.unwrap();
    case.move_to_stage(ClaimStage::UnderReview).await;
    case.note(&system.reviewer, "A note among reviewers.").await.unwrap();
    case.comment(&system.reviewer, "The reviewer's remark.").await.unwrap();
    let rival = TestClaim::at_stage(system, system.rival_of(&content), ClaimStage::UnderReview).await;
    rival.withdraw(cpor_proto::claims::v1::WithdrawReason::WrongActivity, "").await.unwrap();
    system.wait_until_idle().await;
    case.approve(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    case.approve_consent().await.unwrap();
    system.wait_until_idle().await;

    let count = shown_count(&[&case, &rival]).await;
    let mut changes = Vec::new();
    while changes.len() < count {
        let message = live.message().await.unwrap().expect("the stream is open");
        changes.extend((!message.name.is_empty()).then_some(message));
    }
    assert_eq!(heartbeat(&mut live).await, next_cursor(&mut live).await, "there are no more changes");
    let hidden =
        [document.name.as_str(), &document.file_name, &document.sha256, "remark", "A note", &system.reviewer.subject];
    for message in &changes {
        assert_shows_r5_only(message);
        let shown = format!("{message:?}");
        assert!(hidden.iter().all(|text| !shown.contains(text)), "{shown}");
    }
    let official = changes.iter().rfind(|message| message.name == case.name).unwrap().claim.clone().unwrap();
    assert_eq!((official.state(), official.association_state()), (ClaimState::Approved, AssociationState::Official));
    let claim = case.claim().await;
    assert_eq!((&official.activities, &official.lines[0].key), (&claim.activities, &claim.lines[0].key));
    assert_eq!(official.official_time, claim.official_time);

    // A later watch sends the same changes, and none of those before the cursor.
    let mut resumed = watch(&system.fabrikam, after(&tenant, &changes[0].cursor)).await.unwrap();
    heartbeat(&mut resumed).await;
    for expected in &changes[1..] {
        let message = resumed.message().await.unwrap().expect("the stream is open");
        assert_eq!((message.cursor, message.name), (expected.cursor.clone(), expected.name.clone()));
    }
    let mut of_litware = watch(&system.litware, from_beginning(&format!("tenants/{LITWARE}"))).await.unwrap();
    let start = heartbeat(&mut of_litware).await;
    assert_eq!(next_cursor(&mut of_litware).await, start, "nothing of another tenant");
}

/// The cursor of the next message, whether it is a heartbeat or a change.
async fn next_cursor(stream: &mut tonic::Streaming<WatchClaimsResponse>) -> String {
    stream.message().await.unwrap().expect("the stream is open").cursor
}

/// Asserts that a message has nothing but partner, lines, activities, state and deadlines.
fn assert_shows_r5_only(message: &WatchClaimsResponse) {
    assert_eq!(message.entry, None);
    let claim = message.claim.clone().unwrap();
    assert_ne!(claim.state(), ClaimState::Editing);
    assert!(claim.lines.iter().all(|line| line.assessments.is_empty() && !line.contested), "{claim:#?}");
    let allowed = Claim {
        name: claim.name.clone(),
        display_name: claim.display_name.clone(),
        customer_domain: claim.customer_domain.clone(),
        tenant_id: claim.tenant_id.clone(),
        solution_area: claim.solution_area,
        activities: claim.activities.clone(),
        program: claim.program.clone(),
        lines: claim.lines.clone(),
        state: claim.state,
        association_state: claim.association_state,
        consent_due_time: claim.consent_due_time,
        official_time: claim.official_time,
        submit_time: claim.submit_time,
        explicit_approval_needed: claim.explicit_approval_needed,
        consent: claim.consent.clone(),
        ..Claim::default()
    };
    assert_eq!(claim, allowed);
}

async fn r59_watches_of_other_parents_are_refused(system: &TestSystem) {
    let tenant = format!("tenants/{FABRIKAM}");
    for (actor, parent) in [
        (&system.contoso, ALL),
        (&system.contoso, tenant.as_str()),
        (&system.fabrikam, ALL),
        (&system.fabrikam, CONTOSO),
        (&system.litware, tenant.as_str()),
        (&system.fabrikam, "tenants/-"),
    ] {
        let refusal = watch(actor, from_beginning(parent)).await;
        if parent == "tenants/-" {
            assert_refused(refusal, Code::InvalidArgument, "INVALID_FIELDS");
        } else {
            assert_refused(refusal, Code::NotFound, "RESOURCE_NOT_FOUND");
        }
    }
    TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    let cursor = read_changes(&system.lead, from_beginning(ALL), 1).await.remove(0).cursor;
    for parent in [tenant.as_str(), CONTOSO] {
        let refusal = watch(&system.lead, after(parent, &cursor)).await;
        assert_refused(refusal, Code::InvalidArgument, "INVALID_CURSOR");
    }
}
