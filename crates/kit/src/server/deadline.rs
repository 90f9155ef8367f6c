use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use cpor_proto::options::v1::ErrorReason;
use http::HeaderMap;
use http_body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};
use tonic::{Code, Status};

use super::call::{CALL, Call, CallDeadline, RequestId};
use crate::{auth::Method, config::Limits, status};

/// The transport beneath ends a call at the same deadline, with CANCELLED and no details: be a little earlier.
const EARLIER: Duration = Duration::from_millis(5);

/// How long calls get.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadlines {
    unset: Duration,
    most: Duration,
}

impl Deadlines {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            unset: Duration::from_secs(limits.default_deadline_seconds),
            most: Duration::from_secs(limits.max_deadline_seconds),
        }
    }

    fn of(self, asked: Option<Duration>, streaming: bool) -> Duration {
        match asked {
            Some(asked) => asked.saturating_sub(EARLIER.min(asked / 2)).min(self.most),
            None if streaming => self.most,
            None => self.unset,
        }
    }
}

/// Ends a call that outlives its deadline with DEADLINE_EXCEEDED (reason of the same name): its own `grpc-timeout`,
/// else the default, and never more than the limit.
pub(super) async fn limit(State(deadlines): State<Deadlines>, mut request: Request, next: Next) -> Response {
    let asked = match timeout(request.headers()) {
        Ok(asked) => asked,
        Err(status) => return status.into_http(),
    };
    let streaming = request.extensions().get::<Arc<Method>>().is_some_and(|method| method.streaming);
    let length = deadlines.of(asked, streaming);
    let deadline = CallDeadline { at: Instant::now() + length };
    request.extensions_mut().insert(deadline);
    let request_id = request.extensions().get::<RequestId>().map_or_else(|| "".into(), |id| id.0.clone());
    let answer = CALL.scope(Call { request_id, deadline }, next.run(request));
    match tokio::time::timeout_at(deadline.at, answer).await {
        Ok(response) if streaming => {
            response.map(|body| Body::new(Timed { body, end: Some(Box::pin(sleep_until(deadline.at))), length }))
        }
        Ok(response) => response,
        Err(_elapsed) => exceeded(length).into_http(),
    }
}

fn exceeded(length: Duration) -> Status {
    let allowed = format!("{}ms", length.as_millis());
    let message = format!("the call took longer than its {allowed}; whether it took effect is unknown");
    status::refused(
        Code::DeadlineExceeded,
        ErrorReason::DeadlineExceeded.as_str_name(),
        message,
        &[("allowed", &allowed)],
    )
}

/// `grpc-timeout`: at most eight digits and a unit.
fn timeout(headers: &HeaderMap) -> Result<Option<Duration>, Status> {
    let Some(value) = headers.get("grpc-timeout") else { return Ok(None) };
    let malformed = || {
        let message = "grpc-timeout must be one to eight digits and one of H, M, S, m, u, n";
        status::refused(
            Code::InvalidArgument,
            ErrorReason::InvalidTimeout.as_str_name(),
            message,
            &[("header", "grpc-timeout")],
        )
    };
    value.to_str().ok().and_then(parse).map(Some).ok_or_else(malformed)
}

fn parse(value: &str) -> Option<Duration> {
    let unit = value.chars().next_back()?;
    let digits = value.strip_suffix(unit)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let amount: u64 = digits.parse().ok()?;
    Some(match unit {
        'H' => Duration::from_secs(amount * 3600),
        'M' => Duration::from_secs(amount * 60),
        'S' => Duration::from_secs(amount),
        'm' => Duration::from_millis(amount),
        'u' => Duration::from_micros(amount),
        'n' => Duration::from_nanos(amount),
        _ => return None,
    })
}

/// A stream of answers that ends at the deadline, with the status in its trailers.
struct Timed {
    body: Body,
    /// `None` once the stream was ended here.
    end: Option<Pin<Box<Sleep>>>,
    length: Duration,
}

impl http_body::Body for Timed {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Some(end) = &mut self.end else { return Poll::Ready(None) };
        // Asked first: a stream that always has something to say would never end.
        if end.as_mut().poll(context).is_pending() {
            return Pin::new(&mut self.body).poll_frame(context);
        }
        self.end = None;
        let mut trailers = HeaderMap::new();
        if let Err(error) = exceeded(self.length).add_header(&mut trailers) {
            return Poll::Ready(Some(Err(axum::Error::new(error))));
        }
        Poll::Ready(Some(Ok(Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.end.is_none() || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_read_as_the_protocol_says() {
        assert_eq!(parse("1H"), Some(Duration::from_secs(3600)));
        assert_eq!(parse("99999999n"), Some(Duration::from_nanos(99_999_999)));
        assert_eq!(
            ["20S", "20M", "20m", "20u"].map(|text| parse(text).unwrap().as_micros()),
            [20_000_000, 1_200_000_000, 20_000, 20]
        );
        for malformed in ["", "S", "1", "123456789S", "-1S", "1x", "1.5S", "+1S", "1 S", "1ß"] {
            assert_eq!(parse(malformed), None, "{malformed}");
        }
    }

    #[test]
    fn what_a_caller_asks_for_is_capped_and_answered_a_little_early() {
        let deadlines =
            Deadlines::new(&Limits { default_deadline_seconds: 30, max_deadline_seconds: 300, ..Limits::default() });
        let of = |asked, streaming| deadlines.of(asked, streaming);
        assert_eq!(of(None, false), Duration::from_secs(30));
        assert_eq!(of(None, true), Duration::from_secs(300));
        assert_eq!(of(Some(Duration::from_secs(1)), false), Duration::from_millis(995));
        assert_eq!(of(Some(Duration::from_millis(4)), false), Duration::from_millis(2));
        assert_eq!(of(Some(Duration::from_secs(9000)), true), Duration::from_secs(300));
    }
}
