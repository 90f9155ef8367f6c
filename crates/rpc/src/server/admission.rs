//! The middleware that limits the number of concurrent calls.
//!
//! Each class of calls has places of its own: probes, calls of the other services, unary calls,
//! streams of responses, and uploads. So long streams never keep short calls out, and users never
//! take the places of the services. Within a class, a user and a company get only a share of the
//! places.
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
use cpor_types::{PartnerId, Personal, Service, TenantId};
use http_body::{Frame, SizeHint};
use tokio::time::{Sleep, sleep};
use tonic::Status;

use cpor_auth::{Access, Caller, Method};
use cpor_call::status;
use cpor_process::{
    metrics::{Counters, Metrics},
    quota::{Exceeded, Quota, QuotaPermit},
};

use crate::config::Limits;

/// The time after which a refused client should try again.
const RETRY_AFTER: Duration = Duration::from_millis(500);
/// The number of concurrent checks of the health service.
const PROBE_PLACES: usize = 1024;
/// The number of concurrent streams without a token: reflection, and watches of the health service.
const PUBLIC_STREAM_PLACES: usize = 64;
/// The time in which the request of a unary call must arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// The places for concurrent calls, by class.
#[derive(Debug)]
pub(super) struct Admission {
    /// The checks of the health service, so that an orchestrator does not restart a process that is
    /// only busy.
    probes: Arc<Quota<Holder>>,
    /// The other calls without a token: reflection, and watches of the health service.
    public_streams: Arc<Quota<Holder>>,
    /// The calls of the other services.
    service_calls: Arc<Quota<Holder>>,
    unary_calls: Arc<Quota<Holder>>,
    response_streams: Arc<Quota<Holder>>,
    uploads: Arc<Quota<Holder>>,
    /// Counts the refused requests.
    refused_requests: Counters,
}

/// Somebody who may have only a share of the places.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Holder {
    /// A user, by the subject of the token.
    User(Personal),
    /// The company of a partner's user.
    Partner(PartnerId),
    /// The tenant of a customer's user.
    Tenant(TenantId),
    /// A service that calls this one.
    Service(Service),
}

impl Admission {
    pub(super) fn new(limits: &Limits, metrics: &Metrics) -> Self {
        Self {
            probes: Quota::new(PROBE_PLACES),
            public_streams: Quota::new(PUBLIC_STREAM_PLACES),
            service_calls: Quota::new(limits.max_concurrent_service_requests),
            unary_calls: Quota::new(limits.max_concurrent_requests),
            response_streams: Quota::new(limits.max_concurrent_streams),
            uploads: Quota::new(limits.max_concurrent_uploads),
            refused_requests: metrics
                .counter("rpc_server_sheds", "Requests refused because too many requests were in progress."),
        }
    }

    /// Takes a place for a call, or returns the refusal.
    fn admit(&self, method: Option<&Method>, caller: Option<&Caller>) -> Result<QuotaPermit<Holder>, Box<Status>> {
        let places = self.places(method, caller);
        places.take(holders(caller, places.places())).map_err(|exceeded| {
            self.refused_requests.add(&[], 1);
            Box::new(refusal(&exceeded))
        })
    }

    /// Returns the places of the class that a call belongs to.
    fn places(&self, method: Option<&Method>, caller: Option<&Caller>) -> &Arc<Quota<Holder>> {
        let is_public = method.is_some_and(|method| method.access == Access::Public);
        let is_streaming = method.is_some_and(|method| method.is_streaming);
        let is_upload = method.is_some_and(|method| method.is_client_streaming);
        match caller {
            _ if is_public && is_streaming => &self.public_streams,
            _ if is_public => &self.probes,
            Some(caller) if caller.service.is_some() => &self.service_calls,
            _ if is_upload => &self.uploads,
            _ if is_streaming => &self.response_streams,
            _ => &self.unary_calls,
        }
    }
}

