//! The system that the demo starts, and its actors.

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

use super::{actor::Actor, browser::Browser};
use crate::dev::{self, DevSystem};

/// A running system on a virtual clock, with an actor for each role.
pub(crate) struct DemoSystem {
    dev: DevSystem,
    /// The folder to which mails are written as `.eml` files.
    pub(crate) mail_directory: PathBuf,
    pub(crate) browser: Browser,
    /// An `incentives_admin` of the partner Contoso.
    pub(crate) contoso: Actor,
    /// An `incentives_admin` of the partner Northwind.
    pub(crate) northwind: Actor,
    pub(crate) reviewer: Actor,
    pub(crate) lead: Actor,
    pub(crate) manager: Actor,
    pub(crate) operator: Actor,
    directory_sync: Actor,
}

impl DemoSystem {
    /// Starts a system whose data is stored in this folder.
    ///
    /// # Errors
    /// Returns an error if the system does not start.
    pub(crate) async fn start(directory: &Path) -> anyhow::Result<Self> {
        let dev = dev::start(dev::Options::for_demo(directory)?).await.context("the system did not start")?;
        let channel = Endpoint::from_shared(dev.grpc_url())?.connect().await?;
        let actor = |label, role, partner: Option<&str>| new_actor(&dev, &channel, label, role, partner);
        Ok(Self {
            mail_directory: dev.mail_directory(),
            browser: Browser::new(),
            contoso: actor("Contoso", Role::IncentivesAdmin, Some("contoso"))?,
            northwind: actor("Northwind", Role::IncentivesAdmin, Some("northwind"))?,
            reviewer: actor("reviewer", Role::PoeReviewer, None)?,
            lead: actor("review lead", Role::ReviewLead, None)?,
            manager: actor("program manager", Role::ProgramManager, None)?,
            operator: actor("operator", Role::Operator, None)?,
            directory_sync: actor("directory sync", Role::DirectorySync, None)?,
            dev,
        })
    }

    /// Waits until no deadline is due and no event is undelivered.
    ///
    /// # Errors
    /// Returns an error if the system did not become idle in time.
    pub(crate) async fn wait_until_idle(&self) -> anyhow::Result<()> {
        self.advance_by(0).await
    }

    /// Moves the clock forward, and waits until the system is idle.
    ///
    /// # Errors
    /// Returns an error if the system did not become idle in time.
    pub(crate) async fn advance_by(&self, seconds: i64) -> anyhow::Result<()> {
        self.move_clock(Target::BySeconds(seconds)).await
    }

    /// Moves the clock to this time (RFC 3339), and waits until the system is idle.
    ///
    /// # Errors
    /// Returns an error if the system did not become idle in time.
    pub(crate) async fn advance_to(&self, time: &str) -> anyhow::Result<()> {
        self.move_clock(Target::ToTime(parse_timestamp(time)?)).await
    }

    async fn move_clock(&self, target: Target) -> anyhow::Result<()> {
        let request = AdvanceClockRequest { target: Some(target), ..Default::default() };
        let pending_work = self.operator.operations().advance_clock(request).await?.into_inner().pending_work;
        anyhow::ensure!(pending_work.is_empty(), "the system is not idle: {}", pending_work.join("; "));
        Ok(())
    }

    /// Returns the time of the system's virtual clock.
    ///
    /// # Errors
    /// Returns an error if the call fails.
    pub(crate) async fn now(&self) -> anyhow::Result<DateTime<Utc>> {
        let clock = self.operator.operations().get_clock(GetClockRequest {}).await?.into_inner();
        clock.time.and_then(|time| DateTime::from_timestamp(time.seconds, 0)).context("the clock has no time")
    }

    /// Returns the resource name of the open review case of a claim.
    ///
    /// # Errors
    /// Returns an error if the claim has no open review case.
    pub(crate) async fn open_review_case(&self, claim: &str) -> anyhow::Result<String> {
        let request = ListReviewCasesRequest {
            parent: "tenants/-".into(),
            filter: format!("open = true AND claim = {claim}"),
            ..ListReviewCasesRequest::default()
        };
        let cases = self.reviewer.reviews().list_review_cases(request).await?.into_inner().review_cases;
        Ok(cases.into_iter().next().context("the claim has no open review case")?.name)
    }

