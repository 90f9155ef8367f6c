//! The composition root: from configuration and what the process gives to a service that can be hosted.
use crate::{
    Config,
    api::Api,
    approver::Approver,
    arbiter::Arbiter,
    contender::Contender,
    incoming::Events,
    reminders::Reminders,
    resumer::Resumer,
    store::{
        CaseStore,
        approvals::{Patience, PendingApprovals},
        arbitrations::ArbitrationStore,
    },
};
use cpor_durable::{
    Host,
    service::{Context, Hosted},
};
use cpor_mail::{Sender, SetupError};
use cpor_proto::reviews::v1::review_service_server::{ReviewServiceServer, SERVICE_NAME};
use cpor_registry_client::{GrpcRegistry, SharedRegistry};
use cpor_types::{Calendar, CalendarError, Calendars, Clock, Entropy, PolicyProfiles, Service};
use sea_orm::DbErr;
use std::{sync::Arc, time::Duration};

/// Why the service cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The configured calendar does not exist.
    #[error(transparent)]
    Calendar(#[from] CalendarError),
    /// Mail cannot be set up.
    #[error("poe-review: {0}")]
    Mail(#[from] SetupError),
    /// The database cannot be used; the migrations must have run.
    #[error("poe-review's database: {0}")]
    Database(#[from] DbErr),
}

/// Builds the service. Nothing runs before the process starts the host.
///
/// # Errors
/// See [`BuildError`].
pub async fn build(config: Config, context: Context) -> Result<Hosted, BuildError> {
    let host = Host::new(Service::PoeReview, &context).await?;
    Sender::hosted(&host, &context, config.mail.clone(), Reminders { db: context.db.clone() })?;
    let registry: SharedRegistry = Arc::new(GrpcRegistry::new(context.peers.clone()));
    let rules = Rules::of(&config, context.policies, &context.calendars)?;
    let parts = Parts::new(&config, &host, registry, rules, context.clock, context.entropy);
    let (resumer, asked) = (parts.resumer.clone(), parts.resumer.clone());
    host.spawn("resumer", move |stop| resumer.clone().run(stop));
    host.probe("approvals", move || in_flight(asked.clone()));
    let (contender, asked) = (parts.contender.clone(), parts.contender.clone());
    host.spawn("contender", move |stop| contender.clone().run(stop));
    host.probe("competition", move || undecided(asked.clone()));
    let receiver = Arc::new(parts.events());
    let routes = tonic::service::Routes::new(ReviewServiceServer::new(parts.api));
    Ok(Hosted { service: Service::PoeReview, grpc: vec![SERVICE_NAME], routes, host, receiver, web: None })
}

/// The parts of the service, wired together on a host.
pub(crate) struct Parts {
    pub api: Api,
    pub resumer: Resumer,
    pub contender: Contender,
    policies: PolicyProfiles,
    host: Host,
}

impl Parts {
    pub(crate) fn new(
        config: &Config,
        host: &Host,
        registry: SharedRegistry,
        rules: Rules,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        let Rules { calendar, policies } = rules;
        let patience = Patience {
            lease: Duration::from_secs(config.approval_lease_seconds),
            retry: Duration::from_millis(config.approval_retry_millis),
        };
        let db = host.db().clone();
        let writer = host.writer(CaseStore {
            clock: Arc::clone(&clock),
            lease: patience.lease,
            lead_mail: config.lead_mail.clone(),
        });
        let arbitrations = host.writer(ArbitrationStore { clock: Arc::clone(&clock), lease: patience.lease });
        let pending = PendingApprovals { db: db.clone(), clock, entropy: Arc::clone(&entropy), patience };
        let arbiter = Arbiter {
            db: db.clone(),
            writer: arbitrations,
            cases: writer.clone(),
            registry: Arc::clone(&registry),
            pending: pending.clone(),
            calendar: Arc::clone(&calendar),
        };
        let approver = Approver { writer: writer.clone(), registry, pending, calendar: Arc::clone(&calendar) };
        let resumer = Resumer {
            db: db.clone(),
            approver: approver.clone(),
            arbiter: arbiter.clone(),
            poll: Duration::from_millis(config.approval_poll_millis),
        };
        let contender = Contender {
            db: db.clone(),
            writer: writer.clone(),
            calendar: Arc::clone(&calendar),
            poll: Duration::from_millis(config.contest_poll_millis),
        };
        let api = Api { db, writer, approver, arbiter, calendar, entropy };
        Self { api, resumer, contender, policies, host: host.clone() }
    }

    /// What takes in events.
    pub(crate) fn events(&self) -> Events {
        let Self { api, policies, host, .. } = self;
        Events {
            db: api.db.clone(),
            writer: api.writer.clone(),
            inbox: host.inbox(),
            policies: policies.clone(),
            calendar: Arc::clone(&api.calendar),
        }
    }
}

/// What the reviews of this installation go by.
pub(crate) struct Rules {
    calendar: Arc<Calendar>,
    policies: PolicyProfiles,
}

impl Rules {
    pub(crate) fn of(config: &Config, policies: PolicyProfiles, calendars: &Calendars) -> Result<Self, CalendarError> {
        Ok(Self { calendar: Arc::new(calendars.get(&config.calendar)?.clone()), policies })
    }
}

/// A virtual clock waits for approvals and arbitrations in flight, and has them tried at once: one line while there are any.
async fn in_flight(resumer: Resumer) -> Result<Vec<String>, anyhow::Error> {
    let pending = &resumer.approver.pending;
    if pending.count().await? == 0 {
        return Ok(Vec::new());
    }
    resumer.go_on(pending.take_all().await?).await;
    let waiting = pending.count().await?;
    Ok((waiting > 0).then(|| format!("{waiting} decision(s) wait for the registry")).into_iter().collect())
}

/// A virtual clock waits until every case knows its rivals, and has them looked for at once: one line while some do not.
async fn undecided(contender: Contender) -> Result<Vec<String>, anyhow::Error> {
    if contender.waiting().await? == 0 {
        return Ok(Vec::new());
    }
    contender.drain().await?;
    let waiting = contender.waiting().await?;
    Ok((waiting > 0).then(|| format!("{waiting} case(s) look for their rivals")).into_iter().collect())
}
