//! Sends batches of rows to the server. Calls that failed and rows that were refused temporarily
//! are sent again. This is safe, because every row has a request id.

use std::{pin::pin, time::Duration};

use anyhow::ensure;
use cpor_call::status;
use cpor_proto::claims::v1::{
    BatchCreateClaimsRequest, BatchCreateClaimsResult, claim_service_client::ClaimServiceClient,
};
use futures_util::{StreamExt as _, stream};
use sha2::{Digest as _, Sha256};
use tonic::{Code, Status, transport::Channel};

use super::{
    Args,
    batch::{RequestRow, UpdateRow},
    results::{Outcome, ResultsFile, to_status},
    update::{self, UpdateOutcome},
};
use crate::{
    server::{Connection, status_error},
    sheet::SheetRow,
};

/// The maximum number of attempts, for a call and for a row.
const MAX_ATTEMPTS: u32 = 5;

/// The pause before the next attempt, if the server sends no retry delay.
const DEFAULT_PAUSE: Duration = Duration::from_secs(1);

/// The maximum number of concurrent calls about single claims. A service accepts this many
/// concurrent uploads from one user.
const CONCURRENT_CALLS: usize = 4;

const CALL_TIMEOUT: Duration = Duration::from_secs(120);

/// The maximum size of a response in bytes. Responses for 1,000 rows, the most that one call sends,
/// are smaller.
const MAX_RESPONSE_BYTES: usize = 64 << 20;

/// Sends rows of one partner over a connection to the server.
pub(super) struct Sender {
    client: ClaimServiceClient<Channel>,
    connection: Connection,
    /// The resource name of the partner that owns the claims.
    parent: String,
    validate_only: bool,
}

impl Sender {
    pub(super) async fn connect(args: &Args) -> anyhow::Result<Self> {
        let connection = args.server.connect().await?;
        Ok(Self {
            client: ClaimServiceClient::new(connection.channel.clone()).max_decoding_message_size(MAX_RESPONSE_BYTES),
            connection,
            parent: format!("partners/{}", args.partner),
            validate_only: args.results.validate_only,
        })
    }

    /// Sends rows. Returns the result of each row or, after an error, the results that are known so
    /// far.
    pub(super) async fn send(&mut self, rows: Vec<RequestRow>) -> (Vec<Outcome>, anyhow::Result<()>) {
        let mut outcomes = Vec::with_capacity(rows.len());
        let sent = self.send_into(&mut outcomes, rows).await;
        (outcomes, sent)
    }

    /// Sends rows as [`Self::send`] does, and adds their results to `outcomes`.
    async fn send_into(&mut self, outcomes: &mut Vec<Outcome>, mut rows: Vec<RequestRow>) -> anyhow::Result<()> {
        let mut attempt = 1;
        while !rows.is_empty() {
            let request = BatchCreateClaimsRequest {
                parent: self.parent.clone(),
                rows: rows.iter().map(|row| row.row.clone()).collect(),
                validate_only: self.validate_only,
            };
            let call = || {
                let (mut client, mut request) = (self.client.clone(), self.connection.request(request.clone()));
                request.set_timeout(CALL_TIMEOUT);
                async move { client.batch_create_claims(request).await }
            };
            let results = call_with_retries(call).await.map_err(|status| status_error(&status))?.results;
            ensure!(
                results.len() == rows.len(),
                "the server returned {} results for {} rows",
                results.len(),
                rows.len()
            );
            let response = BatchResponse::new(rows, results, attempt < MAX_ATTEMPTS);
            outcomes.extend(response.outcomes);
            rows = response.retry;
            if !rows.is_empty() {
                tokio::time::sleep(response.pause * attempt).await;
            }
            attempt += 1;
        }
        Ok(())
    }

    /// Updates the claims of rows. Returns the result of each row or, after an error, the results
    /// that are known so far, and the rows whose draft of an earlier import was deleted.
    pub(super) async fn update(&self, rows: Vec<UpdateRow>) -> (Vec<Outcome>, Vec<UpdateRow>, anyhow::Result<()>) {
        let update = |row| update::update(&self.client, &self.connection, row, self.validate_only);
        let mut calls = pin!(stream::iter(rows).map(update).buffered(CONCURRENT_CALLS));
        let (mut outcomes, mut deleted) = (Vec::new(), Vec::new());
        while let Some(outcome) = calls.next().await {
            match outcome {
                Ok(UpdateOutcome::Done(outcome)) => outcomes.push(outcome),
                Ok(UpdateOutcome::Deleted(row)) => deleted.push(*row),
                Err(status) => return (outcomes, deleted, Err(status_error(&status))),
            }
        }
        (outcomes, deleted, Ok(()))
    }
}

