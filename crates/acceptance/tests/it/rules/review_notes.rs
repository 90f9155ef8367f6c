//! R55: only reviewers can read review notes.

use cpor_acceptance::{ClaimStage, TestClaim, TestSystem, assert_refused, both_databases};
use cpor_proto::claims::v1::{HistoryEntry, ListHistoryRequest};
use tonic::Code;

both_databases![r55_notes_are_for_reviewers_only];

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
