//! The malware scanner clamd, to which the bytes of a document are sent before the document is
//! stored.
use bytes::Bytes;
use clamav_client::tokio::{TransportProtocol, scan_stream};
use futures_util::Stream;
use std::{path::PathBuf, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, join, split},
    net::{TcpStream, UnixStream},
    time::timeout,
};

/// The time in which a connection to the scanner must be open.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The time in which the scanner must have received and judged a document.
const SCAN_TIMEOUT: Duration = Duration::from_secs(60);
/// The number of bytes that are sent in one chunk.
const CHUNK_BYTES: usize = 64 << 10;
/// The maximum number of bytes that are read of the scanner's answer.
const MAX_ANSWER_BYTES: u64 = 1024;
/// The maximum length of the name of malware that is shown.
const MAX_SIGNATURE_CHARS: usize = 100;

/// The address of clamd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scanner {
    /// A host and a port.
    Tcp(String),
    /// A Unix socket.
    Socket(PathBuf),
}

/// What the scanner says of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The scanner has found nothing.
    Clean,
    /// The document contains malware, to which the scanner gives this name.
    Infected(String),
}

/// The error of a scan that gave no verdict. The text is for the log only.
#[derive(Debug, thiserror::Error)]
#[error("the malware scanner has failed: {0}")]
pub(crate) struct ScannerError(String);

impl Scanner {
    /// Returns the scanner at this address: `host:port`, or the path of a Unix socket.
    pub(crate) fn at(address: &str) -> Self {
        if address.starts_with('/') { Self::Socket(address.into()) } else { Self::Tcp(address.to_owned()) }
    }

    /// Sends a document to the scanner and returns its verdict.
    ///
    /// # Errors
    /// Returns an error if the scanner does not answer in time, or does not say clearly that the
    /// document is clean or infected.
    pub(crate) async fn scan(
        &self,
        bytes: impl Stream<Item = Result<Bytes, std::io::Error>>,
    ) -> Result<Verdict, ScannerError> {
        let answer = timeout(SCAN_TIMEOUT, scan_stream(bytes, self.clone(), Some(CHUNK_BYTES))).await;
        let answer = answer.map_err(|_| ScannerError("no answer in time".to_owned()))?;
        let answer = answer.map_err(|error| ScannerError(error.to_string()))?;
        parse(&answer).ok_or_else(|| ScannerError(format!("{:?}", String::from_utf8_lossy(&answer))))
    }
}

/// A connection to the scanner.
pub(crate) trait Connection: AsyncRead + AsyncWrite + Send + Unpin {}
impl<C: AsyncRead + AsyncWrite + Send + Unpin> Connection for C {}

/// Returns the connection with a limit: only the first [`MAX_ANSWER_BYTES`] can be read.
fn limit_answer(connection: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Box<dyn Connection> {
    let (read, write) = split(connection);
    Box::new(join(read.take(MAX_ANSWER_BYTES), write))
}

impl TransportProtocol for Scanner {
    type Stream = Box<dyn Connection>;

    async fn connect(&self) -> std::io::Result<Self::Stream> {
        timeout(CONNECT_TIMEOUT, async {
            Ok(match self {
                Self::Tcp(address) => limit_answer(TcpStream::connect(address).await?),
                Self::Socket(path) => limit_answer(UnixStream::connect(path).await?),
            })
        })
        .await?
    }
}

/// Returns the verdict in an answer. Everything else, such as an error or a part of an answer, is
/// `None`.
fn parse(answer: &[u8]) -> Option<Verdict> {
    let answer = std::str::from_utf8(answer).ok()?;
    let verdict = answer.strip_suffix(['\0', '\n'])?.strip_prefix("stream: ")?;
    if verdict == "OK" {
        return Some(Verdict::Clean);
    }
    let signature = verdict.strip_suffix(" FOUND")?;
    let shown = signature.chars().filter(char::is_ascii_graphic).take(MAX_SIGNATURE_CHARS);
    Some(Verdict::Infected(shown.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clear_answer_is_a_verdict() {
        assert_eq!(parse(b"stream: OK\0"), Some(Verdict::Clean));
        let infected = |name: &str| Some(Verdict::Infected(name.to_owned()));
        assert_eq!(parse(b"stream: Eicar-Test-Signature FOUND\0"), infected("Eicar-Test-Signature"));
        assert_eq!(parse(b"stream: \x1b[31mEvil\r\n FOUND\n"), infected("[31mEvil"));
        for unclear in [
            &b""[..],
            b"stream: OK",
            b"stream: O",
            b"OK\0",
            b"stream: OK FOUND",
            b"stream: NOT OK\0",
            b"INSTREAM size limit exceeded. ERROR\0",
            b"stream: OK\0stream: Evil FOUND",
            b"\xff\xfe",
        ] {
            assert_eq!(parse(unclear), None, "{}", String::from_utf8_lossy(unclear));
        }
    }
}