/// Sends the rows of a sheet with a few calls at the same time, and writes their results.
///
/// # Errors
/// Returns an error if the sheet or the results file fails, or the server cannot be reached.
pub(crate) async fn send_rows<F>(
    rows: impl Iterator<Item = anyhow::Result<SheetRow>>,
    mut results: ResultsFile,
    send: impl Fn(SheetRow) -> F,
) -> anyhow::Result<ResultsFile>
where
    F: Future<Output = Result<Outcome, Status>>,
{
    let send = |row: anyhow::Result<SheetRow>| {
        let sent = row.map(&send);
        async { sent?.await.map_err(|status| status_error(&status)) }
    };
    let mut calls = pin!(stream::iter(rows).map(send).buffered(CONCURRENT_CALLS));
    while let Some(outcome) = calls.next().await {
        results.write(vec![outcome?])?;
    }
    Ok(results)
}

/// Returns a request id that is derived from the content of a request.
pub(crate) fn content_id(prefix: &str, content: &[u8]) -> String {
    let hash = Sha256::digest(content);
    let hexadecimal: String = hash[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{prefix}-{hexadecimal}")
}

/// Calls the server, up to [`MAX_ATTEMPTS`] times if it cannot answer now.
pub(crate) async fn call_with_retries<T, F>(call: impl Fn() -> F) -> Result<T, Status>
where
    F: Future<Output = Result<tonic::Response<T>, Status>>,
{
    let mut attempt = 1;
    loop {
        match call().await {
            Err(status) if attempt < MAX_ATTEMPTS && is_transient(&status) => {
                tokio::time::sleep(retry_pause(&status) * attempt).await;
                attempt += 1;
            }
            result => return result.map(tonic::Response::into_inner),
        }
    }
}

/// The rows of a call, divided into those with a final result and those to send again.
struct BatchResponse {
    /// The final results.
    outcomes: Vec<Outcome>,
    /// The rows that were refused only temporarily.
    retry: Vec<RequestRow>,
    /// The pause before the rows are sent again: the longest one that the server asked for.
    pause: Duration,
}

impl BatchResponse {
    /// Divides the rows by their results. If `can_retry` is false, all results are final.
    fn new(rows: Vec<RequestRow>, results: Vec<BatchCreateClaimsResult>, can_retry: bool) -> Self {
        let mut response = Self { outcomes: Vec::new(), retry: Vec::new(), pause: Duration::ZERO };
        for (row, result) in rows.into_iter().zip(results) {
            match result.error.as_ref().map(to_status).filter(|status| can_retry && is_transient(status)) {
                Some(status) => {
                    response.pause = response.pause.max(retry_pause(&status));
                    response.retry.push(row);
                }
                None => response.outcomes.push(Outcome::from_proto(row.line, result)),
            }
        }
        response
    }
}

/// Returns the retry delay of the server, or the default pause.
fn retry_pause(status: &Status) -> Duration {
    status::retry_after(status).unwrap_or(DEFAULT_PAUSE)
}

/// Returns whether the same call can succeed later.
fn is_transient(status: &Status) -> bool {
    match status.code() {
        Code::Unavailable | Code::DeadlineExceeded | Code::Aborted => true,
        // A message that is too large has no retry delay.
        Code::ResourceExhausted => status::retry_after(status).is_some(),
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

    fn request_row(line: u64) -> RequestRow {
        RequestRow { line, row: cpor_proto::claims::v1::BatchCreateClaimsRow::default() }
    }

    fn error_result(error: &Status) -> BatchCreateClaimsResult {
        BatchCreateClaimsResult { error: Some(status::to_proto(error)), ..BatchCreateClaimsResult::default() }
    }

    #[test]
    fn rows_with_transient_errors_are_sent_again() {
        let rows = || (1..=6).map(request_row).collect::<Vec<_>>();
        let wait = Duration::from_secs(3);
        let results = [
            error_result(&status::unavailable("UNAVAILABLE", "try again", wait)),
            BatchCreateClaimsResult::default(),
            error_result(&Status::invalid_argument("never")),
            error_result(&status::overloaded(Duration::from_secs(2))),
            error_result(&Status::resource_exhausted("too large")),
            error_result(&Status::aborted("moved")),
        ];
        let lines = |rows: &[RequestRow]| rows.iter().map(|row| row.line).collect::<Vec<_>>();
        let response = BatchResponse::new(rows(), results.to_vec(), true);
        assert_eq!((lines(&response.retry), response.outcomes.len(), response.pause), (vec![1, 4, 6], 3, wait));
        let response = BatchResponse::new(rows(), results.to_vec(), false);
        assert_eq!((response.retry.len(), response.outcomes.len()), (0, 6), "the results are final");
    }
}
