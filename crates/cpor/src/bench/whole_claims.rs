//! Measures whole claims: from the draft to the first assessment, with all acts of the partner, the
//! reviewer and the customer. Each claim is about the subscription of another tenant (customer).
//! When the customer has approved, the partner is officially on record for the subscription: its
//! *association* is official. Then the claim is *assessed*: whether it earns incentives.
//!
//! Steps between the services happen in the background. The loops learn of them from two streams,
//! `WatchClaims` and `WatchReviewCases`, which are shared by all loops.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use anyhow::{Context as _, ensure};
use cpor_proto::{
    claims::v1::{
        Claim, ClaimLine, CreateClaimRequest, EvidenceMetadata, SubmitClaimRequest, UploadEvidenceRequest,
        WatchClaimsRequest,
    },
    consents::v1::ApproveConsentRequest,
    registry::v1::{
        DirectoryRow, ImportDirectoryRequest, Subscription, Tenant, directory_row::Row, import_result::Outcome,
    },
    reviews::v1::{ApproveReviewCaseRequest, StartReviewRequest, TakeReviewCaseRequest, WatchReviewCasesRequest},
    r#type::v1::{Activity, AssociationState, Contact, PurchaseChannel, SolutionArea, SubscriptionStatus},
};
use cpor_types::{Clock as _, Role, SystemClock, TenantId};
use tokio::{sync::watch, task::JoinSet, time::Instant};
use tonic::transport::{Channel, Endpoint};

use super::load::{Figures, Load};
use crate::{demo::Actor, dev::DevSystem};

/// The resource name of the partner that owns the claims.
const PARENT: &str = "partners/contoso";
/// The number of rows in one import of tenants and subscriptions.
const IMPORTED_ROWS: usize = 1_000;
/// A rate of claims that no machine reaches. It determines how many tenants are prepared.
const MAX_CLAIMS_PER_SECOND: usize = 500;
/// The time in which each step of a claim must happen.
const STEP_TIMEOUT: Duration = Duration::from_secs(60);
/// The length of the document that is uploaded as evidence.
const EVIDENCE_BYTES: usize = 4 << 10;

/// The durations of claims, and of two parts of them.
pub(super) struct ClaimFigures {
    /// From the creation to the assessment.
    pub(super) whole: Figures,
    /// The calls that create the claim, upload its evidence and submit it.
    pub(super) submission: Figures,
    /// From the response to the submission until a reviewer learns of the review case, which an
    /// event opens.
    pub(super) review_case: Figures,
    /// From the message that the association is official to the message with its assessment, both
    /// in the partner's stream.
    pub(super) assessment: Figures,
}

/// The durations of one claim. The fields have the meaning that they have in [`ClaimFigures`].
#[derive(Clone, Copy)]
struct ClaimDurations {
    whole: Duration,
    submission: Duration,
    review_case: Duration,
    assessment: Duration,
}

/// The callers and the claims that are watched, shared by the loops.
pub(super) struct WholeClaims {
    /// The partner that owns the claims, with one actor for each connection.
    partner: Vec<Actor>,
    /// The reviewer of the claims, with one actor for each connection.
    reviewer: Vec<Actor>,
    /// The customers, one for each claim that can be made.
    customers: Vec<Customer>,
    /// The number of customers that have a claim.
    used: AtomicUsize,
    /// The claims as the partner's stream last showed them.
    claims: Watched<Claim>,
    /// The resource names of the review cases.
    cases: Watched<String>,
    /// The tasks that read the streams.
    _streams: JoinSet<anyhow::Result<()>>,
}

/// A tenant with one subscription.
struct Customer {
    tenant: TenantId,
    /// The id of the subscription, a UUID.
    subscription: String,
    domain: String,
    /// An administrator of the tenant, who approves.
    admin: Actor,
}

/// The last known value for each claim, by the claim's resource name.
struct Watched<T>(Arc<Mutex<HashMap<String, watch::Sender<Option<T>>>>>);

