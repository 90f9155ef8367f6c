//! An import from a file to its results, at a server that is away at first.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, body::Body, extract::State};
use bytes::{BufMut as _, Bytes, BytesMut};
use clap::Parser as _;
use cpor_kit::status;
use cpor_proto::claims::v1::{BatchCreateClaimsRequest, BatchCreateClaimsResponse, BatchCreateClaimsResult};
use http::Response;
use prost::Message as _;
use serde_json::Value;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Status, service::Routes, transport};

use super::{Args, run};

#[derive(clap::Parser)]
struct Command {
    #[command(flatten)]
    args: Args,
}

/// What was sent, call by call: display names and request ids.
type Sent = Arc<Mutex<Vec<Vec<(String, String)>>>>;

/// A server that is away when it is first called, and then has no place for one of the rows.
async fn server() -> (String, Sent) {
    let sent = Sent::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let routes = Routes::from(Router::new().fallback(answer).with_state(Arc::clone(&sent)));
    let incoming = TcpListenerStream::new(listener);
    tokio::spawn(transport::Server::builder().add_routes(routes).serve_with_incoming(incoming));
    (url, sent)
}

async fn answer(State(sent): State<Sent>, body: Bytes) -> Response<Body> {
    // Five bytes before the message say how long it is.
    let request = BatchCreateClaimsRequest::decode(body.slice(5..)).unwrap();
    let named = |row: &cpor_proto::claims::v1::BatchCreateClaimsRow| {
        (row.claim.as_ref().unwrap().display_name.clone(), row.request_id.clone())
    };
    let rows: Vec<_> = request.rows.iter().map(named).collect();
    let mut sent = sent.lock().unwrap();
    sent.push(rows.clone());
    match sent.len() {
        1 => away().into_http(),
        call => answered(rows.iter().map(|(name, _)| result(name, call)).collect()),
    }
}

fn away() -> Status {
    status::unavailable("UNAVAILABLE", "try again", Duration::ZERO)
}

fn result(name: &str, call: usize) -> BatchCreateClaimsResult {
    match name {
        "Later" if call < 4 => BatchCreateClaimsResult { error: Some(status::message(&away())), ..Default::default() },
        "Never" => BatchCreateClaimsResult {
            error: Some(status::message(&Status::invalid_argument("never"))),
            ..Default::default()
        },
        _ => BatchCreateClaimsResult { claim: format!("partners/contoso/claims/{name}"), ..Default::default() },
    }
}

fn answered(results: Vec<BatchCreateClaimsResult>) -> Response<Body> {
    let message = BatchCreateClaimsResponse { results }.encode_to_vec();
    let mut frame = BytesMut::new();
    frame.put_u8(0);
    frame.put_u32(u32::try_from(message.len()).unwrap());
    frame.put_slice(&message);
    let response = Response::builder().header("content-type", "application/grpc").header("grpc-status", "0");
    response.body(Body::from(frame.freeze())).unwrap()
}

/// Of a call everything is sent again, of its rows only what may pass, under the ids that it had.
#[tokio::test]
async fn what_is_refused_at_first_is_sent_until_it_is_taken() {
    let (url, sent) = server().await;
    let folder = tempfile::tempdir().unwrap();
    let (file, results) = (folder.path().join("claims.csv"), folder.path().join("claims.csv.results.jsonl"));
    std::fs::write(&file, "display_name\nSoon\nLater\nNever\n").unwrap();
    let arguments = ["import", file.to_str().unwrap(), "--partner", "contoso", "--server", &url, "--token", "any"];
    let well = run(&Command::parse_from(arguments).args).await.unwrap();
    assert!(!well, "one was never taken");
    let sent = sent.lock().unwrap().clone();
    let names: Vec<Vec<_>> = sent.iter().map(|rows| rows.iter().map(|(name, _)| name.as_str()).collect()).collect();
    assert_eq!(names, [vec!["Soon", "Later", "Never"], vec!["Soon", "Later", "Never"], vec!["Later"], vec!["Later"]]);
    assert!(sent[1..].iter().flatten().filter(|(name, _)| name == "Later").all(|(_, id)| *id == sent[0][1].1));
    let results = std::fs::read_to_string(results).unwrap();
    let results: Vec<Value> = results.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told: Vec<_> = results.iter().map(|row| (row["line"].as_u64(), row["error"]["code"].as_str())).collect();
    assert_eq!(
        told,
        [(Some(2), None), (Some(3), None), (Some(4), Some("InvalidArgument"))],
        "in the order of the file"
    );
    assert_eq!(results[1]["claim"], "partners/contoso/claims/Later");
}
