//! The system under the story: started, driven, and stopped.

mod web;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use cpor_proto::{
    eligibility::v1::{ImportUsageRequest, UsageMonth},
    operations::v1::{AdvanceClockRequest, GetClockRequest, ListStreamsRequest, advance_clock_request::Target},
    reviews::v1::ListReviewCasesRequest,
};
use cpor_types::{PartnerId, Role};
use tonic::transport::{Channel, Endpoint};

use self::web::Web;
use super::actor::Actor;
use crate::dev::{self, Dev};

/// The running system and everybody who acts on it.
pub(crate) struct Stage {
    dev: Dev,
    /// Where the mails lie.
    pub(crate) mail: PathBuf,
    /// The customer's browser.
    pub(crate) web: Web,
    pub(crate) contoso: Actor,
    pub(crate) northwind: Actor,
    pub(crate) reviewer: Actor,
    pub(crate) lead: Actor,
    operator: Actor,
    directory: Actor,
}

impl Stage {
    /// Starts a system under this folder.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) async fn set(folder: &Path) -> anyhow::Result<Self> {
        let dev = dev::start(dev::Options::for_demo(folder)?).await.context("the system did not start")?;
        let channel = Endpoint::from_shared(dev.grpc_url())?.connect().await?;
        let actor = |label, role, partner: Option<&str>| actor(&dev, &channel, label, role, partner);
        Ok(Self {
            mail: dev.mail_folder(),
            web: Web::new(),
            contoso: actor("Contoso", Role::IncentivesAdmin, Some("contoso"))?,
            northwind: actor("Northwind", Role::IncentivesAdmin, Some("northwind"))?,
            reviewer: actor("reviewer", Role::PoeReviewer, None)?,
            lead: actor("review lead", Role::ReviewLead, None)?,
            operator: actor("operator", Role::Operator, None)?,
            directory: actor("directory sync", Role::DirectorySync, None)?,
            dev,
        })
    }

    /// Moves the clock by so many seconds and waits until the system has come to rest.
    ///
    /// # Errors
    /// When something is still under way.
    pub(crate) async fn advance(&self, seconds: i64) -> anyhow::Result<()> {
        let request = AdvanceClockRequest { target: Some(Target::BySeconds(seconds)) };
        let unsettled = self.operator.operations().advance_clock(request).await?.into_inner().unsettled;
        anyhow::ensure!(unsettled.is_empty(), "still under way: {}", unsettled.join("; "));
        Ok(())
    }

    /// The business time.
    ///
    /// # Errors
    /// When the clock cannot be read.
    pub(crate) async fn now(&self) -> anyhow::Result<DateTime<Utc>> {
        let clock = self.operator.operations().get_clock(GetClockRequest {}).await?.into_inner();
        clock.time.and_then(|time| DateTime::from_timestamp(time.seconds, 0)).context("the clock has no time")
    }

    /// The open review case of a claim.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) async fn review_case(&self, claim: &str) -> anyhow::Result<String> {
        let request = ListReviewCasesRequest {
            parent: "tenants/-".into(),
            claim: claim.into(),
            ..ListReviewCasesRequest::default()
        };
        let cases = self.reviewer.reviews().list_review_cases(request).await?.into_inner().review_cases;
        Ok(cases.into_iter().next().context("no open review case")?.name)
    }

    /// Imports two months of usage that hardly grew.
    ///
    /// # Errors
    /// When a row is refused.
    pub(crate) async fn import_usage(&self, tenant: &str) -> anyhow::Result<()> {
        let months = [("exchange-online", 1800, 1815), ("teams", 900, 930)];
        let rows = months.iter().flat_map(|(product, before, after)| {
            [("2026-02", *before), ("2026-03", *after)].map(|(month, active_users)| UsageMonth {
                key: format!("tenants/{tenant}/workloads/{product}"),
                month: month.into(),
                active_users,
                paid_available_units: 2000,
                ..UsageMonth::default()
            })
        });
        let request = ImportUsageRequest { rows: rows.collect() };
        let results = self.directory.eligibility().import_usage(request).await?.into_inner().results;
        anyhow::ensure!(results.iter().all(|result| result.error.is_none()), "usage was refused");
        Ok(())
    }

    /// How many streams still have something to deliver.
    ///
    /// # Errors
    /// When the services cannot be asked.
    pub(crate) async fn undelivered(&self) -> anyhow::Result<u64> {
        let mut undelivered = 0;
        for service in 1..=5 {
            let request = ListStreamsRequest { service, ..ListStreamsRequest::default() };
            let streams = self.operator.operations().list_streams(request).await?.into_inner().streams;
            undelivered +=
                streams.iter().map(|stream| stream.next_sequence - 1 - stream.delivered_sequence).sum::<u64>();
        }
        Ok(undelivered)
    }

    /// Stops the system.
    pub(crate) async fn strike(self) {
        self.dev.stop().await;
    }
}

fn actor(
    dev: &Dev,
    channel: &Channel,
    label: &'static str,
    role: Role,
    partner: Option<&str>,
) -> anyhow::Result<Actor> {
    let partner = partner.map(str::parse::<PartnerId>).transpose()?;
    let token = dev.token(role, partner, None)?;
    Actor::new(label, channel, &token)
}
