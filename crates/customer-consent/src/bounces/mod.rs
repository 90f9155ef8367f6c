//! Reads reports that a notice (a mail to the customer contact) could not be delivered after the
//! customer's mail system, or a relay, had accepted it (R41b). A mail server delivers the reports
//! to a folder in the format Maildir. The return address to which a report is sent identifies the
//! notice.

mod report;
mod return_address;
#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cpor_durable::{AggregateKey, Command, Host};
use cpor_types::{Actor, Service};
use tokio::io::AsyncReadExt as _;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::consents::Consents;
use crate::domain::DeliveryReport;
use report::DeliveryStatus;
pub(crate) use return_address::{ReturnAddress, ReturnAddresses};

/// The time between two searches for reports.
const POLL_INTERVAL: Duration = Duration::from_secs(5);
/// The number of bytes of a report that are read. A report begins with the delivery status; the
/// returned mail follows.
const MAX_REPORT_BYTES: u64 = 256 * 1024;

/// Reads the reports in a Maildir. Several processes may read the same one: a report that is
/// applied twice changes nothing.
#[derive(Clone)]
pub(crate) struct BounceReader {
    /// The consents whose notices the reports are about.
    pub(crate) consents: Consents,
    /// The return addresses of notices.
    pub(crate) addresses: ReturnAddresses,
    pub(crate) maildir: PathBuf,
}

impl BounceReader {
    /// Creates the folders of the Maildir that do not exist.
    pub(crate) fn create_folders(maildir: &Path) -> io::Result<()> {
        ["tmp", "new", "cur"].into_iter().try_for_each(|folder| std::fs::create_dir_all(maildir.join(folder)))
    }

    /// Registers the background task that reads the reports. A virtual clock is not moved forward
    /// before the reports that have arrived are applied.
    pub(crate) fn spawn_on(self, host: &Host) {
        let reader = self.clone();
        host.add_background_task("bounces", move |stop| {
            let reader = reader.clone();
            async move { reader.run(stop).await }
        });
        host.add_idle_probe("bounces", move || {
            let reader = self.clone();
            async move { reader.apply_reports().await.map(|()| vec![]) }
        });
    }

    /// Applies new reports at intervals until `stop` is cancelled.
    async fn run(self, stop: CancellationToken) -> Result<(), anyhow::Error> {
        loop {
            self.apply_reports().await?;
            tokio::select! {
                () = tokio::time::sleep(POLL_INTERVAL) => {}
                () = stop.cancelled() => return Ok(()),
            }
        }
    }

    /// Applies all reports that have arrived, and moves each to the folder of mails that were read.
    /// A report that cannot be applied now stays and is tried again.
    pub(crate) async fn apply_reports(&self) -> Result<(), anyhow::Error> {
        let mut entries = tokio::fs::read_dir(self.maildir.join("new")).await?;
        while let Some(entry) = entries.next_entry().await? {
            if !entry.file_type().await.is_ok_and(|kind| kind.is_file()) {
                continue;
            }
            // A file that cannot be read or applied does not keep the other reports waiting.
            if let Err(error) = self.apply_report(&entry).await {
                tracing::warn!(%error, file = ?entry.file_name(), "a delivery report cannot be applied now");
            }
        }
        Ok(())
    }

    /// Applies one report and moves it to the folder of mails that were read.
    async fn apply_report(&self, entry: &tokio::fs::DirEntry) -> Result<(), anyhow::Error> {
        let path = entry.path();
        let Some(content) = unless_moved(read_beginning(&path).await)? else { return Ok(()) };
        self.apply(&content).await?;
        // `:2,S` marks a mail as read.
        let read_name = format!("{}:2,S", entry.file_name().to_string_lossy());
        unless_moved(tokio::fs::rename(&path, self.maildir.join("cur").join(read_name)).await)?;
        Ok(())
    }

    /// Applies the report with this content. A mail that does not report a bounced notice changes
    /// nothing.
    async fn apply(&self, content: &[u8]) -> Result<(), anyhow::Error> {
        let Some(status) = DeliveryStatus::read(content, &self.addresses) else {
            tracing::warn!("a mail to a return address is not a delivery report");
            return Ok(());
        };
        let ReturnAddress { tenant, notice } = status.address;
        let mail = cpor_mail::find(self.consents.db.reader(), &tenant.to_string(), notice).await?;
        let claim = mail.as_ref().and_then(|mail| mail.data.get("claim")?.as_str()?.parse::<Uuid>().ok());
        let (Some(mail), Some(claim)) = (mail, claim) else {
            tracing::warn!(%notice, "a delivery report is about an unknown mail");
            return Ok(());
        };
        let Some(reason) = status.bounce_of(&mail.recipient) else { return Ok(()) };
        tracing::info!(%notice, reason, "a notice bounced after it was accepted");
        let command = Command::new(
            "report_bounce",
            AggregateKey::new(mail.owner, claim),
            Actor::system(Service::CustomerConsent),
        );
        let result = self.consents.report_delivery(command, notice, DeliveryReport::Bounced(reason)).await;
        result.map(|_| ()).map_err(|error| anyhow::anyhow!("{error}"))
    }
}

/// Reads at most [`MAX_REPORT_BYTES`] of a file.
async fn read_beginning(path: &Path) -> io::Result<Vec<u8>> {
    let mut content = vec![];
    tokio::fs::File::open(path).await?.take(MAX_REPORT_BYTES).read_to_end(&mut content).await?;
    Ok(content)
}

/// Returns `None` if the file does not exist, because another process has moved it.
fn unless_moved<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
