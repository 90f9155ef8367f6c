//! Connections of an attacker: each kind misuses the protocol in its own way, and connects again
//! whenever the server closes it.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use cpor_acceptance::{CONTOSO, PDF};
use cpor_proto::claims::v1::{EvidenceMetadata, UploadEvidenceRequest, WatchClaimsRequest};
use prost::Message;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::sleep,
};

/// The time after which an attacker connects again.
const RETRY_INTERVAL: Duration = Duration::from_millis(200);

/// A kind of attack.
#[derive(Clone, Copy, Debug)]
pub(super) enum Attack {
    /// Sends a form to the page, one byte a second.
    DribbledForm,
    /// Requests the page again and again, and reads nothing.
    SlowPageReader,
    /// Sends headers to the page without an end.
    PageHeaderFlood,
    /// Connects to the gRPC API, and sends nothing.
    SilentConnection,
    /// Opens calls and resets them at once.
    RapidReset,
    /// Sends headers to the gRPC API in CONTINUATION frames without an end.
    ContinuationFlood,
    /// Opens watches, and reads nothing.
    IdleStreams,
    /// Opens uploads, sends a part of a document, and then nothing.
    StalledUploads,
}

/// The kinds with their shares of 20 connections.
pub(super) const ATTACKS: [(Attack, usize); 8] = [
    (Attack::DribbledForm, 4),
    (Attack::SlowPageReader, 3),
    (Attack::PageHeaderFlood, 1),
    (Attack::SilentConnection, 2),
    (Attack::RapidReset, 1),
    (Attack::ContinuationFlood, 1),
    (Attack::IdleStreams, 4),
    (Attack::StalledUploads, 4),
];

/// The target of the attacks, and what the attackers have.
pub(super) struct Target {
    pub(super) grpc: SocketAddr,
    pub(super) web: SocketAddr,
    /// The token of a user of Contoso.
    pub(super) token: String,
    /// A draft of Contoso.
    pub(super) claim: String,
    /// The number of connections that were opened.
    pub(super) connections: AtomicUsize,
}

/// Attacks until the task is aborted.
pub(super) async fn attack(attack: Attack, target: Arc<Target>) {
    let address = match attack {
        Attack::DribbledForm | Attack::SlowPageReader | Attack::PageHeaderFlood => target.web,
        Attack::SilentConnection
        | Attack::RapidReset
        | Attack::ContinuationFlood
        | Attack::IdleStreams
        | Attack::StalledUploads => target.grpc,
    };
    loop {
        if let Ok(connection) = TcpStream::connect(address).await {
            target.connections.fetch_add(1, Ordering::Relaxed);
            // The end of the connection is what the server is expected to do.
            let (Ok(()) | Err(_)) = misuse(connection, attack, &target).await;
        }
        sleep(RETRY_INTERVAL).await;
    }
}