impl<T> Clone for Watched<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Clone + Send + Sync + 'static> Watched<T> {
    fn new() -> Self {
        Self(Arc::default())
    }

    /// Calls `act` with the channel by which the loops wait for the values of a claim.
    fn with_sender<R>(&self, claim: &str, act: impl FnOnce(&watch::Sender<Option<T>>) -> R) -> R {
        let mut senders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        act(senders.entry(claim.to_owned()).or_insert_with(|| watch::Sender::new(None)))
    }

    /// Stores the latest value for a claim, and wakes up the loop that waits for it.
    fn update(&self, claim: &str, value: T) {
        self.with_sender(claim, |sender| sender.send_replace(Some(value)));
    }

    /// Waits until the value of a claim meets a condition, and returns it.
    async fn wait(&self, claim: &str, step: &str, condition: impl Fn(&T) -> bool) -> anyhow::Result<T> {
        let mut receiver = self.with_sender(claim, watch::Sender::subscribe);
        let met = receiver.wait_for(|value| value.as_ref().is_some_and(&condition));
        let value = tokio::time::timeout(STEP_TIMEOUT, met).await.with_context(|| format!("{claim}: no {step}"))??;
        value.clone().context("the value is there")
    }
}

impl WholeClaims {
    /// Imports the customers of all claims that can be made in this many rounds of the load, and
    /// opens the streams.
    ///
    /// # Errors
    /// Returns an error if a connection cannot be opened or a call fails.
    pub(super) async fn prepare(
        dev: &DevSystem,
        connections: usize,
        load: Load,
        rounds: usize,
    ) -> anyhow::Result<Self> {
        let mut channels = Vec::with_capacity(connections);
        for _ in 0..connections {
            channels.push(Endpoint::from_shared(dev.grpc_url())?.connect().await?);
        }
        let seconds = usize::try_from(load.seconds)?;
        let count = rounds * (seconds * MAX_CLAIMS_PER_SECOND + load.in_flight);
        let partner = actors(&channels, "partner", &dev.token(Role::IncentivesAdmin, Some("contoso".parse()?), None)?)?;
        let reviewer = actors(&channels, "reviewer", &dev.token(Role::PoeReviewer, None, None)?)?;
        let directory = Actor::new("directory", &channels[0], &dev.token(Role::DirectorySync, None, None)?)?;
        let mut customers = Vec::with_capacity(count);
        for n in 0..count {
            let tenant: TenantId = format!("00000000-0000-4000-8000-{n:012x}").parse()?;
            let subscription = format!("00000000-0000-4000-9000-{n:012x}");
            let token = dev.token(Role::CustomerAdmin, None, Some(tenant))?;
            let admin = Actor::new("customer", &channels[n % connections], &token)?;
            customers.push(Customer { tenant, subscription, domain: format!("customer-{n}.example"), admin });
        }
        for customers in customers.chunks(IMPORTED_ROWS / 2) {
            import(&directory, customers).await?;
        }
        let (claims, cases, mut streams) = (Watched::new(), Watched::new(), JoinSet::new());
        watch_claims(&mut streams, &partner[0], claims.clone()).await?;
        watch_cases(&mut streams, &reviewer[0], cases.clone()).await?;
        Ok(Self { partner, reviewer, customers, used: AtomicUsize::new(0), claims, cases, _streams: streams })
    }

