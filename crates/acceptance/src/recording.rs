//! Records what the API answers to each company, and searches it for the data of others.
//!
//! The names of the companies are in all of their data: in resource names, addresses of mails and
//! display names. So the answers to Contoso must not contain the word `northwind`, unless the
//! request contained it (R4, R37).

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use http::{HeaderMap, Request, Response};
use http_body_util::BodyExt as _;
use tonic::{body::Body, codegen::Service, transport::Channel};

use crate::{Mail, TestSystem};

/// The names of the partners. An answer to one of them must not contain the name of another.
const PARTNERS: [&str; 2] = ["contoso", "northwind"];
/// The names of the customers. An answer to one of them must not contain the name of another.
const CUSTOMERS: [&str; 3] = ["fabrikam", "litware", "tailspin"];

/// The number of bytes that are kept of a request or a response.
const MAX_BYTES: usize = 1 << 20;

/// The calls of a test by users of partners and customers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recording(Arc<Mutex<Vec<Arc<Exchange>>>>);

/// A call and its answer.
#[derive(Debug)]
struct Exchange {
    /// The name of the caller's partner or tenant, and the subject of its token.
    caller: String,
    /// The path of the method that was called.
    path: String,
    request: Mutex<Vec<u8>>,
    response: Mutex<Vec<u8>>,
}

/// A channel that records the calls of one caller.
#[derive(Clone, Debug)]
pub struct RecordedChannel {
    channel: Channel,
    caller: String,
    recording: Recording,
}

impl Recording {
    /// Returns a channel that records the calls of this caller.
    pub(crate) fn record(&self, channel: Channel, caller: &str) -> RecordedChannel {
        RecordedChannel { channel, caller: caller.to_owned(), recording: self.clone() }
    }

    fn answers_to(&self, caller: &str) -> String {
        let exchanges = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        exchanges
            .iter()
            .filter(|exchange| exchange.caller.contains(caller))
            .map(|exchange| text(&exchange.response))
            .collect()
    }

    /// Returns the answers with a word of another company, which the request did not contain.
    fn leaks(&self) -> Vec<String> {
        let exchanges = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let exchanges = exchanges.iter().map(|exchange| (exchange, foreign_words(&exchange.caller)));
        let leaks = exchanges.filter(|(_, words)| !words.is_empty()).flat_map(|(exchange, words)| {
            let (request, response) = (text(&exchange.request), text(&exchange.response));
            let leaked = words.into_iter().filter(move |word| response.contains(word) && !request.contains(word));
            leaked.map(|word| format!("{} gets {word:?} from {}", exchange.caller, exchange.path)).collect::<Vec<_>>()
        });
        leaks.collect()
    }
}

fn text(bytes: &Mutex<Vec<u8>>) -> String {
    String::from_utf8_lossy(&bytes.lock().unwrap_or_else(PoisonError::into_inner)).to_lowercase()
}

/// Returns the names of the other companies on the side of the caller or recipient: the other
/// partners or the other customers. There are none for callers that act for neither.
fn foreign_words(caller: &str) -> Vec<&'static str> {
    for side in [&PARTNERS[..], &CUSTOMERS[..]] {
        if side.iter().any(|word| caller.contains(word)) {
            return side.iter().copied().filter(|word| !caller.contains(word)).collect();
        }
    }
    Vec::new()
}

/// Appends bytes of a request or response, up to [`MAX_BYTES`].
fn append(buffer: &Mutex<Vec<u8>>, bytes: &[u8]) {
    let mut buffer = buffer.lock().unwrap_or_else(PoisonError::into_inner);
    if buffer.len() < MAX_BYTES {
        buffer.extend_from_slice(bytes);
    }
}

/// Appends headers or trailers; the details of a status are decoded.
fn append_headers(buffer: &Mutex<Vec<u8>>, headers: &HeaderMap) {
    for (name, value) in headers {
        append(buffer, value.as_bytes());
        if name == "grpc-status-details-bin"
            && let Ok(details) = STANDARD_NO_PAD.decode(value.as_bytes())
        {
            append(buffer, &details);
        }
    }
}

impl Service<Request<Body>> for RecordedChannel {
    type Response = Response<Body>;
    type Error = tonic::transport::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Service::<Request<Body>>::poll_ready(&mut self.channel, context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let exchange = Arc::new(Exchange {
            caller: self.caller.clone(),
            path: request.uri().path().to_owned(),
            request: Mutex::default(),
            response: Mutex::default(),
        });
        self.recording.0.lock().unwrap_or_else(PoisonError::into_inner).push(exchange.clone());
        let requested = exchange.clone();
        let request = request.map(|body| {
            Body::new(body.map_frame(move |frame| {
                if let Some(data) = frame.data_ref() {
                    append(&requested.request, data);
                }
                frame
            }))
        });
        let response = self.channel.call(request);
        Box::pin(async move {
            let response = response.await?;
            append_headers(&exchange.response, response.headers());
            Ok(response.map(|body| {
                Body::new(body.map_frame(move |frame| {
                    if let Some(data) = frame.data_ref() {
                        append(&exchange.response, data);
                    }
                    if let Some(trailers) = frame.trailers_ref() {
                        append_headers(&exchange.response, trailers);
                    }
                    frame
                }))
            }))
        })
    }
}

impl TestSystem {
    /// Returns the concatenated answers, in lower case, to all callers whose name, or whose
    /// partner's or tenant's name, contains the text `caller`.
    #[must_use]
    pub fn answers_to(&self, caller: &str) -> String {
        self.recording.answers_to(caller)
    }

    /// Asserts that no answer and no mail to a company contained data of another on the same side.
    ///
    /// # Panics
    /// Panics if an answer or a mail contained such data.
    pub fn assert_no_leak(&self) {
        let mut leaks = self.recording.leaks();
        for mail in self.all_mails() {
            let Mail { to, subject, text, html, .. } = &mail;
            let shown = [subject.as_str(), text, html].concat().to_lowercase();
            let leaked = foreign_words(to).into_iter().filter(|word| shown.contains(word));
            leaks.extend(leaked.map(|word| format!("{to} gets {word:?} in the mail {subject:?}")));
        }
        assert!(leaks.is_empty(), "data of another company was shown: {leaks:#?}");
    }
}
