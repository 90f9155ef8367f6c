//! Builds all parts of the service from its configuration and from the context that the hosting
//! process provides.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use cpor_durable::{Host, HostedService, ServiceContext};
use cpor_mail::{Sender, SetupError};
use cpor_proto::consents::v1::consent_service_server::{ConsentServiceServer, SERVICE_NAME};
use cpor_types::Service;
use sea_orm::DbErr;
use tokio_util::sync::CancellationToken;

use crate::Config;
use crate::api::{Api, NoticeLimit};
use crate::bounces::{BounceReader, ReturnAddresses};
use crate::consents::Consents;
use crate::domain::Rules;
use crate::events::incoming::ClaimEventReceiver;
use crate::languages::Languages;
use crate::links::ConsentLinks;
use crate::notices::NoticeRenderer;
use crate::page::{self, PageContext, PageSettings};
use crate::session_keys::{SessionKeys, SessionKeysError};
use crate::store::ConsentStore;
use crate::store::holder::HolderStore;
use crate::translation::TranslationError;

/// The time between two deletions of expired consent links (one hour).
const LINK_CLEANUP_INTERVAL: Duration = Duration::from_secs(3600);

/// The reason why the service cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The database is unavailable, or its schema is not that of this version.
    #[error("customer-consent: the database cannot be used: {0}")]
    Database(#[from] DbErr),
    /// The mail sender cannot be set up.
    #[error("customer-consent: {0}")]
    Mail(#[from] SetupError),
    /// The public URL is invalid. Validating the configuration reports this earlier.
    #[error("customer_consent.public_url: must be an http or https URL")]
    PublicUrl,
    /// The folder for reports of failed deliveries cannot be created.
    #[error("customer_consent.bounces.maildir: cannot be created: {0}")]
    BounceFolder(#[from] std::io::Error),
    /// The keys for sessions of the consent page cannot be used.
    #[error("customer_consent.session_keys_file: {0}")]
    SessionKeys(#[from] SessionKeysError),
    /// There is neither a file with keys for sessions nor a data directory for one.
    #[error("customer_consent.session_keys_file: must be set")]
    SessionKeysMissing,
    /// A shipped translation cannot be read.
    #[error(transparent)]
    Translation(#[from] TranslationError),
}

/// Builds the service. Its background tasks do not run until the process starts the returned host.
/// The database must have the schema of [`migrations`](crate::migrations).
///
/// # Errors
/// Returns [`BuildError`] if the database, the mail sender, the folder for bounces, the public URL,
/// the keys for sessions or a translation cannot be used.
pub async fn build(config: Config, context: ServiceContext) -> Result<HostedService, BuildError> {
    let origin = config.origin().ok_or(BuildError::PublicUrl)?;
    let host = Host::new(Service::CustomerConsent, &context).await?;
    let rules = Rules { profiles: context.policies.clone(), calendars: context.calendars.clone() };
    let languages = Arc::new(Languages::shipped()?);
    let consents = Consents {
        db: context.db.clone(),
        clock: context.business_clock.clone(),
        writer: host.writer(ConsentStore),
        rules: Arc::new(rules),
    };
    let links = consent_links(&config, &context);
    let client_address_header = config.client_address_header.as_ref().and_then(|name| name.parse().ok());
    let return_addresses = config.bounces.as_ref().map(|bounces| ReturnAddresses::at(&bounces.return_domain));
    if let Some((bounces, addresses)) = config.bounces.as_ref().zip(return_addresses.clone()) {
        let maildir = bounces.maildir.clone();
        BounceReader::create_folders(&maildir)?;
        BounceReader { consents: consents.clone(), addresses, maildir }.spawn_on(&host);
    }
    let renderer = NoticeRenderer {
        consents: consents.clone(),
        languages: languages.clone(),
        links: links.clone(),
        return_addresses,
    };
    let session_keys = session_keys(config.session_keys_file.as_deref(), &context);
    let sender = Sender::spawn_on(&host, &context, config.mail, renderer)?;
    let settings = PageSettings { origin, session_keys: session_keys?, client_address_header };
    spawn_link_cleanup(&host, &links);
    let api = Api {
        consents: consents.clone(),
        entropy: context.entropy.clone(),
        sender: sender.clone(),
        resends: NoticeLimit::new(config.notices_again_per_hour),
    };
    let holders = host.writer(HolderStore);
    let receiver =
        ClaimEventReceiver { consents: consents.clone(), holders: holders.clone(), entropy: context.entropy, sender };
    let page = PageContext::new(consents.clone(), holders, links, languages, settings);
    Ok(HostedService {
        service: Service::CustomerConsent,
        grpc_services: vec![SERVICE_NAME],
        routes: tonic::service::Routes::new(ConsentServiceServer::new(api)),
        host,
        receiver: Arc::new(receiver),
        web: Some(page::router(page)),
    })
}

/// Returns the object that creates and finds consent links.
fn consent_links(config: &Config, context: &ServiceContext) -> ConsentLinks {
    ConsentLinks {
        db: context.db.clone(),
        clock: context.clock.clone(),
        entropy: context.entropy.clone(),
        public_url: config.public_url.clone(),
        lifetime: TimeDelta::days(config.link_lifetime_days.into()),
    }
}

/// Reads the keys for sessions of the consent page, from the configured file or from the data
/// directory.
fn session_keys(file: Option<&Path>, context: &ServiceContext) -> Result<SessionKeys, BuildError> {
    match (file, &context.data_dir) {
        (Some(file), _) => Ok(SessionKeys::load(file)?),
        (None, Some(directory)) => {
            Ok(SessionKeys::load_or_create(&directory.join("consent-sessions"), context.entropy.as_ref())?)
        }
        (None, None) => Err(BuildError::SessionKeysMissing),
    }
}

/// Registers the background task that deletes expired links.
fn spawn_link_cleanup(host: &Host, links: &ConsentLinks) {
    let links = links.clone();
    host.add_background_task("links", move |stop| {
        let links = links.clone();
        async move { clean_up_links(links, stop).await }
    });
}

/// Deletes expired links at intervals until `stop` is cancelled.
async fn clean_up_links(links: ConsentLinks, stop: CancellationToken) -> Result<(), anyhow::Error> {
    loop {
        links.delete_expired().await?;
        tokio::select! {
            () = tokio::time::sleep(LINK_CLEANUP_INTERVAL) => {}
            () = stop.cancelled() => return Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use cpor_testing::{Engine, TestDatabase, TestKeys, service_context};
    use cpor_types::VirtualClock;

    use super::*;

    #[tokio::test]
    async fn the_service_is_built_from_defaults() {
        let database = TestDatabase::create(Engine::Sqlite);
        let db = database.migrated(crate::migrations()).await;
        let clock = VirtualClock::new(crate::domain::samples::monday());
        let context = service_context(Service::CustomerConsent, db, &clock, 1, &TestKeys::generate());
        let context = ServiceContext { data_dir: Some(database.folder().to_owned()), ..context };
        let hosted = build(Config::default(), context.clone()).await.unwrap();
        assert_eq!((hosted.grpc_services, hosted.web.is_some()), (vec!["cpor.consents.v1.ConsentService"], true));
        assert!(database.folder().join("mail").is_dir());

        let wrong = Config { public_url: "consent.example".into(), ..Config::default() };
        let error = build(wrong, context.clone()).await.err().unwrap().to_string();
        assert!(error.contains("customer_consent.public_url"), "{error}");
        let error =
            build(Config::default(), ServiceContext { data_dir: None, ..context }).await.err().unwrap().to_string();
        assert!(error.contains("mail.directory"), "{error}");
    }
}
