//! R59: claims are watched as a stream that can be resumed.

use cpor_acceptance::{
    Actor, CONTOSO, ClaimStage, NORTHWIND, TestClaim, TestSystem, assert_refused, both_databases, metadata,
};
use cpor_proto::claims::v1::{Claim, CreateClaimRequest, WatchClaimsRequest, WatchClaimsResponse};
use cpor_types::Service;
use tonic::{Code, Status, Streaming};

both_databases![
    r59_a_watch_shows_every_change_once_and_in_order,
    r59_a_watch_is_resumed_without_loss_or_repeat,
    r59_a_partner_watches_its_own_claims_only,
    r59_a_watch_sends_heartbeats,
    r59_an_invalid_cursor_is_refused,
    r59_a_cursor_from_before_a_restore_is_refused,
    r59_a_watch_ends_with_ok,
    r59_a_partner_has_at_most_16_watches,
];
both_databases![with two_replicas: r59_a_watch_sees_changes_of_other_replicas];

pub(super) type Stream = Streaming<WatchClaimsResponse>;

/// Opens a watch.
pub(super) async fn watch(actor: &Actor, request: WatchClaimsRequest) -> Result<Stream, Status> {
    Ok(actor.claims().watch_claims(request).await?.into_inner())
}

/// The request to watch all changes from the beginning.
pub(super) fn from_beginning(parent: &str) -> WatchClaimsRequest {
    WatchClaimsRequest { parent: parent.into(), from_beginning: true, ..WatchClaimsRequest::default() }
}

/// The request to watch the changes after a cursor, or from now on if it is empty.
pub(super) fn after(parent: &str, cursor: &str) -> WatchClaimsRequest {
    WatchClaimsRequest { parent: parent.into(), cursor: cursor.into(), ..WatchClaimsRequest::default() }
}

/// The next message that is a change.
async fn change(stream: &mut Stream) -> WatchClaimsResponse {
    loop {
        let message = stream.message().await.unwrap().expect("the stream is open");
        if message.entry.is_some() {
            return message;
        }
    }
}

/// The cursor of the next heartbeat.
pub(super) async fn heartbeat(stream: &mut Stream) -> String {
    loop {
        let message = stream.message().await.unwrap().expect("the stream is open");
        if message.entry.is_none() {
            return message.cursor;
        }
    }
}

/// Reads `count` changes from a new watch.
pub(super) async fn read_changes(actor: &Actor, request: WatchClaimsRequest, count: usize) -> Vec<WatchClaimsResponse> {
    let mut stream = watch(actor, request).await.unwrap();
    let mut changes = Vec::new();
    while changes.len() < count {
        changes.push(change(&mut stream).await);
    }
    changes
}

/// The claim and the history position of each change.
pub(super) fn positions(changes: &[WatchClaimsResponse]) -> Vec<(String, i64)> {
    changes.iter().map(|message| (message.name.clone(), message.entry.as_ref().unwrap().position)).collect()
}

async fn r59_a_watch_shows_every_change_once_and_in_order(system: &TestSystem) {
    let mut live = watch(&system.contoso, after(CONTOSO, "")).await.unwrap();
    heartbeat(&mut live).await;
    let first = TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    let second = TestClaim::at_stage(system, system.presales().await, ClaimStage::Official).await;
    first.note(&system.reviewer, "For reviewers.").await.unwrap();
    system.wait_until_idle().await;
    first.comment(&system.contoso, "Anything missing?").await.unwrap();
    let mut expected = Vec::new();
    for case in [&first, &second] {
        let history = case.history().await;
        let shown = history.iter().filter(|entry| entry.action != "review_noted");
        expected.extend(shown.map(|entry| (case.name.clone(), entry.position)));
    }
    let changes = read_changes(&system.contoso, from_beginning(CONTOSO), expected.len()).await;
    let mut sorted = positions(&changes);
    // The changes of each claim are in the order of its history, without repetitions. Only the note
    // is missing.
    for case in [&first, &second] {
        let own = sorted.iter().filter(|(name, _)| *name == case.name);
        assert!(own.map(|(_, position)| position).is_sorted(), "{sorted:?}");
    }
    sorted.sort();
    expected.sort();
    assert_eq!(sorted, expected);
    // A watch that was open all the time has sent the same.
    for message in &changes {
        let live_change = change(&mut live).await;
        assert_eq!((&live_change.cursor, &live_change.entry), (&message.cursor, &message.entry));
    }
    let last = changes.last().unwrap();
    assert_eq!(last.entry.as_ref().unwrap().action, "commented");
    assert_eq!(last.claim, Some(first.claim().await), "with the current claim");
}

