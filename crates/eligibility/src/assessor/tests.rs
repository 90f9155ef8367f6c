//! Tests when claims are assessed and which events are sent, on both databases.
use cpor_durable::Versioned;
use cpor_testing::on_both_databases;
use cpor_types::Month;
use uuid::Uuid;

use super::*;
use crate::{
    domain::{
        AssociationFacts, Verdict,
        examples::{presales, time, usage_of_teams},
    },
    store::{self, assessments::Scope},
    test_system::{TestSystem, facts_of_claim, teams_usage},
};

on_both_databases![
    r52_an_official_association_is_assessed_and_sent,
    r52_assessed_again_when_its_usage_is_imported,
    r52_assessed_again_each_month,
    concurrent_assessors_assess_each_claim_once,
    assessor_runs_after_each_commit_until_stopped,
];

on_both_databases![with TestSystem::in_2019: r52_a_claim_without_a_guide_waits];

async fn load(system: &TestSystem, number: u128) -> Versioned<Assessment> {
    let key = store::assessment_key(presales().tenant, Uuid::from_u128(number).into());
    assessments::get(system.db.reader(), &Scope::All, &key).await.unwrap().unwrap()
}

async fn latest_verdict(system: &TestSystem, number: u128) -> (Month, Verdict) {
    let latest = load(system, number).await.state.latest.unwrap();
    (latest.month, latest.results[0].verdict)
}

fn verdict_in(month: &str, verdict: Verdict) -> (Month, Verdict) {
    (month.parse().unwrap(), verdict)
}

async fn r52_an_official_association_is_assessed_and_sent(system: TestSystem) {
    system.open_assessment(presales()).await;
    assert_eq!(latest_verdict(&system, 1).await, verdict_in("2026-03", Verdict::Eligible));
    let sent = system.sent_events().await;
    let [event] = sent.as_slice() else { panic!("{sent:?}") };
    assert_eq!(event.claim, presales().claim.name().to_string());
    assert_eq!(
        (event.month.as_str(), event.verdicts[0].verdict()),
        ("2026-03", cpor_proto::r#type::v1::Verdict::Eligible)
    );
    assert_eq!(system.app.assessor.drain_and_report().await.unwrap(), [""; 0]);
}

async fn r52_assessed_again_when_its_usage_is_imported(system: TestSystem) {
    system.open_assessment(facts_of_claim(1, "contoso", usage_of_teams())).await;
    system.open_assessment(facts_of_claim(2, "fabrikam", presales())).await;
    system.advance_to("2026-05-01T00:00:00Z").await;
    assert_eq!(latest_verdict(&system, 1).await, verdict_in("2026-05", Verdict::NotEligible));
    let (teams_version, other_version) = (load(&system, 1).await.version, load(&system, 2).await.version);
    system.sent_events().await;

    system.import_usage(&[teams_usage("2026-03", 1000), teams_usage("2026-04", 1100)]).await;
    system.app.assessor.drain().await.unwrap();
    assert_eq!(latest_verdict(&system, 1).await, verdict_in("2026-05", Verdict::Eligible));
    assert_eq!(load(&system, 1).await.version, teams_version + 1);
    assert_eq!(load(&system, 2).await.version, other_version, "does not depend on the usage of Teams");
    assert_eq!(system.sent_events().await.len(), 1);

    system.import_usage(&[teams_usage("2026-04", 1050)]).await;
    system.app.assessor.drain().await.unwrap();
    assert_eq!(
        latest_verdict(&system, 1).await,
        verdict_in("2026-05", Verdict::NotEligible),
        "R51: the month was replaced"
    );
    assert_eq!(system.sent_events().await[0].verdicts[0].failed_conditions, ["usage_grown_by_10_percent"]);
}

async fn r52_assessed_again_each_month(system: TestSystem) {
    system.open_assessment(presales()).await;
    system.advance_to("2026-03-31T23:59:59Z").await;
    assert_eq!(load(&system, 1).await.version, 2, "no month has begun");
    system.advance_to("2026-04-01T00:00:00Z").await;
    assert_eq!(latest_verdict(&system, 1).await, verdict_in("2026-04", Verdict::Eligible));
    system.advance_to("2026-07-14T12:00:00Z").await;
    assert_eq!(latest_verdict(&system, 1).await, verdict_in("2026-07", Verdict::Eligible));
    let next = load(&system, 1).await.state.next_assess_time().unwrap();
    assert_eq!(next, "2026-08".parse::<Month>().unwrap().start());
    let months: Vec<_> = system.sent_events().await.into_iter().map(|event| event.month).collect();
    assert_eq!(months, ["2026-03", "2026-04", "2026-07"]);
}

async fn concurrent_assessors_assess_each_claim_once(system: TestSystem) {
    for number in 1..=20 {
        system.open_assessment(facts_of_claim(number, "contoso", usage_of_teams())).await;
    }
    system.sent_events().await;
    let versions = async || {
        let all = assessments::list_in_key_order(system.db.reader(), &Scope::All, None, None, 100).await.unwrap();
        all.iter().map(|(_, found)| found.version).sum::<u64>()
    };
    let before = versions().await;
    system.import_usage(&[teams_usage("2026-03", 1000)]).await;
    let other = Assessor::new(system.db.clone(), system.writer.clone(), system.host.watch_all_commits());
    let (first, second) = tokio::join!(system.app.assessor.drain(), other.drain());
    first.unwrap();
    second.unwrap();
    assert!(versions().await >= before + 20);
    assert_eq!(system.app.assessor.drain_and_report().await.unwrap(), [""; 0]);
    assert_eq!(system.sent_events().await.len(), 20, "each claim has one new result");
}

async fn r52_a_claim_without_a_guide_waits(system: TestSystem) {
    system.open_assessment(AssociationFacts { official_time: time("2019-03-25T00:00:00Z"), ..presales() }).await;
    assert!(load(&system, 1).await.state.is_stale);
    assert_eq!(system.app.assessor.drain_and_report().await.unwrap(), ["claims to be assessed: 1"]);
    system.advance_to("2020-01-01T00:00:00Z").await;
    assert_eq!(latest_verdict(&system, 1).await.0, "2020-01".parse().unwrap());
}

async fn assessor_runs_after_each_commit_until_stopped(system: TestSystem) {
    let stop = CancellationToken::new();
    let running = tokio::spawn({
        let (assessor, stop) = (system.app.assessor.clone(), stop.clone());
        async move { assessor.run(stop).await }
    });
    let assessed = async {
        system.open_pending_assessment(presales()).await;
        while load(&system, 1).await.state.is_stale {
            tokio::task::yield_now().await;
        }
        // A deadline makes the assessment stale.
        system.host.advance_clock(time("2026-04-01T00:00:00Z")).await.unwrap();
        system.host.deadline_runner().apply_due_deadlines().await.unwrap();
        while latest_verdict(&system, 1).await.0 != "2026-04".parse().unwrap() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(POLL_INTERVAL / 2, assessed).await.expect("no round waits for the end of the interval");
    stop.cancel();
    running.await.unwrap().unwrap();
}
