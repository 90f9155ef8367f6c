//! The signing keys of an installation without an identity provider of its own. All keys are files
//! below one folder:
//!
//! - `public/` has all public keys: `jwks.json` verifies the tokens of users,
//!   `service-jwks.json` calls between services, and `receipt-jwks.json` receipts (proofs of the
//!   history of a claim).
//! - A folder for each service, for example `registry/`, has the private key `service.pem`, which
//!   signs the calls of this service. `claim-intake/` also has `receipt.pem`, which signs receipts.
//! - `user.pem` is the private key that signs the tokens of users, for `cpor token`.

use std::{
    fs,
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, ensure};
use cpor_auth::{AuthConfig, ReceiptSigner, ServiceSigner, ServiceSigners, TokenSigner, VerificationKeys, join_jwks};
use cpor_process::private_files;
use cpor_types::{Clock, Service, SystemClock, SystemEntropy};

/// The issuer (`iss`) of tokens that are signed with the user key.
pub const ISSUER: &str = "cpor";

/// The time between the publication of a new public key and the first use of its private key. A
/// process that receives a token with an unknown key id reads the public keys again, at most every
/// 100 ms.
const PUBLICATION_TIME: Duration = Duration::from_secs(1);

/// Returns the file of the user key in the default data directory of `cpor dev`.
#[must_use]
pub fn default_user_key_file() -> PathBuf {
    user_key_file(Path::new("cpor-data"))
}

/// Returns the file of the user key: the private key that signs users' tokens, in PEM.
#[must_use]
pub fn user_key_file(directory: &Path) -> PathBuf {
    directory.join("user.pem")
}

/// Returns the file of a service's key: the private key that signs its calls to other services, in
/// PEM.
#[must_use]
pub fn service_key_file(directory: &Path, service: Service) -> PathBuf {
    directory.join(service.as_str()).join("service.pem")
}

/// Returns the file of the receipt key: the private key that signs receipts, in PEM.
#[must_use]
pub fn receipt_key_file(directory: &Path) -> PathBuf {
    directory.join(Service::ClaimIntake.as_str()).join("receipt.pem")
}

/// Returns the file of the JWKS with the public user key.
#[must_use]
pub fn jwks_file(directory: &Path) -> PathBuf {
    directory.join("public").join("jwks.json")
}

/// Returns the file of the JWKS with the public keys of the services.
#[must_use]
pub fn service_jwks_file(directory: &Path) -> PathBuf {
    directory.join("public").join("service-jwks.json")
}

/// Returns the file of the JWKS with the public keys that verify receipts.
#[must_use]
pub fn receipt_jwks_file(directory: &Path) -> PathBuf {
    directory.join("public").join("receipt-jwks.json")
}

/// Sets the issuer and the key files in the configuration to those of this folder.
pub fn configure(auth: &mut AuthConfig, directory: &Path) {
    ISSUER.clone_into(&mut auth.issuer);
    auth.jwks_file = Some(jwks_file(directory));
    auth.service_key_file = Some(directory.join("{service}").join("service.pem"));
    auth.service_jwks_file = Some(service_jwks_file(directory));
    auth.receipt_key_file = Some(receipt_key_file(directory));
}

/// Returns the file of the keys that seal the sessions of the consent page.
#[must_use]
pub fn session_keys_file(directory: &Path) -> PathBuf {
    directory.join(Service::CustomerConsent.as_str()).join("consent-sessions")
}

/// Loads a private key for signing tokens of an issuer.
///
/// # Errors
/// Returns an error if the file cannot be read or is not a private key in PKCS#8 PEM.
pub fn load_signer(key: &Path, issuer: &str) -> anyhow::Result<TokenSigner> {
    TokenSigner::from_file(key, issuer, clock()).with_context(|| format!("the signing key {}", key.display()))
}

/// Loads the keys that sign the calls of these services to other services.
///
/// # Errors
/// Returns an error if a key file is not configured, cannot be read, or is not trusted by `keys`.
pub fn load_service_signers(
    auth: &AuthConfig,
    services: &[Service],
    keys: &VerificationKeys,
) -> anyhow::Result<ServiceSigners> {
    ensure!(
        services.len() == 1 || auth.has_key_file_per_service(),
        "auth.service_key_file: must contain {{service}}, because the process hosts several services, \
         each with a key of its own"
    );
    let load = |service: &Service| {
        let file = auth.service_key_file_of(*service);
        let file = file.context("auth.service_key_file: must be set, because it signs calls to the other services")?;
        let signer = ServiceSigner::from_file(*service, &file, clock());
        let signer = signer.with_context(|| format!("auth.service_key_file: the key of {service}"))?;
        let kid = signer.kid();
        ensure!(keys.trusts(&signer), "auth.service_jwks_file: does not contain the key {kid} of {}", file.display());
        Ok(signer)
    };
    services.iter().map(load).collect()
}