/// Returns who takes a place for this caller, and the maximum number of places of each: half of all
/// places for a service, a quarter for a partner or tenant, and an eighth for a user.
fn holders(caller: Option<&Caller>, places: usize) -> [Option<(Holder, usize)>; 2] {
    let Some(caller) = caller else { return [None, None] };
    let share = |holder: Holder, parts: usize| Some((holder, (places / parts).max(1)));
    if let Some(service) = caller.service {
        return [share(Holder::Service(service), 2), None];
    }
    let company = caller.partner.clone().map(Holder::Partner).or_else(|| caller.tenant.map(Holder::Tenant));
    [share(Holder::User(caller.subject.clone()), 8), company.and_then(|company| share(company, 4))]
}

/// Returns the status of a call for which there is no place. It does not name the user.
fn refusal(exceeded: &Exceeded<Holder>) -> Status {
    let Exceeded::Key { key, max } = exceeded else { return status::overloaded(RETRY_AFTER) };
    let scope = match key {
        Holder::User(_) => "user",
        Holder::Partner(_) => "partner",
        Holder::Tenant(_) => "tenant",
        Holder::Service(_) => "service",
    };
    let message = format!("too many concurrent calls of this kind: at most {max} per {scope}; try again later");
    let metadata = [("scope", scope), ("limit", &max.to_string())];
    status::resource_exhausted(ErrorReason::TooManyCalls.as_str_name(), message, &metadata, RETRY_AFTER)
}

/// Refuses a call immediately if there is no place for it, because a call that waits in a queue is
/// likely to miss its deadline.
pub(super) async fn admit(State(admission): State<Arc<Admission>>, request: Request, next: Next) -> Response {
    let method = request.extensions().get::<Arc<Method>>().cloned();
    let caller = request.extensions().get::<Arc<Caller>>().map(AsRef::as_ref);
    let permit = match admission.admit(method.as_deref(), caller) {
        Ok(permit) => permit,
        Err(status) => return status.into_http(),
    };
    let is_upload = method.as_ref().is_some_and(|method| method.is_client_streaming);
    let request = if is_upload { request } else { request.map(limit_body) };
    let response = next.run(request).await;
    // A unary response is complete now; a stream keeps its place until it ends.
    match method {
        Some(method) if method.is_streaming => response.map(|body| Body::new(PermitBody { body, _permit: permit })),
        Some(_) | None => response,
    }
}

/// Limits the time in which a request body must arrive, so that a client cannot keep its memory and
/// its place by sending all but the last byte.
fn limit_body(body: Body) -> Body {
    Body::new(TimedBody { body, timer: Box::pin(sleep(BODY_TIMEOUT)) })
}

/// A request body that fails if it has not ended when its timer fires.
struct TimedBody {
    body: Body,
    timer: Pin<Box<Sleep>>,
}

impl http_body::Body for TimedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if frame.is_pending() && self.timer.as_mut().poll(context).is_ready() {
            let late = std::io::Error::new(std::io::ErrorKind::TimedOut, "the request did not arrive in time");
            return Poll::Ready(Some(Err(axum::Error::new(late))));
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A response body that holds a place until it is dropped.
struct PermitBody {
    body: Body,
    _permit: QuotaPermit<Holder>,
}

impl http_body::Body for PermitBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use cpor_types::{Actor, ActorSide, Role};
    use http_body_util::{BodyExt as _, StreamBody};

    use super::*;

    fn method(is_client_streaming: bool, is_server_streaming: bool) -> Method {
        Method {
            service: "cpor.claims.v1.ClaimService".to_owned(),
            name: "UploadEvidence".to_owned(),
            access: Access::Restricted {
                roles: vec![Role::IncentivesUser],
                services: Vec::new(),
                on_behalf_of: Vec::new(),
                owner_field: Vec::new(),
                skip_owner_check_for_customers: false,
            },
            audiences: Vec::new(),
            is_streaming: is_client_streaming || is_server_streaming,
            is_client_streaming,
        }
    }

