//! Competition and arbitration (R37), on storage.
use super::{
    steps::role,
    system::{System, by},
    *,
};
use crate::domain::Phase;
use cpor_proto::{
    events::v1::{ClaimSubmitted, event::Payload},
    reviews::v1::{
        ArbitrateLinesRequest, Arbitration, Award, AwardOutcome, Competition, GetCompetitionRequest, ReviewCaseState,
        review_service_server::ReviewService as _,
    },
};
use sea_orm::{ConnectionTrait as _, Statement};
use tonic::Response;
use tonic_types::StatusExt as _;

impl System {
    async fn compare(&self, who: &str, n: u32) -> Competition {
        let request = GetCompetitionRequest { name: case(n) };
        self.api.get_competition(by(who, role(who), request)).await.unwrap().into_inner()
    }

    async fn award(&self, awards: &[(&str, u32)], request_id: &str) -> Result<Arbitration, Status> {
        let award =
            |(key, winner): &(&str, u32)| Award { key: (*key).to_owned(), winner: case(*winner), ..Award::default() };
        let request = ArbitrateLinesRequest {
            parent: format!("tenants/{TENANT}"),
            awards: awards.iter().map(award).collect(),
            comment: "The newer proof convinces.".to_owned(),
            request_id: request_id.to_owned(),
        };
        self.api.arbitrate_lines(by("lea", role("lea"), request)).await.map(Response::into_inner)
    }

    /// Every arbitration as it is stored.
    async fn arbitrations(&self) -> String {
        let sql = "SELECT CAST(body AS TEXT) AS body FROM arbitration";
        let rows =
            self.db().query_all_raw(Statement::from_string(self.db().get_database_backend(), sql)).await.unwrap();
        rows.iter().map(|row| row.try_get::<String>("", "body").unwrap()).collect()
    }

    async fn submit_for(&self, n: u32, workloads: &[&str]) {
        let claim = ClaimSnapshot { lines: workloads.iter().copied().map(named_line).collect(), ..claim(n) };
        let name = claim.claim.clone();
        let event = Payload::ClaimSubmitted(ClaimSubmitted { snapshot: Some(claim) });
        self.tell(&name, event, at(SUBMITTED)).await.unwrap();
    }

    /// Who is contested, in cases 1 to `n`.
    async fn contested(&self, n: u32) -> Vec<bool> {
        self.contender.drain().await.unwrap();
        let mut found = Vec::new();
        for n in 1..=n {
            found.push(self.stored(&case(n)).await.state.is_contested());
        }
        found
    }
}

/// A line whose id follows from its workload.
fn named_line(workload: &str) -> LineSnapshot {
    let line_id = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, workload.as_bytes()).to_string();
    LineSnapshot { line_id, ..line(workload) }
}

const TEAMS: &str = "workloads/teams";
const INTUNE: &str = "workloads/intune";

fn told_of_contest(told: &[Payload]) -> Vec<(String, usize)> {
    let changed = |payload: &Payload| {
        if let Payload::CompetitionChanged(fact) = payload {
            Some((fact.claim.clone(), fact.contested_line_ids.len()))
        } else {
            None
        }
    };
    let mut told: Vec<_> = told.iter().filter_map(changed).collect();
    told.sort();
    told
}

