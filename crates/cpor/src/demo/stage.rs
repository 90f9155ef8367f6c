//! The system under the story: started, driven, and stopped.

mod web;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use cpor_proto::{
    eligibility::v1::{ImportUsageRequest, UsageMonth},
    operations::v1::{AdvanceClockRequest, GetClockRequest, ListStreamsRequest, advance_clock_request::Target},
    registry::v1::{
        DirectoryRow, ImportDirectoryRequest, ImportLegacyAssociationsRequest, LegacyAssociation, Subscription,
        directory_row::Row, import_result::Outcome,
    },
    reviews::v1::ListReviewCasesRequest,
    r#type::v1::{Activity, PurchaseChannel, SubscriptionStatus},
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
    pub(crate) manager: Actor,
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
            manager: actor("program manager", Role::ProgramManager, None)?,
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
        self.move_clock(Target::BySeconds(seconds)).await
    }

    /// Moves the clock to this time, and waits likewise.
    ///
    /// # Errors
    /// When something is still under way.
    pub(crate) async fn advance_to(&self, time: &str) -> anyhow::Result<()> {
        self.move_clock(Target::ToTime(stamp(time)?)).await
    }

    async fn move_clock(&self, target: Target) -> anyhow::Result<()> {
        let request = AdvanceClockRequest { target: Some(target) };
        let unsettled = self.operator.operations().advance_clock(request).await?.into_inner().pending_work;
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

    /// Imports active users of workloads: product, month, users.
    ///
    /// # Errors
    /// When a row is refused.
    pub(crate) async fn import_usage(&self, tenant: &str, months: &[(&str, &str, i64)]) -> anyhow::Result<()> {
        let rows = months.iter().map(|(product, month, active_users)| UsageMonth {
            key: format!("tenants/{tenant}/workloads/{product}"),
            month: (*month).into(),
            active_users: *active_users,
            paid_available_units: 2000,
            ..UsageMonth::default()
        });
        let request = ImportUsageRequest { rows: rows.collect() };
        let results = self.directory.eligibility().import_usage(request).await?.into_inner().results;
        anyhow::ensure!(results.iter().all(|result| result.error.is_none()), "usage was refused");
        Ok(())
    }

    /// Imports a subscription that was bought by Web Direct this year.
    ///
    /// # Errors
    /// When it is refused.
    pub(crate) async fn subscribe(&self, tenant: &str, id: &str, product: &str, end: &str) -> anyhow::Result<()> {
        let subscription = Subscription {
            name: format!("tenants/{tenant}/subscriptions/{id}"),
            product: format!("products/{product}"),
            status: SubscriptionStatus::Active.into(),
            channel: PurchaseChannel::WebDirect.into(),
            purchase_time: Some(stamp("2026-02-20T10:00:00Z")?),
            end_time: Some(stamp(end)?),
        };
        let rows = vec![DirectoryRow { row: Some(Row::Subscription(subscription)) }];
        let results = self.directory.registry().import_directory(ImportDirectoryRequest { rows }).await?.into_inner();
        anyhow::ensure!(results.results.iter().all(|result| result.error.is_none()), "the subscription was refused");
        Ok(())
    }

    /// Imports an association from before there were claims; answers why it was refused, if it was.
    ///
    /// # Errors
    /// When the call fails.
    pub(crate) async fn import_legacy(&self, key: &str, partner: &str, mpn_id: &str) -> anyhow::Result<Option<String>> {
        let activities = vec![Activity::Usage.into()];
        let row = LegacyAssociation { key: key.into(), partner: partner.into(), mpn_id: mpn_id.into(), activities };
        let request = ImportLegacyAssociationsRequest { rows: vec![row] };
        let results = self.directory.registry().import_legacy_associations(request).await?.into_inner().results;
        let result = results.into_iter().next().context("no result")?;
        let refused = result.outcome() == Outcome::Refused;
        Ok(refused.then(|| result.error.map(|error| error.message).unwrap_or_default()))
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

fn stamp(time: &str) -> anyhow::Result<prost_types::Timestamp> {
    let time: DateTime<Utc> = time.parse()?;
    Ok(prost_types::Timestamp { seconds: time.timestamp(), nanos: 0 })
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
