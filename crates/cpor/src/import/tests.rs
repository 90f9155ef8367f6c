//! Imports a file into a fake server that is unavailable at first.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, body::Body, extract::State};
use bytes::{BufMut as _, Bytes, BytesMut};
use clap::Parser as _;
use cpor_call::status;
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

/// The rows of each call: their display names and request ids.
type ReceivedCalls = Arc<Mutex<Vec<Vec<(String, String)>>>>;

/// Starts a server that is unavailable on the first call, and for one of the rows until the fourth.
async fn start_server() -> (String, ReceivedCalls) {
    let calls = ReceivedCalls::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let routes = Routes::from(Router::new().fallback(respond).with_state(Arc::clone(&calls)));
    let incoming = TcpListenerStream::new(listener);
    tokio::spawn(transport::Server::builder().add_routes(routes).serve_with_incoming(incoming));
    (url, calls)
}

async fn respond(State(calls): State<ReceivedCalls>, body: Bytes) -> Response<Body> {
    // The message follows the five bytes of the gRPC frame header.
    let request = BatchCreateClaimsRequest::decode(body.slice(5..)).unwrap();
    let name_and_id = |row: &cpor_proto::claims::v1::BatchCreateClaimsRow| {
        (row.claim.as_ref().unwrap().display_name.clone(), row.request_id.clone())
    };
    let rows: Vec<_> = request.rows.iter().map(name_and_id).collect();
    let mut calls = calls.lock().unwrap();
    calls.push(rows.clone());
    match calls.len() {
        1 => unavailable().into_http(),
        call => encode_response(rows.iter().map(|(name, _)| result(name, call)).collect()),
    }
}

fn unavailable() -> Status {
    status::unavailable("UNAVAILABLE", "try again", Duration::ZERO)
}

fn result(name: &str, call: usize) -> BatchCreateClaimsResult {
    match name {
        "Later" if call < 4 => {
            BatchCreateClaimsResult { error: Some(status::to_proto(&unavailable())), ..Default::default() }
        }
        "Never" => BatchCreateClaimsResult {
            error: Some(status::to_proto(&Status::invalid_argument("never"))),
            ..Default::default()
        },
        _ => BatchCreateClaimsResult { claim: format!("partners/contoso/claims/{name}"), ..Default::default() },
    }
}

fn encode_response(results: Vec<BatchCreateClaimsResult>) -> Response<Body> {
    let message = BatchCreateClaimsResponse { results }.encode_to_vec();
    let mut frame = BytesMut::new();
    frame.put_u8(0);
    frame.put_u32(u32::try_from(message.len()).unwrap());
    frame.put_slice(&message);
    let response = Response::builder().header("content-type", "application/grpc").header("grpc-status", "0");
    response.body(Body::from(frame.freeze())).unwrap()
}

/// A failed call is repeated as a whole, and then the rows with transient errors, all with the same
/// request ids.
#[tokio::test]
async fn transient_errors_are_retried_until_the_rows_are_accepted() {
    let (url, calls) = start_server().await;
    let folder = tempfile::tempdir().unwrap();
    let (file, results) = (folder.path().join("claims.csv"), folder.path().join("claims.csv.results.jsonl"));
    std::fs::write(&file, "display_name\nSoon\nLater\nNever\n").unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, "any\n").unwrap();
    let [file, token] = [&file, &token].map(|path| path.to_str().unwrap());
    let arguments = ["import", file, "--partner", "contoso", "--server", &url, "--token-file", token];
    let all_accepted = run(&Command::parse_from(arguments).args).await.unwrap();
    assert!(!all_accepted, "one row was refused");
    let calls = calls.lock().unwrap().clone();
    let names: Vec<Vec<_>> = calls.iter().map(|rows| rows.iter().map(|(name, _)| name.as_str()).collect()).collect();
    assert_eq!(names, [vec!["Soon", "Later", "Never"], vec!["Soon", "Later", "Never"], vec!["Later"], vec!["Later"]]);
    assert!(calls[1..].iter().flatten().filter(|(name, _)| name == "Later").all(|(_, id)| *id == calls[0][1].1));
    let results = std::fs::read_to_string(results).unwrap();
    let results: Vec<Value> = results.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let codes: Vec<_> = results.iter().map(|row| (row["line"].as_u64(), row["error"]["code"].as_str())).collect();
    assert_eq!(
        codes,
        [(Some(2), None), (Some(3), None), (Some(4), Some("InvalidArgument"))],
        "in the order of the file"
    );
    assert_eq!(results[1]["claim"], "partners/contoso/claims/Later");
}
