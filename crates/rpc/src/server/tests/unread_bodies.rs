//! A test with a client whose request bodies arrive after the response. It writes HTTP/2 frames
//! itself (RFC 9113), because no client library can be made to send that late.
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::fixture::TestServer;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = u32::try_from(payload.len()).unwrap().to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// Encodes the headers of a call without a token, as literal fields without indexing (RFC 7541,
/// section 6.2.2).
fn request_headers() -> Vec<u8> {
    let path = "/cpor.operations.v1.OperationsService/GetClock";
    let fields = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", path),
        (":authority", "localhost"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ];
    let text = |text: &str| [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
    fields.iter().flat_map(|(name, value)| [vec![0], text(name), text(value)].concat()).collect()
}

/// Reads frames until the response headers of this stream arrive.
async fn read_response_headers(connection: &mut TcpStream, stream: u32) {
    loop {
        let mut head = [0; 9];
        connection.read_exact(&mut head).await.expect("the connection stays open");
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length as usize];
        connection.read_exact(&mut payload).await.unwrap();
        let frame_stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        assert_ne!(head[3], GOAWAY, "the server closes the connection at stream {stream}");
        if (head[3], frame_stream) == (HEADERS, stream) {
            return;
        }
    }
}

#[tokio::test]
async fn keeps_connections_with_unread_request_bodies() {
    let server = TestServer::new().await;
    let mut connection = TcpStream::connect(server.address.trim_start_matches("http://")).await.unwrap();
    connection.set_nodelay(true).unwrap();
    connection.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    connection.write_all(&frame(SETTINGS, 0, 0, &[])).await.unwrap();
    for stream in (1..1000).step_by(2) {
        connection.write_all(&frame(HEADERS, END_HEADERS, stream, &request_headers())).await.unwrap();
        read_response_headers(&mut connection, stream).await;
        connection.write_all(&frame(DATA, END_STREAM, stream, &[0; 5])).await.unwrap();
    }
}