    fn user(subject: &str, partner: &str) -> Caller {
        Caller {
            subject: subject.into(),
            roles: vec![Role::IncentivesUser],
            partner: Some(partner.parse().unwrap()),
            tenant: None,
            service: None,
            actor: Actor::new(ActorSide::Partner, subject),
        }
    }

    fn service(service: Service) -> Caller {
        Caller { service: Some(service), partner: None, actor: Actor::system(service), ..user("s", "contoso") }
    }

    fn reason(refused: Result<QuotaPermit<Holder>, Box<Status>>) -> (String, Option<String>) {
        let status = refused.expect_err("a refusal");
        (status::reason(&status).unwrap(), status::metadata(&status, "scope"))
    }

    #[test]
    fn one_company_leaves_places_to_the_others() {
        let limits = Limits { max_concurrent_uploads: 16, ..Limits::default() };
        let admission = Admission::new(&limits, &Metrics::new());
        let upload = method(true, false);
        let open = |caller: &Caller| admission.admit(Some(&upload), Some(caller));
        let mut permits = vec![open(&user("alice", "contoso")).unwrap(), open(&user("alice", "contoso")).unwrap()];
        let refused = reason(open(&user("alice", "contoso")));
        assert_eq!(refused, ("TOO_MANY_CALLS".to_owned(), Some("user".to_owned())));
        permits.extend([open(&user("bob", "contoso")).unwrap(), open(&user("bob", "contoso")).unwrap()]);
        let refused = reason(open(&user("carol", "contoso")));
        assert_eq!(refused, ("TOO_MANY_CALLS".to_owned(), Some("partner".to_owned())));
        permits.push(open(&user("dora", "northwind")).unwrap());
        drop(permits);
        open(&user("alice", "contoso")).unwrap();
    }

    #[test]
    fn uploads_and_streams_keep_nobody_else_out() {
        let limits = Limits { max_concurrent_uploads: 1, max_concurrent_streams: 1, ..Limits::default() };
        let admission = Admission::new(&limits, &Metrics::new());
        let (upload, stream, unary) = (method(true, false), method(false, true), method(false, false));
        let alice = user("alice", "contoso");
        let admit = |method: &Method, caller: &Caller| admission.admit(Some(method), Some(caller));
        let _permits = [admit(&upload, &alice).unwrap(), admit(&stream, &alice).unwrap()];
        assert_eq!(reason(admit(&upload, &user("bob", "northwind"))).0, "OVERLOADED");
        assert_eq!(reason(admit(&stream, &user("bob", "northwind"))).0, "OVERLOADED");
        admit(&unary, &alice).unwrap();
        admit(&unary, &service(Service::PoeReview)).unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_does_not_arrive_fails() {
        let endless = StreamBody::new(tokio_stream::pending::<Result<Frame<Bytes>, axum::Error>>());
        let received = tokio::time::timeout(BODY_TIMEOUT * 2, limit_body(Body::new(endless)).collect()).await;
        let error = received.expect("the body fails at its timeout").unwrap_err();
        assert!(error.to_string().contains("did not arrive in time"), "{error}");

        let complete = limit_body(Body::from("abc")).collect().await.unwrap();
        assert_eq!(complete.to_bytes(), "abc");
    }

    #[test]
    fn users_keep_no_service_and_no_probe_out() {
        let limits = Limits { max_concurrent_requests: 1, max_concurrent_service_requests: 2, ..Limits::default() };
        let admission = Admission::new(&limits, &Metrics::new());
        let unary = method(false, false);
        let admit = |caller: &Caller| admission.admit(Some(&unary), Some(caller));
        let _user = admit(&user("alice", "contoso")).unwrap();
        let _review = admit(&service(Service::PoeReview)).unwrap();
        assert_eq!(reason(admit(&service(Service::PoeReview))).1, Some("service".to_owned()));
        let _consent = admit(&service(Service::CustomerConsent)).unwrap();
        assert_eq!(reason(admit(&user("bob", "northwind"))).0, "OVERLOADED");
        let health = Method { access: Access::Public, ..unary.clone() };
        admission.admit(Some(&health), None).unwrap();
    }
}