    /// Carries claims through all acts, with a fixed number of concurrent claims.
    ///
    /// # Errors
    /// Returns an error if a call fails, or if a step does not happen in time.
    pub(super) async fn run(self: &Arc<Self>, load: Load) -> anyhow::Result<ClaimFigures> {
        let claims = Arc::clone(self);
        let carry = move |n| {
            let claims = Arc::clone(&claims);
            async move { claims.carry(n).await }
        };
        let measurement = load.repeat(carry).await?;
        let figures_of = |duration: fn(&ClaimDurations) -> Duration| {
            measurement.figures(measurement.results.iter().map(duration).collect())
        };
        // The processor time is measured for whole claims only.
        Ok(ClaimFigures {
            whole: figures_of(|claim| claim.whole),
            submission: Figures { cpu: None, ..figures_of(|claim| claim.submission) },
            review_case: Figures { cpu: None, ..figures_of(|claim| claim.review_case) },
            assessment: Figures { cpu: None, ..figures_of(|claim| claim.assessment) },
        })
    }

    /// Carries one claim through all acts. `loop_index` chooses the connection.
    async fn carry(&self, loop_index: usize) -> anyhow::Result<ClaimDurations> {
        let customer = self.customers.get(self.used.fetch_add(1, Ordering::Relaxed)).context("no customer is left")?;
        let partner = &self.partner[loop_index % self.partner.len()];
        let reviewer = &self.reviewer[loop_index % self.reviewer.len()];
        let start = Instant::now();
        let request =
            CreateClaimRequest { parent: PARENT.into(), claim: Some(draft(customer)), ..CreateClaimRequest::default() };
        let claim = partner.claims().create_claim(request).await.context("CreateClaim")?.into_inner().name;
        let evidence = UploadEvidenceRequest {
            metadata: Some(EvidenceMetadata {
                parent: claim.clone(),
                file_name: "proof.pdf".into(),
                ..EvidenceMetadata::default()
            }),
            data: document(),
        };
        partner.claims().upload_evidence(tokio_stream::once(evidence)).await.context("UploadEvidence")?;
        let request = SubmitClaimRequest { name: claim.clone(), ..SubmitClaimRequest::default() };
        partner.claims().submit_claim(request).await.context("SubmitClaim")?;
        let (submission, submitted) = (start.elapsed(), Instant::now());
        let case = self.cases.wait(&claim, "review case", |_| true).await?;
        let review_case = submitted.elapsed();
        let request = TakeReviewCaseRequest { name: case.clone(), ..TakeReviewCaseRequest::default() };
        reviewer.reviews().take_review_case(request).await.context("TakeReviewCase")?;
        let request = StartReviewRequest { name: case.clone(), ..StartReviewRequest::default() };
        reviewer.reviews().start_review(request).await.context("StartReview")?;
        let request = ApproveReviewCaseRequest { name: case, ..ApproveReviewCaseRequest::default() };
        reviewer.reviews().approve_review_case(request).await.context("ApproveReviewCase")?;
        let requested = self.claims.wait(&claim, "consent", |claim| claim.consent_due_time.is_some()).await?;
        let request = ApproveConsentRequest { name: requested.consent, ..ApproveConsentRequest::default() };
        customer.admin.consents().approve_consent(request).await.context("ApproveConsent")?;
        let is_official = |claim: &Claim| claim.association_state() == AssociationState::Official;
        self.claims.wait(&claim, "official association", is_official).await?;
        let official = Instant::now();
        let is_assessed = |claim: &Claim| claim.lines.iter().all(|line| !line.assessments.is_empty());
        self.claims.wait(&claim, "assessment", is_assessed).await?;
        Ok(ClaimDurations { whole: start.elapsed(), submission, review_case, assessment: official.elapsed() })
    }
}

/// Returns an actor with this token for each connection.
fn actors(channels: &[Channel], label: &'static str, token: &str) -> anyhow::Result<Vec<Actor>> {
    channels.iter().map(|channel| Actor::new(label, channel, token)).collect()
}

