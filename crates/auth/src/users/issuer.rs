//! An issuer of users' tokens with its current keys.
use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use cpor_process::{Metrics, lifecycle::Backoff, metrics::Gauges};
use cpor_types::{Clock as _, Entropy, SystemClock};
use jsonwebtoken::Algorithm;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{
    IssuerConfig,
    demand::{Demand, FetchRequest},
    key_set::UserKeySet,
    mapping::ClaimMapping,
    source::{IssuerError, KeySource, SourceError},
};
use crate::{KeyError, TokenError};

/// The interval in which a JWKS file is compared with the keys in use.
const FILE_INTERVAL: Duration = Duration::from_secs(5);
/// The maximum delay after the first failed fetch. It doubles with every further failure, up to
/// [`LAST_RETRY`].
const FIRST_RETRY: Duration = Duration::from_secs(2);
/// The greatest delay after a failed fetch, however many have failed.
const LAST_RETRY: Duration = Duration::from_secs(60);
/// The maximum time that a call waits for a fetch.
const MAX_WAIT: Duration = Duration::from_secs(6);

/// An issuer of users' tokens.
#[derive(Debug)]
pub(super) struct Issuer {
    /// The name for logs and metrics.
    pub(super) label: String,
    /// The required `iss` of its tokens.
    pub(super) url: String,
    /// The accepted audiences.
    pub(super) audiences: Vec<String>,
    /// The conversion of the claims of its tokens to a caller.
    pub(super) mapping: ClaimMapping,
    algorithms: Vec<Algorithm>,
    source: KeySource,
    /// The time between two regular loads of the keys.
    interval: Duration,
    /// The time after which keys are no longer used unless they were loaded again.
    max_age: Duration,
    /// The keys that were loaded last; `None` before the first load.
    current: RwLock<Option<CurrentKeys>>,
    demand: Demand,
}

/// The keys that were loaded last.
#[derive(Clone, Debug)]
struct CurrentKeys {
    keys: Arc<UserKeySet>,
    /// The time from which on the keys are not used, unless they are loaded again.
    usable_until: Option<Instant>,
}

impl Issuer {
    /// Creates an issuer. Keys in a file are loaded at once; others are loaded by
    /// [`Self::keep_fresh`].
    pub(super) fn new(config: &IssuerConfig) -> Result<Self, IssuerError> {
        let issuer = Self::with_source(config, KeySource::new(config)?);
        if let KeySource::File(path) = &issuer.source {
            let unusable = |problem| IssuerError::Keys { issuer: config.url.clone(), problem };
            let text = std::fs::read_to_string(path)
                .map_err(|error| unusable(format!("cannot read {}: {error}", path.display())))?;
            issuer.install(Some(text)).map_err(|error| unusable(error.to_string()))?;
            if !issuer.has_usable_keys() {
                return Err(unusable(format!("{} has no usable key", path.display())));
            }
        }
        Ok(issuer)
    }

    /// Creates an issuer whose keys never change.
    pub(super) fn with_fixed_keys(config: &IssuerConfig, jwks: &str) -> Result<Self, KeyError> {
        let issuer = Self::with_source(config, KeySource::Fixed);
        let keys = Arc::new(UserKeySet::parse(jwks.to_owned(), &issuer.algorithms)?);
        if keys.is_empty() {
            return Err(KeyError::NoUsableKey);
        }
        issuer.set_current(CurrentKeys { keys, usable_until: None });
        Ok(issuer)
    }

    fn with_source(config: &IssuerConfig, source: KeySource) -> Self {
        let interval = Duration::from_secs(config.refresh_seconds);
        Self {
            label: config.name.clone().unwrap_or_else(|| "default".to_owned()),
            url: config.url.clone(),
            audiences: config.audiences.clone(),
            mapping: ClaimMapping::new(config),
            algorithms: config.algorithms.clone(),
            interval: if matches!(source, KeySource::File(_)) { interval.min(FILE_INTERVAL) } else { interval },
            source,
            max_age: Duration::from_secs(config.max_key_age_seconds),
            current: RwLock::default(),
            demand: Demand::new(),
        }
    }

