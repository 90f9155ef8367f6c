//! Builds claim-intake: creates its components and hands its gRPC routes and background tasks to
//! the process that hosts it.
use crate::{
    config::Config,
    domain::{self, Rules},
    evidence::{self, EvidenceKeys, EvidenceStore, EvidenceStoreError, KeyRewrapper, Scanner, UnusableKeys},
    notices::{PartnerMailComposer, Translations},
    roots::RootMaker,
    service::{ClaimIntake, MAX_ROWS_IN_FLIGHT},
    store::{ClaimReader, ClaimStore, EvidenceUsage},
};
use cpor_auth::{AccessError, MethodTable, ReceiptSigner};
use cpor_call::directory_budget::DirectoryBudget;
use cpor_durable::{Host, HostedService, ServiceContext, watch::Watches};
use cpor_mail::{Sender, SetupError, texts::TranslationError};
use cpor_proto::claims::v1::claim_service_server::{ClaimServiceServer, SERVICE_NAME};
use cpor_registry_client::{GrpcRegistry, SharedRegistry};
use cpor_types::Service;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::sync::Semaphore;
use tonic::service::Routes;

/// The reason why claim-intake cannot start.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Neither an evidence directory nor a data directory is configured.
    #[error("claim_intake.evidence_directory: is required, because the process has no data directory")]
    NoEvidenceDirectory,
    /// Neither a directory for the roots nor a data directory is configured.
    #[error("claim_intake.roots_directory: is required, because the process has no data directory")]
    NoRootsDirectory,
    /// The evidence directory cannot be used.
    #[error("claim_intake.evidence_directory: cannot be used: {0}")]
    Evidence(String),
    /// No key that signs receipts is configured.
    #[error("auth.receipt_key_file: must be set, because claim-intake signs receipts")]
    NoReceiptKey,
    /// The keys that encrypt the documents cannot be used.
    #[error("claim_intake.evidence_keys_file: {path}: {error}", path = .path.display())]
    EvidenceKeys {
        /// The path of the file.
        path: PathBuf,
        /// The reason. It contains no key.
        error: String,
    },
    /// Keys that encrypt stored documents are missing, or another key has the id of such a key.
    #[error(
        "claim_intake.evidence_keys_file: {path}: must contain all keys of stored documents: \
         missing: {missing:?}, replaced by other keys: {changed:?}; \
         if a missing key is lost for good, name it in claim_intake.evidence_lost_keys",
        path = .path.display()
    )]
    EvidenceKeysUnusable {
        /// The path of the file.
        path: PathBuf,
        /// The ids of the keys that the file does not contain.
        missing: Vec<String>,
        /// The ids that the file gives to other keys.
        changed: Vec<String>,
    },
    /// A key that is named as lost is configured.
    #[error("claim_intake.evidence_lost_keys: must not contain {0:?}, because claim_intake.evidence_keys_file has it")]
    EvidenceKeyNotLost(String),
    /// Mail cannot be set up.
    #[error("claim-intake: {0}")]
    Mail(#[from] SetupError),
    /// The texts of the mails cannot be used.
    #[error("claim-intake: {0}")]
    Translation(#[from] TranslationError),
    /// A gRPC method that ExplainClaim can list is missing from the descriptors of the protos, or
    /// declares no access.
    #[error("claim-intake: the gRPC descriptors are incomplete: {0}")]
    Descriptors(String),
    /// The database does not answer or was not migrated.
    #[error("claim-intake: the database cannot be used: {0}")]
    Db(#[from] sea_orm::DbErr),
}

impl From<EvidenceStoreError> for BuildError {
    fn from(error: EvidenceStoreError) -> Self {
        Self::Evidence(error.to_string())
    }
}

/// Builds claim-intake on a migrated database. After this call only the writer, which commits
/// commands, is running. The process then starts [`HostedService::host`], which delivers events,
/// applies passed deadlines, sends mails and removes abandoned uploads.
///
/// # Errors
/// Returns a [`BuildError`] if the service cannot start.
pub async fn build(config: Config, context: ServiceContext) -> Result<HostedService, BuildError> {
    let registry = Arc::new(GrpcRegistry::new(context.peers.clone()));
    build_with(config, context, registry).await
}

/// Builds claim-intake with the given registry client. Tests pass a client of an in-memory
/// registry.
///
/// # Errors
/// Returns a [`BuildError`] if the service cannot start.
pub async fn build_with(
    config: Config,
    context: ServiceContext,
    registry: SharedRegistry,
) -> Result<HostedService, BuildError> {
    let receipt_signer = context.receipt_signer.clone().ok_or(BuildError::NoReceiptKey)?;
    let host = Host::new(Service::ClaimIntake, &context).await?;
    let heartbeat = Duration::from_secs(config.watch_heartbeat_seconds);
    let evidence_directory = evidence_directory(&config, &context)?;
    let evidence_store = EvidenceStore::in_directory(&evidence_directory)?;
    let evidence_keys = evidence_keys(&config, &context, &evidence_directory).await?;
    spawn_sweeper(&host, &context, &evidence_store);
    spawn_root_maker(&host, &context, &config, &receipt_signer)?;
    // After a change of the first key in the file, the keys of the stored documents are encrypted
    // anew with it.
    let rewrapper = KeyRewrapper::new(context.db.clone(), evidence_keys.clone(), &context.metrics);
    host.add_background_task("evidence-keys", move |stop| rewrapper.clone().run(stop));
    let rules = Rules::new(context.policies.clone(), context.calendars.clone());
    let claims = ClaimReader::start(context.db.reader());
    let translations = Translations::shipped()?;
    let composer = PartnerMailComposer { claims: claims.clone(), rules: rules.clone(), translations };
    Sender::spawn_on(&host, &context, config.mail, composer)?;
    let intake = ClaimIntake {
        writer: host.writer(ClaimStore { entropy: Arc::clone(&context.entropy) }),
        host: host.clone(),
        claims,
        registry,
        wrong_domains: Arc::new(DirectoryBudget::new(config.wrong_domains)),
        rules,
        evidence_store,
        evidence_keys,
        scanner: config.clamd.as_deref().map(Scanner::at),
        evidence_quota: EvidenceUsage {
            documents: config.evidence_quota_documents,
            bytes: config.evidence_quota_bytes,
        },
        clock: context.clock,
        entropy: context.entropy,
        methods: Arc::new(method_table()?),
        row_permits: Arc::new(Semaphore::new(MAX_ROWS_IN_FLIGHT)),
        watches: Watches::new(&host, heartbeat),
        receipt_signer,
    };
    Ok(HostedService {
        service: Service::ClaimIntake,
        grpc_services: vec![SERVICE_NAME],
        routes: Routes::new(ClaimServiceServer::new(intake.clone())),
        host,
        receiver: Arc::new(intake),
        web: None,
    })
}

/// Reads the access declarations of the gRPC services whose methods ExplainClaim lists.
fn method_table() -> Result<MethodTable, BuildError> {
    let services = domain::SERVICES.map(|service| (service, Vec::new()));
    let descriptor_error = |errors: Vec<AccessError>| {
        BuildError::Descriptors(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
    };
    MethodTable::build(&services).map_err(descriptor_error)
}

/// Returns the configured evidence directory, or the default in the data directory.
fn evidence_directory(config: &Config, context: &ServiceContext) -> Result<PathBuf, BuildError> {
    let default_directory = || context.data_dir.as_ref().map(|directory| directory.join("evidence"));
    config.evidence_directory.clone().or_else(default_directory).ok_or(BuildError::NoEvidenceDirectory)
}

/// Loads the keys that encrypt documents from the configured file or, if none is configured, from
/// the evidence directory, where they are created if they are missing. Checks that the keys can
/// decrypt the stored documents.
async fn evidence_keys(
    config: &Config,
    context: &ServiceContext,
    evidence_directory: &Path,
) -> Result<EvidenceKeys, BuildError> {
    let (path, keys) = match &config.evidence_keys_file {
        Some(path) => (path.clone(), EvidenceKeys::load(path)),
        None => {
            let path = evidence_directory.join("keys.toml");
            let keys = EvidenceKeys::load_or_create(&path, &*context.entropy);
            (path, keys)
        }
    };
    let keys = match keys {
        Ok(keys) => keys.with_lost_keys(config.evidence_lost_keys.clone()),
        Err(error) => return Err(BuildError::EvidenceKeys { path, error: error.to_string() }),
    };
    if let Some(id) = config.evidence_lost_keys.iter().find(|id| keys.contains(id)) {
        return Err(BuildError::EvidenceKeyNotLost(id.clone()));
    }
    let mut unusable = evidence::find_unusable_keys(&context.db, &keys).await?;
    unusable.missing.retain(|id| !config.evidence_lost_keys.contains(id));
    if unusable == UnusableKeys::default() {
        return Ok(keys);
    }
    let UnusableKeys { missing, changed } = unusable;
    Err(BuildError::EvidenceKeysUnusable { path, missing, changed })
}

/// Registers the background task that removes abandoned uploads.
fn spawn_sweeper(host: &Host, context: &ServiceContext, evidence_store: &EvidenceStore) {
    let (db, clock, store) = (context.db.clone(), Arc::clone(&context.clock), evidence_store.clone());
    host.add_background_task("sweeper", move |stop| {
        evidence::run_sweeper(db.clone(), store.clone(), Arc::clone(&clock), stop)
    });
}

/// Registers the background task that makes the daily roots: signed hashes of the histories of all
/// claims (R56). A virtual clock is not moved forward before the roots of the days that have ended
/// are made.
fn spawn_root_maker(
    host: &Host,
    context: &ServiceContext,
    config: &Config,
    receipt_signer: &ReceiptSigner,
) -> Result<(), BuildError> {
    let default_directory = || context.data_dir.as_ref().map(|directory| directory.join("roots"));
    let root_maker = RootMaker {
        db: context.db.clone(),
        clock: context.business_clock.clone(),
        signer: receipt_signer.clone(),
        directory: config.roots_directory.clone().or_else(default_directory).ok_or(BuildError::NoRootsDirectory)?,
    };
    let probed = root_maker.clone();
    host.add_background_task("roots", move |stop| root_maker.clone().run(stop));
    host.add_idle_probe("roots", move || {
        let root_maker = probed.clone();
        async move { root_maker.make_due_roots().await.map(|()| Vec::new()) }
    });
    Ok(())
}
