//! What is assessed when, and what claim-intake hears of it, on both engines.
use cpor_durable::Versioned;
use cpor_types::Month;
use uuid::Uuid;

use super::*;
use crate::{
    domain::{
        Opening, Verdict,
        examples::{presales, time, usage_of_teams},
    },
    store::{self, assessments::Scope},
    world::{World, claim, month, on_both, on_both_from},
};

async fn found(world: &World, number: u128) -> Versioned<Assessment> {
    let key = store::key(presales().tenant, Uuid::from_u128(number).into());
    assessments::get(world.db.reader(), &Scope::All, &key).await.unwrap().unwrap()
}

async fn answer(world: &World, number: u128) -> (Month, Verdict) {
    let latest = found(world, number).await.state.latest.unwrap();
    (latest.month, latest.results[0].verdict)
}

fn in_month(month: &str, verdict: Verdict) -> (Month, Verdict) {
    (month.parse().unwrap(), verdict)
}

#[tokio::test]
async fn r52_an_official_association_is_assessed_and_claim_intake_hears_of_it() {
    on_both(async |world| {
        world.open(presales()).await;
        assert_eq!(answer(&world, 1).await, in_month("2026-03", Verdict::Eligible));
        let told = world.told().await;
        let [told] = told.as_slice() else { panic!("{told:?}") };
        assert_eq!(told.claim, presales().claim.name().to_string());
        assert_eq!((told.month.as_str(), told.verdicts[0].verdict.as_str()), ("2026-03", "eligible"));
        assert_eq!(world.app.assessor.settle().await.unwrap(), [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn r52_assessed_again_when_usage_arrives_that_it_looks_at() {
    on_both(async |world| {
        world.open(claim(1, "contoso", usage_of_teams())).await;
        world.open(claim(2, "fabrikam", presales())).await;
        world.advance("2026-05-01T00:00:00Z").await;
        assert_eq!(answer(&world, 1).await, in_month("2026-05", Verdict::NotEligible));
        let (of_teams, other) = (found(&world, 1).await.version, found(&world, 2).await.version);
        world.told().await;

        world.import(&[month("2026-03", 1000), month("2026-04", 1100)]).await;
        world.app.assessor.drain().await.unwrap();
        assert_eq!(answer(&world, 1).await, in_month("2026-05", Verdict::Eligible));
        assert_eq!(found(&world, 1).await.version, of_teams + 1);
        assert_eq!(found(&world, 2).await.version, other, "looks at no usage of Teams");
        assert_eq!(world.told().await.len(), 1);

        world.import(&[month("2026-04", 1050)]).await;
        world.app.assessor.drain().await.unwrap();
        assert_eq!(answer(&world, 1).await, in_month("2026-05", Verdict::NotEligible), "R51: replaced");
        assert_eq!(world.told().await[0].verdicts[0].failed_conditions, ["usage_grown_by_10_percent"]);
    })
    .await;
}

#[tokio::test]
async fn r52_assessed_again_each_month() {
    on_both(async |world| {
        world.open(presales()).await;
        world.advance("2026-03-31T23:59:59Z").await;
        assert_eq!(found(&world, 1).await.version, 2, "no month has begun");
        world.advance("2026-04-01T00:00:00Z").await;
        assert_eq!(answer(&world, 1).await, in_month("2026-04", Verdict::Eligible));
        world.advance("2026-07-14T12:00:00Z").await;
        assert_eq!(answer(&world, 1).await, in_month("2026-07", Verdict::Eligible));
        let next = found(&world, 1).await.state.next_time().unwrap();
        assert_eq!(next, "2026-08".parse::<Month>().unwrap().start());
        let months: Vec<_> = world.told().await.into_iter().map(|told| told.month).collect();
        assert_eq!(months, ["2026-03", "2026-04", "2026-07"]);
    })
    .await;
}

#[tokio::test]
async fn two_assessors_do_no_harm() {
    on_both(async |world| {
        for number in 1..=20 {
            world.open(claim(number, "contoso", usage_of_teams())).await;
        }
        world.told().await;
        let versions = async || {
            let all = assessments::list(world.db.reader(), &Scope::All, None, None, 100).await.unwrap();
            all.iter().map(|(_, found)| found.version).sum::<u64>()
        };
        let before = versions().await;
        world.import(&[month("2026-03", 1000)]).await;
        let other = Assessor::new(world.db.clone(), world.writer.clone());
        let (one, two) = tokio::join!(world.app.assessor.drain(), other.drain());
        one.unwrap();
        two.unwrap();
        assert!(versions().await >= before + 20);
        assert_eq!(world.app.assessor.settle().await.unwrap(), [""; 0]);
        assert_eq!(world.told().await.len(), 20, "each has one new answer, whoever found it");
    })
    .await;
}

#[tokio::test]
async fn r52_what_no_guide_covers_waits_and_is_named() {
    on_both_from("2019-03-25T00:00:00Z", async |world| {
        world.open(Opening { official_time: time("2019-03-25T00:00:00Z"), ..presales() }).await;
        assert!(found(&world, 1).await.state.stale);
        assert_eq!(world.app.assessor.settle().await.unwrap(), ["claims to be assessed: 1"]);
        world.advance("2020-01-01T00:00:00Z").await;
        assert_eq!(answer(&world, 1).await.0, "2020-01".parse().unwrap());
    })
    .await;
}

#[tokio::test]
async fn the_loop_works_when_woken_and_ends_when_told() {
    on_both(async |world| {
        let stop = CancellationToken::new();
        let running = tokio::spawn({
            let (assessor, stop) = (world.app.assessor.clone(), stop.clone());
            async move { assessor.run(stop).await }
        });
        let about = presales();
        let command = Command::new("open_assessment", store::key(about.tenant, about.claim.claim), Actor::time());
        let decide = move |known: Option<&Assessment>, _| {
            Ok::<_, std::convert::Infallible>(Assessment::official(known, about.clone()))
        };
        world.writer.execute(command, decide).await.unwrap();
        world.app.assessor.wake();
        while found(&world, 1).await.state.stale {
            tokio::task::yield_now().await;
        }
        stop.cancel();
        running.await.unwrap().unwrap();
    })
    .await;
}