async fn misuse(mut connection: TcpStream, attack: Attack, target: &Target) -> std::io::Result<()> {
    match attack {
        Attack::DribbledForm => {
            let head = b"POST /consent/x HTTP/1.1\r\nhost: localhost\r\ncontent-length: 4000\r\n\
                         content-type: application/x-www-form-urlencoded\r\n\r\n";
            connection.write_all(head).await?;
            loop {
                connection.write_all(b"x").await?;
                sleep(Duration::from_secs(1)).await;
            }
        }
        Attack::SlowPageReader => loop {
            connection.write_all(&b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(100)).await?;
        },
        Attack::PageHeaderFlood => {
            connection.write_all(b"GET / HTTP/1.1\r\n").await?;
            loop {
                connection.write_all(&b"x-flood: 0123456789\r\n".repeat(100)).await?;
            }
        }
        Attack::SilentConnection => wait_for_end(&mut connection).await,
        Attack::RapidReset => {
            connection.write_all(&preface()).await?;
            for stream in (1..).step_by(2) {
                let call = headers(target, "WatchClaims");
                let reset = frame(3, 0, stream, &8_u32.to_be_bytes());
                connection.write_all(&[frame(1, END_HEADERS, stream, &call), reset].concat()).await?;
            }
            Ok(())
        }
        Attack::ContinuationFlood => {
            connection.write_all(&preface()).await?;
            connection.write_all(&frame(1, 0, 1, &headers(target, "WatchClaims"))).await?;
            let field = [&[0x00, 1, b'x', 100][..], &[b'y'; 100]].concat().repeat(100);
            loop {
                connection.write_all(&frame(9, 0, 1, &field)).await?;
            }
        }
        Attack::IdleStreams => {
            let watch = WatchClaimsRequest { parent: CONTOSO.into(), from_beginning: true, ..Default::default() };
            open_streams(&mut connection, target, "WatchClaims", &watch, END_STREAM).await?;
            sleep(Duration::from_secs(3600)).await;
            Ok(())
        }
        Attack::StalledUploads => {
            let (parent, file_name) = (target.claim.clone(), "proof.pdf".to_owned());
            let metadata = Some(EvidenceMetadata { parent, file_name, ..EvidenceMetadata::default() });
            let part = UploadEvidenceRequest { metadata, data: [PDF, &[b'x'; 8_000]].concat() };
            open_streams(&mut connection, target, "UploadEvidence", &part, 0).await?;
            wait_for_end(&mut connection).await
        }
    }
}

/// Reads until the server closes the connection.
async fn wait_for_end(connection: &mut TcpStream) -> std::io::Result<()> {
    let mut buffer = [0; 4096];
    while connection.read(&mut buffer).await? > 0 {}
    Ok(())
}

/// Opens streams with one message each. The last frame of each has the given flags.
async fn open_streams(
    connection: &mut TcpStream,
    target: &Target,
    method: &str,
    message: &impl Message,
    flags: u8,
) -> std::io::Result<()> {
    connection.write_all(&preface()).await?;
    let message = message.encode_to_vec();
    let length = u32::try_from(message.len()).expect("a short message").to_be_bytes();
    let message = [&[0][..], &length, &message].concat();
    for stream in (1..8).step_by(2) {
        let call = frame(1, END_HEADERS, stream, &headers(target, method));
        connection.write_all(&[call, frame(0, flags, stream, &message)].concat()).await?;
    }
    Ok(())
}

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// The begin of an HTTP/2 connection, with empty settings.
fn preface() -> Vec<u8> {
    [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".as_slice(), &frame(4, 0, 0, &[])].concat()
}

/// An HTTP/2 frame (RFC 9113, 4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a short frame").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// The headers of a call with the attacker's token (RFC 7541, without Huffman codes).
fn headers(target: &Target, method: &str) -> Vec<u8> {
    let path = format!("/cpor.claims.v1.ClaimService/{method}");
    let bearer = format!("Bearer {}", target.token);
    [
        vec![0x83, 0x86],
        literal(&[0x01], "localhost"),
        literal(&[0x04], &path),
        literal(&[0x0f, 0x10], "application/grpc"),
        literal(&[0x0f, 0x08], &bearer),
        literal(&[0x00, 2, b't', b'e'], "trailers"),
    ]
    .concat()
}

/// A header field that is not indexed: the name, and the value with its length.
fn literal(name: &[u8], value: &str) -> Vec<u8> {
    let (mut bytes, mut length) = (name.to_vec(), value.len());
    if length < 0x7f {
        bytes.push(u8::try_from(length).expect("a short value"));
    } else {
        bytes.push(0x7f);
        length -= 0x7f;
        while length >= 0x80 {
            bytes.push(u8::try_from(length % 0x80 + 0x80).expect("seven bits"));
            length /= 0x80;
        }
        bytes.push(u8::try_from(length).expect("seven bits"));
    }
    bytes.extend(value.as_bytes());
    bytes
}
