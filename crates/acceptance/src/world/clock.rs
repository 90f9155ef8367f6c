//! The virtual clock of a world: moving it is also how a test waits for everything to come to rest.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use cpor_durable::BusinessClock;
use cpor_kit::Db;
use cpor_proto::operations::v1::{
    AdvanceClockRequest, GetClockRequest, ListDeadlinesRequest, ListStreamsRequest, StreamState,
    advance_clock_request::Target,
};
use cpor_types::Service;

use super::World;
use crate::{moment, stamp};

/// How long a system may take to come to rest. On PostgreSQL what a process had leased when it was killed rests until the lease ends.
const PATIENCE: Duration = Duration::from_secs(100);

/// Rounds after which a system of several processes must have come to rest: far more than the longest way of an event.
const ROUNDS: usize = 50;

impl World {
    /// The business time.
    pub async fn now(&self) -> DateTime<Utc> {
        let clock = self.operator.operations(Service::ClaimIntake).get_clock(GetClockRequest {}).await;
        moment(clock.expect("the clock").into_inner().time)
    }

    /// Waits until no deadline is due and nothing undelivered, and lets no time pass.
    ///
    /// # Panics
    /// When something does not come to rest.
    pub async fn settle(&self) {
        if self.is_spread() {
            self.settle_together().await;
        } else {
            self.advance_clock(Service::ClaimIntake, Target::BySeconds(0)).await;
        }
    }

    /// Lets time pass, one deadline after the other, and waits until everything is at rest again.
    pub async fn advance(&self, by: TimeDelta) {
        if self.is_spread() {
            self.advance_to(self.now().await + by).await;
        } else {
            self.advance_clock(Service::ClaimIntake, Target::BySeconds(by.num_seconds())).await;
        }
    }

    /// Lets time pass until `to`.
    pub async fn advance_to(&self, to: DateTime<Utc>) {
        if !self.is_spread() {
            return self.advance_clock(Service::ClaimIntake, Target::ToTime(stamp(to))).await;
        }
        self.settle().await;
        while let Some(next) = self.next_deadline().await.filter(|next| *next <= to) {
            self.step_to(next).await;
        }
        self.step_to(to).await;
    }

    /// Moves the clock behind the system's back, as time passes: no deadline is fired on the way.
    pub async fn time_passes_unseen(&self, to: DateTime<Utc>) {
        for service in Service::ALL {
            let process = self.process_of(*service);
            let db = Db::open(&self.store.config(process), *service).await.expect("the database");
            BusinessClock::Virtual.advance(&db, to).await.expect("to move the clock");
            db.close().await.expect("to close the database");
        }
    }

    fn is_spread(&self) -> bool {
        self.nodes.iter().any(|node| node.services.len() < Service::ALL.len())
    }

    async fn step_to(&self, time: DateTime<Utc>) {
        for service in Service::ALL {
            self.advance_clock(*service, Target::ToTime(stamp(time))).await;
        }
        self.settle().await;
    }

    async fn advance_clock(&self, service: Service, target: Target) {
        let mut request = tonic::Request::new(AdvanceClockRequest { target: Some(target) });
        request.set_timeout(PATIENCE);
        let answer =
            self.operator.operations(service).advance_clock(request).await.expect("to move the clock").into_inner();
        assert!(answer.unsettled.is_empty(), "still under way: {:#?}", answer.unsettled);
    }

    /// Each process answers for itself alone, and what one delivers may set another to work: until nobody has sent anything new.
    async fn settle_together(&self) {
        let mut sent = None;
        for _ in 0..ROUNDS {
            for service in Service::ALL {
                self.advance_clock(*service, Target::BySeconds(0)).await;
            }
            let before = sent.replace(self.events_sent().await);
            if before == sent {
                return;
            }
        }
        panic!("the system does not come to rest");
    }

    /// How many events all services together have sent.
    async fn events_sent(&self) -> u64 {
        let mut sent = 0;
        for (number, service) in (1..).zip(Service::ALL) {
            for state in [StreamState::Idle, StreamState::Pending, StreamState::Parked] {
                let request = ListStreamsRequest {
                    service: number,
                    state: state.into(),
                    page_size: 1000,
                    ..ListStreamsRequest::default()
                };
                let streams = self.operator.operations(*service).list_streams(request).await.expect("the streams");
                sent += streams.into_inner().streams.iter().map(|stream| stream.next_sequence).sum::<u64>();
            }
        }
        sent
    }

    async fn next_deadline(&self) -> Option<DateTime<Utc>> {
        let mut next = None;
        for (number, service) in (1..).zip(Service::ALL) {
            let request = ListDeadlinesRequest { service: number, page_size: 1, ..ListDeadlinesRequest::default() };
            let deadlines = self.operator.operations(*service).list_deadlines(request).await.expect("the deadlines");
            let first = deadlines.into_inner().deadlines.into_iter().next().map(|deadline| moment(deadline.due_time));
            next = next.into_iter().chain(first).min();
        }
        next
    }
}
