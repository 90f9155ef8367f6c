//! Assessments and usage in the database, on both engines.
use std::convert::Infallible;

use cpor_durable::Command;
use cpor_types::{Actor, Service};
use sea_orm::{EntityTrait, QueryOrder};

use super::{
    assessments::{self, Scope},
    entity::{assessment_key, usage_month, usage_replaced},
    key, usage,
};
use crate::{
    domain::{
        Assessment, Ended, Imported, Opening, UsageRefusal,
        examples::{presales, time, usage_of_teams},
    },
    world::{World, claim, month, on_both, teams},
};

fn of(partner: &str) -> Scope {
    Scope::Partner(partner.parse().unwrap())
}

async fn end(world: &World, about: &Opening) {
    let command =
        Command::new("end_assessment", key(about.tenant, about.claim.claim), Actor::system(Service::Registry));
    let decide = |known: Option<&Assessment>, time| {
        Ok::<_, Infallible>(known.unwrap().end(&[], &Ended { time, reason: "declined".to_owned() }))
    };
    world.writer.execute(command, decide).await.unwrap();
}

#[tokio::test]
async fn an_assessment_reads_back_as_it_was_saved() {
    on_both(async |world| {
        world.open(presales()).await;
        let found = assessments::list(world.db.reader(), &Scope::All, None, None, 10).await.unwrap();
        let [(found_key, found)] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(*found_key, key(presales().tenant, presales().claim.claim));
        assert_eq!((found.state.about(), found.state.stale, found.version), (&presales(), false, 2));
        assert!(found.state.latest.is_some());
    })
    .await;
}

#[tokio::test]
async fn r4_a_partner_finds_its_own_only() {
    on_both(async |world| {
        world.open(claim(1, "contoso", presales())).await;
        world.open(claim(2, "fabrikam", usage_of_teams())).await;
        world.open(claim(3, "contoso", usage_of_teams())).await;
        let ids = async |scope: &Scope| {
            let found = assessments::list(world.db.reader(), scope, None, None, 10).await.unwrap();
            found.into_iter().map(|(key, _)| key.id.as_u128()).collect::<Vec<_>>()
        };
        assert_eq!(ids(&Scope::All).await, [1, 2, 3]);
        assert_eq!(ids(&of("contoso")).await, [1, 3]);
        let theirs = key(presales().tenant, uuid::Uuid::from_u128(2).into());
        assert!(assessments::get(world.db.reader(), &of("contoso"), &theirs).await.unwrap().is_none());
        assert!(assessments::get(world.db.reader(), &of("fabrikam"), &theirs).await.unwrap().is_some());
    })
    .await;
}