async fn r59_a_watch_is_resumed_without_loss_or_repeat(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::UnderReview).await;
    let length = case.history().await.len();
    let whole = read_changes(&system.contoso, from_beginning(CONTOSO), length).await;
    for (n, message) in whole.iter().enumerate() {
        let rest = read_changes(&system.contoso, after(CONTOSO, &message.cursor), length - n - 1).await;
        assert_eq!(positions(&rest), positions(&whole[n + 1..]), "after {n}");
    }
    // A cursor stays valid after a restart of the process.
    let last = whole.last().unwrap().cursor.clone();
    system.crash(Service::ClaimIntake).await;
    case.comment(&system.contoso, "Still there?").await.unwrap();
    let mut stream = watch(&system.contoso, after(CONTOSO, &last)).await.unwrap();
    assert_eq!(change(&mut stream).await.entry.unwrap().action, "commented");
    // The deletion of a draft is sent without a claim.
    let draft = TestClaim::create_draft(system, system.presales().await).await.unwrap();
    draft.delete().await.unwrap();
    let mut deleted = change(&mut stream).await;
    while deleted.entry.as_ref().unwrap().action != "deleted" {
        deleted = change(&mut stream).await;
    }
    assert_eq!((deleted.name, deleted.claim), (draft.name.clone(), None));
}

async fn r59_a_partner_watches_its_own_claims_only(system: &TestSystem) {
    assert_refused(watch(&system.northwind, from_beginning(CONTOSO)).await, Code::NotFound, "RESOURCE_NOT_FOUND");
    let mut of_contoso = watch(&system.contoso, from_beginning(CONTOSO)).await.unwrap();
    let mut of_northwind = watch(&system.northwind, from_beginning(NORTHWIND)).await.unwrap();
    let claim = system.presales().await;
    let case = TestClaim::at_stage(system, claim.clone(), ClaimStage::UnderReview).await;
    let rival = TestClaim::at_stage(system, system.rival_of(&claim), ClaimStage::UnderReview).await;
    let (contoso_changes, northwind_changes) = (case.history().await.len(), rival.history().await.len());
    for _ in 0..contoso_changes {
        let message = change(&mut of_contoso).await;
        assert_eq!(message.name, case.name);
        assert!(!format!("{message:?}").contains(NORTHWIND) && !format!("{message:?}").contains(rival.id()));
        assert!(!format!("{message:?}").contains(&system.reviewer.subject), "R4");
    }
    for _ in 0..northwind_changes {
        assert_eq!(change(&mut of_northwind).await.name, rival.name);
    }
}

async fn r59_a_watch_sends_heartbeats(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    let mut stream = watch(&system.contoso, after(CONTOSO, "")).await.unwrap();
    let start = heartbeat(&mut stream).await;
    assert_eq!(heartbeat(&mut stream).await, start, "nothing has changed");
    // A note is not sent to a partner, but it advances the cursor.
    case.note(&system.reviewer, "For reviewers.").await.unwrap();
    system.wait_until_idle().await;
    let mut cursor = heartbeat(&mut stream).await;
    while cursor == start {
        cursor = heartbeat(&mut stream).await;
    }
    case.comment(&system.contoso, "And now?").await.unwrap();
    for from in [start, cursor] {
        let mut resumed = watch(&system.contoso, after(CONTOSO, &from)).await.unwrap();
        assert_eq!(change(&mut resumed).await.entry.unwrap().action, "commented");
    }
}

async fn r59_an_invalid_cursor_is_refused(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    let cursor = read_changes(&system.contoso, from_beginning(CONTOSO), 1).await.remove(0).cursor;
    let mut tampered = cursor.clone();
    tampered.pop();
    for invalid in ["nonsense", "!", &tampered] {
        assert_refused(watch(&system.contoso, after(CONTOSO, invalid)).await, Code::InvalidArgument, "INVALID_CURSOR");
    }
    assert_refused(watch(&system.northwind, after(NORTHWIND, &cursor)).await, Code::InvalidArgument, "INVALID_CURSOR");
    assert_refused(watch(&system.contoso, after(&case.name, "")).await, Code::InvalidArgument, "INVALID_FIELDS");
}

