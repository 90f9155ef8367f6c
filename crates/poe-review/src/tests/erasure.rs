//! Tests of the erasure of personal data (R56).
use super::{
    rpc_calls::role,
    test_system::{TestSystem, request_from},
    *,
};
use crate::domain::State;
use cpor_proto::{
    WireEnum as _,
    events::v1::{PersonalDataErased, event::Payload},
    reviews::v1::{
        CreateReviewNoteRequest, ListReviewNotesRequest, ReviewNote, review_service_server::ReviewService as _,
    },
};
use cpor_testing::on_both_databases;
use cpor_types::{PersonalData, Timestamp};

on_both_databases![
    r56_case_notes_and_mails_are_erased,
    r56_a_note_after_the_erasure_stays,
    r56_an_approval_does_not_name_the_reviewer,
];

const AMY: &str = "amy@vendor.example";

impl TestSystem {
    async fn erase(&self, kinds: &[PersonalData], time: Timestamp) {
        let (claim, tenant) = (claim(1).claim, claim(1).tenant);
        let kinds = PersonalData::to_numbers(kinds);
        let erased = PersonalDataErased { claim: claim.clone(), tenant, kinds };
        self.deliver_event(&claim, Payload::PersonalDataErased(erased), time).await.unwrap();
    }

    async fn note_of_amy(&self, text: &str) {
        let note = Some(ReviewNote { text: text.to_owned(), ..ReviewNote::default() });
        let request = CreateReviewNoteRequest { parent: case(1), note, ..CreateReviewNoteRequest::default() };
        self.api.create_review_note(request_from(AMY, role(AMY), request)).await.unwrap();
    }

    async fn read_notes(&self) -> Vec<ReviewNote> {
        let request = ListReviewNotesRequest { parent: case(1), ..ListReviewNotesRequest::default() };
        self.api.list_review_notes(request_from(AMY, role(AMY), request)).await.unwrap().into_inner().notes
    }

    async fn recipients(&self) -> Vec<(String, String)> {
        self.mails().await.into_iter().filter(|(_, recipient)| !recipient.is_empty()).collect()
    }
}

async fn r56_case_notes_and_mails_are_erased(system: TestSystem) {
    system.submit(1).await;
    system.take(AMY, 1).await.unwrap();
    system.advance(day(6)).await;
    system.start_review(AMY, 1).await.unwrap();
    system.note_of_amy("Ask Jana.").await;
    system.reject(AMY, 1).await.unwrap();
    assert_eq!(system.recipients().await.len(), 1);

    system.erase(&[PersonalData::FreeText], day(6)).await;
    let stored = system.stored(&case(1)).await.state;
    let State::Rejected(rejection) = &stored.state else { panic!("{stored:?}") };
    assert_eq!((rejection.comment.as_str(), stored.reviewer()), ("", Some(AMY)));
    let notes = system.read_notes().await;
    assert_eq!((notes[0].text.as_str(), notes[0].erased, notes[0].author.as_str()), ("", true, AMY));

    system.erase(&[PersonalData::Contacts, PersonalData::Subjects], day(6)).await;
    assert_eq!(system.stored(&case(1)).await.state.reviewer(), None);
    assert_eq!(system.read_notes().await[0].author, "");
    assert_eq!(system.recipients().await, []);
    assert_eq!(system.mails().await.len(), 1, "the mail itself stays");
}

async fn r56_a_note_after_the_erasure_stays(system: TestSystem) {
    system.submit(1).await;
    system.close(1).await;
    system.note_of_amy("before").await;
    let erased = system.read_notes().await[0].create_time.unwrap();
    let erased = Timestamp::from_timestamp(erased.seconds, 0).unwrap() + std::time::Duration::from_secs(1);
    system.advance(erased + std::time::Duration::from_secs(60)).await;
    system.note_of_amy("after").await;
    system.erase(PersonalData::ALL, erased).await;
    let texts: Vec<_> = system.read_notes().await.into_iter().map(|note| (note.text, note.erased)).collect();
    assert_eq!(texts, [(String::new(), true), ("after".to_owned(), false)]);
}

async fn r56_an_approval_does_not_name_the_reviewer(system: TestSystem) {
    system.submit_and_start_review(1).await;
    system.approve("amy", 1).await.unwrap();
    system.erase(PersonalData::ALL, day(1)).await;
    let State::Approved(approval) = system.stored(&case(1)).await.state.state else { panic!() };
    assert_eq!((approval.actor.subject.expose(), approval.comment.as_str()), ("", ""));
}
