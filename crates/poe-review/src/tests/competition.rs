//! Tests of competition and arbitration (R37) in the database.
use super::{
    rpc_calls::role,
    test_system::{TestSystem, request_from},
    *,
};
use crate::{domain::Phase, store::competition_checks};
use cpor_proto::{
    events::v1::{ClaimSubmitted, event::Payload},
    reviews::v1::{
        ArbitrateLinesRequest, Arbitration, Award, AwardOutcome, Competition, GetCompetitionRequest, ReviewCaseState,
        review_service_server::ReviewService as _,
    },
};
use cpor_testing::on_both_databases;
use sea_orm::{ConnectionTrait as _, Statement, TransactionTrait as _};
use tonic::Response;
use tonic_types::StatusExt as _;

on_both_databases![
    r37_clocks_of_rivals_stop,
    r37_an_approved_rival_competes_until_its_lines_end,
    r37_concurrent_submissions_find_each_other,
    r37_all_contested_keys_are_awarded_in_one_step,
    r27a_losing_the_last_line_closes_the_case,
    r37_a_holder_stays_until_its_successor_is_official,
    r37_all_reasons_against_awards_are_reported,
    r37_an_interrupted_arbitration_completes_once,
    r37_an_interrupted_award_excludes_the_losing_claim,
    r37_an_award_is_released_with_its_line,
    r37_nobody_loses_a_key_that_its_winner_gave_up,
    r37_outdated_rivals_are_dropped,
    a_search_for_checks_does_not_wait_for_a_writer,
];

async fn a_search_for_checks_does_not_wait_for_a_writer(system: TestSystem) {
    // On SQLite this is the only connection that can write.
    let transaction = system.db().begin().await.unwrap();
    let search = system.detector.run_all_checks();
    tokio::time::timeout(Duration::from_secs(5), search).await.expect("no wait for the transaction").unwrap();
    transaction.rollback().await.unwrap();
}

impl TestSystem {
    async fn get_competition(&self, who: &str, n: u32) -> Competition {
        let request = GetCompetitionRequest { name: case(n) };
        self.api.get_competition(request_from(who, role(who), request)).await.unwrap().into_inner()
    }

    async fn award(&self, awards: &[(&str, u32)], request_id: &str) -> Result<Arbitration, Status> {
        let award =
            |(key, winner): &(&str, u32)| Award { key: full_name(key), winner: case(*winner), ..Award::default() };
        let request = ArbitrateLinesRequest {
            parent: format!("tenants/{TENANT}"),
            awards: awards.iter().map(award).collect(),
            comment: "The newer proof convinces.".to_owned(),
            request_id: request_id.to_owned(),
            ..ArbitrateLinesRequest::default()
        };
        self.api.arbitrate_lines(request_from("lea", role("lea"), request)).await.map(Response::into_inner)
    }

    /// Returns the stored documents of all arbitrations.
    async fn arbitration_documents(&self) -> String {
        let sql = "SELECT CAST(body AS TEXT) AS body FROM arbitration";
        let rows =
            self.db().query_all_raw(Statement::from_string(self.db().get_database_backend(), sql)).await.unwrap();
        rows.iter().map(|row| row.try_get::<String>("", "body").unwrap()).collect()
    }

    async fn submit_for(&self, n: u32, workloads: &[&str]) {
        let claim = ClaimSnapshot { lines: workloads.iter().copied().map(named_line).collect(), ..claim(n) };
        let name = claim.claim.clone();
        let event = Payload::ClaimSubmitted(ClaimSubmitted { snapshot: Some(claim) });
        self.deliver_event(&name, event, parse_time(SUBMITTED)).await.unwrap();
    }

    /// Delivers an edit after which the nth claim has these lines.
    async fn edit_lines(&self, n: u32, workloads: &[&str]) {
        let lines = workloads.iter().copied().map(named_line).collect();
        let edited = cpor_proto::events::v1::ClaimEdited {
            snapshot: Some(ClaimSnapshot { version: 2, lines, ..claim(n) }),
            ..Default::default()
        };
        self.deliver_event(&claim(n).claim, Payload::ClaimEdited(edited), day(1)).await.unwrap();
    }

    /// Runs the competition checks, and returns whether the cases 1 to `n` are contested.
    async fn contested(&self, n: u32) -> Vec<bool> {
        self.detector.run_all_checks().await.unwrap();
        let mut found = Vec::new();
        for n in 1..=n {
            found.push(self.stored(&case(n)).await.state.is_contested());
        }
        found
    }
}