async fn r59_a_cursor_from_before_a_restore_is_refused(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    let cursor = heartbeat(&mut watch(&system.contoso, after(CONTOSO, "")).await.unwrap()).await;
    // Simulates a restored backup: the last entry is missing, and later another one takes its
    // place.
    let entries = case.history().await.len();
    let cut = format!("DELETE FROM history WHERE position = {entries}");
    system.execute_sql(Service::ClaimIntake, &cut).await;
    let resume = || async { watch(&system.contoso, after(CONTOSO, &cursor)).await };
    let refusal = assert_refused(resume().await, Code::OutOfRange, "CURSOR_EXPIRED");
    assert_eq!(metadata(&refusal, "advice"), "WATCH_FROM_NOW_THEN_LIST");
    let reset = format!(
        "UPDATE claim SET history = {0}, head = (SELECT link FROM history WHERE position = {0} AND claim_id = claim.id)",
        entries - 1
    );
    system.execute_sql(Service::ClaimIntake, &reset).await;
    system.execute_sql(Service::ClaimIntake, "UPDATE owner_log SET last = last - 1").await;
    case.comment(&system.contoso, "Another story.").await.unwrap();
    assert_refused(resume().await, Code::OutOfRange, "CURSOR_EXPIRED");
    let mut new_watch = watch(&system.contoso, after(CONTOSO, "")).await.unwrap();
    heartbeat(&mut new_watch).await;
}

async fn r59_a_watch_ends_with_ok(system: &TestSystem) {
    let mut request = tonic::Request::new(after(CONTOSO, ""));
    request.set_timeout(std::time::Duration::from_millis(1500));
    let mut stream = system.contoso.claims().watch_claims(request).await.unwrap().into_inner();
    while stream.message().await.expect("OK at the end").is_some() {}
    // A watch with a short timeout still sends its first cursor.
    let mut request = tonic::Request::new(after(CONTOSO, ""));
    request.set_timeout(std::time::Duration::from_secs(1));
    let mut stream = system.contoso.claims().watch_claims(request).await.unwrap().into_inner();
    assert_ne!(heartbeat(&mut stream).await, "");
    assert_eq!(stream.message().await.expect("OK at the end"), None);
    // A process that stops ends its watches.
    let mut stream = watch(&system.contoso, after(CONTOSO, "")).await.unwrap();
    let cursor = heartbeat(&mut stream).await;
    system.stop_all().await;
    while stream.message().await.expect("OK at the end").is_some() {}
    system.start_all().await;
    heartbeat(&mut watch(&system.contoso, after(CONTOSO, &cursor)).await.unwrap()).await;
}

async fn r59_a_partner_has_at_most_16_watches(system: &TestSystem) {
    let mut open = Vec::new();
    for n in 0..16 {
        let actor = if n % 2 == 0 { &system.contoso } else { &system.contoso_user };
        open.push(watch(actor, after(CONTOSO, "")).await.unwrap());
    }
    let refusal =
        assert_refused(watch(&system.contoso, after(CONTOSO, "")).await, Code::ResourceExhausted, "TOO_MANY_WATCHES");
    assert_eq!(metadata(&refusal, "limit"), "16");
    assert!(cpor_call::status::retry_after(&refusal).is_some());
    for (actor, parent) in [(&system.northwind, NORTHWIND), (&system.lead, CONTOSO)] {
        heartbeat(&mut watch(actor, after(parent, "")).await.unwrap()).await;
    }
}

async fn r59_a_watch_sees_changes_of_other_replicas(system: &TestSystem) {
    let (here, there) = (system.contoso.clone(), system.contoso.at_replica(system.replicas() - 1));
    let mut stream = watch(&there, after(CONTOSO, "")).await.unwrap();
    let cursor = heartbeat(&mut stream).await;
    // Both replicas create ten claims concurrently. Only the log defines their order.
    let writes = (0..10).map(|n| {
        let actor = if n % 2 == 0 { here.clone() } else { there.clone() };
        async move {
            let claim = Some(Claim { display_name: format!("claim {n}"), ..Claim::default() });
            let request = CreateClaimRequest { parent: CONTOSO.into(), claim, ..CreateClaimRequest::default() };
            actor.claims().create_claim(request).await.unwrap().into_inner().name
        }
    });
    let mut created = futures_util::future::join_all(writes).await;
    let mut names = Vec::new();
    for _ in 0..10 {
        names.push(change(&mut stream).await.name);
    }
    // A later watch sends them in the same order.
    let mut later_watch = watch(&here, after(CONTOSO, &cursor)).await.unwrap();
    heartbeat(&mut later_watch).await;
    let mut later_names = Vec::new();
    for _ in 0..10 {
        later_names.push(change(&mut later_watch).await.name);
    }
    assert_eq!(names, later_names);
    created.sort();
    names.sort();
    assert_eq!(names, created, "each claim once");
}