/// Loads the key that signs receipts, if one of the services needs it.
///
/// # Errors
/// Returns an error if the key file is not configured or cannot be read.
pub fn load_receipt_signer(auth: &AuthConfig, services: &[Service]) -> anyhow::Result<Option<ReceiptSigner>> {
    if !services.contains(&Service::ClaimIntake) {
        return Ok(None);
    }
    let file = auth.receipt_key_file.as_ref();
    let file = file.context("auth.receipt_key_file: must be set, because claim-intake signs receipts")?;
    let signer = ReceiptSigner::from_file(file);
    signer.with_context(|| format!("auth.receipt_key_file: {}", file.display())).map(Some)
}

/// Creates the files that do not exist. Returns the files that it created or changed.
///
/// If `service-jwks.json` or `receipt-jwks.json` lacks the public half of a private key, the key is
/// added as the first one. Older keys stay in these files.
///
/// # Errors
/// Returns an error if a file cannot be read or written.
pub fn create_missing(directory: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut changed = Vec::new();
    let user = user_key_file(directory);
    if is_missing(&user)? {
        TokenSigner::generate(ISSUER, clock())?.save(&user)?;
        changed.push(user.clone());
    }
    let public = jwks_file(directory);
    if is_missing(&public)? {
        write(&public, &load_signer(&user, ISSUER)?.jwks())?;
        changed.push(public);
    }
    for service in Service::ALL.iter().copied() {
        let file = service_key_file(directory, service);
        if is_missing(&file)? {
            ServiceSigner::generate(service, clock())?.save(&file)?;
            changed.push(file.clone());
        }
        publish(&service_jwks_file(directory), &load_service_signer(directory, service)?.jwks(), &mut changed)?;
    }
    let sessions = session_keys_file(directory);
    if is_missing(&sessions)? {
        cpor_customer_consent::create_session_keys(&sessions, &SystemEntropy)?;
        changed.push(sessions);
    }
    let file = receipt_key_file(directory);
    if is_missing(&file)? {
        ReceiptSigner::generate()?.save(&file)?;
        changed.push(file.clone());
    }
    publish(&receipt_jwks_file(directory), &ReceiptSigner::from_file(&file)?.jwks(), &mut changed)?;
    Ok(changed)
}

/// A key that can be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RotatedKey {
    /// The key that signs the calls of a service.
    Service(Service),
    /// The key that signs receipts.
    Receipts,
}

impl FromStr for RotatedKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "receipts" => Ok(Self::Receipts),
            service => service.parse().map(Self::Service).map_err(|_| "expected a service, or `receipts`".to_owned()),
        }
    }
}

/// Replaces a private key. The new public key is published first, and the old one stays published,
/// so that no call fails. Returns the changed files.
///
/// # Errors
/// Returns an error if a file cannot be read or written.
pub async fn rotate(directory: &Path, key: RotatedKey) -> anyhow::Result<Vec<PathBuf>> {
    let mut changed = Vec::new();
    let (file, new) = match key {
        RotatedKey::Service(service) => {
            let (file, signer) = (service_key_file(directory, service), ServiceSigner::generate(service, clock())?);
            publish(&service_jwks_file(directory), &signer.jwks(), &mut changed)?;
            let new = new_file(&file)?;
            signer.save(&new)?;
            (file, new)
        }
        RotatedKey::Receipts => {
            let (file, signer) = (receipt_key_file(directory), ReceiptSigner::generate()?);
            publish(&receipt_jwks_file(directory), &signer.jwks(), &mut changed)?;
            let new = new_file(&file)?;
            signer.save(&new)?;
            (file, new)
        }
    };
    tokio::time::sleep(PUBLICATION_TIME).await;
    fs::rename(&new, &file).with_context(|| format!("cannot write {}", file.display()))?;
    changed.push(file);
    Ok(changed)
}

/// Removes the public keys of the services whose private keys have been replaced, so that they are
/// not accepted any more. The earlier keys of receipts stay, because they verify earlier receipts.
/// Returns the changed files.
///
/// # Errors
/// Returns an error if a file cannot be read or written.
pub fn retire(directory: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let current: Vec<String> = Service::ALL
        .iter()
        .map(|service| Ok(load_service_signer(directory, *service)?.jwks()))
        .collect::<anyhow::Result<_>>()?;
    let (public, keys) = (service_jwks_file(directory), join_jwks(current.iter().map(String::as_str)));
    let old = fs::read_to_string(&public).with_context(|| format!("cannot read {}", public.display()))?;
    if old == keys {
        return Ok(Vec::new());
    }
    write(&public, &keys)?;
    Ok(vec![public])
}

fn load_service_signer(directory: &Path, service: Service) -> anyhow::Result<ServiceSigner> {
    let file = service_key_file(directory, service);
    let signer = ServiceSigner::from_file(service, &file, clock());
    signer.with_context(|| format!("the key of {service} in {}", file.display()))
}

