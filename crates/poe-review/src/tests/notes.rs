//! Tests of notes for reviewers (R55).
use super::{
    rpc_calls::role,
    test_system::{TestSystem, request_from},
    *,
};
use cpor_proto::reviews::v1::{
    CreateReviewNoteRequest, ListReviewNotesRequest, ReviewNote, review_service_server::ReviewService as _,
};
use cpor_testing::on_both_databases;
use tonic::Response;

on_both_databases![r55_notes_are_listed_in_order_and_by_page, r55_a_replayed_request_creates_one_note,];

impl TestSystem {
    async fn note(&self, who: &str, n: u32, text: &str, request_id: &str) -> Result<ReviewNote, Status> {
        let note = Some(ReviewNote { text: text.to_owned(), ..ReviewNote::default() });
        let request_id = request_id.to_owned();
        let request =
            CreateReviewNoteRequest { parent: case(n), note, request_id, ..CreateReviewNoteRequest::default() };
        self.api.create_review_note(request_from(who, role(who), request)).await.map(Response::into_inner)
    }

    async fn notes(&self, page_size: i32, page_token: &str) -> (Vec<String>, String) {
        let request = ListReviewNotesRequest {
            parent: case(1),
            page_size,
            page_token: page_token.to_owned(),
            ..ListReviewNotesRequest::default()
        };
        let page = self.api.list_review_notes(request_from("bob", role("bob"), request)).await.unwrap().into_inner();
        (page.notes.into_iter().map(|note| note.text).collect(), page.next_page_token)
    }
}

async fn r55_notes_are_listed_in_order_and_by_page(system: TestSystem) {
    system.submit_and_start_review(1).await;
    for text in ["one", "two", "three"] {
        let note = system.note("bob", 1, text, "").await.unwrap();
        assert_eq!((note.author.as_str(), note.text.as_str()), ("bob", text));
        assert!(note.name.starts_with(&format!("{}/notes/", case(1))) && note.create_time.is_some());
    }
    let (first, token) = system.notes(2, "").await;
    let (second, end) = system.notes(2, &token).await;
    assert_eq!((first, second, end), (vec!["one".into(), "two".into()], vec!["three".into()], String::new()));
    let events = system.sent_events().await;
    let noted = events.iter().filter(|event| format!("{event:?}").contains("ReviewNoted")).count();
    assert_eq!(noted, 3, "each note is sent for the claim's history (R56): {events:?}");
}

async fn r55_a_replayed_request_creates_one_note(system: TestSystem) {
    system.submit(1).await;
    let first = system.note("amy", 1, "once", "id").await.unwrap();
    assert_eq!(system.note("amy", 1, "once", "id").await.unwrap(), first);
    assert_eq!(
        refusal(system.note("amy", 1, "twice", "id").await),
        (Code::InvalidArgument, "REQUEST_ID_REUSED".to_owned())
    );
    assert_eq!(system.count("review_note").await, 1);
    assert_eq!(refusal(system.note("amy", 1, " ", "").await), (Code::InvalidArgument, "INVALID_FIELDS".to_owned()));
    assert_eq!(refusal(system.note("amy", 2, "nowhere", "").await), (Code::NotFound, "RESOURCE_NOT_FOUND".to_owned()));
}