/// Imports tenants, each with a subscription of Dynamics 365 Sales that was bought ten days ago.
async fn import(directory: &Actor, customers: &[Customer]) -> anyhow::Result<()> {
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    let now = SystemTime::from(SystemClock.now());
    let tenant = |customer: &Customer| Tenant {
        name: format!("tenants/{}", customer.tenant),
        display_name: customer.domain.clone(),
        region: "emea".into(),
        calendar: "cz".into(),
        domains: vec![customer.domain.clone()],
        ..Tenant::default()
    };
    let subscription = |customer: &Customer| Subscription {
        name: format!("tenants/{}/subscriptions/{}", customer.tenant, customer.subscription),
        product: "products/dynamics-365-sales".into(),
        status: SubscriptionStatus::Active.into(),
        channel: PurchaseChannel::WebDirect.into(),
        purchase_time: Some((now - 10 * DAY).into()),
        end_time: Some((now + 355 * DAY).into()),
    };
    let tenants = customers.iter().map(|customer| Row::Tenant(tenant(customer)));
    let subscriptions = customers.iter().map(|customer| Row::Subscription(subscription(customer)));
    let rows = tenants.chain(subscriptions).map(|row| DirectoryRow { row: Some(row) }).collect();
    let request = ImportDirectoryRequest { rows, ..ImportDirectoryRequest::default() };
    let results = directory.registry().import_directory(request).await.context("ImportDirectory")?.into_inner().results;
    let refused = results.iter().find(|result| result.outcome() == Outcome::Refused);
    ensure!(refused.is_none(), "a row was refused: {refused:?}");
    Ok(())
}

/// Starts a task that reads the changes of all claims of the partner.
async fn watch_claims(
    streams: &mut JoinSet<anyhow::Result<()>>,
    partner: &Actor,
    watched: Watched<Claim>,
) -> anyhow::Result<()> {
    let request = WatchClaimsRequest { parent: PARENT.into(), ..WatchClaimsRequest::default() };
    let mut stream = partner.claims().watch_claims(request).await.context("WatchClaims")?.into_inner();
    streams.spawn(async move {
        while let Some(message) = stream.message().await? {
            if let Some(claim) = message.claim {
                watched.update(&message.name, claim);
            }
        }
        Ok(())
    });
    Ok(())
}

/// Starts a task that reads the changes of all review cases.
async fn watch_cases(
    streams: &mut JoinSet<anyhow::Result<()>>,
    reviewer: &Actor,
    watched: Watched<String>,
) -> anyhow::Result<()> {
    let request = WatchReviewCasesRequest { parent: "tenants/-".into(), ..WatchReviewCasesRequest::default() };
    let mut stream = reviewer.reviews().watch_review_cases(request).await.context("WatchReviewCases")?.into_inner();
    streams.spawn(async move {
        while let Some(message) = stream.message().await? {
            if let Some(case) = message.review_case {
                watched.update(&case.claim, case.name);
            }
        }
        Ok(())
    });
    Ok(())
}

/// Returns a complete draft of a claim for pre-sales.
fn draft(customer: &Customer) -> Claim {
    let contact = |name: &str, email: String| Some(Contact { name: name.into(), title: "CIO".into(), email });
    Claim {
        display_name: customer.domain.clone(),
        mpn_id: "1001".into(),
        customer_domain: customer.domain.clone(),
        tenant_id: customer.tenant.to_string(),
        solution_area: SolutionArea::BusinessApplications.into(),
        activities: vec![Activity::PreSales.into()],
        lines: vec![ClaimLine {
            product: "products/dynamics-365-sales".into(),
            subscription_id: customer.subscription.clone(),
            ..ClaimLine::default()
        }],
        customer_contact: contact("Jana Dvořáková", format!("jana@{}", customer.domain)),
        customer_technical_contact: contact("Petr Malý", format!("petr@{}", customer.domain)),
        partner_contact: contact("Erik Weber", "erik.weber@contoso.example".into()),
        ..Claim::default()
    }
}

/// Returns a document that is recognised as PDF.
fn document() -> Vec<u8> {
    let mut document = b"%PDF-1.7\n".to_vec();
    document.resize(EVIDENCE_BYTES, b' ');
    document
}
