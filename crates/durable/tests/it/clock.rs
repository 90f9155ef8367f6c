//! The business clock is monotonic and keeps its time over a restart.
use crate::fixture::Fixture;
use cpor_testing::UnreachableTransport;
use cpor_testing::on_both_databases;
use std::sync::Arc;

use chrono::TimeDelta;
use cpor_durable::BusinessClock;
use cpor_types::{Clock as _, SystemClock};

use crate::fixture::start;

on_both_databases![with Fixture::new:
    a_virtual_clock_only_moves_forward_and_persists,
    a_real_clock_reads_whole_microseconds,
];

async fn a_virtual_clock_only_moves_forward_and_persists(fixture: Fixture) {
    let host = fixture.host().await;
    assert_eq!(host.now().await.unwrap(), start());
    fixture.clock.advance_by(TimeDelta::days(1));
    assert_eq!(host.now().await.unwrap(), start(), "real time does not move a virtual clock");
    let later = start() + TimeDelta::microseconds(1_234_567);
    assert_eq!(host.advance_clock(later).await.unwrap(), later);
    assert_eq!(host.advance_clock(start()).await.unwrap(), later, "the clock does not move back");
    let reopened = fixture.reopened().await;
    let host = fixture.host_on(reopened, BusinessClock::Virtual, Arc::new(UnreachableTransport)).await;
    assert_eq!(host.now().await.unwrap(), later);
}

async fn a_real_clock_reads_whole_microseconds(fixture: Fixture) {
    let clock = BusinessClock::real(fixture.db.engine(), Arc::new(SystemClock));
    let before = SystemClock.now();
    let mut last = clock.now(&fixture.db).await.unwrap();
    assert!((last - before).abs() < TimeDelta::seconds(60), "{last} is not about {before}");
    let tx = fixture.db.begin().await.unwrap();
    for _ in 0..20 {
        let now = clock.read(&tx).await.unwrap();
        assert!(now >= last, "the clock goes on within a transaction");
        assert_eq!(now.timestamp_subsec_nanos() % 1_000, 0);
        last = now;
    }
}