/// Returns a line whose id is derived from its workload.
fn named_line(workload: &str) -> LineSnapshot {
    let line_id = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, workload.as_bytes()).to_string();
    LineSnapshot { line_id, ..line(workload) }
}

const TEAMS: &str = "workloads/teams";
const INTUNE: &str = "workloads/intune";

/// The full name of a key of the tenant, as the API shows it.
fn full_name(key: &str) -> String {
    format!("tenants/{TENANT}/{key}")
}

fn competition_changes(events: &[Payload]) -> Vec<(String, usize)> {
    let changed = |payload: &Payload| {
        if let Payload::CompetitionChanged(event) = payload {
            Some((event.claim.clone(), event.contested_line_ids.len()))
        } else {
            None
        }
    };
    let mut changes: Vec<_> = events.iter().filter_map(changed).collect();
    changes.sort();
    changes
}

async fn r37_clocks_of_rivals_stop(system: TestSystem) {
    system.submit_and_start_review(1).await;
    system.submit(2).await;
    assert_eq!(system.contested(2).await, [true, true]);
    assert_eq!(system.count("deadline WHERE state = 'pending'").await, 0);
    assert_eq!(competition_changes(&system.sent_events().await), [(claim(1).claim, 1), (claim(2).claim, 1)]);
    let competition = system.get_competition("amy", 1).await;
    let rival = competition.rivals[0].review_case.clone().unwrap();
    assert_eq!((competition.rivals.len(), rival.partner_display_name.as_str()), (1, "northwind"));
    assert_eq!(
        (competition.rivals[0].keys.clone(), rival.evidence[0].file_name.as_str()),
        (vec![full_name(TEAMS)], "proof.pdf")
    );
    system.close(2).await;
    assert_eq!(system.contested(1).await, [false]);
    assert!(system.count("deadline WHERE state = 'pending'").await > 0);
    system.approve("amy", 1).await.unwrap();
}

async fn r37_an_approved_rival_competes_until_its_lines_end(system: TestSystem) {
    system.submit_and_start_review(1).await;
    system.approve("amy", 1).await.unwrap();
    system.submit(2).await;
    assert_eq!(system.contested(2).await, [true, true]);
    let ended = cpor_proto::events::v1::LinesEnded {
        claim: claim(1).claim,
        tenant: claim(1).tenant,
        review_case_id: claim(1).review_case_id,
        line_ids: vec![line("teams").line_id],
        none_left: true,
    };
    system.deliver_event(&claim(1).claim, Payload::LinesEnded(ended), day(1)).await.unwrap();
    assert_eq!(system.contested(2).await, [false, false]);
}

async fn r37_concurrent_submissions_find_each_other(system: TestSystem) {
    let replica = system.start_replica().await;
    tokio::join!(system.submit(1), replica.submit(2));
    assert_eq!(system.contested(2).await, [true, true]);
}

async fn r37_all_contested_keys_are_awarded_in_one_step(system: TestSystem) {
    system.submit_for(1, &["teams", "intune"]).await;
    system.submit_for(2, &["teams", "intune"]).await;
    assert_eq!(system.contested(2).await, [true, true]);
    let arbitration = system.award(&[(TEAMS, 1), (INTUNE, 2)], "").await.unwrap();
    assert!(arbitration.awards.iter().all(|award| award.outcome() == AwardOutcome::Unopposed));
    for (n, kept) in [(1, TEAMS), (2, INTUNE)] {
        let case = system.get("lea", n).await.unwrap();
        assert_eq!(case.lines.iter().map(|line| line.key.clone()).collect::<Vec<_>>(), [full_name(kept)]);
        assert!(case.deadlines.iter().any(|deadline| deadline.due_time.is_some()), "the clocks run again");
    }
    assert_eq!(system.contested(2).await, [false, false]);
    let events = system.sent_events().await;
    let awarded: Vec<_> = events
        .iter()
        .filter_map(|event| if let Payload::LinesAwarded(event) = event { Some(event) } else { None })
        .collect();
    let id = |workload| vec![named_line(workload).line_id];
    for (n, won, lost) in [(1, "teams", "intune"), (2, "intune", "teams")] {
        let of_claim: Vec<_> = awarded
            .iter()
            .filter(|event| event.claim == claim(n).claim)
            .map(|event| (event.won_line_ids.clone(), event.lost_line_ids.clone(), event.comment.as_str()))
            .collect();
        let expected = [(id(won), Vec::new(), "The newer proof convinces."), (Vec::new(), id(lost), "")];
        assert_eq!(of_claim, expected, "R55: the comment is sent once");
    }
}

