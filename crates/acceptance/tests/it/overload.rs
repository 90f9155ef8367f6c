//! Callers that take all the capacity they can get: the others are served all the same.

use cpor_acceptance::{Actor, CONTOSO, PDF, TestClaim, TestSystem, both_databases, metadata, reason, retry_after};
use cpor_proto::claims::v1::{EvidenceMetadata, UploadEvidenceRequest};
use cpor_types::Role;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    task::JoinSet,
};
use tokio_stream::StreamExt as _;
use tonic::Status;

both_databases![one_address_cannot_shut_the_page, stalled_uploads_keep_nobody_else_out];

/// 300 connections from one address send half of a form, and a customer with another address opens
/// the page.
async fn one_address_cannot_shut_the_page(system: &TestSystem) {
    let address = system.nodes()[0].web.address();
    let mut hostile = Vec::new();
    for _ in 0..300 {
        let mut connection = TcpStream::connect(address).await.unwrap();
        let half_a_form = "POST /consent/x HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\
                           content-type: application/x-www-form-urlencoded\r\n\r\ndecision=";
        // An error means that the server has refused the connection.
        let (Ok(()) | Err(_)) = connection.write_all(half_a_form.as_bytes()).await;
        hostile.push(connection);
    }
    let customer = TcpSocket::new_v4().unwrap();
    customer.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let mut customer = customer.connect(address).await.unwrap();
    customer.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut page = String::new();
    customer.read_to_string(&mut page).await.unwrap();
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
}

/// Users of one company open uploads, and then send nothing more. One user gets 4 of 32 places, and
/// one company 8.
async fn stalled_uploads_keep_nobody_else_out(system: &TestSystem) {
    let case = TestClaim::create_draft(system, system.presales().await).await.unwrap();
    let user = |subject: &str| system.actor(subject, Role::IncentivesUser, Some(CONTOSO));
    let mut uploads = JoinSet::new();
    for (subject, scope) in [("ada@contoso.example", "user"), ("bob@contoso.example", "user")] {
        (0..5).for_each(|_| drop(uploads.spawn(stalled_upload(user(subject), case.name.clone()))));
        let refused = uploads.join_next().await.unwrap().unwrap();
        let place = (reason(&refused), metadata(&refused, "scope"), metadata(&refused, "limit"));
        assert_eq!(place, ("TOO_MANY_CALLS".to_owned(), scope.to_owned(), "4".to_owned()));
    }
    let refused = stalled_upload(user("eve@contoso.example"), case.name.clone()).await;
    assert_eq!((metadata(&refused, "scope").as_str(), metadata(&refused, "limit").as_str()), ("partner", "8"));
    assert!(retry_after(&refused).is_some());

    assert_eq!(case.claim().await.evidence_count, 0, "other calls of the company are served");
    let of_northwind = TestClaim::create_draft(system, system.workloads()).await.unwrap();
    of_northwind.upload("proof.pdf", PDF).await.expect("the upload of another company");
}

/// Opens an upload and never ends it. Returns the refusal.
async fn stalled_upload(actor: Actor, claim: String) -> Status {
    let metadata = EvidenceMetadata { parent: claim, file_name: "proof.pdf".into(), ..EvidenceMetadata::default() };
    let first = UploadEvidenceRequest { metadata: Some(metadata), data: PDF.to_vec() };
    let messages = tokio_stream::once(first).chain(tokio_stream::pending());
    actor.claims().upload_evidence(messages).await.expect_err("an upload without an end is never accepted")
}
