//! Limits the number of concurrent calls, and the memory that their messages take.
//!
//! Each class of calls has places (for concurrent calls) of its own: calls without a token, calls
//! of the other services, deliveries of events, unary calls, streams of responses, and uploads. So
//! long streams never keep short calls out, and users never take the capacity of the services.
//! Each class has bytes of memory of its own, too, except that unary calls and streams of responses
//! share theirs, and that calls without a token may only have small messages. Within a class, a
//! user and a company get only a share.
use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    extract::Request,
    response::Response,
};
use cpor_proto::{events::v1::event_service_server, options::v1::ErrorReason};
use cpor_types::{PartnerId, Personal, Service, TenantId};
use http_body::{Frame, SizeHint};
use tokio::time::{Sleep, sleep};
use tonic::{Code, Status};

use super::message_lengths::MessageLengths;
use crate::config::{Limits, UPLOAD_BYTES};
use cpor_auth::{Access, Caller, Method};
use cpor_call::status;
use cpor_process::{
    listener::{ConnectionUse, OpenRequest},
    metrics::{Counters, Metrics},
    quota::{Exceeded, Quota, QuotaPermit},
};

/// The time after which a refused client should try again.
const RETRY_AFTER: Duration = Duration::from_millis(500);
/// The number of concurrent checks of the health service.
const PROBE_PLACES: usize = 1024;
/// The number of concurrent streams without a token: reflection, and watches of the health service.
const PUBLIC_STREAM_PLACES: usize = 64;
/// The maximum size of a message of a call without a token.
const MAX_PUBLIC_MESSAGE_BYTES: usize = 4 << 10;
/// The time in which the request of a call must arrive, unless the call is an upload.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// A message takes memory twice: encoded and decoded.
const BYTES_PER_MESSAGE_BYTE: usize = 2;

/// The capacity for concurrent calls, by class.
#[derive(Debug)]
pub(super) struct Admission {
    /// The checks of the health service, so that an orchestrator does not restart a process that is
    /// only busy.
    probes: CallClass,
    /// The other calls without a token: reflection, and watches of the health service.
    public_streams: CallClass,
    /// The calls of the other services, except the deliveries of events.
    service_calls: CallClass,
    /// The deliveries of events, so that events flow while other calls of services are slow.
    events: CallClass,
    unary_calls: CallClass,
    response_streams: CallClass,
    uploads: CallClass,
    /// Counts the refused requests.
    refused_requests: Counters,
}

/// The capacity of one class of calls.
#[derive(Clone, Debug)]
struct CallClass {
    /// The places, of which each concurrent call takes one.
    places: Arc<Quota<Holder>>,
    /// The bytes of memory, or `None` if the messages are too small to count them.
    bytes: Option<Arc<Quota<Holder>>>,
    /// The maximum size of a message.
    max_message_bytes: usize,
    /// The memory that a call takes besides its messages.
    call_bytes: usize,
}

