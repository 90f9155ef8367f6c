//! Limits the duration of calls.
use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    extract::Request,
    response::Response,
};
use cpor_proto::options::v1::ErrorReason;
use http::HeaderMap;
use http_body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};
use tonic::{Code, Status};

use crate::config::Limits;
use cpor_auth::Method;
use cpor_call::context::{CALL_CONTEXT, CallContext, CallDeadline, RequestId};
use cpor_call::status;

/// The time by which a call ends before its requested deadline. At that deadline tonic ends a call
/// with CANCELLED and without details, so this middleware must end it earlier.
const MARGIN: Duration = Duration::from_millis(5);

/// The limits for the duration of calls.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadlines {
    /// The time for a unary call that requests no deadline.
    default: Duration,
    /// The maximum time for any call.
    max: Duration,
}

impl Deadlines {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            default: Duration::from_secs(limits.default_deadline_seconds),
            max: Duration::from_secs(limits.max_deadline_seconds),
        }
    }

    /// Returns the time limit of a call. `requested` is the timeout that the client requested, if
    /// any.
    fn time_limit(self, requested: Option<Duration>, is_streaming: bool) -> Duration {
        match requested {
            Some(requested) => requested.saturating_sub(MARGIN.min(requested / 2)).min(self.max),
            None if is_streaming => self.max,
            None => self.default,
        }
    }
}

/// Ends a call with DEADLINE_EXCEEDED (`DEADLINE_EXCEEDED`) when its time limit is over. The limit
/// is the `grpc-timeout` of the request or the default, and never more than the maximum.
pub(super) async fn limit<F>(deadlines: Deadlines, mut request: Request, next: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    let requested = match requested_timeout(request.headers()) {
        Ok(requested) => requested,
        Err(status) => return status.into_http(),
    };
    let is_streaming = request.extensions().get::<Arc<Method>>().is_some_and(|method| method.is_streaming);
    let time_limit = deadlines.time_limit(requested, is_streaming);
    let deadline = CallDeadline { at: Instant::now() + time_limit };
    request.extensions_mut().insert(deadline);
    let request_id = request.extensions().get::<RequestId>().map_or_else(|| "".into(), |id| id.0.clone());
    let response = CALL_CONTEXT.scope(CallContext { request_id, deadline }, next(request));
    match tokio::time::timeout_at(deadline.at, response).await {
        Ok(response) if is_streaming => response
            .map(|body| Body::new(DeadlineBody { body, timer: Some(Box::pin(sleep_until(deadline.at))), time_limit })),
        Ok(response) => response,
        Err(_elapsed) => deadline_exceeded(time_limit).into_http(),
    }
}

fn deadline_exceeded(time_limit: Duration) -> Status {
    let allowed = format!("{}ms", time_limit.as_millis());
    let message = format!("the call exceeded its deadline of {allowed}; it may or may not have taken effect");
    status::with_reason(
        Code::DeadlineExceeded,
        ErrorReason::DeadlineExceeded.as_str_name(),
        message,
        &[("allowed", &allowed)],
    )
}

/// Reads the `grpc-timeout` header.
fn requested_timeout(headers: &HeaderMap) -> Result<Option<Duration>, Status> {
    let Some(value) = headers.get("grpc-timeout") else { return Ok(None) };
    let malformed = || {
        let message = "grpc-timeout: must be 1 to 8 digits followed by one of the units H, M, S, m, u, n";
        status::with_reason(
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

/// A stream of responses that ends at the deadline with an error in its trailers.
struct DeadlineBody {
    body: Body,
    /// Fires at the deadline; `None` after it has ended the stream.
    timer: Option<Pin<Box<Sleep>>>,
    time_limit: Duration,
}

impl http_body::Body for DeadlineBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Some(timer) = &mut self.timer else { return Poll::Ready(None) };
        // The timer is polled first, because otherwise a body that is always ready would never be
        // ended.
        if timer.as_mut().poll(context).is_pending() {
            return Pin::new(&mut self.body).poll_frame(context);
        }
        self.timer = None;
        let mut trailers = HeaderMap::new();
        if let Err(error) = deadline_exceeded(self.time_limit).add_header(&mut trailers) {
            return Poll::Ready(Some(Err(axum::Error::new(error))));
        }
        Poll::Ready(Some(Ok(Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.timer.is_none() || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_timeouts_of_the_grpc_protocol() {
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
    fn caps_timeouts_and_ends_slightly_early() {
        let deadlines =
            Deadlines::new(&Limits { default_deadline_seconds: 30, max_deadline_seconds: 300, ..Limits::default() });
        let time_limit = |requested, is_streaming| deadlines.time_limit(requested, is_streaming);
        assert_eq!(time_limit(None, false), Duration::from_secs(30));
        assert_eq!(time_limit(None, true), Duration::from_secs(300));
        assert_eq!(time_limit(Some(Duration::from_secs(1)), false), Duration::from_millis(995));
        assert_eq!(time_limit(Some(Duration::from_millis(4)), false), Duration::from_millis(2));
        assert_eq!(time_limit(Some(Duration::from_secs(9000)), true), Duration::from_secs(300));
    }
}
