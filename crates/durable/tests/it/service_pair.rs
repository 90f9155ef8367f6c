//! Two services and a simulated network between them: tickets, and a mirror of the tickets.
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use chrono::TimeDelta;
use cpor_durable::{DeliveryError, EventReceiver, EventServer, EventTransport, Host};
use cpor_proto::{
    events::v1::{DeliverEventsRequest, DeliverEventsResponse},
    operations::v1::{ListStreamsRequest, Stream, StreamState},
    options::v1::Service as WireService,
};
use cpor_testing::{UnreachableTransport, host_parts};
use cpor_types::Service;
use tokio::sync::Notify;

use crate::{
    fixture::{Fixture, TestWriter},
    mirror::{Mirror, ReceiverBehavior},
    tickets::{command, counts, key, run_add, run_open},
};

/// The fault of the network in one delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NetworkFault {
    NoFault,
    RequestIsLost,
    ResponseIsLost,
    RequestIsDuplicated,
    /// The response has a result for the first stream only.
    OnlyFirstStreamAnswered,
    Unreadable,
}

/// Carries events from the ticket service to the mirror, with faults.
pub(crate) struct FakeNetwork {
    pub(crate) server: EventServer,
    pub(crate) faults: Mutex<VecDeque<NetworkFault>>,
    pub(crate) stream_counts: Mutex<Vec<usize>>,
    pub(crate) response_gate: tokio::sync::Mutex<()>,
    pub(crate) request_applied: Notify,
}

#[async_trait::async_trait]
impl EventTransport for FakeNetwork {
    async fn deliver(&self, request: DeliverEventsRequest) -> Result<DeliverEventsResponse, DeliveryError> {
        self.stream_counts.lock().unwrap().push(request.streams.len());
        let fate = self.faults.lock().unwrap().pop_front().unwrap_or(NetworkFault::NoFault);
        let lost = || DeliveryError::Unreachable("connection lost".to_owned());
        if fate == NetworkFault::RequestIsLost {
            return Err(lost());
        }
        if fate == NetworkFault::Unreadable {
            return Err(DeliveryError::Unreadable("InvalidArgument: one of the streams is malformed".to_owned()));
        }
        if fate == NetworkFault::RequestIsDuplicated {
            self.server.deliver(Service::ClaimIntake, request.clone()).await.unwrap();
        }
        let mut response = self.server.deliver(Service::ClaimIntake, request).await.unwrap();
        self.request_applied.notify_one();
        let _free = self.response_gate.lock().await;
        if fate == NetworkFault::OnlyFirstStreamAnswered {
            response.results.truncate(1);
        }
        if fate == NetworkFault::ResponseIsLost { Err(lost()) } else { Ok(response) }
    }
}

/// The ticket service and the mirror that receives its events, each with its own database.
pub(crate) struct ServicePair {
    pub(crate) fixture: Fixture,
    pub(crate) mirror_fixture: Fixture,
    pub(crate) host: Host,
    pub(crate) test_writer: TestWriter,
    pub(crate) mirror: Arc<Mirror>,
    pub(crate) network: Arc<FakeNetwork>,
    _mirror_host: Host,
}

impl ServicePair {
    pub(crate) async fn new(fixture: Fixture) -> Self {
        let mirror_fixture = Fixture::on(fixture.db.engine()).await;
        let parts = host_parts(mirror_fixture.db.clone(), &fixture.clock, 99, Arc::new(UnreachableTransport));
        let mirror_host = Host::from_parts(Service::Registry, parts).await.unwrap();
        let mirror = Arc::new(Mirror {
            writer: TestWriter::unbatched(&mirror_host),
            behavior: Mutex::new(ReceiverBehavior::Accept),
        });
        let receiver: Arc<dyn EventReceiver> = mirror.clone();
        let network = Arc::new(FakeNetwork {
            server: EventServer::new([(Service::Registry, receiver)]).unwrap(),
            faults: Mutex::default(),
            stream_counts: Mutex::default(),
            response_gate: tokio::sync::Mutex::default(),
            request_applied: Notify::new(),
        });
        let host = fixture.host_to(network.clone()).await;
        let test_writer = TestWriter::new(&host);
        Self { fixture, mirror_fixture, host, test_writer, mirror, network, _mirror_host: mirror_host }
    }

    pub(crate) async fn with_ticket(fixture: Fixture) -> Self {
        let services = Self::new(fixture).await;
        run_open(&services.test_writer.writer, command(&key(1)), "one", None).await.unwrap();
        services
    }

    pub(crate) async fn add(&self, n: i64) {
        run_add(&self.test_writer.writer, command(&key(1)), n).await.unwrap();
    }

    pub(crate) fn faults(&self, faults: impl IntoIterator<Item = NetworkFault>) {
        self.network.faults.lock().unwrap().extend(faults);
    }

    pub(crate) fn set_behavior(&self, behavior: ReceiverBehavior) {
        *self.mirror.behavior.lock().unwrap() = behavior;
    }

    pub(crate) async fn drain(&self) -> u64 {
        self.host.relay().deliver_pending().await.unwrap()
    }

    /// Advances real time beyond the longest delay of a retry.
    pub(crate) fn skip_backoff(&self) {
        self.fixture.clock.advance_by(TimeDelta::seconds(16));
    }

    pub(crate) async fn mirrored_count(&self, n: u128) -> Option<i64> {
        counts(&self.mirror_fixture.db).await.get(&key(n)).copied()
    }

    pub(crate) async fn streams(&self, state: StreamState) -> Vec<Stream> {
        let operations = cpor_durable::OperationsServer::new([self.host.clone()]);
        let request = ListStreamsRequest {
            service: WireService::ClaimIntake.into(),
            filter: format!("state = {}", state.as_str_name()),
            ..Default::default()
        };
        operations.handle_list_streams(request).await.unwrap().streams
    }
}
