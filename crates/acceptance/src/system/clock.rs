//! Controls the virtual clock. Advancing it also waits until the system is idle.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use cpor_database::Db;
use cpor_durable::BusinessClock;
use cpor_proto::operations::v1::{
    AdvanceClockRequest, GetClockRequest, ListDeadlinesRequest, ListStreamsRequest, advance_clock_request::Target,
};
use cpor_types::Service;

use super::TestSystem;
use crate::{from_timestamp, to_timestamp};

/// How long the system may take to become idle. On PostgreSQL, work that a killed process had
/// leased waits until the lease ends.
const IDLE_TIMEOUT: Duration = Duration::from_secs(100);

/// The number of rounds after which a system of several processes must be idle. It is far larger
/// than the longest chain of events.
const MAX_ROUNDS: usize = 50;

impl TestSystem {
    /// Reads the business clock.
    pub async fn now(&self) -> DateTime<Utc> {
        let clock = self.operator.operations(Service::ClaimIntake).get_clock(GetClockRequest {}).await;
        from_timestamp(clock.expect("the clock").into_inner().time)
    }

    /// Waits until no deadline is due and no event is undelivered. Virtual time does not change.
    ///
    /// # Panics
    /// Panics if the system does not become idle.
    pub async fn wait_until_idle(&self) {
        if self.has_separate_processes() {
            self.wait_until_processes_are_idle().await;
        } else {
            self.advance_clock(Service::ClaimIntake, Target::BySeconds(0)).await;
        }
    }

    /// Advances the clock deadline by deadline, and waits until the system is idle.
    pub async fn advance_by(&self, by: TimeDelta) {
        if self.has_separate_processes() {
            self.advance_to(self.now().await + by).await;
        } else {
            self.advance_clock(Service::ClaimIntake, Target::BySeconds(by.num_seconds())).await;
        }
    }

    /// Advances the clock to `to`, deadline by deadline, and waits until the system is idle.
    pub async fn advance_to(&self, to: DateTime<Utc>) {
        if !self.has_separate_processes() {
            return self.advance_clock(Service::ClaimIntake, Target::ToTime(to_timestamp(to))).await;
        }
        self.wait_until_idle().await;
        while let Some(next) = self.next_deadline().await.filter(|next| *next <= to) {
            self.step_to(next).await;
        }
        self.step_to(to).await;
    }

    /// Changes the clock in the databases only: the system processes no deadlines on the way.
    pub async fn set_clock_only(&self, to: DateTime<Utc>) {
        for service in Service::ALL {
            let process = self.process_hosting(*service);
            let db = Db::open(&self.store.config(process), *service).await.expect("the database");
            BusinessClock::Virtual.advance(&db, to).await.expect("to move the clock");
            db.close().await.expect("to close the database");
        }
    }

    /// Returns whether the services run in different processes.
    fn has_separate_processes(&self) -> bool {
        self.nodes.iter().any(|node| node.services.len() < Service::ALL.len())
    }

    /// Advances the clocks of all services to `time`, and waits until the system is idle.
    async fn step_to(&self, time: DateTime<Utc>) {
        for service in Service::ALL {
            self.advance_clock(*service, Target::ToTime(to_timestamp(time))).await;
        }
        self.wait_until_idle().await;
    }

    async fn advance_clock(&self, service: Service, target: Target) {
        let mut request = tonic::Request::new(AdvanceClockRequest { target: Some(target), ..Default::default() });
        request.set_timeout(IDLE_TIMEOUT);
        let response =
            self.operator.operations(service).advance_clock(request).await.expect("to move the clock").into_inner();
        assert!(response.pending_work.is_empty(), "the system is not idle: {:#?}", response.pending_work);
    }

    /// Waits until every process is idle. A process reports only on itself, and events that it
    /// delivers may cause work in another process, so the processes are asked until no new event
    /// was sent.
    async fn wait_until_processes_are_idle(&self) {
        let mut sent = None;
        for _ in 0..MAX_ROUNDS {
            for service in Service::ALL {
                self.advance_clock(*service, Target::BySeconds(0)).await;
            }
            let before = sent.replace(self.events_sent().await);
            if before == sent {
                return;
            }
        }
        panic!("the system does not become idle");
    }

    /// Returns the number of events that all services together have sent.
    async fn events_sent(&self) -> u64 {
        let mut sent = 0;
        for (number, service) in (1..).zip(Service::ALL) {
            for state in ["IDLE", "PENDING", "PARKED"] {
                let request = ListStreamsRequest {
                    service: number,
                    filter: format!("state = {state}"),
                    page_size: 1000,
                    ..ListStreamsRequest::default()
                };
                let streams = self.operator.operations(*service).list_streams(request).await.expect("the streams");
                sent += streams.into_inner().streams.iter().map(|stream| stream.next_sequence).sum::<u64>();
            }
        }
        sent
    }

    /// Returns the due time of the earliest pending deadline of all services.
    async fn next_deadline(&self) -> Option<DateTime<Utc>> {
        let mut next = None;
        for (number, service) in (1..).zip(Service::ALL) {
            let request = ListDeadlinesRequest { service: number, page_size: 1, ..ListDeadlinesRequest::default() };
            let deadlines = self.operator.operations(*service).list_deadlines(request).await.expect("the deadlines");
            let first =
                deadlines.into_inner().deadlines.into_iter().next().map(|deadline| from_timestamp(deadline.due_time));
            next = next.into_iter().chain(first).min();
        }
        next
    }
}
