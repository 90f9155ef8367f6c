//! Builds the service from its configuration and from the context that the hosting process
//! provides.
use crate::{
    BuildError, Config,
    api::Api,
    approval_recovery::ApprovalRecovery,
    approval_runner::ApprovalRunner,
    arbitration_runner::ArbitrationRunner,
    competition_detector::CompetitionDetector,
    events::incoming::ClaimEventReceiver,
    reminders::ReminderComposer,
    store::{
        CaseStore,
        arbitrations::ArbitrationStore,
        pending_decisions::{PendingDecisions, RetryPolicy, RetryTimes},
    },
};
use cpor_durable::{Host, HostedService, ServiceContext, watch::Watches};
use cpor_mail::Sender;
use cpor_proto::reviews::v1::review_service_server::{ReviewServiceServer, SERVICE_NAME};
use cpor_registry_client::{GrpcRegistry, SharedRegistry};
use cpor_types::{Calendar, CalendarError, Calendars, Clock, Entropy, PolicyProfiles, Service};
use std::{sync::Arc, time::Duration};

/// Builds the service. Nothing runs before the process starts the returned host.
///
/// # Errors
/// Returns [`BuildError`] if the calendar, the mail sender or the database cannot be used.
pub async fn build(config: Config, context: ServiceContext) -> Result<HostedService, BuildError> {
    let host = Host::new(Service::PoeReview, &context).await?;
    Sender::spawn_on(&host, &context, config.mail.clone(), ReminderComposer { db: context.db.clone() })?;
    let registry: SharedRegistry = Arc::new(GrpcRegistry::new(context.peers.clone()));
    let rules = ReviewRules::new(&config, context.policies, &context.calendars)?;
    let components = Components::new(&config, &host, registry, rules, context.clock, context.entropy);
    // The names of the background tasks are metric labels, so they stay stable.
    let (recovery, probed_recovery) = (components.recovery.clone(), components.recovery.clone());
    host.add_background_task("approval-recovery", move |stop| recovery.clone().run(stop));
    host.add_idle_probe("approvals", move || probe_pending_decisions(probed_recovery.clone()));
    let (detector, probed_detector) = (components.detector.clone(), components.detector.clone());
    host.add_background_task("competition-detector", move |stop| detector.clone().run(stop));
    host.add_idle_probe("competition", move || probe_competition_checks(probed_detector.clone()));
    let receiver = Arc::new(components.event_receiver());
    let routes = tonic::service::Routes::new(ReviewServiceServer::new(components.api));
    Ok(HostedService {
        service: Service::PoeReview,
        grpc_services: vec![SERVICE_NAME],
        routes,
        host,
        receiver,
        web: None,
    })
}

/// The components of the service. They share the database and the writers of one host.
pub(crate) struct Components {
    /// The implementation of the gRPC methods.
    pub api: Api,
    /// Completes interrupted approvals and arbitrations (decisions of a review lead between
    /// competing claims).
    pub recovery: ApprovalRecovery,
    /// Finds the rivals of review cases: cases of other companies that claim the same workload or
    /// subscription.
    pub detector: CompetitionDetector,
    /// The policy profiles of this installation.
    policies: PolicyProfiles,
}

impl Components {
    pub(crate) fn new(
        config: &Config,
        host: &Host,
        registry: SharedRegistry,
        rules: ReviewRules,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        let ReviewRules { calendar, policies } = rules;
        let retry_policy = RetryPolicy {
            lease: Duration::from_secs(config.approval_lease_seconds),
            initial_delay: Duration::from_millis(config.approval_retry_millis),
        };
        let db = host.db().clone();
        let writer = host.writer(CaseStore {
            clock: Arc::clone(&clock),
            entropy: Arc::clone(&entropy),
            lease: retry_policy.lease,
            lead_mail: config.lead_mail.clone(),
        });
        let arbitration_store = ArbitrationStore { clock: Arc::clone(&clock), lease: retry_policy.lease };
        let arbitration_writer = host.writer(arbitration_store);
        let pending_decisions = PendingDecisions {
            db: db.clone(),
            clock,
            entropy: Arc::clone(&entropy),
            retry_policy,
            retry_times: RetryTimes::default(),
        };
        let arbitration_runner = ArbitrationRunner {
            db: db.clone(),
            arbitration_writer,
            case_writer: writer.clone(),
            registry: Arc::clone(&registry),
            pending_decisions: pending_decisions.clone(),
            calendar: Arc::clone(&calendar),
        };
        let approval_runner =
            ApprovalRunner { writer: writer.clone(), registry, pending_decisions, calendar: Arc::clone(&calendar) };
        let recovery = ApprovalRecovery {
            db: db.clone(),
            approval_runner: approval_runner.clone(),
            arbitration_runner: arbitration_runner.clone(),
            poll_interval: Duration::from_millis(config.approval_poll_millis),
        };
        let detector = CompetitionDetector {
            db: db.clone(),
            writer: writer.clone(),
            calendar: Arc::clone(&calendar),
            commits: host.watch_all_commits(),
            poll_interval: Duration::from_millis(config.contest_poll_millis),
        };
        let watches = Watches::new(host, Duration::from_secs(config.watch_heartbeat_seconds));
        let host = host.clone();
        let api = Api { db, host, watches, writer, approval_runner, arbitration_runner, calendar, entropy };
        Self { api, recovery, detector, policies }
    }

    /// Returns the receiver that applies the events of other services to review cases.
    pub(crate) fn event_receiver(&self) -> ClaimEventReceiver {
        let Self { api, policies, .. } = self;
        ClaimEventReceiver {
            db: api.db.clone(),
            writer: api.writer.clone(),
            inbox: api.host.inbox(),
            policies: policies.clone(),
            calendar: Arc::clone(&api.calendar),
        }
    }
}

/// The reviewers' calendar and the policy profiles of this installation.
pub(crate) struct ReviewRules {
    /// The calendar that counts the business days of review deadlines.
    calendar: Arc<Calendar>,
    /// The policy profiles, which set the lengths of review deadlines.
    policies: PolicyProfiles,
}

impl ReviewRules {
    pub(crate) fn new(config: &Config, policies: PolicyProfiles, calendars: &Calendars) -> Result<Self, CalendarError> {
        Ok(Self { calendar: Arc::new(calendars.get(&config.calendar)?.clone()), policies })
    }
}

/// Retries all pending approvals and arbitrations at once, and returns a message if some are still
/// pending. A virtual business clock is not moved forward before the result is empty.
async fn probe_pending_decisions(recovery: ApprovalRecovery) -> Result<Vec<String>, anyhow::Error> {
    let pending_decisions = &recovery.approval_runner.pending_decisions;
    if pending_decisions.count().await? == 0 {
        return Ok(Vec::new());
    }
    recovery.complete_each(pending_decisions.lease_all().await?).await;
    let count = pending_decisions.count().await?;
    Ok((count > 0)
        .then(|| format!("{count} approval(s) or arbitration(s) wait for the registry"))
        .into_iter()
        .collect())
}

/// Runs all requested competition checks at once, and returns a message if some are still open. A
/// virtual business clock is not moved forward before the result is empty.
async fn probe_competition_checks(detector: CompetitionDetector) -> Result<Vec<String>, anyhow::Error> {
    if detector.count_open_checks().await? == 0 {
        return Ok(Vec::new());
    }
    detector.run_all_checks().await?;
    let count = detector.count_open_checks().await?;
    Ok((count > 0).then(|| format!("{count} review case(s) wait for a competition check")).into_iter().collect())
}
