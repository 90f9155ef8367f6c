//! The composition root: what claim-intake consists of, and what it gives to the process that hosts it.
use crate::{
    config::Config,
    domain::{self, Rules},
    evidence::{self, ObjectError, Objects},
    intake::{Intake, ROWS_TOGETHER},
    notices::Notices,
    store::ClaimStore,
    watches::Watches,
};
use cpor_durable::{Context, Host, Hosted};
use cpor_kit::auth::{AccessError, MethodTable};
use cpor_mail::{Sender, SetupError};
use cpor_proto::claims::v1::claim_service_server::{ClaimServiceServer, SERVICE_NAME};
use cpor_registry_client::{GrpcRegistry, SharedRegistry};
use cpor_types::Service;
use std::{path::PathBuf, sync::Arc, time::Duration};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;

/// Why claim-intake cannot start.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// There is no place for documents.
    #[error("claim-intake needs `evidence_directory`, because the process has no data directory")]
    NoEvidenceDirectory,
    /// The place for documents cannot be used.
    #[error("claim-intake's documents: {0}")]
    Evidence(String),
    /// Mail cannot be set up.
    #[error("claim-intake: {0}")]
    Mail(#[from] SetupError),
    /// Methods of the services that explanations speak of are not declared.
    #[error("claim-intake's descriptors: {0}")]
    Descriptors(String),
    /// Its database does not answer, or was not migrated.
    #[error("claim-intake's database: {0}")]
    Db(#[from] sea_orm::DbErr),
}

impl From<ObjectError> for BuildError {
    fn from(error: ObjectError) -> Self {
        Self::Evidence(error.to_string())
    }
}

/// Builds claim-intake on a migrated database. Nothing runs yet but the lanes of its writer: the process starts
/// [`Hosted::host`], which delivers its events, fires its deadlines, sends its mails and sweeps
/// abandoned uploads.
///
/// # Errors
/// See [`BuildError`].
pub async fn build(config: Config, context: Context) -> Result<Hosted, BuildError> {
    let registry = Arc::new(GrpcRegistry::new(context.peers.clone()));
    build_with(config, context, registry).await
}

/// As [`build`], asking this registry: for tests, which have one in memory.
///
/// # Errors
/// See [`BuildError`].
pub async fn build_with(config: Config, context: Context, registry: SharedRegistry) -> Result<Hosted, BuildError> {
    let host = Host::new(Service::ClaimIntake, &context).await?;
    let heartbeat = Duration::from_secs(config.watch_heartbeat_seconds);
    let objects = Objects::in_directory(&evidence_directory(&config, &context)?)?;
    sweep(&host, &context, &objects);
    let rules = Rules::new(context.policies.clone(), context.calendars.clone());
    Sender::hosted(&host, &context, config.mail, Notices { db: context.db.clone(), rules: rules.clone() })?;
    let intake = Intake {
        writer: host.writer(ClaimStore { entropy: Arc::clone(&context.entropy) }),
        host: host.clone(),
        registry,
        rules,
        objects,
        clock: context.clock,
        entropy: context.entropy,
        methods: Arc::new(methods()?),
        rows: Arc::new(Semaphore::new(ROWS_TOGETHER)),
        watches: Watches::default(),
        signer: context.peers.signer().clone(),
        heartbeat,
        draining: draining(&host),
    };
    Ok(Hosted {
        service: Service::ClaimIntake,
        grpc: vec![SERVICE_NAME],
        routes: Routes::new(ClaimServiceServer::new(intake.clone())),
        host,
        receiver: Arc::new(intake),
        web: None,
    })
}

/// Who may call what.
fn methods() -> Result<MethodTable, BuildError> {
    let hosted = domain::SERVICES.map(|service| (service, Vec::new()));
    let described = |faults: Vec<AccessError>| {
        BuildError::Descriptors(faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
    };
    MethodTable::build(&hosted).map_err(described)
}

fn evidence_directory(config: &Config, context: &Context) -> Result<PathBuf, BuildError> {
    let of_data = || context.data_dir.as_ref().map(|directory| directory.join("evidence"));
    config.evidence_directory.clone().or_else(of_data).ok_or(BuildError::NoEvidenceDirectory)
}

/// Cancelled when the process drains.
fn draining(host: &Host) -> CancellationToken {
    let draining = CancellationToken::new();
    let told = draining.clone();
    host.spawn("watches", move |stop| {
        let draining = told.clone();
        async move {
            stop.cancelled().await;
            draining.cancel();
            Ok(())
        }
    });
    draining
}

fn sweep(host: &Host, context: &Context, objects: &Objects) {
    let (db, clock, objects) = (context.db.clone(), Arc::clone(&context.clock), objects.clone());
    host.spawn("sweeper", move |stop| evidence::sweep(db.clone(), objects.clone(), Arc::clone(&clock), stop));
}
