//! R55: only reviewers can read review notes.

use super::receipts::{check, receipt};
use cpor_acceptance::{Actor, ClaimStage, TestClaim, TestSystem, assert_refused, both_databases};
use cpor_proto::claims::v1::{HistoryEntry, ListHistoryRequest};
use tonic::Code;

both_databases![r55_notes_are_for_reviewers_only, r5_program_managers_see_no_part_of_reviews];

async fn r55_notes_are_for_reviewers_only(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    let secret = "Looks like last year's letter.";
    let note = case.note(&system.colleague, secret).await.unwrap();
    assert_eq!((note.author.as_str(), note.text.as_str()), (system.colleague.subject.as_str(), secret));
    case.note(&system.lead, "Compare the dates.").await.unwrap();
    let texts: Vec<_> = case.notes(&system.reviewer).await.unwrap().into_iter().map(|note| note.text).collect();
    assert_eq!(texts, [secret, "Compare the dates."], "every reviewer reads all notes, oldest first");
    for actor in [&system.contoso, &system.northwind, &system.operator] {
        assert_refused(case.notes(actor).await, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
        assert_refused(case.note(actor, "Me too.").await, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
    }
    assert_refused(case.note(&system.reviewer, " \n").await, Code::InvalidArgument, "INVALID_FIELDS");
    system.wait_until_idle().await;
    assert!(!format!("{:?}", case.claim().await).contains(secret));
    assert!(!format!("{:?}", case.comments().await).contains(secret));
    // In the history the partner sees only that there is an entry (R56).
    let history = case.history().await;
    let notes: Vec<_> = history.iter().filter(|entry| entry.action == "review_noted").collect();
    assert_eq!(notes.iter().map(|entry| entry.reason.as_str()).collect::<Vec<_>>(), [secret, "Compare the dates."]);
    assert_eq!((notes[0].subject.as_str(), notes[0].overtaken), (system.colleague.subject.as_str(), false));
    let request = ListHistoryRequest { parent: case.name.clone(), page_size: 1000, ..ListHistoryRequest::default() };
    let partner_view = case.partner.claims().list_history(request).await.unwrap().into_inner().entries;
    assert_eq!(partner_view.len(), history.len());
    for note in notes {
        let placeholder = &partner_view[usize::try_from(note.position).unwrap() - 1];
        let without_content = HistoryEntry {
            position: note.position,
            chain_hash: note.chain_hash.clone(),
            withheld: (1..=4).collect(),
            ..HistoryEntry::default()
        };
        assert_eq!(*placeholder, without_content);
    }
}

async fn r5_program_managers_see_no_part_of_reviews(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    let evidence = case.evidence().await.remove(0);
    let (noted, said) = ("Looks like last year's letter.", "Is the letter from this year?");
    case.note(&system.reviewer, noted).await.unwrap();
    case.comment_on(&system.reviewer, &evidence.name, "").await.unwrap();
    case.comment(&system.reviewer, said).await.unwrap();
    system.wait_until_idle().await;
    let history = async |actor: &Actor, filter: &str| {
        let (parent, filter) = (case.name.clone(), filter.to_owned());
        let request = ListHistoryRequest { parent, filter, page_size: 1000, ..ListHistoryRequest::default() };
        actor.claims().list_history(request).await.unwrap().into_inner().entries
    };
    let secrets = [evidence.file_name.as_str(), noted, said];
    let shown_to = async |actor: &Actor| {
        let shown = format!("{:?}{:?}", history(actor, "").await, receipt(&case, actor).await);
        secrets.iter().filter(|secret| shown.contains(**secret)).count()
    };
    assert_eq!((shown_to(&system.lead).await, shown_to(&system.manager).await), (3, 0));
    assert_eq!(history(&system.manager, "").await.len(), history(&system.lead, "").await.len(), "no entry is left out");
    let filter = "action = review_noted";
    assert_eq!((history(&system.lead, filter).await.len(), history(&system.manager, filter).await.len()), (1, 0));
    check(system, &receipt(&case, &system.manager).await).unwrap();
    assert!(!format!("{:?}", case.claim_as(&system.manager).await.unwrap()).contains(&evidence.file_name));
}
