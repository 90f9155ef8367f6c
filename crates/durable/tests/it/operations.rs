//! The operations server: streams, deadlines and the business clock.
use crate::fixture::Fixture;
use cpor_testing::UnreachableTransport;
use cpor_testing::on_both_databases;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use chrono::TimeDelta;
use cpor_durable::{BusinessClock, OperationsServer};
use cpor_proto::{
    operations::v1::{
        AdvanceClockRequest, AdvanceClockResponse, DeadlineState, ListDeadlinesRequest, advance_clock_request::Target,
    },
    options::v1::Service as WireService,
    wire_time::to_wire_time,
};
use cpor_types::{SystemClock, Timestamp};

use crate::{
    fixture::{TestWriter, start},
    tickets::{command, history, key, run_add, run_open},
};

on_both_databases![with Fixture::new:
    the_clock_steps_through_due_times_in_order,
    unfinished_work_is_listed,
    a_probe_with_unfinished_work_holds_the_clock,
    a_probe_that_does_not_return_is_listed,
    a_wait_includes_work_that_a_probe_causes,
    a_wait_moves_a_clock_that_stayed_behind,
    a_real_clock_cannot_be_moved,
    deadlines_are_listed_by_due_time_in_pages,
];

async fn advance(server: &OperationsServer, seconds: i64) -> AdvanceClockResponse {
    let request = AdvanceClockRequest { target: Some(Target::BySeconds(seconds)), validate_only: false };
    server.handle_advance_clock(request, Duration::from_secs(20)).await.unwrap()
}

fn time(answer: &AdvanceClockResponse) -> Timestamp {
    let time = answer.clock.as_ref().unwrap().time.unwrap();
    Timestamp::from_timestamp(time.seconds, 0).unwrap()
}

async fn the_clock_steps_through_due_times_in_order(fixture: Fixture) {
    let host = fixture.host().await;
    let test_writer = TestWriter::new(&host);
    for n in 1..=5_i64 {
        let due = start() + TimeDelta::seconds(60 - 10 * n);
        run_open(&test_writer.writer, command(&key(n as u128)), &n.to_string(), Some(due)).await.unwrap();
    }
    let server = OperationsServer::new([host.clone()]);
    let preview = AdvanceClockRequest { target: Some(Target::BySeconds(35)), validate_only: true };
    let preview = server.handle_advance_clock(preview, Duration::from_secs(20)).await.unwrap();
    assert_eq!((time(&preview), preview.fired_deadline_count), (start() + TimeDelta::seconds(35), 0));
    assert_eq!(host.now().await.unwrap(), start(), "validate_only moves no clock");
    let answer = advance(&server, 35).await;
    assert_eq!((answer.fired_deadline_count, answer.pending_work.as_slice()), (3, [].as_slice()));
    assert_eq!(time(&answer), start() + TimeDelta::seconds(35));
    for n in 3..=5_i64 {
        let (_, _, _, effective, recorded) = history(&fixture.db, &key(n as u128)).await.remove(1);
        assert_eq!(effective, start() + TimeDelta::seconds(60 - 10 * n));
        assert_eq!(recorded, effective, "the clock stood at its due time");
    }
    let to_time = |time| AdvanceClockRequest { target: Some(Target::ToTime(to_wire_time(time))), validate_only: false };
    let now = start() + TimeDelta::seconds(35);
    let stayed = server.handle_advance_clock(to_time(now), Duration::from_secs(20)).await.unwrap();
    assert_eq!(time(&stayed), now, "a repeated call finds the clock at its time");
    let earlier = now - TimeDelta::microseconds(1);
    let refused = server.handle_advance_clock(to_time(earlier), Duration::from_secs(20)).await.unwrap_err();
    assert_eq!(cpor_call::status::reason(&refused).unwrap(), "CLOCK_TIME_PASSED");
    let current = cpor_call::status::metadata(&refused, "current_time").unwrap();
    assert_eq!(current, cpor_types::rfc3339(now));
    assert!(refused.message().contains(&current), "{}", refused.message());
    assert_eq!(host.now().await.unwrap(), now);
}

async fn unfinished_work_is_listed(fixture: Fixture) {
    let host = fixture.host().await;
    let test_writer = TestWriter::new(&host);
    run_open(&test_writer.writer, command(&key(1)), "one", None).await.unwrap();
    run_add(&test_writer.writer, command(&key(1)), 1).await.unwrap();
    let server = OperationsServer::new([host]);
    let request = AdvanceClockRequest { target: Some(Target::BySeconds(10)), validate_only: false };
    let answer = server.handle_advance_clock(request, Duration::ZERO).await.unwrap();
    assert_eq!(answer.pending_work.len(), 1);
    assert!(answer.pending_work[0].contains("no service is reachable"), "{:?}", answer.pending_work);
    assert_eq!(time(&answer), start(), "the clock waits until the events of its time are delivered");
}