async fn r27a_losing_the_last_line_closes_the_case(system: TestSystem) {
    system.submit_and_start_review(1).await;
    system.submit(2).await;
    assert_eq!(system.contested(2).await, [true, true]);
    system.award(&[(TEAMS, 1)], "").await.unwrap();
    assert_eq!(system.get("lea", 2).await.unwrap().state(), ReviewCaseState::Closed);
    assert_eq!(system.approve("amy", 1).await.unwrap().state(), ReviewCaseState::Approved);
}

async fn r37_a_holder_stays_until_its_successor_is_official(system: TestSystem) {
    system.submit_and_start_review(1).await;
    system.approve("amy", 1).await.unwrap();
    system.registry.fake.make_official(&claim(1).claim.parse().unwrap(), day(1));
    system.submit_and_start_review(2).await;
    assert_eq!(system.contested(2).await, [true, true]);
    let arbitration = system.award(&[(TEAMS, 2)], "").await.unwrap();
    assert_eq!(arbitration.awards[0].outcome(), AwardOutcome::SucceedsHolder);
    assert_eq!(system.contested(2).await, [false, false]);
    assert_eq!(system.get("lea", 1).await.unwrap().state(), ReviewCaseState::Approved);
    system.approve("amy", 2).await.unwrap();
    system.submit(3).await;
    system.submit(4).await;
    let _ = system.contested(4).await;
    let refused = system.award(&[(TEAMS, 3)], "").await.unwrap_err();
    let failed = refused.get_details_precondition_failure().unwrap().violations;
    assert_eq!((failed[0].r#type.as_str(), &failed[0].subject), ("SUCCESSOR_EXISTS", &full_name(TEAMS)));
    assert_eq!(system.get("lea", 4).await.unwrap().state(), ReviewCaseState::Waiting, "nothing was awarded");
}

async fn r37_all_reasons_against_awards_are_reported(system: TestSystem) {
    system.submit_for(1, &["teams", "intune", "yammer"]).await;
    system.submit_for(2, &["teams", "intune"]).await;
    let _ = system.contested(2).await;
    let refused = system.award(&[(TEAMS, 1), (TEAMS, 2), ("workloads/yammer", 1)], "once").await.unwrap_err();
    let mut failed: Vec<_> = refused.get_details_precondition_failure().unwrap().violations;
    failed.sort_by(|one, other| one.r#type.cmp(&other.r#type));
    let named: Vec<_> = failed.iter().map(|failed| (failed.r#type.as_str(), failed.subject.clone())).collect();
    let expected =
        [("KEY_AWARDED_TWICE", TEAMS), ("KEY_NOT_AWARDED", INTUNE), ("KEY_NOT_CONTESTED", "workloads/yammer")]
            .map(|(reason, key)| (reason, full_name(key)));
    assert_eq!(named, expected);
    assert_eq!(system.count("arbitrated_key").await, 0);
    assert_eq!(system.count("pending_decision").await, 0);
    assert_eq!(system.contested(2).await, [true, true]);
}

async fn r37_an_interrupted_arbitration_completes_once(system: TestSystem) {
    system.submit(1).await;
    system.submit(2).await;
    let _ = system.contested(2).await;
    system.registry.lose_answers(1);
    let unavailable = refusal(system.award(&[(TEAMS, 1)], "once").await);
    assert_eq!(unavailable, (Code::Unavailable, "REGISTRY_UNAVAILABLE".to_owned()));
    let busy = system.award(&[(TEAMS, 2)], "").await.unwrap_err();
    assert_eq!(busy.get_details_precondition_failure().unwrap().violations[0].r#type, "KEY_BUSY");
    let replica = system.start_replica().await;
    replica.recovery.complete_each(replica.api.approval_runner.pending_decisions.lease_all().await.unwrap()).await;
    assert_eq!(replica.stored(&case(2)).await.state.phase(), Phase::Closed);
    let replayed = system.award(&[(TEAMS, 1)], "once").await.unwrap();
    assert_eq!(replayed.awards[0].outcome(), AwardOutcome::Unopposed, "the first answer");
    assert_eq!(replayed.comment, "The newer proof convinces.");
    let documents = replica.arbitration_documents().await;
    assert!(
        !documents.contains(&replayed.comment) && !documents.contains("reviewer:"),
        "the comment and the lead must be erased (R56): {documents}"
    );
    let events = system.sent_events().await;
    assert_eq!(events.iter().filter(|event| matches!(event, Payload::LinesAwarded(_))).count(), 2);
}

async fn r37_an_interrupted_award_excludes_the_losing_claim(system: TestSystem) {
    system.submit_and_start_review(1).await;
    system.submit_and_start_review(2).await;
    assert_eq!(system.contested(2).await, [true, true]);
    // The registry decides, but the process dies before the losing case learns of it.
    system.registry.lose_answers(1);
    refusal(system.award(&[(TEAMS, 1)], "").await);
    let refused = refusal(system.approve("amy", 2).await);
    assert_eq!(refused, (Code::FailedPrecondition, "LINES_NOT_HELD".to_owned()));
    let replica = system.start_replica().await;
    replica.recovery.complete_each(replica.api.approval_runner.pending_decisions.lease_all().await.unwrap()).await;
    assert_eq!(replica.stored(&case(2)).await.state.phase(), Phase::Closed);
    assert_eq!(system.approve("amy", 1).await.unwrap().state(), ReviewCaseState::Approved);
}

/// The winner gives up one of its keys after the registry has decided and before the cases learn of
/// the decision.
async fn r37_nobody_loses_a_key_that_its_winner_gave_up(system: TestSystem) {
    system.submit_for(1, &["teams", "intune"]).await;
    system.submit_for(2, &["teams"]).await;
    system.submit_for(4, &["intune"]).await;
    assert_eq!(system.contested(2).await, [true, true]);
    system.registry.lose_answers(1);
    refusal(system.award(&[(TEAMS, 1), (INTUNE, 1)], "").await);
    system.edit_lines(1, &["intune"]).await;
    let replica = system.start_replica().await;
    replica.recovery.complete_each(replica.api.approval_runner.pending_decisions.lease_all().await.unwrap()).await;
    let phase = async |n| replica.stored(&case(n)).await.state.phase();
    assert_eq!((phase(2).await, phase(4).await), (Phase::Waiting, Phase::Closed));
    assert_eq!(replica.contested(2).await, [false, false]);
    let events = system.sent_events().await;
    let released = events.iter().filter(|event| matches!(event, Payload::AwardReleased(event) if event.key == TEAMS));
    assert_eq!(released.count(), 1, "{events:?}");
    let awards =
        events.iter().filter_map(|event| if let Payload::LinesAwarded(event) = event { Some(event) } else { None });
    let losers = awards.filter(|event| !event.lost_line_ids.is_empty()).map(|event| event.claim.clone());
    assert_eq!(losers.collect::<Vec<_>>(), [claim(4).claim]);
}

async fn r37_an_award_is_released_with_its_line(system: TestSystem) {
    system.submit_for(1, &["teams", "intune"]).await;
    system.submit_for(2, &["teams"]).await;
    assert_eq!(system.contested(2).await, [true, true]);
    let arbitration = system.award(&[(TEAMS, 1)], "").await.unwrap();
    system.edit_lines(1, &["intune"]).await;
    let released = system
        .sent_events()
        .await
        .into_iter()
        .find_map(|event| if let Payload::AwardReleased(event) = event { Some(event) } else { None });
    let expected = cpor_proto::events::v1::AwardReleased {
        claim: claim(1).claim,
        tenant: claim(1).tenant,
        key: TEAMS.to_owned(),
        decision_id: arbitration.name.rsplit('/').next().unwrap().to_owned(),
    };
    assert_eq!(released, Some(expected));
}

/// A slow process has found a rival that closes before the process saves what it found.
async fn r37_outdated_rivals_are_dropped(system: TestSystem) {
    system.submit_and_start_review(1).await;
    assert_eq!(system.contested(1).await, [false]);
    system.submit(2).await;
    let checks = competition_checks::find_open_checks(system.db()).await.unwrap();
    let id = system.stored(&case(1)).await.state.id;
    let check = checks.into_iter().find(|check| check.key.id == id.uuid()).unwrap();
    let rivals = system.detector.find_rivals(&check).await.unwrap();
    assert_eq!(rivals.as_ref().map(|checked| checked.rivals.len()), Some(1));
    let replica = system.start_replica().await;
    replica.close(2).await;
    assert_eq!(replica.contested(1).await, [false]);
    let version = system.stored(&case(1)).await.version;
    system.detector.save_rivals(&check, rivals).await.unwrap();
    assert_eq!(system.stored(&case(1)).await.version, version, "the case was never contested by the closed one");
    assert_eq!(system.contested(1).await, [false]);
    assert!(system.count("deadline WHERE state = 'pending'").await > 0, "the clocks run");
}