/// A user, company or service, which may take only a share of the places and bytes.
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
        let public = |places| CallClass {
            places: Quota::new(places),
            bytes: None,
            max_message_bytes: MAX_PUBLIC_MESSAGE_BYTES,
            call_bytes: 0,
        };
        let class = |places, bytes| CallClass {
            places: Quota::new(places),
            bytes: Some(Quota::new(bytes)),
            max_message_bytes: limits.max_message_bytes,
            call_bytes: 0,
        };
        let unary_calls = class(limits.max_concurrent_requests, limits.max_request_bytes / 3);
        Self {
            probes: public(PROBE_PLACES),
            public_streams: public(PUBLIC_STREAM_PLACES),
            service_calls: class(limits.max_concurrent_service_requests, limits.max_request_bytes / 12),
            events: class(limits.max_concurrent_service_requests, limits.max_request_bytes / 12),
            response_streams: CallClass { places: Quota::new(limits.max_concurrent_streams), ..unary_calls.clone() },
            unary_calls,
            uploads: CallClass {
                call_bytes: UPLOAD_BYTES,
                ..class(limits.max_concurrent_uploads, limits.max_request_bytes / 2)
            },
            refused_requests: metrics
                .counter("rpc_server_sheds", "Requests refused because too many requests were in progress."),
        }
    }

    /// Takes a place and the first bytes for a call, or returns the refusal.
    fn admit(&self, method: Option<&Method>, caller: Option<&Caller>) -> Result<Permit, Box<Status>> {
        let class = self.class(method, caller);
        let place = class.places.take(holders(caller, class.places.places()));
        let place = place.map_err(|exceeded| self.refuse(&exceeded, Resource::Calls))?;
        let bytes = class.bytes.as_ref().map(|bytes| bytes.permit(holders(caller, bytes.places())));
        let mut bytes = RequestBytes {
            permit: bytes,
            max_message_bytes: class.max_message_bytes,
            call_bytes: class.call_bytes,
            refused_requests: self.refused_requests.clone(),
        };
        bytes.reserve(0)?;
        Ok(Permit { _place: place, bytes: Arc::new(Mutex::new(bytes)) })
    }

    /// Counts a refused request, and returns the status of its refusal.
    fn refuse(&self, exceeded: &Exceeded<Holder>, resource: Resource) -> Box<Status> {
        self.refused_requests.add(&[], 1);
        Box::new(refusal(exceeded, resource))
    }

    /// Returns the class that a call belongs to.
    fn class(&self, method: Option<&Method>, caller: Option<&Caller>) -> &CallClass {
        let is_public = method.is_some_and(|method| method.access == Access::Public);
        let is_streaming = method.is_some_and(|method| method.is_streaming);
        let is_upload = method.is_some_and(|method| method.is_client_streaming);
        let is_event = method.is_some_and(|method| method.service == event_service_server::SERVICE_NAME);
        match caller {
            _ if is_public && is_streaming => &self.public_streams,
            _ if is_public => &self.probes,
            Some(caller) if caller.service.is_some() && is_event => &self.events,
            Some(caller) if caller.service.is_some() => &self.service_calls,
            _ if is_upload => &self.uploads,
            _ if is_streaming => &self.response_streams,
            _ => &self.unary_calls,
        }
    }
}

/// The capacity that a call has taken. Dropping it frees the capacity.
struct Permit {
    _place: QuotaPermit<Holder>,
    bytes: Arc<Mutex<RequestBytes>>,
}

/// The memory that is reserved for the messages of a call.
struct RequestBytes {
    /// The reserved bytes, or `None` if the messages are too small to count them.
    permit: Option<QuotaPermit<Holder>>,
    /// The maximum size of a message.
    max_message_bytes: usize,
    /// The memory that the call takes besides its messages.
    call_bytes: usize,
    refused_requests: Counters,
}

impl RequestBytes {
    /// Reserves the memory for a message of this size, in place of the message before. Returns the
    /// refusal if there is not enough memory.
    fn reserve(&mut self, message_bytes: usize) -> Result<(), Box<Status>> {
        if message_bytes > self.max_message_bytes {
            let message = "the request message exceeds the size limit of this server";
            let reason = ErrorReason::MessageTooLarge.as_str_name();
            return Err(Box::new(status::with_reason(Code::ResourceExhausted, reason, message, &[])));
        }
        let Some(permit) = &mut self.permit else { return Ok(()) };
        permit.grow(self.call_bytes + message_bytes * BYTES_PER_MESSAGE_BYTE).map_err(|exceeded| {
            self.refused_requests.add(&[], 1);
            Box::new(refusal(&exceeded, Resource::Bytes))
        })
    }
}

/// The kind of capacity that a call lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Resource {
    Calls,
    Bytes,
}