    /// Imports the usage of a tenant's workloads. Each item of `months` contains a product, a
    /// month, and the number of active users.
    ///
    /// # Errors
    /// Returns an error if a row is refused.
    pub(crate) async fn import_usage(&self, tenant: &str, months: &[(&str, &str, i64)]) -> anyhow::Result<()> {
        let rows = months.iter().map(|(product, month, active_users)| UsageMonth {
            key: format!("tenants/{tenant}/workloads/{product}"),
            month: (*month).into(),
            active_users: *active_users,
            paid_available_units: 2000,
            ..UsageMonth::default()
        });
        let request = ImportUsageRequest { rows: rows.collect(), ..Default::default() };
        let results = self.directory_sync.eligibility().import_usage(request).await?.into_inner().results;
        anyhow::ensure!(results.iter().all(|result| result.error.is_none()), "the import of usage was refused");
        Ok(())
    }

    /// Imports a subscription that was bought through Web Direct on 20 February 2026.
    ///
    /// # Errors
    /// Returns an error if the subscription is refused.
    pub(crate) async fn import_subscription(
        &self,
        tenant: &str,
        id: &str,
        product: &str,
        end: &str,
    ) -> anyhow::Result<()> {
        let subscription = Subscription {
            name: format!("tenants/{tenant}/subscriptions/{id}"),
            product: format!("products/{product}"),
            status: SubscriptionStatus::Active.into(),
            channel: PurchaseChannel::WebDirect.into(),
            purchase_time: Some(parse_timestamp("2026-02-20T10:00:00Z")?),
            end_time: Some(parse_timestamp(end)?),
        };
        let rows = vec![DirectoryRow { row: Some(Row::Subscription(subscription)) }];
        let request = ImportDirectoryRequest { rows, ..Default::default() };
        let results = self.directory_sync.registry().import_directory(request).await?.into_inner().results;
        anyhow::ensure!(results.iter().all(|result| result.error.is_none()), "the subscription was refused");
        Ok(())
    }

    /// Imports a legacy association (one from before CPOR, which has no claim). Returns the error
    /// message if it was refused.
    ///
    /// # Errors
    /// Returns an error if the call fails.
    pub(crate) async fn import_legacy_association(
        &self,
        key: &str,
        partner: &str,
        mpn_id: &str,
    ) -> anyhow::Result<Option<String>> {
        let activities = vec![Activity::Usage.into()];
        let row = LegacyAssociation {
            key: key.into(),
            partner: partner.into(),
            mpn_id: mpn_id.into(),
            activities,
            ..Default::default()
        };
        let request = ImportLegacyAssociationsRequest { rows: vec![row], ..Default::default() };
        let results = self.directory_sync.registry().import_legacy_associations(request).await?.into_inner().results;
        let result = results.into_iter().next().context("the response has no result")?;
        let is_refused = result.outcome() == Outcome::Refused;
        Ok(is_refused.then(|| result.error.map(|error| error.message).unwrap_or_default()))
    }

    /// Returns the number of events that the services have not yet delivered to each other.
    ///
    /// # Errors
    /// Returns an error if a call fails.
    pub(crate) async fn undelivered_events(&self) -> anyhow::Result<u64> {
        let mut undelivered = 0;
        // The numbers of the enum `cpor.options.v1.Service`.
        for service in 1..=5 {
            let request = ListStreamsRequest { service, ..ListStreamsRequest::default() };
            let streams = self.operator.operations().list_streams(request).await?.into_inner().streams;
            undelivered +=
                streams.iter().map(|stream| stream.next_sequence - 1 - stream.delivered_sequence).sum::<u64>();
        }
        Ok(undelivered)
    }

    pub(crate) async fn stop(self) {
        self.dev.stop().await;
    }
}

/// Parses an RFC 3339 time.
fn parse_timestamp(time: &str) -> anyhow::Result<prost_types::Timestamp> {
    let time: DateTime<Utc> = time.parse()?;
    Ok(prost_types::Timestamp { seconds: time.timestamp(), nanos: 0 })
}

/// Creates an actor with a token for this role.
fn new_actor(
    dev: &DevSystem,
    channel: &Channel,
    label: &'static str,
    role: Role,
    partner: Option<&str>,
) -> anyhow::Result<Actor> {
    let partner = partner.map(str::parse::<PartnerId>).transpose()?;
    let token = dev.token(role, partner, None)?;
    Actor::new(label, channel, &token)
}