async fn a_probe_with_unfinished_work_holds_the_clock(fixture: Fixture) {
    let host = fixture.host().await;
    let left = Arc::new(AtomicUsize::new(3));
    host.add_idle_probe("mail", {
        let left = Arc::clone(&left);
        move || {
            let left = Arc::clone(&left);
            async move {
                let now = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| Some(n.saturating_sub(1))).unwrap();
                Ok((0..now).map(|n| format!("mail {n} is not sent")).collect())
            }
        }
    });
    let answer = advance(&OperationsServer::new([host]), 10).await;
    assert!(answer.pending_work.is_empty());
    assert_eq!(left.load(Ordering::SeqCst), 0);
}

async fn a_probe_that_does_not_return_is_listed(fixture: Fixture) {
    let host = fixture.host().await;
    host.add_idle_probe("mail", std::future::pending);
    let request = AdvanceClockRequest { target: Some(Target::BySeconds(10)), validate_only: false };
    let answer = OperationsServer::new([host]).handle_advance_clock(request, Duration::from_secs(1)).await.unwrap();
    assert_eq!(answer.pending_work.len(), 1);
    assert!(answer.pending_work[0].ends_with("mail: the probe is still running"), "{:?}", answer.pending_work);
}

async fn a_wait_includes_work_that_a_probe_causes(fixture: Fixture) {
    let other = Fixture::on(fixture.db.engine()).await;
    let (first, second) = (fixture.host().await, other.host().await);
    let (writer, has_run) = (TestWriter::unbatched(&first), Arc::new(AtomicBool::new(false)));
    // The first host has been found idle when the probe of the second one gives it a due deadline.
    second.add_idle_probe("caller", move || {
        let (writer, has_run) = (writer.clone(), Arc::clone(&has_run));
        async move {
            if !has_run.swap(true, Ordering::SeqCst) {
                run_open(&writer, command(&key(1)), "one", Some(start())).await?;
            }
            Ok(Vec::new())
        }
    });
    let answer = advance(&OperationsServer::new([first, second]), 0).await;
    assert_eq!((answer.fired_deadline_count, answer.pending_work.as_slice()), (1, [].as_slice()));
}

async fn a_wait_moves_a_clock_that_stayed_behind(fixture: Fixture) {
    let other = Fixture::on(fixture.db.engine()).await;
    let (first, second) = (fixture.host().await, other.host().await);
    let later = start() + TimeDelta::seconds(10);
    second.advance_clock(later).await.unwrap();
    let answer = advance(&OperationsServer::new([first.clone(), second]), 0).await;
    assert_eq!((time(&answer), first.now().await.unwrap()), (later, later));
}

async fn a_real_clock_cannot_be_moved(fixture: Fixture) {
    let clock = BusinessClock::real(fixture.db.engine(), Arc::new(SystemClock));
    let host = fixture.host_on(fixture.db.clone(), clock, Arc::new(UnreachableTransport)).await;
    let server = OperationsServer::new([host]);
    assert!(!server.handle_get_clock().await.unwrap().is_virtual);
    let request = AdvanceClockRequest { target: Some(Target::BySeconds(10)), validate_only: false };
    let refused = server.handle_advance_clock(request, Duration::from_secs(1)).await.unwrap_err();
    assert_eq!(cpor_call::status::reason(&refused).unwrap(), "CLOCK_NOT_VIRTUAL");
}

async fn deadlines_are_listed_by_due_time_in_pages(fixture: Fixture) {
    let host = fixture.host().await;
    let test_writer = TestWriter::new(&host);
    for n in 0..7_u128 {
        let due = start() + TimeDelta::seconds(i64::try_from(100 - n / 2).unwrap());
        run_open(&test_writer.writer, command(&key(n)), &n.to_string(), Some(due)).await.unwrap();
    }
    let server = OperationsServer::new([host]);
    let mut request =
        ListDeadlinesRequest { service: WireService::ClaimIntake.into(), page_size: 3, ..Default::default() };
    let mut seen = Vec::new();
    loop {
        let page = server.handle_list_deadlines(request.clone()).await.unwrap();
        assert!(page.deadlines.len() <= 3);
        seen.extend(page.deadlines);
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    let ids: Vec<String> = seen.iter().map(|deadline| deadline.resource.clone()).collect();
    let expected: Vec<String> = [6, 4, 5, 2, 3, 0, 1].map(|n| format!("desks/contoso/tickets/{}", key(n).id)).to_vec();
    assert_eq!(ids, expected);
    assert_eq!((seen[0].kind.as_str(), seen[0].generation, seen[0].state()), ("closing", 1, DeadlineState::Pending));
    let elsewhere = ListDeadlinesRequest { service: WireService::Eligibility.into(), ..Default::default() };
    let refused = server.handle_list_deadlines(elsewhere).await.unwrap_err();
    assert_eq!(cpor_call::status::reason(&refused).unwrap(), "SERVICE_NOT_HOSTED");
}
