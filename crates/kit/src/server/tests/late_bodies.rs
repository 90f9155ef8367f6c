//! Callers whose bodies come when the answer is ready already, frame by frame (RFC 9113), since no client library would be so slow.
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::system::System;

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

/// A call without a token: literal fields without indexing (RFC 7541, 6.2.2).
fn head() -> Vec<u8> {
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

/// Reads until the head of the answer on this stream.
async fn answered(connection: &mut TcpStream, stream: u32) {
    loop {
        let mut head = [0; 9];
        connection.read_exact(&mut head).await.expect("the connection lives");
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length as usize];
        connection.read_exact(&mut payload).await.unwrap();
        let about = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        assert_ne!(head[3], GOAWAY, "the server cuts the connection at stream {stream}");
        if (head[3], about) == (HEADERS, stream) {
            return;
        }
    }
}

#[tokio::test]
async fn refused_callers_with_late_bodies_keep_their_connection() {
    let system = System::new().await;
    let mut connection = TcpStream::connect(system.address.trim_start_matches("http://")).await.unwrap();
    connection.set_nodelay(true).unwrap();
    connection.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    connection.write_all(&frame(SETTINGS, 0, 0, &[])).await.unwrap();
    for stream in (1..1000).step_by(2) {
        connection.write_all(&frame(HEADERS, END_HEADERS, stream, &head())).await.unwrap();
        answered(&mut connection, stream).await;
        connection.write_all(&frame(DATA, END_STREAM, stream, &[0; 5])).await.unwrap();
    }
}
