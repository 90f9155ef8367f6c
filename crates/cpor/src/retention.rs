//! `cpor retention`: erases the personal data of claims that ended long ago (R56).

use std::io::Write as _;

use anyhow::{Context as _, bail};
use chrono::Months;
use cpor_proto::{
    claims::v1::{
        Claim, ClaimCommand, ErasePersonalDataRequest, ListClaimsRequest, claim_service_client::ClaimServiceClient,
    },
    operations::v1::{GetClockRequest, operations_service_client::OperationsServiceClient},
};
use tonic::{Status, transport::Channel};

use crate::{
    import::send::call_with_retries,
    server::{Connection, ServerArgs, status_error},
};

/// The part of `cpor retention --help` about what is erased.
pub const HELP: &str = "\
A claim is listed if it has ended (a deleted draft, a final rejection, or associations that have all ended) and has not
changed within the period, counted back from the business time of the server. A claim whose associations have ended is
not listed while it waits for a service (`waits_for` is LATE_DECISION or REGISTRY): a decision of the customer from
before the end may be on its way. With --apply, the contacts, the ids of people and the free texts of these claims are
erased in every service. Histories stay verifiable, and each records the reason. Documents are not erased. A second run
changes nothing. The token needs the role `operator`.

The exit status is 0 if everything succeeded and 1 if a claim could not be erased or the server could not be called.";

/// Arguments of `cpor retention`.
#[derive(clap::Args)]
#[command(after_long_help = HELP)]
pub struct Args {
    /// Number of months for which personal data is kept after the last change of a claim.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1200))]
    months: u32,
    /// Erase the data. Without it, the claims are only listed.
    #[arg(long)]
    apply: bool,
    #[command(flatten)]
    server: ServerArgs,
}

/// Lists the claims whose period has passed, and erases their personal data with `--apply`.
///
/// # Errors
/// Returns an error if the server cannot be called, or if a claim could not be erased.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    let connection = args.server.connect().await?;
    let mut out = std::io::stdout().lock();
    let (mut ended, mut refused, mut page_token) = (0, 0, String::new());
    let filter = format!("update_time < {}", cutoff(&connection, args.months).await?);
    loop {
        let request = ListClaimsRequest {
            parent: "partners/-".into(),
            filter: filter.clone(),
            order_by: "update_time".into(),
            page_size: 1_000,
            page_token,
            show_deleted: true,
        };
        let list = || async {
            let mut client = claim_client(&connection);
            client.list_claims(connection.request(request.clone())).await
        };
        let page = call_with_retries(list).await.map_err(|status| status_error(&status))?;
        for claim in page.claims.iter().filter(|claim| can_be_erased(claim)) {
            ended += 1;
            if !args.apply {
                writeln!(out, "{}", claim.name)?;
                continue;
            }
            match erase(&connection, claim, args.months).await {
                Ok(erased) if erased.etag == claim.etag => writeln!(out, "{}: nothing left to erase", claim.name)?,
                Ok(_) => writeln!(out, "{}: erased", claim.name)?,
                Err(status) => {
                    refused += 1;
                    writeln!(out, "{}: {}", claim.name, status_error(&status))?;
                }
            }
        }
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    writeln!(out, "{ended} claims have ended and have not changed for more than {} months", args.months)?;
    if refused > 0 {
        bail!("{refused} claims could not be erased");
    }
    Ok(())
}

/// Returns the time before which a claim must have changed last so that its period has passed: the
/// business time minus `months`.
async fn cutoff(connection: &Connection, months: u32) -> anyhow::Result<String> {
    let mut operations = OperationsServiceClient::new(connection.channel.clone());
    let clock = operations.get_clock(connection.request(GetClockRequest {})).await;
    let now = clock.map_err(|status| status_error(&status))?.into_inner().time.context("the server has no time")?;
    let now = chrono::DateTime::from_timestamp(now.seconds, 0).context("the time of the server is out of range")?;
    let cutoff = now.checked_sub_months(Months::new(months)).context("--months: must not exceed the calendar")?;
    Ok(cutoff.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
}

/// Returns whether the personal data of the claim can be erased, as the server says.
fn can_be_erased(claim: &Claim) -> bool {
    claim.allowed_commands().any(|command| command == ClaimCommand::ErasePersonalData)
}

/// Erases all kinds of personal data of a claim. If nothing is left, its etag does not change.
async fn erase(connection: &Connection, claim: &Claim, months: u32) -> Result<Claim, Status> {
    let request = ErasePersonalDataRequest {
        name: claim.name.clone(),
        reason: format!("The retention period of {months} months has passed."),
        ..ErasePersonalDataRequest::default()
    };
    call_with_retries(|| async {
        let mut client = claim_client(connection);
        client.erase_personal_data(connection.request(request.clone())).await
    })
    .await
}

fn claim_client(connection: &Connection) -> ClaimServiceClient<Channel> {
    // A claim can exceed the default message limit of clients.
    ClaimServiceClient::new(connection.channel.clone()).max_decoding_message_size(64 << 20)
}