#[tokio::test]
async fn lists_go_on_where_the_page_before_ended() {
    on_both(async |world| {
        for number in 1..=5 {
            world.open(claim(number, "contoso", presales())).await;
        }
        let (mut after, mut seen) = (None, Vec::new());
        loop {
            let tenant = Some(presales().tenant);
            let page = assessments::list(world.db.reader(), &Scope::All, tenant, after.as_ref(), 2).await.unwrap();
            let Some((last, _)) = page.last() else { break };
            after = Some(last.clone());
            seen.extend(page.iter().map(|(key, _)| key.id.as_u128()));
        }
        assert_eq!(seen, [1, 2, 3, 4, 5]);
        let other = uuid::Uuid::from_u128(99).into();
        assert_eq!(assessments::list(world.db.reader(), &Scope::All, Some(other), None, 2).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn r54_an_assessment_that_ended_looks_at_usage_all_the_same() {
    on_both(async |world| {
        let keys = async || assessment_key::Entity::find().all(world.db.reader()).await.unwrap();
        world.open(usage_of_teams()).await;
        assert_eq!(keys().await.iter().map(|row| row.key.as_str()).collect::<Vec<_>>(), ["workloads/teams"]);
        end(&world, &usage_of_teams()).await;
        assert_eq!(keys().await.len(), 1, "its months may be imported again");
    })
    .await;
}

async fn months(world: &World) -> Vec<(String, i64, i64, bool)> {
    let stored = usage_month::Entity::find().order_by_asc(usage_month::Column::Month).all(world.db.reader());
    let row = |row: usage_month::Model| (row.month, row.active_users.unwrap(), row.revision, row.unseen);
    stored.await.unwrap().into_iter().map(row).collect()
}

#[tokio::test]
async fn r51_an_import_replaces_and_keeps_what_it_replaced() {
    on_both(async |world| {
        let first = world.import(&[month("2026-01", 100), month("2026-02", 200)]).await;
        assert_eq!(first, [Imported::Created, Imported::Created]);
        let future = Imported::Refused(UsageRefusal::MonthInFuture);
        let rows = [month("2026-01", 100), month("2026-02", 222), month("2026-03", 300), month("2026-04", 400)];
        let second = world.import(&rows).await;
        assert_eq!(second, [Imported::Unchanged, Imported::Replaced, Imported::Created, future]);
        let stored = [("2026-01", 100, 1), ("2026-02", 222, 2), ("2026-03", 300, 1)];
        assert_eq!(
            months(&world).await,
            stored.map(|(month, users, revision)| (month.to_owned(), users, revision, true))
        );
        let kept = usage_replaced::Entity::find().all(world.db.reader()).await.unwrap();
        let [kept] = kept.as_slice() else { panic!("{kept:?}") };
        assert_eq!((kept.month.as_str(), kept.active_users, kept.revision), ("2026-02", Some(200), 1));

        let list =
            async |replaced, before| usage::list(world.db.reader(), &teams(), replaced, before, 10).await.unwrap();
        let march = Some(("2026-03".parse().unwrap(), 1));
        let listed = list(false, march).await;
        assert_eq!(listed.iter().map(|listed| &listed.stored.usage).collect::<Vec<_>>(), [&rows[1], &rows[0]]);
        assert_eq!(listed[0].stored.import_time, time("2026-03-25T00:00:00Z"));
        let places = |listed: Vec<usage::Listed>| {
            let place = |listed: &usage::Listed| {
                (listed.stored.usage.measures.active(), listed.stored.revision, listed.replaced.is_some())
            };
            listed.iter().map(place).collect::<Vec<_>>()
        };
        let all = [(300, 1, false), (222, 2, false), (200, 1, true), (100, 1, false)];
        assert_eq!(places(list(true, None).await), all);
        assert_eq!(places(list(true, Some(("2026-02".parse().unwrap(), 2))).await), all[2..]);
    })
    .await;
}

#[tokio::test]
async fn r51_importing_again_what_is_known_writes_nothing() {
    on_both(async |world| {
        world.import(&[month("2026-01", 100)]).await;
        world.app.assessor.drain().await.unwrap();
        assert_eq!(months(&world).await, [("2026-01".to_owned(), 100, 1, false)], "nobody looks at it, so it is seen");
        assert_eq!(world.import(&[month("2026-01", 100)]).await, [Imported::Unchanged]);
        assert_eq!(months(&world).await, [("2026-01".to_owned(), 100, 1, false)]);
    })
    .await;
}

#[tokio::test]
async fn r52_usage_imported_again_meanwhile_stays_unseen() {
    on_both(async |world| {
        world.import(&[month("2026-01", 100), month("2026-02", 200)]).await;
        let news = usage::unseen(world.db.reader(), 10).await.unwrap();
        world.import(&[month("2026-02", 201)]).await;
        usage::seen(world.db.writer(), &news).await.unwrap();
        let expected = [("2026-01".to_owned(), 100, 1, false), ("2026-02".to_owned(), 201, 2, true)];
        assert_eq!(months(&world).await, expected);
    })
    .await;
}

#[tokio::test]
async fn r51_imports_at_once_lose_nothing() {
    on_both(async |world| {
        let rows: Vec<_> = (1..=6).map(|users| [month("2026-01", users), month("2026-02", users)]).collect();
        let imports = rows.iter().map(|rows| usage::import(&world.db, world.host.clock(), rows));
        for outcome in futures_util::future::join_all(imports).await {
            let outcome = outcome.unwrap();
            assert!(outcome.iter().all(|imported| [Imported::Created, Imported::Replaced].contains(imported)));
        }
        let revisions: Vec<i64> = months(&world).await.iter().map(|(_, _, revision, _)| *revision).collect();
        assert_eq!(revisions, [6, 6]);
        assert_eq!(usage_replaced::Entity::find().all(world.db.reader()).await.unwrap().len(), 10);
    })
    .await;
}
