//! R55: notes that only reviewers read.

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
    let read: Vec<_> = case.notes(&system.reviewer).await.unwrap().into_iter().map(|note| note.text).collect();
    assert_eq!(read, [secret, "Compare the dates."], "any reviewer, oldest first");
    for stranger in [&system.contoso, &system.northwind, &system.operator] {
        assert_refused(case.notes(stranger).await, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
        assert_refused(case.note(stranger, "Me too.").await, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
    }
    assert_refused(case.note(&system.reviewer, " \n").await, Code::InvalidArgument, "INVALID_FIELDS");
    system.wait_until_idle().await;
    assert!(!format!("{:?}", case.claim().await).contains(secret));
    assert!(!format!("{:?}", case.comments().await).contains(secret));
    // In the one history it is the vendor's alone; its partner learns that there is something (R56).
    let history = case.history().await;
    let noted: Vec<_> = history.iter().filter(|entry| entry.action == "review_noted").collect();
    assert_eq!(noted.iter().map(|entry| entry.reason.as_str()).collect::<Vec<_>>(), [secret, "Compare the dates."]);
    assert_eq!((noted[0].subject.as_str(), noted[0].overtaken), (system.colleague.subject.as_str(), false));
    let request = ListHistoryRequest { parent: case.name.clone(), page_size: 1000, ..ListHistoryRequest::default() };
    let seen = case.partner.claims().list_history(request).await.unwrap().into_inner().entries;
    assert_eq!(seen.len(), history.len());
    for note in noted {
        let placeholder = &seen[usize::try_from(note.position).unwrap() - 1];
        let nothing = HistoryEntry {
            position: note.position,
            chain_hash: note.chain_hash.clone(),
            withheld: (1..=4).collect(),
            ..HistoryEntry::default()
        };
        assert_eq!(*placeholder, nothing);
    }
}
