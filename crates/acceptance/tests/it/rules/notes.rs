//! R55: notes that only reviewers read.

use cpor_acceptance::{Case, Stage, World, both_databases, refused};
use tonic::Code;

both_databases![r55_notes_are_for_reviewers_only];

async fn r55_notes_are_for_reviewers_only(world: &World) {
    let case = Case::at(world, world.presales().await, Stage::Submitted).await;
    let secret = "Looks like last year's letter.";
    let note = case.note(&world.colleague, secret).await.unwrap();
    assert_eq!((note.author.as_str(), note.text.as_str()), (world.colleague.subject.as_str(), secret));
    case.note(&world.lead, "Compare the dates.").await.unwrap();
    let read: Vec<_> = case.notes(&world.reviewer).await.unwrap().into_iter().map(|note| note.text).collect();
    assert_eq!(read, [secret, "Compare the dates."], "any reviewer, oldest first");
    for stranger in [&world.contoso, &world.northwind, &world.operator] {
        refused(case.notes(stranger).await, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
        refused(case.note(stranger, "Me too.").await, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
    }
    refused(case.note(&world.reviewer, " \n").await, Code::InvalidArgument, "INVALID_FIELDS");
    world.settle().await;
    assert!(!format!("{:?}", case.claim().await).contains(secret));
    assert!(!format!("{:?}", case.comments().await).contains(secret));
    assert!(!format!("{:?}", case.history().await).contains(secret));
}