/// Returns who takes places (or bytes) for this caller, and the maximum of each: half of all places
/// for a service, a quarter for a partner or tenant, and an eighth for a user.
fn holders(caller: Option<&Caller>, places: usize) -> [Option<(Holder, usize)>; 2] {
    let Some(caller) = caller else { return [None, None] };
    let share = |holder: Holder, parts: usize| Some((holder, (places / parts).max(1)));
    if let Some(service) = caller.service {
        return [share(Holder::Service(service), 2), None];
    }
    let company = caller.partner.clone().map(Holder::Partner).or_else(|| caller.tenant.map(Holder::Tenant));
    [share(Holder::User(caller.subject.clone()), 8), company.and_then(|company| share(company, 4))]
}

/// Returns the status of a call for which there is no capacity. It does not name the user.
fn refusal(exceeded: &Exceeded<Holder>, resource: Resource) -> Status {
    let Exceeded::Key { key, max } = exceeded else { return status::overloaded(RETRY_AFTER) };
    let scope = match key {
        Holder::User(_) => "user",
        Holder::Partner(_) => "partner",
        Holder::Tenant(_) => "tenant",
        Holder::Service(_) => "service",
    };
    let (reason, message) = match resource {
        Resource::Calls => {
            let message = format!("too many concurrent calls of this kind: at most {max} per {scope}; try again later");
            (ErrorReason::TooManyCalls, message)
        }
        Resource::Bytes => {
            let message = format!(
                "the messages of concurrent calls take too much memory: at most {max} bytes per {scope}, where a \
                 message counts {BYTES_PER_MESSAGE_BYTE} times its size; try again later"
            );
            (ErrorReason::TooManyRequestBytes, message)
        }
    };
    let metadata = [("scope", scope), ("limit", &max.to_string())];
    status::resource_exhausted(reason.as_str_name(), message, &metadata, RETRY_AFTER)
}

/// Refuses a call immediately if there is no place for it, because a call that waits in a queue is
/// likely to miss its deadline. Also records that the connection is in use.
pub(super) async fn admit<F>(admission: &Admission, request: Request, next: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    let open_request = request.extensions().get::<ConnectionUse>().map(ConnectionUse::begin_request);
    let method = request.extensions().get::<Arc<Method>>().cloned();
    let caller = request.extensions().get::<Arc<Caller>>().map(AsRef::as_ref);
    let permit = match admission.admit(method.as_deref(), caller) {
        Ok(permit) => permit,
        Err(status) => return status.into_http(),
    };
    let is_upload = method.as_ref().is_some_and(|method| method.is_client_streaming);
    let time_limit = if is_upload { None } else { Some(BODY_TIMEOUT) };
    let bytes = permit.bytes.clone();
    let response = next(request.map(|body| limit_body(body, bytes, time_limit))).await;
    // A call keeps its place and its bytes until the transport has taken the response. A stream of
    // responses frees its bytes now, because it can be long and its request has been processed.
    if method.is_some_and(|method| method.is_streaming && !method.is_client_streaming) {
        permit.bytes.lock().unwrap_or_else(PoisonError::into_inner).permit = None;
    }
    response.map(|body| Body::new(PermitBody { body, held: Some((permit, open_request)) }))
}

/// Limits the time in which a request body must arrive, so that a client cannot keep its memory and
/// its place by sending all but the last byte, and reserves the memory for each message before the
/// message arrives.
fn limit_body(body: Body, bytes: Arc<Mutex<RequestBytes>>, time_limit: Option<Duration>) -> Body {
    let timer = time_limit.map(|limit| Box::pin(sleep(limit)));
    Body::new(LimitedBody { body, lengths: MessageLengths::default(), bytes, timer })
}

/// A request body that fails if it has not ended when its timer fires, or if there is no memory for
/// its next message. The errors are statuses, which tonic returns to the client.
struct LimitedBody {
    body: Body,
    /// Reads the lengths of the messages in the body.
    lengths: MessageLengths,
    /// The memory that is reserved for the messages.
    bytes: Arc<Mutex<RequestBytes>>,
    /// Fires when the body must have ended. `None` if there is no time limit.
    timer: Option<Pin<Box<Sleep>>>,
}

