//! Sending batches, and again what may pass a little later, whole calls and single rows: rows are safe to repeat.

use std::time::Duration;

use anyhow::ensure;
use cpor_kit::status;
use cpor_proto::claims::v1::{
    BatchCreateClaimsRequest, BatchCreateClaimsResponse, BatchCreateClaimsResult,
    claim_service_client::ClaimServiceClient,
};
use tonic::{Code, Status, transport::Channel};

use super::{
    Args,
    results::{Outcome, refusal},
    row::Sendable,
};
use crate::server::{Connection, told};

/// How often a call is made, and how often a row is sent, at most.
const TRIES: u32 = 5;

/// How long is waited where the server does not say.
const PAUSE: Duration = Duration::from_secs(1);

/// How long the answer to a batch is waited for.
const PATIENCE: Duration = Duration::from_secs(120);

/// Bytes of an answer: more than one of 1,000 rows has.
const ANSWER: usize = 64 << 20;

/// A connection to the server, as the partner.
pub(super) struct Sender {
    client: ClaimServiceClient<Channel>,
    connection: Connection,
    parent: String,
    validate_only: bool,
}

impl Sender {
    pub(super) async fn connect(args: &Args) -> anyhow::Result<Self> {
        let connection = args.server.connect().await?;
        Ok(Self {
            client: ClaimServiceClient::new(connection.channel.clone()).max_decoding_message_size(ANSWER),
            connection,
            parent: format!("partners/{}", args.partner),
            validate_only: args.validate_only,
        })
    }

    /// Sends rows, and answers what became of each; where it fails in the middle, of those that were answered by then.
    pub(super) async fn send(&mut self, rows: Vec<Sendable>) -> (Vec<Outcome>, anyhow::Result<()>) {
        let mut outcomes = Vec::with_capacity(rows.len());
        let sent = self.send_into(&mut outcomes, rows).await;
        (outcomes, sent)
    }

    async fn send_into(&mut self, outcomes: &mut Vec<Outcome>, mut rows: Vec<Sendable>) -> anyhow::Result<()> {
        let mut tries = 1;
        while !rows.is_empty() {
            let request = BatchCreateClaimsRequest {
                parent: self.parent.clone(),
                rows: rows.iter().map(|sendable| sendable.row.clone()).collect(),
                validate_only: self.validate_only,
            };
            let results = self.patiently(request).await.map_err(|refused| told(&refused))?.results;
            ensure!(results.len() == rows.len(), "the server answers {} of {} rows", results.len(), rows.len());
            let answered = Answered::of(rows, results, tries < TRIES);
            outcomes.extend(answered.settled);
            rows = answered.again;
            if !rows.is_empty() {
                tokio::time::sleep(answered.pause * tries).await;
            }
            tries += 1;
        }
        Ok(())
    }

    async fn patiently(&mut self, message: BatchCreateClaimsRequest) -> Result<BatchCreateClaimsResponse, Status> {
        let mut tries = 1;
        loop {
            let mut request = self.connection.request(message.clone());
            request.set_timeout(PATIENCE);
            match self.client.batch_create_claims(request).await {
                Err(refused) if tries < TRIES && may_pass(&refused) => {
                    tokio::time::sleep(pause(&refused) * tries).await;
                    tries += 1;
                }
                answer => return answer.map(tonic::Response::into_inner),
            }
        }
    }
}

/// What is known of rows after a call.
struct Answered {
    settled: Vec<Outcome>,
    /// Those that may be taken a little later.
    again: Vec<Sendable>,
    /// How much later: the longest time that any of them was told.
    pause: Duration,
}

impl Answered {
    fn of(rows: Vec<Sendable>, results: Vec<BatchCreateClaimsResult>, may_try: bool) -> Self {
        let mut answered = Self { settled: Vec::new(), again: Vec::new(), pause: Duration::ZERO };
        for (row, result) in rows.into_iter().zip(results) {
            match result.error.as_ref().map(refusal).filter(|refused| may_try && may_pass(refused)) {
                Some(refused) => {
                    answered.pause = answered.pause.max(pause(&refused));
                    answered.again.push(row);
                }
                None => answered.settled.push(Outcome::answered(row.line, result)),
            }
        }
        answered
    }
}

fn pause(refused: &Status) -> Duration {
    status::retry_after(refused).unwrap_or(PAUSE)
}

/// Whether the same call may succeed a little later.
fn may_pass(refused: &Status) -> bool {
    match refused.code() {
        Code::Unavailable | Code::DeadlineExceeded | Code::Aborted => true,
        // Not for a message that is too large.
        Code::ResourceExhausted => status::retry_after(refused).is_some(),
        Code::Ok
        | Code::Cancelled
        | Code::Unknown
        | Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::FailedPrecondition
        | Code::OutOfRange
        | Code::Unimplemented
        | Code::Internal
        | Code::DataLoss
        | Code::Unauthenticated => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sendable(line: u64) -> Sendable {
        Sendable { line, row: cpor_proto::claims::v1::BatchCreateClaimsRow::default() }
    }

    fn refused(why: &Status) -> BatchCreateClaimsResult {
        BatchCreateClaimsResult { error: Some(status::message(why)), ..BatchCreateClaimsResult::default() }
    }

    #[test]
    fn rows_that_may_be_taken_later_are_sent_again() {
        let rows = || (1..=6).map(sendable).collect::<Vec<_>>();
        let wait = Duration::from_secs(3);
        let results = [
            refused(&status::unavailable("UNAVAILABLE", "try again", wait)),
            BatchCreateClaimsResult::default(),
            refused(&Status::invalid_argument("never")),
            refused(&status::overloaded(Duration::from_secs(2))),
            refused(&Status::resource_exhausted("too large")),
            refused(&Status::aborted("moved")),
        ];
        let lines = |again: &[Sendable]| again.iter().map(|row| row.line).collect::<Vec<_>>();
        let answered = Answered::of(rows(), results.to_vec(), true);
        assert_eq!((lines(&answered.again), answered.settled.len(), answered.pause), (vec![1, 4, 6], 3, wait));
        let answered = Answered::of(rows(), results.to_vec(), false);
        assert_eq!((answered.again.len(), answered.settled.len()), (0, 6), "the last word");
    }
}
