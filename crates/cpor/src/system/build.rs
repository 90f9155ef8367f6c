//! Builds the hosted services, each with its database, clock and channels, and the gRPC services
//! that a process has only once (events and operations).

use std::sync::Arc;

use anyhow::Context as _;
use cpor_database::Db;
use cpor_durable::{EventReceiver, EventServer, HostedService, OperationsServer, ServiceContext};
use cpor_process::{
    Metrics,
    lifecycle::{Readiness, Tasks},
};
use cpor_proto::{
    events::v1::event_service_server::EventServiceServer,
    operations::v1::operations_service_server::OperationsServiceServer,
};
use cpor_rpc::{Peers, server::GrpcServices};
use cpor_types::{Calendars, PolicyProfiles, Service};

use super::{Settings, clock, schema};

/// The services that a process hosts, and their databases.
pub(super) struct HostedServices {
    /// The gRPC services of the process.
    pub(super) services: GrpcServices,
    /// The consent page, if the process hosts customer-consent.
    pub(super) web: Option<axum::Router>,
    /// The databases that were opened here, to be closed after everything else has ended.
    pub(super) databases: Vec<Db>,
}

/// Opens the databases of all hosted services, then builds the services and starts their tasks.
pub(super) async fn host_services(
    settings: &Settings,
    metrics: &Metrics,
    readiness: &Readiness,
    tasks: &Tasks,
) -> anyhow::Result<HostedServices> {
    let (mut hosted, mut databases, mut opened) = (Vec::new(), Vec::new(), Vec::new());
    for service in &settings.services {
        let given = settings.databases.iter().find(|(other, _)| other == service);
        if let Some((_, db)) = given {
            databases.push((*service, db.clone()));
            continue;
        }
        let db = open_database(*service, settings, readiness).await;
        let db = db.with_context(|| format!("{service} did not start"))?;
        opened.push(db.clone());
        databases.push((*service, db));
    }
    // This happens before any service is built, so that nothing in a database changes if it was
    // created with the other kind of clock.
    clock::start(settings, &databases).await?;
    let rules = &settings.config.rules;
    let (policies, calendars) = (rules.policies()?, rules.calendars()?);
    for (service, db) in &databases {
        let built = build_service(*service, db, settings, metrics, (policies.clone(), calendars.clone())).await;
        hosted.push(built.with_context(|| format!("{service} did not start"))?);
    }
    synchronize_clocks(&hosted).await?;

    let receivers = hosted.iter().map(|hosted| (hosted.service, Arc::clone(&hosted.receiver)));
    let events = EventServer::new(receivers.collect::<Vec<(Service, Arc<dyn EventReceiver>)>>());
    let events = events.map_err(|errors| {
        let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("the events cannot be received: {}", errors.join("; "))
    })?;
    let operations = OperationsServer::new(hosted.iter().map(|hosted| hosted.host.clone()));
    let limit = settings.config.limits.max_message_bytes;
    let mut services = GrpcServices::default()
        .add_shared(EventServiceServer::new(events).max_decoding_message_size(limit))
        .add_shared(OperationsServiceServer::new(operations).max_decoding_message_size(limit));
    let mut web = None;
    for hosted in hosted {
        hosted.host.start(tasks);
        services = services.add_routes(hosted.service, &hosted.grpc_services, hosted.routes);
        web = web.or(hosted.web);
    }
    Ok(HostedServices { services, web, databases: opened })
}

/// Opens the database of a service, and waits until it has the schema that this version needs.
async fn open_database(service: Service, settings: &Settings, readiness: &Readiness) -> anyhow::Result<Db> {
    let db = Db::open(&settings.config.database, service).await?;
    let schema_check = readiness.add_check(service.as_str(), "schema");
    schema::prepare(&db, service, &schema_check).await?;
    Ok(db)
}

async fn build_service(
    service: Service,
    db: &Db,
    settings: &Settings,
    metrics: &Metrics,
    (policies, calendars): (PolicyProfiles, Calendars),
) -> anyhow::Result<HostedService> {
    let config = &settings.config;
    let context = ServiceContext {
        business_clock: clock::business_clock(settings, db),
        db: db.clone(),
        clock: Arc::clone(&settings.real_clock),
        entropy: Arc::clone(&settings.entropy),
        peers: Peers::new(&config.peers, settings.signer(service)?)?,
        receipt_signer: settings.receipt_signer.clone(),
        metrics: metrics.clone(),
        policies,
        calendars,
        data_dir: Some(config.database.directory.clone()),
    };
    Ok(match service {
        Service::ClaimIntake => cpor_claim_intake::build(config.claim_intake.clone(), context).await?,
        Service::PoeReview => cpor_poe_review::build(config.poe_review.clone(), context).await?,
        Service::CustomerConsent => cpor_customer_consent::build(config.customer_consent.clone(), context).await?,
        Service::Eligibility => cpor_eligibility::build(config.eligibility.clone(), context).await?,
        Service::Registry => cpor_registry::build(config.registry.clone(), context).await?,
    })
}

/// Moves all virtual clocks to the latest one. They differ if a process crashed while it moved
/// them.
async fn synchronize_clocks(hosted: &[HostedService]) -> anyhow::Result<()> {
    let mut latest = None;
    for hosted in hosted {
        latest = latest.max(Some(hosted.host.now().await?));
    }
    if let Some(latest) = latest {
        for hosted in hosted {
            hosted.host.advance_clock(latest).await?;
        }
    }
    Ok(())
}
