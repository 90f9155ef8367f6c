//! Refuses users of partners and tenants that the directory does not know.
//! Their tokens are valid, but the partner or tenant id is usually a mistake. The *directory* is
//! the data of the registry service about partners and tenants.

use std::{
    collections::HashSet,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use async_trait::async_trait;
use cpor_auth::Caller;
use cpor_call::status;
use cpor_proto::options::v1::ErrorReason;
use cpor_types::{PartnerId, TenantId};
use tonic::{Code, Status};

/// The maximum time that a request waits for the directory. After it the request is passed on: the
/// token is valid, and an unknown company has no data that it could read.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(1);

/// The partners and tenants that exist.
#[async_trait]
pub trait Directory: Send + Sync + 'static {
    /// Returns true if the partner exists.
    ///
    /// # Errors
    /// Returns the status of the call to the registry.
    async fn has_partner(&self, partner: &PartnerId) -> Result<bool, Status>;

    /// Returns true if the tenant exists.
    ///
    /// # Errors
    /// Returns the status of the call to the registry.
    async fn has_tenant(&self, tenant: TenantId) -> Result<bool, Status>;
}

/// The company or customer of a caller.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Owner {
    Partner(PartnerId),
    Tenant(TenantId),
}

/// The owners that the directory was found to know. Neither partners nor tenants are ever removed
/// from it, so an entry stays valid, and the number of entries is that of partners and tenants.
pub(super) struct KnownOwners {
    directory: Arc<dyn Directory>,
    /// The owners that were found to exist.
    known: RwLock<HashSet<Owner>>,
}

impl KnownOwners {
    pub(super) fn new(directory: Arc<dyn Directory>) -> Self {
        Self { directory, known: RwLock::default() }
    }

    /// Returns false only if the directory answers that it does not know the owner.
    async fn may_call(&self, owner: &Owner) -> bool {
        if self.known.read().unwrap_or_else(PoisonError::into_inner).contains(owner) {
            return true;
        }
        let lookup = async {
            match owner {
                Owner::Partner(partner) => self.directory.has_partner(partner).await,
                Owner::Tenant(tenant) => self.directory.has_tenant(*tenant).await,
            }
        };
        match tokio::time::timeout(LOOKUP_TIMEOUT, lookup).await {
            Ok(Ok(is_known)) => {
                if is_known {
                    self.known.write().unwrap_or_else(PoisonError::into_inner).insert(owner.clone());
                }
                is_known
            }
            Ok(Err(error)) => {
                tracing::debug!(%error, "the directory does not answer, so the caller's company is not checked");
                true
            }
            Err(_) => {
                tracing::debug!("the directory does not answer in time, so the caller's company is not checked");
                true
            }
        }
    }
}

/// Returns the refusal if the caller belongs to a partner or tenant that the directory does not
/// know.
pub(super) async fn check_owner(owners: &KnownOwners, caller: &Caller) -> Result<(), Status> {
    match owner(caller) {
        Some(owner) if !owners.may_call(&owner).await => Err(unknown_owner(&owner)),
        Some(_) | None => Ok(()),
    }
}

/// Returns the partner or tenant of a user. Vendor staff and services have none.
fn owner(caller: &Caller) -> Option<Owner> {
    let partner = caller.partner.clone().map(Owner::Partner);
    partner.or_else(|| caller.tenant.map(Owner::Tenant))
}

fn unknown_owner(owner: &Owner) -> Status {
    let name = match owner {
        Owner::Partner(partner) => format!("partners/{partner}"),
        Owner::Tenant(tenant) => format!("tenants/{tenant}"),
    };
    status::with_reason(
        Code::PermissionDenied,
        ErrorReason::OwnerUnknown.as_str_name(),
        format!("the token is for {name}, which the directory does not know"),
        &[("owner", &name)],
    )
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    use super::*;

    /// A directory that knows the partner `contoso`, does not answer for `litware`, and counts the
    /// questions.
    #[derive(Default)]
    struct TestDirectory {
        questions: AtomicUsize,
    }

    #[async_trait]
    impl Directory for TestDirectory {
        async fn has_partner(&self, partner: &PartnerId) -> Result<bool, Status> {
            self.questions.fetch_add(1, SeqCst);
            match partner.to_string().as_str() {
                "contoso" => Ok(true),
                "litware" => Err(Status::unavailable("the registry is down")),
                _ => Ok(false),
            }
        }

        async fn has_tenant(&self, _: TenantId) -> Result<bool, Status> {
            std::future::pending().await
        }
    }

    #[tokio::test(start_paused = true)]
    async fn only_owners_that_the_directory_denies_are_refused() {
        let directory = Arc::new(TestDirectory::default());
        let owners = KnownOwners::new(directory.clone());
        let partner = |id: &str| Owner::Partner(id.parse().unwrap());
        for _ in 0..3 {
            assert!(owners.may_call(&partner("contoso")).await);
        }
        assert_eq!(directory.questions.load(SeqCst), 1, "the answer is kept");
        assert!(!owners.may_call(&partner("nosuch")).await);
        assert!(owners.may_call(&partner("litware")).await, "the registry is down");
        let tenant = Owner::Tenant("0a1b2c3d-0000-4000-8000-000000000001".parse().unwrap());
        assert!(owners.may_call(&tenant).await, "the registry does not answer in time");
    }
}