/// Returns true if the file does not exist, after creating its folder.
fn is_missing(file: &Path) -> anyhow::Result<bool> {
    if let Some(folder) = file.parent() {
        private_files::create_directory(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    }
    Ok(!file.exists())
}

/// Returns the file to which the next version of a key is written. A file of an interrupted
/// rotation is removed.
fn new_file(file: &Path) -> anyhow::Result<PathBuf> {
    let new = file.with_extension("pem.new");
    if new.exists() {
        fs::remove_file(&new).with_context(|| format!("cannot remove {}", new.display()))?;
    }
    Ok(new)
}

/// Adds the only key of the JWKS `current` to the JWKS file `public`, unless the file contains the
/// key already. If it changes the file, adds it to `changed`.
fn publish(public: &Path, current: &str, changed: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let Some(keys) = add_key(public, current)? else { return Ok(()) };
    write(public, &keys)?;
    if !changed.iter().any(|file| file == public) {
        changed.push(public.to_owned());
    }
    Ok(())
}

/// Returns the JWKS in the file, with the only key of the JWKS `current` added as the first one.
/// Returns `None` if the file contains the key already.
fn add_key(file: &Path, current: &str) -> anyhow::Result<Option<String>> {
    if !file.exists() {
        return Ok(Some(current.to_owned()));
    }
    let not_a_jwks = || format!("{} is not a JWKS", file.display());
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut jwks: serde_json::Value = serde_json::from_str(&text).with_context(not_a_jwks)?;
    let keys = jwks.get_mut("keys").and_then(serde_json::Value::as_array_mut).with_context(not_a_jwks)?;
    let current: serde_json::Value = serde_json::from_str(current)?;
    let key = &current["keys"][0];
    if keys.contains(key) {
        return Ok(None);
    }
    keys.insert(0, key.clone());
    Ok(Some(jwks.to_string()))
}

/// Replaces a file atomically, because it can contain the only copy of keys that verify earlier
/// receipts.
fn write(file: &Path, keys: &str) -> anyhow::Result<()> {
    let new = file.with_extension("json.new");
    fs::write(&new, keys)
        .and_then(|()| fs::rename(&new, file))
        .with_context(|| format!("cannot write {}", file.display()))
}

/// Returns the clock for the times in tokens: the machine's clock, and never a virtual clock.
fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kids(file: &Path) -> Vec<String> {
        let jwks: serde_json::Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
        jwks["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn a_complete_set_has_one_private_key_per_service() {
        let folder = tempfile::tempdir().unwrap();
        create_missing(folder.path()).unwrap();
        let mut auth = AuthConfig::default();
        configure(&mut auth, folder.path());
        let keys = VerificationKeys::load(&auth).unwrap();
        assert_eq!(load_service_signers(&auth, Service::ALL, &keys).unwrap().iter().count(), Service::ALL.len());
        assert!(load_receipt_signer(&auth, Service::ALL).unwrap().is_some());
        assert!(load_receipt_signer(&auth, &[Service::Registry]).unwrap().is_none());
        for service in Service::ALL {
            let mut files: Vec<_> = fs::read_dir(folder.path().join(service.as_str())).unwrap().collect();
            let expected = match service {
                // The key of receipts, and those of the sessions of the consent page.
                Service::ClaimIntake | Service::CustomerConsent => 2,
                Service::PoeReview | Service::Eligibility | Service::Registry => 1,
            };
            assert_eq!(files.drain(..).count(), expected, "{service}");
        }
        assert_eq!(create_missing(folder.path()).unwrap(), Vec::<PathBuf>::new(), "all files exist");
        // The key of another service is refused at start.
        auth.service_key_file = Some(service_key_file(folder.path(), Service::Registry));
        let swapped = load_service_signers(&auth, &[Service::Eligibility], &keys).unwrap_err().to_string();
        assert!(swapped.contains("auth.service_jwks_file: does not contain the key eligibility/"), "{swapped}");
        let shared = load_service_signers(&auth, Service::ALL, &keys).unwrap_err().to_string();
        assert!(shared.contains("must contain {service}"), "{shared}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_rotated_key_overlaps_with_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        create_missing(folder.path()).unwrap();
        let (public, receipts) = (service_jwks_file(folder.path()), receipt_jwks_file(folder.path()));
        let old = load_service_signer(folder.path(), Service::Registry).unwrap().kid();
        let changed = rotate(folder.path(), RotatedKey::Service(Service::Registry)).await.unwrap();
        assert_eq!(changed, [public.clone(), service_key_file(folder.path(), Service::Registry)]);
        let new = load_service_signer(folder.path(), Service::Registry).unwrap().kid();
        assert!(old != new && kids(&public).contains(&old) && kids(&public).contains(&new));
        assert_eq!(create_missing(folder.path()).unwrap(), Vec::<PathBuf>::new());
        assert_eq!(retire(folder.path()).unwrap(), std::slice::from_ref(&public));
        assert!(!kids(&public).contains(&old) && kids(&public).contains(&new));
        assert_eq!(kids(&public).len(), Service::ALL.len());
        assert_eq!(retire(folder.path()).unwrap(), Vec::<PathBuf>::new());

        rotate(folder.path(), "receipts".parse().unwrap()).await.unwrap();
        assert_eq!(kids(&receipts).len(), 2, "earlier receipts can still be verified");
        assert!("nothing".parse::<RotatedKey>().is_err());
    }
}
