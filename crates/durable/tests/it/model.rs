//! Property test: commands in batches have the same outcome as the same commands one by one.
use cpor_testing::Engine;
use std::collections::HashMap;

use chrono::TimeDelta;
use cpor_durable::{Aggregate as _, AggregateKey, CommandError, RequestId};
use cpor_types::Timestamp;
use proptest::{prelude::*, test_runner::TestRunner};
use sea_orm::ConnectionTrait as _;

use crate::{
    fixture::{Fixture, TestWriter, start},
    tickets::{self, BoxedCommand, Refusal, Ticket, TicketResult, command, key, load_ticket, run_add},
};

#[derive(Clone, Debug)]
enum Action {
    Open { closes_in: Option<i64> },
    Add(i64),
}

#[derive(Clone, Debug)]
struct Step {
    key: u128,
    action: Action,
    expecting: Option<u64>,
    request: Option<(u8, u8)>,
}

/// Steps of one batch, after the clock has moved forward by some seconds.
#[derive(Clone, Debug)]
struct Batch {
    seconds: i64,
    steps: Vec<Step>,
}

fn step() -> impl Strategy<Value = Step> {
    let action = prop_oneof![
        2 => proptest::option::of(0..20_i64).prop_map(|closes_in| Action::Open { closes_in }),
        5 => (0..4_i64).prop_map(Action::Add),
    ];
    let request = proptest::option::weighted(0.3, (0..4_u8, 0..2_u8));
    (0..3_u128, action, proptest::option::weighted(0.2, 0..4_u64), request)
        .prop_map(|(key, action, expecting, request)| Step { key, action, expecting, request })
}

fn batches() -> impl Strategy<Value = Vec<Batch>> {
    let batch = (0..15_i64, proptest::collection::vec(step(), 1..12));
    proptest::collection::vec(batch.prop_map(|(seconds, steps)| Batch { seconds, steps }), 1..6)
}

/// The outcome that a caller receives: key, version, state, and whether it was replayed.
type CallerResult = Result<(AggregateKey, u64, Option<Ticket>, bool), CommandError<Refusal, tickets::TitleTaken>>;

/// A model in memory that runs one command after the other.
#[derive(Default)]
struct Model {
    tickets: HashMap<AggregateKey, (u64, Ticket)>,
    requests: HashMap<u8, (u8, AggregateKey)>,
}

impl Model {
    fn version(&self, key: &AggregateKey) -> u64 {
        self.tickets.get(key).map_or(0, |(version, _)| *version)
    }

    fn change(&mut self, key: &AggregateKey, next: Ticket) {
        let version = self.version(key) + 1;
        self.tickets.insert(key.clone(), (version, next));
    }

    fn outcome(&self, key: &AggregateKey, replayed: bool) -> CallerResult {
        Ok((key.clone(), self.version(key), self.tickets.get(key).map(|(_, ticket)| ticket.clone()), replayed))
    }

    fn run(&mut self, step: &Step, now: Timestamp) -> CallerResult {
        let own = key(step.key);
        let known = step.request.and_then(|(id, body)| Some((body, self.requests.get(&id).cloned()?)));
        let key = known.as_ref().map_or(own, |(_, (_, key))| key.clone());
        while let Some(elapsed) = self.tickets.get(&key).and_then(|(_, ticket)| ticket.apply_passed_deadline(now)) {
            self.change(&key, elapsed.transition.next);
        }
        if let Some((body, (first, _))) = known {
            return if body == first { self.outcome(&key, true) } else { Err(CommandError::RequestIdReused) };
        }
        let actual = self.version(&key);
        if let Some(expected) = step.expecting.filter(|expected| *expected != actual) {
            return Err(CommandError::VersionMismatch { expected, actual });
        }
        let ticket = self.tickets.get(&key).map(|(_, ticket)| ticket);
        let decided = match step.action {
            Action::Open { closes_in } => tickets::open(ticket, &step.key.to_string(), closes(closes_in, now)),
            Action::Add(n) => tickets::add(ticket, n),
        };
        if let Some(transition) = decided.map_err(CommandError::Refused)? {
            self.change(&key, transition.next);
        }
        if let Some((id, body)) = step.request {
            self.requests.insert(id, (body, key.clone()));
        }
        self.outcome(&key, false)
    }
}

fn closes(after: Option<i64>, now: Timestamp) -> Option<Timestamp> {
    after.map(|seconds| now + TimeDelta::seconds(seconds))
}

async fn run(test_writer: &TestWriter, step: Step) -> TicketResult {
    let request = step.request.map(|(id, body)| RequestId {
        caller: "alice".to_owned(),
        method: "Step",
        id: id.to_string(),
        body_hash: [body; 32],
    });
    let command = command(&key(step.key)).expect_version(step.expecting).request(request);
    match step.action {
        Action::Add(n) => run_add(&test_writer.writer, command, n).await,
        Action::Open { closes_in } => {
            let title = step.key.to_string();
            let decide = move |ticket: Option<&Ticket>, now| tickets::open(ticket, &title, closes(closes_in, now));
            test_writer.writer.execute(command, decide).await
        }
    }
}

async fn assert_batches_match_model(fixture: &Fixture, batches: Vec<Batch>) {
    let host = fixture.host().await;
    let test_writer = TestWriter::new(&host);
    let mut model = Model::default();
    let mut now = start();
    for Batch { seconds, steps } in batches {
        now = host.advance_clock(now + TimeDelta::seconds(seconds)).await.unwrap();
        let running = steps.iter().cloned().map(|step| -> BoxedCommand<'_> { Box::pin(run(&test_writer, step)) });
        let answers = test_writer.run_in_one_batch(running).await;
        for (step, answer) in steps.iter().zip(answers) {
            let outcome = answer.map(|c| (c.key, c.version, c.state, c.replayed));
            assert_eq!(outcome, model.run(step, now), "{step:?}");
        }
    }
    for (key, (version, ticket)) in &model.tickets {
        let found = load_ticket(&fixture.db, key).await.unwrap();
        assert_eq!((&found.version, &found.state), (version, ticket));
        let last = tickets::history(&fixture.db, key).await.last().map(|entry| entry.0.unsigned_abs());
        assert_eq!(last, Some(*version));
    }
}

/// Runs all cases on one database, which is emptied before each case.
fn check_property(engine: Engine) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let fixture = runtime.block_on(Fixture::on(engine));
    let mut runner =
        TestRunner::new(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() });
    let outcome = runner.run(&batches(), |batches| {
        runtime.block_on(async {
            for table in
                ["title", "entry", "ticket", "outbox_event", "outbox_stream", "deadline", "request_id", "virtual_clock"]
            {
                fixture.db.writer().execute_unprepared(&format!("DELETE FROM {table}")).await.unwrap();
            }
            assert_batches_match_model(&fixture, batches).await;
        });
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn batches_equal_single_commands_on_sqlite() {
    check_property(Engine::Sqlite);
}

#[test]
fn batches_equal_single_commands_on_postgres() {
    check_property(Engine::Postgres);
}
