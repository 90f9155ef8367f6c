//! The composition root: from configuration and what the process gives to a service that can be hosted.
use crate::{
    Config,
    api::Api,
    approver::Approver,
    incoming::Events,
    resumer::Resumer,
    store::{
        CaseStore,
        approvals::{Patience, PendingApprovals},
    },
};
use cpor_durable::{
    Host,
    service::{Context, Hosted},
};
use cpor_proto::reviews::v1::review_service_server::{ReviewServiceServer, SERVICE_NAME};
use cpor_registry_client::{GrpcRegistry, SharedRegistry};
use cpor_types::{Calendar, CalendarError, Calendars, Clock, Entropy, PolicyError, PolicyProfiles, Service};
use sea_orm::DbErr;
use std::{sync::Arc, time::Duration};

/// Why the service cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The configured calendar does not exist.
    #[error(transparent)]
    Calendar(#[from] CalendarError),
    /// The shipped policy profiles cannot be read.
    #[error(transparent)]
    Policy(#[from] PolicyError),
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
    let registry: SharedRegistry = Arc::new(GrpcRegistry::new(context.peers.clone()));
    let parts = Parts::new(&config, &host, registry, context.clock, context.entropy)?;
    let (resumer, asked) = (parts.resumer.clone(), parts.resumer.clone());
    host.spawn("resumer", move |stop| resumer.clone().run(stop));
    host.probe("approvals", move || in_flight(asked.clone()));
    let receiver = Arc::new(parts.events());
    let routes = tonic::service::Routes::new(ReviewServiceServer::new(parts.api));
    Ok(Hosted { service: Service::PoeReview, grpc: vec![SERVICE_NAME], routes, host, receiver, web: None })
}

/// The parts of the service, wired together on a host.
pub(crate) struct Parts {
    pub api: Api,
    pub resumer: Resumer,
    policies: PolicyProfiles,
    host: Host,
}

impl Parts {
    pub(crate) fn new(
        config: &Config,
        host: &Host,
        registry: SharedRegistry,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, BuildError> {
        let (calendar, policies) = (calendar(config)?, PolicyProfiles::shipped()?);
        let patience = Patience {
            lease: Duration::from_secs(config.approval_lease_seconds),
            retry: Duration::from_millis(config.approval_retry_millis),
        };
        let db = host.db().clone();
        let writer = host.writer(CaseStore { clock: Arc::clone(&clock), lease: patience.lease });
        let pending = PendingApprovals { db: db.clone(), clock, entropy: Arc::clone(&entropy), patience };
        let approver = Approver { writer: writer.clone(), registry, pending, calendar: Arc::clone(&calendar) };
        let resumer = Resumer {
            db: db.clone(),
            approver: approver.clone(),
            poll: Duration::from_millis(config.approval_poll_millis),
        };
        Ok(Self { api: Api { db, writer, approver, calendar, entropy }, resumer, policies, host: host.clone() })
    }

    /// What takes in events.
    pub(crate) fn events(&self) -> Events {
        let Self { api, policies, host, .. } = self;
        Events {
            writer: api.writer.clone(),
            inbox: host.inbox(),
            policies: policies.clone(),
            calendar: Arc::clone(&api.calendar),
        }
    }
}

fn calendar(config: &Config) -> Result<Arc<Calendar>, CalendarError> {
    Ok(Arc::new(Calendars::shipped()?.get(&config.calendar)?.clone()))
}

/// A virtual clock waits for approvals in flight, and has them tried at once: one line while there are any.
async fn in_flight(resumer: Resumer) -> Result<Vec<String>, anyhow::Error> {
    let pending = &resumer.approver.pending;
    resumer.go_on(pending.take_all().await?).await;
    let waiting = pending.count().await?;
    Ok((waiting > 0).then(|| format!("{waiting} approval(s) wait for the registry's hold")).into_iter().collect())
}