#[tokio::test]
async fn r37_rivals_stand_still_and_see_each_other() {
    on_both(async |system| {
        system.review(1).await;
        system.submit(2).await;
        assert_eq!(system.contested(2).await, [true, true]);
        assert_eq!(system.count("deadline WHERE state = 'pending'").await, 0);
        assert_eq!(told_of_contest(&system.told().await), [(claim(1).claim, 1), (claim(2).claim, 1)]);
        let seen = system.compare("amy", 1).await;
        let rival = seen.rivals[0].review_case.clone().unwrap();
        assert_eq!((seen.rivals.len(), rival.partner_display_name.as_str()), (1, "northwind"));
        assert_eq!(
            (seen.rivals[0].keys.clone(), rival.evidence[0].file_name.as_str()),
            (vec![TEAMS.to_owned()], "proof.pdf")
        );
        system.close(2).await;
        assert_eq!(system.contested(1).await, [false]);
        assert!(system.count("deadline WHERE state = 'pending'").await > 0);
        system.approve("amy", 1).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn r37_an_approved_rival_competes_until_its_lines_are_over() {
    on_both(async |system| {
        system.review(1).await;
        system.approve("amy", 1).await.unwrap();
        system.submit(2).await;
        assert_eq!(system.contested(2).await, [true, true]);
        let ended = cpor_proto::events::v1::LinesEnded {
            claim: claim(1).claim,
            tenant: claim(1).tenant,
            review_case_id: claim(1).review_case_id,
            line_ids: vec![line("teams").line_id],
            all: true,
        };
        system.tell(&claim(1).claim, Payload::LinesEnded(ended), day(1)).await.unwrap();
        assert_eq!(system.contested(2).await, [false, false]);
    })
    .await;
}

#[tokio::test]
async fn r37_of_two_that_come_at_the_same_time_both_know() {
    on_both(async |system| {
        let other = system.another().await;
        tokio::join!(system.submit(1), other.submit(2));
        assert_eq!(system.contested(2).await, [true, true]);
    })
    .await;
}

#[tokio::test]
async fn r37_every_contested_key_is_awarded_in_one_step() {
    on_both(async |system| {
        system.submit_for(1, &["teams", "intune"]).await;
        system.submit_for(2, &["teams", "intune"]).await;
        assert_eq!(system.contested(2).await, [true, true]);
        let done = system.award(&[(TEAMS, 1), (INTUNE, 2)], "").await.unwrap();
        assert!(done.awards.iter().all(|award| award.outcome() == AwardOutcome::Cleared));
        for (n, kept) in [(1, TEAMS), (2, INTUNE)] {
            let case = system.get("lea", n).await.unwrap();
            assert_eq!(case.lines.iter().map(|line| line.key.as_str()).collect::<Vec<_>>(), [kept]);
            assert!(case.deadlines.iter().any(|deadline| deadline.due_time.is_some()), "its clocks run on");
        }
        assert_eq!(system.contested(2).await, [false, false]);
        let told = system.told().await;
        let awarded: Vec<_> = told
            .iter()
            .filter_map(|fact| if let Payload::LinesAwarded(fact) = fact { Some(fact) } else { None })
            .map(|fact| (fact.won_line_ids.clone(), fact.lost_line_ids.clone()))
            .collect();
        let id = |workload| vec![named_line(workload).line_id];
        assert_eq!(awarded.len(), 2);
        assert!(awarded.contains(&(id("teams"), id("intune"))) && awarded.contains(&(id("intune"), id("teams"))));
    })
    .await;
}

#[tokio::test]
async fn r27a_who_loses_the_last_line_is_over_and_the_winner_can_be_approved() {
    on_both(async |system| {
        system.review(1).await;
        system.submit(2).await;
        assert_eq!(system.contested(2).await, [true, true]);
        system.award(&[(TEAMS, 1)], "").await.unwrap();
        assert_eq!(system.get("lea", 2).await.unwrap().state(), ReviewCaseState::Closed);
        assert_eq!(system.approve("amy", 1).await.unwrap().state(), ReviewCaseState::Approved);
    })
    .await;
}

#[tokio::test]
async fn r37_an_official_holder_stays_until_its_successor_is_official() {
    on_both(async |system| {
        system.review(1).await;
        system.approve("amy", 1).await.unwrap();
        system.registry.fake.make_official(&claim(1).claim.parse().unwrap(), day(1));
        system.review(2).await;
        assert_eq!(system.contested(2).await, [true, true]);
        let done = system.award(&[(TEAMS, 2)], "").await.unwrap();
        assert_eq!(done.awards[0].outcome(), AwardOutcome::Successor);
        assert_eq!(system.contested(2).await, [false, false]);
        assert_eq!(system.get("lea", 1).await.unwrap().state(), ReviewCaseState::Approved);
        system.approve("amy", 2).await.unwrap();
        system.submit(3).await;
        system.submit(4).await;
        let _ = system.contested(4).await;
        let refused = system.award(&[(TEAMS, 3)], "").await.unwrap_err();
        let failed = refused.get_details_precondition_failure().unwrap().violations;
        assert_eq!((failed[0].r#type.as_str(), failed[0].subject.as_str()), ("SUCCESSOR_EXISTS", TEAMS));
        assert_eq!(system.get("lea", 4).await.unwrap().state(), ReviewCaseState::Waiting, "nothing was awarded");
    })
    .await;
}

#[tokio::test]
async fn r37_what_stands_in_the_way_of_awards_is_named_at_once() {
    on_both(async |system| {
        system.submit_for(1, &["teams", "intune", "yammer"]).await;
        system.submit_for(2, &["teams", "intune"]).await;
        let _ = system.contested(2).await;
        let refused = system.award(&[(TEAMS, 1), (TEAMS, 2), ("workloads/yammer", 1)], "once").await.unwrap_err();
        let mut failed: Vec<_> = refused.get_details_precondition_failure().unwrap().violations;
        failed.sort_by(|one, other| one.r#type.cmp(&other.r#type));
        let named: Vec<_> = failed.iter().map(|failed| (failed.r#type.as_str(), failed.subject.as_str())).collect();
        let expected =
            [("KEY_AWARDED_TWICE", TEAMS), ("KEY_NOT_AWARDED", INTUNE), ("KEY_NOT_CONTESTED", "workloads/yammer")];
        assert_eq!(named, expected);
        assert_eq!(system.count("arbitrated_key").await, 0);
        assert_eq!(system.count("pending_approval").await, 0);
        assert_eq!(system.contested(2).await, [true, true]);
    })
    .await;
}

#[tokio::test]
async fn r37_an_arbitration_that_was_interrupted_is_completed_once() {
    on_both(async |system| {
        system.submit(1).await;
        system.submit(2).await;
        let _ = system.contested(2).await;
        system.registry.lose_answers(1);
        let away = refusal(system.award(&[(TEAMS, 1)], "once").await);
        assert_eq!(away, (Code::Unavailable, "REGISTRY_UNAVAILABLE".to_owned()));
        let busy = system.award(&[(TEAMS, 2)], "").await.unwrap_err();
        assert_eq!(busy.get_details_precondition_failure().unwrap().violations[0].r#type, "KEY_BUSY");
        let next = system.another().await;
        next.resumer.go_on(next.api.approver.pending.take_all().await.unwrap()).await;
        assert_eq!(next.stored(&case(2)).await.state.phase(), Phase::Closed);
        let again = system.award(&[(TEAMS, 1)], "once").await.unwrap();
        assert_eq!(again.awards[0].outcome(), AwardOutcome::Cleared, "the first answer");
        assert_eq!(again.comment, "The newer proof convinces.");
        let over = next.arbitrations().await;
        assert!(!over.contains(&again.comment) && !over.contains("reviewer:"), "the claims have it (R56): {over}");
        let told = system.told().await;
        assert_eq!(told.iter().filter(|fact| matches!(fact, Payload::LinesAwarded(_))).count(), 2);
    })
    .await;
}