    /// Returns the keys, or `None` if they were never loaded or are too old.
    pub(super) fn keys(&self) -> Option<Arc<UserKeySet>> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current.as_ref().filter(|current| current.is_usable()).map(|current| Arc::clone(&current.keys))
    }

    /// Returns true if these are the keys in use.
    pub(super) fn uses(&self, keys: &Arc<UserKeySet>) -> bool {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current.as_ref().is_some_and(|current| Arc::ptr_eq(&current.keys, keys) && current.is_usable())
    }

    /// Loads the keys until `stop` is cancelled: in the regular interval, and when a token with an
    /// unknown key demands it. Failures are logged and counted; they never end the task.
    pub(super) async fn keep_fresh(&self, metrics: &Metrics, entropy: &dyn Entropy, stop: &CancellationToken) {
        if matches!(self.source, KeySource::Fixed) {
            return;
        }
        let issuer_metrics = IssuerMetrics::new(metrics, &self.label);
        let mut backoff = Backoff::new(FIRST_RETRY, LAST_RETRY);
        loop {
            let outcome = tokio::select! {
                outcome = self.refresh() => outcome,
                () = stop.cancelled() => return,
            };
            issuer_metrics.record(self, &outcome);
            let delay = if outcome.is_ok() {
                backoff.reset();
                self.interval
            } else {
                backoff.next_delay(entropy)
            };
            tokio::select! {
                () = tokio::time::sleep(delay) => {}
                () = self.demand.requested() => {}
                () = stop.cancelled() => return,
            }
        }
    }

    /// Waits until the issuer has a usable key for tokens with this `kid` (key id). This causes at
    /// most one fetch a minute.
    ///
    /// # Errors
    /// Returns an error if no keys are available, or if the wait ended without that key.
    pub(super) async fn wait_for_key(&self, kid: Option<&str>) -> Result<(), TokenError> {
        if matches!(self.source, KeySource::Fixed) {
            return Err(TokenError::UnknownKey);
        }
        // The first wait may be for a fetch that began before the key was published.
        for _ in 0..2 {
            if self.has_key(kid) {
                return Ok(());
            }
            match self.demand.request() {
                FetchRequest::Accepted(mut finished) => {
                    if tokio::time::timeout(MAX_WAIT, finished.changed()).await.is_err() {
                        break;
                    }
                }
                FetchRequest::TooSoon => break,
                FetchRequest::TooManyWaiting => return Err(TokenError::IssuerUnavailable),
            }
        }
        // Another call's fetch may have finished between the look at the keys and the request.
        match self.keys() {
            Some(keys) if keys.get(kid).is_some() => Ok(()),
            Some(_) => Err(TokenError::UnknownKey),
            None => Err(TokenError::IssuerUnavailable),
        }
    }

    /// Returns true if there is a usable key for tokens with this `kid`.
    fn has_key(&self, kid: Option<&str>) -> bool {
        self.keys().is_some_and(|keys| keys.get(kid).is_some())
    }

    fn has_usable_keys(&self) -> bool {
        self.keys().is_some_and(|keys| !keys.is_empty())
    }

    async fn refresh(&self) -> Result<(), SourceError> {
        self.demand.begin();
        let outcome = self.source.load().await.and_then(|text| self.install(text));
        self.demand.finish();
        outcome
    }

    /// Replaces the keys in use. If the text has not changed, the same keys stay in use, so that
    /// verified tokens stay in the cache. Keys that the text lacks are no longer accepted.
    fn install(&self, text: Option<String>) -> Result<(), SourceError> {
        let Some(text) = text else { return Ok(()) };
        let new = Arc::new(UserKeySet::parse(text, &self.algorithms)?);
        let unchanged = self.keys().filter(|keys| keys.is_same(&new));
        if unchanged.is_none() {
            tracing::info!(issuer = self.label, has_usable_keys = !new.is_empty(), "the keys of the issuer changed");
        }
        let usable_until = Some(Instant::now() + self.max_age);
        self.set_current(CurrentKeys { keys: unchanged.unwrap_or(new), usable_until });
        Ok(())
    }

    fn set_current(&self, current: CurrentKeys) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(current);
    }
}

impl CurrentKeys {
    fn is_usable(&self) -> bool {
        self.usable_until.is_none_or(|until| Instant::now() < until)
    }
}

/// The metrics of one issuer.
struct IssuerMetrics<'a> {
    label: &'a str,
    usable: Gauges,
    refreshed: Gauges,
    refreshes: cpor_process::metrics::Counters,
}

impl<'a> IssuerMetrics<'a> {
    fn new(metrics: &Metrics, label: &'a str) -> Self {
        Self {
            label,
            usable: metrics.gauge("cpor_issuer_keys_usable", "1 if tokens of the issuer can be verified, otherwise 0."),
            refreshed: metrics.gauge(
                "cpor_issuer_keys_refreshed_timestamp_seconds",
                "The time of the last successful fetch of the issuer's keys, in seconds since 1970.",
            ),
            refreshes: metrics.counter("cpor_issuer_key_refreshes", "Fetches of the issuer's keys."),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are exact in a double")]
    fn record(&self, issuer: &Issuer, outcome: &Result<(), SourceError>) {
        let is_usable = issuer.has_usable_keys();
        let label = ("issuer", self.label);
        let result = match outcome {
            Ok(()) => {
                self.refreshed.set(&[label], SystemClock.now().timestamp() as f64);
                if !is_usable {
                    tracing::warn!(issuer = self.label, "the issuer publishes no key that can be used");
                }
                "ok"
            }
            Err(error) => {
                tracing::warn!(issuer = self.label, %error, is_usable, "cannot load the keys of the issuer");
                "error"
            }
        };
        self.usable.set(&[label], f64::from(u8::from(is_usable)));
        self.refreshes.add(&[label, ("outcome", result)], 1);
    }
}