impl http_body::Body for LimitedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        let refused = match &frame {
            Poll::Ready(Some(Ok(frame))) => {
                let largest = frame.data_ref().and_then(|data| self.lengths.largest_in(data));
                largest.and_then(|length| self.reserve(length).err())
            }
            Poll::Ready(Some(Err(_)) | None) => None,
            Poll::Pending => self.timer.as_mut().and_then(|timer| match timer.as_mut().poll(context) {
                Poll::Ready(()) => Some(Box::new(late_request())),
                Poll::Pending => None,
            }),
        };
        refused.map_or(frame, |status| Poll::Ready(Some(Err(axum::Error::new(*status)))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl LimitedBody {
    /// Reserves the memory for the call's next message.
    fn reserve(&self, message_bytes: usize) -> Result<(), Box<Status>> {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner).reserve(message_bytes)
    }
}

/// Returns the status of a call whose request did not arrive in time.
fn late_request() -> Status {
    let (reason, message) = (ErrorReason::DeadlineExceeded, "the request did not arrive in time");
    status::with_reason(Code::DeadlineExceeded, reason.as_str_name(), message, &[])
}

/// A response body that holds the capacity of its call until it has ended or is dropped.
struct PermitBody {
    body: Body,
    /// The capacity, and the record that the connection is in use. `None` after the body has ended.
    held: Option<(Permit, Option<OpenRequest>)>,
}

impl http_body::Body for PermitBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        // The trailers are the last frame. The client may send its next call as soon as it has
        // them.
        let has_ended = match &frame {
            Poll::Ready(Some(Ok(frame))) => frame.is_trailers(),
            Poll::Ready(Some(Err(_)) | None) => true,
            Poll::Pending => false,
        };
        if has_ended {
            self.held = None;
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

    fn reason(refused: Result<Permit, Box<Status>>) -> (String, Option<String>) {
        let status = refused.err().expect("a refusal");
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
        let admission = Admission::new(&Limits::default(), &Metrics::new());
        let limit = |body| {
            let permit = admission.admit(Some(&method(false, false)), Some(&user("alice", "contoso"))).unwrap();
            limit_body(body, permit.bytes, Some(BODY_TIMEOUT))
        };
        let endless = StreamBody::new(tokio_stream::pending::<Result<Frame<Bytes>, axum::Error>>());
        let received = tokio::time::timeout(BODY_TIMEOUT * 2, limit(Body::new(endless)).collect()).await;
        let error = received.expect("the body fails at its timeout").unwrap_err();
        assert!(error.to_string().contains("did not arrive in time"), "{error}");

        let complete = limit(Body::from("abc")).collect().await.unwrap();
        assert_eq!(complete.to_bytes(), "abc");
    }

    /// Takes the memory for a message of 4 MiB in each call, until a call is refused. Returns the
    /// number of calls and the refusal.
    fn fill(admission: &Admission, method: &Method, caller: &Caller, held: &mut Vec<Permit>) -> (usize, Status) {
        for calls in 0.. {
            let permit = match admission.admit(Some(method), Some(caller)) {
                Ok(permit) => permit,
                Err(status) => return (calls, *status),
            };
            let reserved = permit.bytes.lock().unwrap().reserve(4 << 20);
            match reserved {
                Ok(()) => held.push(permit),
                Err(status) => return (calls, *status),
            }
        }
        unreachable!("the memory is limited")
    }

    #[test]
    fn messages_take_only_the_configured_memory() {
        let (limits, mut held) = (Limits::default(), Vec::new());
        let admission = Admission::new(&limits, &Metrics::new());
        let (upload, unary, stream) = (method(true, false), method(false, false), method(false, true));
        let event = Method { service: event_service_server::SERVICE_NAME.to_owned(), ..unary.clone() };
        let (calls, refused) = fill(&admission, &unary, &user("alice", "contoso"), &mut held);
        assert_eq!(calls, 2, "8 MiB each of 16 MiB");
        assert_eq!(status::reason(&refused).as_deref(), Some("TOO_MANY_REQUEST_BYTES"));
        assert_eq!(status::metadata(&refused, "limit").as_deref(), Some("16777216"));
        assert!(status::retry_after(&refused).is_some());
        fill(&admission, &unary, &user("bob", "contoso"), &mut held);
        let (_, refused) = fill(&admission, &unary, &user("carol", "contoso"), &mut held);
        assert_eq!(status::metadata(&refused, "scope").as_deref(), Some("partner"));

        for company in 0..10 {
            for subject in ["a", "b", "c"] {
                let caller = user(&format!("{subject}{company}"), &format!("company{company}"));
                for method in [&unary, &upload, &stream] {
                    fill(&admission, method, &caller, &mut held);
                }
            }
        }
        let (_, refused) = fill(&admission, &unary, &user("zoe", "northwind"), &mut held);
        assert_eq!(status::reason(&refused).as_deref(), Some("OVERLOADED"));
        let service_calls = Service::ALL.iter().map(|from| {
            fill(&admission, &event, &service(*from), &mut held);
            fill(&admission, &unary, &service(*from), &mut held).0
        });
        assert_eq!(service_calls.sum::<usize>(), 4, "users take no memory of the services, and neither do events");
        let taken = |class: &CallClass| class.bytes.as_ref().map_or(0, |bytes| bytes.taken());
        let classes = [&admission.unary_calls, &admission.uploads, &admission.service_calls, &admission.events];
        let total: usize = classes.map(taken).iter().sum();
        assert!(total <= limits.max_request_bytes, "{total}");
        assert!(total > limits.max_request_bytes * 9 / 10, "{total}");
        drop(held);
        assert_eq!(classes.map(taken), [0; 4]);
    }

    #[tokio::test]
    async fn a_message_is_refused_by_its_length_before_it_arrives() {
        let admission = Admission::new(&Limits::default(), &Metrics::new());
        let (unary, alice) = (method(false, false), user("alice", "contoso"));
        let mut held = Vec::new();
        fill(&admission, &unary, &alice, &mut held);
        let permit = admission.admit(Some(&unary), Some(&alice)).unwrap();
        // The message itself never arrives.
        let header = tokio_stream::once(Ok::<_, axum::Error>(Frame::data(Bytes::from_static(b"\0\0\x10\0\0"))));
        let body = StreamBody::new(tokio_stream::StreamExt::chain(header, tokio_stream::pending()));
        let error = limit_body(Body::new(body), permit.bytes, None).collect().await.unwrap_err();
        let status = Status::from_error(error.into());
        assert_eq!(status::reason(&status).as_deref(), Some("TOO_MANY_REQUEST_BYTES"));
    }

    #[test]
    fn a_call_without_a_token_has_small_messages() {
        let admission = Admission::new(&Limits::default(), &Metrics::new());
        let health = Method { access: Access::Public, ..method(false, false) };
        let permit = admission.admit(Some(&health), None).unwrap();
        let mut bytes = permit.bytes.lock().unwrap();
        bytes.reserve(MAX_PUBLIC_MESSAGE_BYTES).unwrap();
        let refused = bytes.reserve(MAX_PUBLIC_MESSAGE_BYTES + 1).unwrap_err();
        assert_eq!(status::reason(&refused).as_deref(), Some("MESSAGE_TOO_LARGE"));
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
        let event = Method { service: event_service_server::SERVICE_NAME.to_owned(), ..unary.clone() };
        admission.admit(Some(&event), Some(&service(Service::PoeReview))).expect("events have places of their own");
        assert_eq!(reason(admit(&user("bob", "northwind"))).0, "OVERLOADED");
        let health = Method { access: Access::Public, ..unary.clone() };
        admission.admit(Some(&health), None).unwrap();
    }
}
